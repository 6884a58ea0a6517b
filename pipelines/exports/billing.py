"""Billing: calls priced by a rate table and charged to account codes.

Charged are connected calls of the chosen directions, for hold and talk together: ringing costs nothing, and
a call that nobody took has no price. A call's charge is exact to a hundredth of a penny; an account pays the
sum of its calls' charges rounded half up to the penny, and the bill is the sum of what the accounts pay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipelines.errors import Permanent
from pipelines.exports.proof import some
from pipelines.exports.rates import PENNY_PLACES, Rate, rounded
from pipelines.exports.table import Field, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import polars as pl

    from pipelines.exports.rates import Rates

NO_ACCOUNT = "(none)"
NOTHING = Decimal("0.0000")
_NOT_DIGITS = re.compile(r"[^0-9]")

CALL_FIELDS = (
    Field("account_code", "Account code", "text"),
    Field("report_date", "Day", "date"),
    Field("started_london", "Began (London)", "local"),
    Field("call_id", "Call", "text"),
    Field("direction", "Direction", "text"),
    Field("called_number", "Called number", "text"),
    Field("hold_ms", "Hold", "duration_ms", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
    Field("billed_seconds", "Billed seconds", "whole", is_totalled=True),
    Field("prefix", "Rate prefix", "text"),
    Field("per_minute_gbp", "Per minute", "rate"),
    Field("charge_gbp", "Charge", "money", is_totalled=True),
)
ACCOUNT_FIELDS = (
    Field("account_code", "Account code", "text"),
    Field("calls", "Calls charged", "whole", is_totalled=True),
    Field("hold_ms", "Hold", "duration_ms", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
    Field("billed_seconds", "Billed seconds", "whole", is_totalled=True),
    Field("charge_gbp", "Charges", "money", is_totalled=True),
    Field("payable_gbp", "To pay", "pounds", is_totalled=True),
)
CLASS_FIELDS = (
    Field("what", "Calls of the month", "text"),
    Field("calls", "Calls", "whole", is_totalled=True),
    Field("hold_ms", "Hold", "duration_ms", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
    Field("charge_gbp", "Charges", "money", is_totalled=True),
)
CHARGED, UNPRICED, UNCONNECTED = "charged", "no rate covers them, not charged", "not connected, free"

Row = dict[str, Any]


@dataclass(frozen=True)
class Bill:
    """Every call of a period in exactly one class, and the charged ones with their price."""

    charged: tuple[tuple[Row, Rate], ...]
    by_class: dict[str, tuple[Row, ...]]

    @property
    def unpriced(self) -> tuple[Row, ...]:
        """Connected calls that no rate covers."""
        return self.by_class[UNPRICED]

    def require_priced(self) -> None:
        """Raise Permanent listing the calls that no rate covers, by their identifiers."""
        if self.unpriced:
            raise Permanent(
                f"no rate covers {len(self.unpriced)} connected calls",
                why=some([str(call["call_id"]) for call in self.unpriced]),
                todo="add their prefixes to the rate table, or list them uncharged with --allow-uncovered",
            )

    def tables(self) -> Iterator[Table]:
        """Yield the bill by account, the charged calls, what became of every call, and the unpriced ones.

        All are there even when they have no rows, so that a new bill's files replace all of the old one's.
        """
        calls = [_charged_row(call, rate) for call, rate in self.charged]
        yield Table("accounts", "Accounts", ACCOUNT_FIELDS, list(_accounts(calls)))
        yield _table("calls", "Calls", CALL_FIELDS, calls)
        yield Table("classes", "All calls", CLASS_FIELDS, list(self._classes(calls)))
        yield _table("uncovered", "Without a rate", CALL_FIELDS[:8], self.unpriced)

    def _classes(self, charged: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
        for name, calls in self.by_class.items():
            costs = (call["charge_gbp"] for call in charged) if name == CHARGED else ()
            yield (
                name,
                len(calls),
                sum(call["hold_ms"] for call in calls),
                sum(call["talk_ms"] for call in calls),
                sum(costs, NOTHING),
            )


def bill(frame: pl.DataFrame, rates: Rates, directions: Collection[str]) -> Bill:
    """Sort calls into classes and price those that are charged.

    `frame` has the columns of the section `billing` of warehouse/exports/rows.sql, every call of the period.
    """
    charged: list[tuple[Row, Rate]] = []
    by_class: dict[str, list[Row]] = {CHARGED: [], UNPRICED: [], UNCONNECTED: []}
    for call in frame.iter_rows(named=True):
        if call["direction"] not in directions:
            by_class.setdefault(f"{call['direction'].lower()}, not billed", []).append(call)
        elif not connected_ms(call):
            by_class[UNCONNECTED].append(call)
        elif rate := rates.find(dialled(call)):
            by_class[CHARGED].append(call)
            charged.append((call, rate))
        else:
            by_class[UNPRICED].append(call)
    return Bill(tuple(charged), {name: tuple(calls) for name, calls in sorted(by_class.items())})


def connected_ms(call: Row) -> int:
    """Return for how long somebody was on the line, in milliseconds."""
    return int(call["hold_ms"] + call["talk_ms"])


def dialled(call: Row) -> str:
    """Return a call's number as rates know it: in international form, else the digits as dialled."""
    return call["called_e164"] or _NOT_DIGITS.sub("", call["called_number"] or "")


def _charged_row(call: Row, rate: Rate) -> Row:
    return call | {
        "account_code": call["account_code"] or NO_ACCOUNT,
        "billed_seconds": rate.billed_seconds(connected_ms(call)),
        "prefix": rate.prefix,
        "per_minute_gbp": rate.per_minute_gbp,
        "charge_gbp": rate.charge_gbp(connected_ms(call)),
    }


def _accounts(calls: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    by_code: dict[str, list[Row]] = {}
    for call in calls:
        by_code.setdefault(call["account_code"], []).append(call)
    for code, mine in sorted(by_code.items()):
        charges = sum((call["charge_gbp"] for call in mine), NOTHING)
        yield (
            code,
            len(mine),
            sum(call["hold_ms"] for call in mine),
            sum(call["talk_ms"] for call in mine),
            sum(call["billed_seconds"] for call in mine),
            charges,
            rounded(Fraction(charges), PENNY_PLACES),
        )


def _table(name: str, title: str, fields: tuple[Field, ...], calls: Iterable[Row]) -> Table:
    return Table(name, title, fields, [tuple(call[field.name] for field in fields) for call in calls])
