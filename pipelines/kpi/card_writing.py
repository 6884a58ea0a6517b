"""Write card files: frames of rendered cards into bodies and their index, proved, then made the current ones.

Whatever the size, a bite of ten thousand cards is in memory at a time. Layout and proof stand in
card_file.py, rendering elsewhere.
"""

from __future__ import annotations

import mmap
import os
import zlib
from dataclasses import replace
from datetime import UTC
from itertools import chain
from typing import TYPE_CHECKING

import lmdb
import polars as pl

from pipelines.errors import Damaged, Permanent
from pipelines.kpi.card_file import (
    ABOUT,
    BODIES_SUFFIX,
    FIRST_CARD,
    FORMAT,
    IDENTIFIERS,
    INDEX_SUFFIX,
    META,
    OPENING,
    PLACE,
    POINTER,
    SHARED,
    SHARED_AT,
    TABLES,
    TAG_DIGITS,
    UNKNOWN,
    UNKNOWN_AT,
    Pointer,
    bodies_of,
    digest_of,
    size_of,
)
from pipelines.whole_files import alone, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pipelines.kpi.card_file import About

LONGEST_IDENTIFIER = 511  # bytes: LMDB's limit of a key
WAIT_SECONDS = 60.0

# The first flight of a TCP connection is ten segments of 1,460 bytes: a body within it arrives as soon plain
# as compressed. Above that, level 6 leaves a tenth or less and costs 3 microseconds per kB, at build.
WORTH_COMPRESSING = 14_000
_LEVEL = 6

CARD_COLUMNS = {"card": pl.UInt32, "body": pl.String, "documents": pl.UInt32}
IDENTIFIER_COLUMNS = {"identifier": pl.String, "card": pl.UInt32}

_CARDS_AT_ONCE = 10_000
_PAGE = mmap.PAGESIZE
_PIECE = 1024 * 1024
_ROOM = 64 * 1024 * 1024
_READ_ONLY = 0o440  # by its owner and group: it holds personal data, as the lake's files do


def write_cards(
    folder: Path,
    about: About,
    *,
    unknown: str,
    shared: str,
    cards: Iterable[pl.DataFrame],
    identifiers: Iterable[pl.DataFrame],
) -> Path:
    """Write bodies and index, prove them and make them the current ones of their folder; return the index.

    `unknown` and `shared` are the bodies of cards 0 and 1. `cards`: frames of `card` (UInt32: 2, 3, 4 and so
    on through all frames), `body` (String: the JSON that goes over the wire) and `documents` (UInt32: how
    many it holds). `identifiers`: frames of `identifier` (String: each once, rising by their bytes through
    all frames) and `card` (UInt32). Frames are taken one by one, all cards first. The files before stay for
    readers, older ones go; a kill at any moment leaves the old pointer. Raises Transient when another builder
    is at it for longer than WAIT_SECONDS, Permanent for frames that are not so and for a disk that will not
    have the file.
    """
    pointer = folder / POINTER
    with alone(pointer, WAIT_SECONDS, todo="wait for it to end, then run `casehouse kpi build`"):
        for debris in folder.glob(".cards-*"):
            debris.unlink()
        aside = folder / f".cards-{os.getpid()}{INDEX_SUFFIX}"
        try:
            target, proof = _written(aside, about, _bites(unknown, shared, cards), identifiers)
        except (lmdb.Error, OSError) as error:
            raise Permanent(
                f"the cards cannot be written to {folder}",
                why=error.reason if isinstance(error, lmdb.Error) else error.strerror or type(error).__name__,
                todo="check room and rights there",
            ) from None
        finally:
            aside.unlink(missing_ok=True)
            bodies_of(aside).unlink(missing_ok=True)
        before = _named_by(pointer)
        write_whole(pointer, proof.to_json())
        for old in folder.glob("cards-*"):
            if old.with_suffix(INDEX_SUFFIX).name not in {target.name, before}:
                old.unlink()
    return target


def _written(
    aside: Path, about: About, cards: Iterable[pl.DataFrame], identifiers: Iterable[pl.DataFrame]
) -> tuple[Path, Pointer]:
    _fill(aside, about, cards, identifiers)
    digest = digest_of(_pieces(aside))
    stamp = about.built_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = aside.with_name(f"cards-{stamp}-{digest[:12]}{INDEX_SUFFIX}")
    proof = Pointer(target.name, size_of(aside), digest)
    for suffix in (BODIES_SUFFIX, INDEX_SUFFIX):
        part = aside.with_suffix(suffix)
        part.chmod(_READ_ONLY)
        part.replace(target.with_suffix(suffix))
    return target, proof


