"""Rates: what a call costs by the number dialled, from a CSV table, in exact arithmetic.

The table has the columns prefix, per_minute_gbp, minimum_gbp and increment_seconds. A prefix is written in
international form (+4420), British form (020) or, for numbers that are no E.164 number, as dialled (101). The
longest prefix that fits wins. Which calls are charged is decided in billing.py.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from pipelines.errors import Permanent
from pipelines.exports.proof import some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COLUMNS = ("prefix", "per_minute_gbp", "minimum_gbp", "increment_seconds")
CHARGE_PLACES = 4  # a hundredth of a penny: a call's charge
PENNY_PLACES = 2
WHAT_TO_DO = f"have the columns {', '.join(COLUMNS)} and a rate a line, such as +4420,0.012,0.05,1"

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_INCREMENT = re.compile(r"[1-9][0-9]{0,4}")
_PREFIX = re.compile(r"\+?[0-9]{1,15}")
_HOME = "+44"
# Prefixes that would look right and price nothing, so that a shorter one priced in their stead: a spreadsheet
# takes the plus of +4420 away, and people write +44 (0)20.
_NEVER = (_HOME[1:], f"{_HOME}0", "+0")


@dataclass(frozen=True)
class Rate:
    """The price of calls to numbers with one prefix. Amounts are pounds."""

    prefix: str
    per_minute_gbp: Decimal
    minimum_gbp: Decimal
    increment_seconds: int

    def billed_seconds(self, connected_ms: int) -> int:
        """Return the connected time rounded up to whole increments, in seconds."""
        increment_ms = self.increment_seconds * 1000
        return -(-connected_ms // increment_ms) * self.increment_seconds

    def charge_gbp(self, connected_ms: int) -> Decimal:
        """Price a connected call: at least the minimum, rounded half up to a hundredth of a penny."""
        price = Fraction(self.per_minute_gbp) * self.billed_seconds(connected_ms) / 60
        return rounded(max(price, Fraction(self.minimum_gbp)), CHARGE_PLACES)


@dataclass(frozen=True)
class Rates:
    """A rate table, and the digest of the file it was read from."""

    by_prefix: Mapping[str, Rate]
    sha256: str

    def find(self, dialled: str) -> Rate | None:
        """Return the rate with the longest prefix of a number, None when none fits."""
        for length in range(len(dialled), 0, -1):
            if rate := self.by_prefix.get(dialled[:length]):
                return rate
        return None


def rounded(amount: Fraction, places: int) -> Decimal:
    """Round an amount that is not negative half up, exactly."""
    units = (amount * 10**places + Fraction(1, 2)).__floor__()
    return Decimal(units).scaleb(-places)


def read_rates(path: Path) -> Rates:
    """Read a rate table, UTF-8 with or without BOM; raise Permanent naming every line that is no rate."""
    try:
        body = path.read_bytes()
        text = body.decode("utf-8-sig")
    except OSError as error:
        raise Permanent(f"the rate table {path} cannot be read", why=error.strerror or "") from None
    except UnicodeDecodeError:
        raise Permanent(f"the rate table {path} is not UTF-8 text", todo="save it as CSV UTF-8") from None
    found: dict[str, Rate] = {}
    faults = list(_read(text, found))
    if faults or not found:
        why = some(faults, between="; ") or "it holds no rate"
        raise Permanent(f"the rate table {path} cannot be used", why=why, todo=WHAT_TO_DO)
    return Rates(found, hashlib.sha256(body).hexdigest())


def _read(text: str, found: dict[str, Rate]) -> Iterator[str]:
    """Fill `found`; yield what is wrong."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
            yield f"line 1 has the columns {', '.join(reader.fieldnames or ()) or 'none'}"
            return
        for row in reader:
            rate = _rate(row)
            if isinstance(rate, str):
                yield f"line {reader.line_num}: {rate}"
            elif rate.prefix in found:
                yield f"line {reader.line_num}: the prefix {rate.prefix} stands there twice"
            else:
                found[rate.prefix] = rate
    except csv.Error as error:
        yield f"line {reader.line_num}: {error}"


def _rate(row: Mapping[str, str | None]) -> Rate | str:
    """Return a line's rate, or what is wrong with it."""
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if None in row:  # where csv keeps what goes beyond the header
        return "it has more cells than the header"
    prefix = _in_international_form(cells["prefix"].replace(" ", ""))
    if not _PREFIX.fullmatch(prefix):
        return "its prefix is no number"
    if prefix.startswith(_NEVER):
        return f"no number begins with its prefix {prefix}: {_HOME} is written with a plus and without a 0"
    for name in ("per_minute_gbp", "minimum_gbp"):
        if not _AMOUNT.fullmatch(cells[name]):
            return f"its {name} is no amount in pounds of at most six decimals"
    if not _INCREMENT.fullmatch(cells["increment_seconds"]):
        return "its increment_seconds is no whole number from 1"
    return Rate(
        prefix,
        Decimal(cells["per_minute_gbp"]),
        Decimal(cells["minimum_gbp"]),
        int(cells["increment_seconds"]),
    )


def _in_international_form(prefix: str) -> str:
    if prefix.startswith("00"):
        return f"+{prefix[2:]}"
    return f"{_HOME}{prefix[1:]}" if prefix.startswith("0") else prefix
