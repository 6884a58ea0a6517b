"""Who a customerId stands for: five kinds of identifier, resolved once at build and read once at request.

At build every identifier there is goes into one map from text to card. An identifier of one kind that several
customers have leads to the card that says so, and to nobody's documents; a telephone number may lead to the
household that has it where the settings allow. At request a text is only spelled as the map spells it. Which
customers there are and what is on their cards is told elsewhere.

Spelling: every kind but the telephone number is compared as it is written, small and capital letters apart,
spaces around it left out; numbers in international form. The two stand apart in the map by a prefix, so that
no number is ever taken for another kind's text.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

import polars as pl

from pipelines.errors import Permanent
from pipelines.kpi.card_file import FIRST_CARD, SHARED
from pipelines.settings_kpi import CustomerId, IdentifierKind
from pipelines.telephone import e164

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS: tuple[IdentifierKind, ...] = get_args(IdentifierKind)  # the precedence of auto
PHONE: IdentifierKind = "phone"
CUSTOMER_NUMBER: IdentifierKind = "customer_number"

MOST_IN_A_HOUSEHOLD = 8  # a number of more customers is a care home's or a made-up one
LONGEST = 511  # bytes of a key in the card file
_WRITTEN, _NUMBER = "id:", "tel:"
# Digits alone that begin neither with 0 nor with Britain's 44 are a number of another kind: nobody writes a
# telephone number so, and ten digits of an organisation could be a stranger's mobile.
_BARE = re.compile(r"(?!0|44)[0-9]+", re.ASCII)
_REMEMBERED = 4096

TOLD_SCHEMA = {"kind": pl.String, "identifier": pl.String, "customer_id": pl.String}
_COLUMNS = list(TOLD_SCHEMA)


@dataclass(frozen=True)
class Identities:
    """Who is who: customers and households with their cards, identifiers with theirs.

    `members`: card (UInt32), customer (UInt32), customer_id; a household's card has several rows.
    `identifiers`: identifier (rising by bytes), card. `numbers`: e164, customer_id: whose calls go on whose
    cards. `cards`: how many there are. `overruled`: how many texts are one customer's by one kind and
    another's by another, so that precedence decides.
    """

    members: pl.DataFrame
    identifiers: pl.DataFrame
    numbers: pl.DataFrame
    cards: int
    overruled: int


def readings(asked: str) -> Iterator[str]:
    """Yield the texts under which to look an identifier up, in order.

    The telephone number is read only when it is asked for: reading one takes longer than finding a card.
    """
    text = asked.strip()
    written = _WRITTEN + text
    if len(written.encode()) <= LONGEST:
        yield written
    if not _BARE.fullmatch(text) and (number := _number_of(text)):
        yield _NUMBER + number


def hash_of(reading: str, key: bytes) -> str:
    """Return what access lines say instead of an identifier: 32 hexadecimal digits, keyed.

    Give it the reading that led to the card, or the last one when none did, so that every spelling of a
    number has one hash.
    """
    return hasher(key)(reading)


def hasher(key: bytes) -> Callable[[str], str]:
    """Return hash_of for one key, which is prepared once: a service hashes for every answer."""
    fitting = key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()
    keyed = hashlib.blake2b(digest_size=16, key=fitting)

    def digest(reading: str) -> str:
        fresh = keyed.copy()
        fresh.update(reading.encode())
        return fresh.hexdigest()

    return digest


def read_identifiers(path: Path) -> pl.DataFrame:
    """Read the CSV of identifiers that other systems know: kind, identifier, customer_id.

    Kinds: primary_key, entity_id, external_id, customer_number, phone. Raises Permanent naming the line,
    never what stands in it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            if next(lines, None) != _COLUMNS:
                raise _refused(path, 1, f"the columns must be {','.join(_COLUMNS)}")
            rows = [_row(path, lines.line_num, cells) for cells in lines if cells]
    except OSError as error:
        raise Permanent(
            f"{path} cannot be read", why=error.strerror or "", todo="correct CASEHOUSE_KPI_IDENTIFIERS"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Permanent(
            f"{path} is not CSV in UTF-8",
            why=f"after line {lines.line_num}" if isinstance(error, csv.Error) else "",
            todo="export it so",
        ) from None
    return pl.DataFrame(rows, schema=TOLD_SCHEMA, orient="row")


def resolve(
    customers: pl.Series,
    numbers: pl.DataFrame,
    told: pl.DataFrame,
    *,
    identified_by: CustomerId,
    households: bool,
) -> Identities:
    """Give every customer a card and every identifier the card it leads to.

    `customers`: every customer_id of the casework. `numbers`: e164, person and customer_id, one row a person
    whose case shows the number; customer_id is null where the case names no customer: such a person shares
    the number too. `told`: what `read_identifiers` gives. `identified_by`: one kind, or auto for all.
    """
    kinds = KINDS if identified_by == "auto" else (identified_by,)
    named = (customers, told["customer_id"], numbers["customer_id"].drop_nulls())
    everyone = pl.concat(one.rename("customer_id") for one in named).unique().sort()
    own = pl.DataFrame({"customer_id": everyone}, schema={"customer_id": pl.String}).with_row_index(
        "customer"
    )
    own = own.with_columns(card=pl.col("customer") + FIRST_CARD)
    owners = _owners(numbers, told)
    together = (
        _households(owners, own)
        if households
        else own.clear().select("card", "customer_id").with_columns(e164=pl.lit(None, pl.String))
    )
    members = pl.concat(
        [
            own.select("card", "customer", "customer_id"),
            together.select("card", "customer_id")
            .unique()
            .join(own.select("customer", "customer_id"), on="customer_id")
            .select("card", "customer", "customer_id"),
        ]
    )
    written = pl.concat(
        [
            told.filter(pl.col("kind") != PHONE).with_columns(pl.col("identifier").str.strip_chars()),
            own.select(
                kind=pl.lit(CUSTOMER_NUMBER),
                identifier=pl.col("customer_id").str.strip_chars(),
                customer_id="customer_id",
            ),
        ]
    ).filter(pl.col("kind").is_in(kinds), pl.col("identifier") != "")
    found = [_written_keys(written, own)]
    if PHONE in kinds:
        found.append(_number_keys(owners, own, together))
    identifiers = pl.concat(found).filter(pl.col("identifier").str.len_bytes() <= LONGEST)
    alone = pl.col("person").n_unique().over("e164") == 1
    return Identities(
        members=members.sort("card", "customer"),
        identifiers=identifiers.sort(pl.col("identifier").cast(pl.Binary)),
        numbers=_whose(owners, together, alone, households=households),
        cards=members["card"].n_unique(),
        overruled=_overruled(written),
    )


def _row(path: Path, line: int, cells: list[str]) -> tuple[str, ...]:
    if len(cells) != len(_COLUMNS):
        raise _refused(path, line, f"it has {len(cells)} cells, not {len(_COLUMNS)}")
    kind, identifier, customer_id = (cell.strip() for cell in cells)
    if kind not in KINDS:
        raise _refused(path, line, f"its kind is none of {', '.join(KINDS)}")
    if not identifier or not customer_id:
        raise _refused(path, line, "a cell is empty")
    if kind == PHONE:
        number = _number_of(identifier)
        if number is None:
            raise _refused(path, line, "it is no telephone number")
        return kind, number, customer_id
    if len((_WRITTEN + identifier).encode()) > LONGEST:
        raise _refused(path, line, f"the identifier is longer than {LONGEST - len(_WRITTEN)} bytes")
    return kind, identifier, customer_id


def _refused(path: Path, line: int, why: str) -> Permanent:
    return Permanent(
        f"{path} line {line} is refused", why=why, todo="correct the file that other systems export"
    )


@lru_cache(maxsize=_REMEMBERED)
def _number_of(text: str) -> str | None:
    """Return a text as a telephone number in international form, None for all others."""
    return e164(text)


def _owners(numbers: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return each number once a person: e164, person, customer_id (null for a case that names nobody)."""
    phones = told.filter(pl.col("kind") == PHONE).select(
        e164="identifier", person="customer_id", customer_id="customer_id"
    )
    return pl.concat([numbers.select("e164", "person", "customer_id"), phones]).unique()


def _households(owners: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Give each set of customers with a common number a card: e164, card, customer_id, a row a customer."""
    sets = (
        owners.drop_nulls("customer_id")
        .sort("customer_id")
        .group_by("e164", maintain_order=True)
        .agg("customer_id")
        .filter(pl.col("customer_id").list.len().is_between(2, MOST_IN_A_HOUSEHOLD))
    )
    known = (
        sets.select("customer_id").unique().sort(pl.col("customer_id").list.join("\0")).with_row_index("card")
    )
    return (
        sets.join(known.with_columns(pl.col("card") + FIRST_CARD + own.height), on="customer_id")
        .explode("customer_id")
        .select("card", "customer_id", "e164")
    )


def _written_keys(written: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Resolve the kinds that are compared as they are written: the highest kind that knows a text decides."""
    rank = pl.col("kind").replace_strict({kind: at for at, kind in enumerate(KINDS)}, return_dtype=pl.UInt8)
    return (
        written.with_columns(rank=rank)
        .filter(pl.col("rank") == pl.col("rank").min().over("identifier"))
        .join(own, on="customer_id")
        .group_by("identifier")
        .agg(_card_of_one())
        .select(identifier=pl.lit(_WRITTEN) + pl.col("identifier"), card="card")
    )


def _overruled(written: pl.DataFrame) -> int:
    """Count the texts that mean one customer by one kind and another by another."""
    return (
        written.group_by("identifier")
        .agg(pl.col("kind", "customer_id").n_unique())
        .filter(pl.col("kind") > 1, pl.col("customer_id") > 1)
        .height
    )


def _number_keys(owners: pl.DataFrame, own: pl.DataFrame, together: pl.DataFrame) -> pl.DataFrame:
    """Resolve telephone numbers: the customer's whose alone it is, its household's, or the shared card."""
    alone = (
        owners.group_by("e164")
        .agg(
            people=pl.col("person").n_unique(),
            customer_id=pl.col("customer_id").drop_nulls().unique().first(),
        )
        .filter((pl.col("people") > 1) | pl.col("customer_id").is_not_null())
        .join(own, on="customer_id", how="left")
        .with_columns(
            single=pl.when(pl.col("people") == 1)
            .then("card")
            .otherwise(pl.lit(SHARED, pl.UInt32))
            .cast(pl.UInt32)
        )
    )
    shared = together.select("e164", household="card").unique()
    return alone.join(shared, on="e164", how="left").select(
        identifier=pl.lit(_NUMBER) + pl.col("e164"), card=pl.coalesce("household", "single")
    )


def _card_of_one() -> pl.Expr:
    """Return the card that a group agrees on, or the shared one."""
    return (
        pl.when(pl.col("card").n_unique() == 1)
        .then(pl.col("card").first())
        .otherwise(pl.lit(SHARED, pl.UInt32))
        .cast(pl.UInt32)
        .alias("card")
    )


def _whose(owners: pl.DataFrame, together: pl.DataFrame, alone: pl.Expr, *, households: bool) -> pl.DataFrame:
    """Return whose calls go on whose cards."""
    is_shown = alone | pl.col("e164").is_in(together["e164"].unique().implode()) if households else alone
    return (
        owners.filter(is_shown)
        .drop_nulls("customer_id")
        .select("e164", "customer_id")
        .unique()
        .sort(pl.all())
    )