def _pieces(index: Path) -> Iterator[bytes]:
    """Read index and bodies; mapped, all of them would count as this process's memory."""
    for path in (index, bodies_of(index)):
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _named_by(pointer: Path) -> str | None:
    try:
        return Pointer.read(pointer).file
    except (FileNotFoundError, Damaged):
        return None


def _fill(
    path: Path, about: About, cards: Iterable[pl.DataFrame], identifiers: Iterable[pl.DataFrame]
) -> None:
    places, documents, known = _Places(), 0, 0
    with bodies_of(path).open("wb") as bodies:
        for frame in cards:
            bodies.writelines(places.added(frame))
            documents += int(frame["documents"].sum())
        bodies.flush()
        os.fsync(bodies.fileno())
    with lmdb.open(
        str(path), subdir=False, max_dbs=TABLES, map_size=_ROOM, lock=False, sync=False, meminit=False
    ) as store:
        for table in (IDENTIFIERS, META):
            store.open_db(table)
        for frame in identifiers:
            _require(frame, IDENTIFIER_COLUMNS)
            if (frame["card"] >= len(places)).any():
                raise Permanent("an identifier leads to a card that is not there")
            _append(store, IDENTIFIERS, _texts(frame["identifier"]), [places[card] for card in frame["card"]])
            known += frame.height
        number = len(places) - FIRST_CARD
        told = replace(about, cards=number, documents=documents, identifiers=known).to_json()
        _append(store, META, [ABOUT, SHARED_AT, UNKNOWN_AT], [told, places[SHARED], places[UNKNOWN]])
        store.sync(True)


class _Places:
    """Puts bodies one after the other, and remembers by its number where each card is."""

    def __init__(self) -> None:
        self._places: list[bytes] = []
        self._end = 0

    def added(self, cards: pl.DataFrame) -> Iterator[bytes]:
        """Take cards in the order of their numbers; yield what is to be written, compressed forms too."""
        tags = cards["body"].hash(FORMAT).cast(pl.String).str.zfill(TAG_DIGITS).cast(pl.Binary)
        bodies = cards["body"].cast(pl.Binary)
        for tag, body in zip(tags, bodies, strict=True):
            packed = _gzip(body) if len(body) > WORTH_COMPRESSING else b""
            self._places.append(PLACE.pack(self._end, len(body), len(packed), tag))
            self._end += len(body) + len(packed)
            yield body
            yield packed

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> bytes:
        return self._places[number]


def _bites(unknown: str, shared: str, cards: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Put the two answers that are nobody's before the cards; cut all into bites of one transaction."""
    nobody = {"card": [UNKNOWN, SHARED], "body": [unknown, shared], "documents": [0, 0]}
    number = UNKNOWN
    for frame in chain([pl.DataFrame(nobody, CARD_COLUMNS)], cards):
        _require(frame, CARD_COLUMNS)
        for bite in frame.iter_slices(_CARDS_AT_ONCE):
            if bite["card"].to_list() != list(range(number, number + bite.height)):
                raise Permanent(f"the cards are not numbered one by one from {FIRST_CARD}")
            if not bite["body"].str.starts_with(OPENING.decode()).all():
                raise Permanent(f"a body does not begin with {OPENING.decode()}")
            number += bite.height
            yield bite


def _require(frame: pl.DataFrame, columns: dict[str, type[pl.DataType]]) -> None:
    wrong = [name for name, kind in columns.items() if frame.schema.get(name) != kind]
    if wrong or any(frame[name].null_count() for name in columns):
        raise Permanent(f"a frame has gaps, or no {' or '.join(wrong or columns)} of the right type")


def _gzip(content: bytes) -> bytes:
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return press.compress(content) + press.flush()


def _texts(identifiers: pl.Series) -> list[bytes]:
    lengths = identifiers.str.len_bytes()
    if not lengths.is_between(1, LONGEST_IDENTIFIER).all():
        raise Permanent(f"an identifier is empty or longer than {LONGEST_IDENTIFIER} bytes")
    texts: list[bytes] = identifiers.cast(pl.Binary).to_list()
    return texts


def _append(store: lmdb.Environment, table: bytes, keys: list[bytes], values: list[bytes]) -> None:
    """Write a bite behind what is there, in a transaction of its own, with room made for it before."""
    opened, told = store.open_db(table), store.info()
    needed = sum(map(len, values)) + len(values) * 2 * _PAGE + _ROOM
    if told["map_size"] < (room := told["last_pgno"] * _PAGE + needed):
        store.set_mapsize(room)
    try:
        with store.begin(db=opened, write=True) as change, change.cursor() as cursor:
            _, added = cursor.putmulti(zip(keys, values, strict=True), dupdata=False, append=True)
    except lmdb.KeyExistsError:
        added = -1
    if added != len(keys):
        raise Permanent("identifiers do not rise by their bytes, or one stands twice")
