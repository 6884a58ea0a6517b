"""Which exports there are, and how one is made: days proved, rows read, sums compared, files written."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.exports import billing
from pipelines.exports.document import Document
from pipelines.exports.proof import gather, require_equal
from pipelines.exports.publish import Format, Written, publish
from pipelines.exports.table import Field, Table
from pipelines.feeds import FEEDS
from pipelines.warehouse.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from pipelines.exports.period import Period
    from pipelines.exports.rates import Rates
    from pipelines.lake import Lake

_TIMES = (
    Field("logged_in_ms", "Logged in", "duration_ms", is_totalled=True),
    Field("break_ms", "Break", "duration_ms", is_totalled=True),
    Field("do_not_disturb_ms", "Do not disturb", "duration_ms", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
    Field("hold_ms", "Hold", "duration_ms", is_totalled=True),
    Field("wrap_ms", "Wrap-up", "duration_ms", is_totalled=True),
    Field("idle_ms", "Idle", "duration_ms", is_totalled=True),
)
PAYROLL_FIELDS = (
    Field("agent", "Agent", "text"),
    Field("report_date", "Day", "date"),
    Field("day_hours", "Hours in the day", "whole"),
    Field("sessions", "Sessions", "whole", is_totalled=True),
    Field("first_session_start_london", "First log-in (London)", "local"),
    Field("last_session_end_london", "Last log-out (London)", "local"),
    Field("logged_in_hours", "Hours", "hours", is_totalled=True),
    *_TIMES,
)
AGENT_FIELDS = (
    Field("agent", "Agent", "text"),
    Field("days", "Days", "whole", is_totalled=True),
    Field("logged_in_hours", "Hours", "hours", is_totalled=True),
    *_TIMES,
)
CALL_FIELDS = (
    Field("report_date", "Day", "date"),
    Field("call_id", "Call", "text"),
    Field("started_london", "Began (London)", "local"),
    Field("started_at", "Began (UTC)", "instant"),
    Field("ended_at", "Ended (UTC)", "instant"),
    Field("direction", "Direction", "text"),
    Field("outcome", "Outcome", "text"),
    Field("caller_number", "Caller", "text"),
    Field("called_number", "Called", "text"),
    Field("skill", "Skill", "text"),
    Field("agent", "Agent", "text"),
    Field("account_code", "Account code", "text"),
    Field("ring_ms", "Ringing", "duration_ms", is_totalled=True),
    Field("hold_ms", "Hold", "duration_ms", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
    Field("wrap_ms", "Wrap-up", "duration_ms", is_totalled=True),
    Field("call_ms", "Call", "duration_ms", is_totalled=True),
)
USAGE_FIELDS = (
    Field("account_code", "Account code", "text"),
    Field("calls", "Calls", "whole", is_totalled=True),
    Field("talk_ms", "Talk", "duration_ms", is_totalled=True),
)
USAGE_DAY_FIELDS = (USAGE_FIELDS[0], Field("report_date", "Day", "date"), *USAGE_FIELDS[1:])

BILLED = "Outbound"


@dataclass(frozen=True)
class Export:
    """One kind of export: the feed that its rows come from and are held to, and how they become tables.

    `counted` adds up to the number of the feed's rows; `tables` takes what the section `name` of
    warehouse/exports/rows.sql answers. `is_shared` tells rows of days that share what one report tells.
    """

    name: str
    title: str
    feed: str
    counted: pl.Expr
    tables: Callable[[pl.DataFrame], Iterable[Table]]
    notes: tuple[str, ...]
    is_shared: pl.Expr = dataclasses.field(default_factory=lambda: pl.lit(value=False))


def _payroll(rows: pl.DataFrame) -> Iterable[Table]:
    days = rows.with_columns(logged_in_hours=_hours(pl.col("logged_in_ms")))
    # What an agent has is the sum of the days, so that both sheets have the same total to the last digit.
    totals = (pl.col(field.name).sum() for field in AGENT_FIELDS[2:])
    agents = days.group_by("agent").agg(pl.len().alias("days"), *totals).sort("agent")
    yield Table.of("days", "Agents by day", PAYROLL_FIELDS, days)
    yield Table.of("agents", "Agents", AGENT_FIELDS, agents)


def _hours(ms: pl.Expr) -> pl.Expr:
    """Turn milliseconds into hours: to a millionth, half up, and no float on the way."""
    millionths = (ms * 5 + 9) // 18  # an hour has 3,600,000 ms: five millionths are 18 ms
    return millionths.cast(pl.Decimal(18, 6)) * pl.lit(Decimal("0.000001"))


def _calls(rows: pl.DataFrame) -> Iterable[Table]:
    yield Table.of("calls", "Calls", CALL_FIELDS, rows)


def _account_usage(rows: pl.DataFrame) -> Iterable[Table]:
    codes = (
        rows.group_by("account_code").agg(pl.col("calls").sum(), pl.col("talk_ms").sum()).sort("account_code")
    )
    yield Table.of("codes", "Account codes", USAGE_FIELDS, codes)
    yield Table.of("days", "Account codes by day", USAGE_DAY_FIELDS, rows)


PAYROLL = Export(
    "payroll",
    "Agents' hours",
    "xima/time_cards",
    pl.col("sessions").sum(),
    _payroll,
    (
        "Hours are logged-in time in real hours, from the agents' time cards; breaks are in them.",
        "A day's hours are rounded to a millionth, and all sums are of these; Logged in is exact.",
        "A day on which the clocks go back has 25. What is paid, and at what rate, is payroll's to decide.",
    ),
    # A session that the feed does not cut at midnight is told on one day and paid on two.
    is_shared=pl.col("is_split"),
)
CALLS = Export(
    "calls",
    "Calls",
    "xima/calls",
    pl.len(),
    _calls,
    ("Every call that began in the period. Call is ringing, hold and talk; wrap-up comes after it.",),
)
ACCOUNT_USAGE = Export(
    "account-usage",
    "Account code usage",
    "xima/account_usage",
    pl.len(),
    _account_usage,
    ("Calls with an account code and the time talking on them, as Xima's own report has it.",),
)
BILLING_NOTES = (
    "Charged are connected calls, for hold and talk together, rounded up to the rate's increment.",
    "A call's charge is the rate's minimum at least, rounded half up to a hundredth of a penny.",
    "An account pays the sum of its charges rounded half up to the penny; the bill is the sum of these.",
)


@dataclass(frozen=True)
class Order:
    """What is wanted of one export: its period, where files go and of which kind, what is let pass."""

    period: Period
    folder: Path
    kind: Format = "xlsx"
    allow_incomplete: bool = False


def export_folder(lake: Lake) -> Path:
    """Where a lake's exports stand unless another folder is named: most hold personal data."""
    return lake.root / "exports"


def export(lake: Lake, what: Export, order: Order) -> Written:
    """Make one export; raise Unverified when its days are incomplete or its sums are not what was told."""
    return _export(lake, what, order, {})


def export_bill(
    lake: Lake,
    rates: Rates,
    order: Order,
    *,
    directions: Collection[str] = (BILLED,),
    allow_uncovered: bool = False,
) -> Written:
    """Make the bill of a period; raise Permanent when no rate covers a call, unless that is allowed."""

    def tables(rows: pl.DataFrame) -> Iterable[Table]:
        bill = billing.bill(rows, rates, directions)
        if not allow_uncovered:
            bill.require_priced()
        return bill.tables()

    chosen = {
        "directions_billed": ", ".join(sorted(directions)),
        "rate_table_sha256": rates.sha256,
        "calls_without_a_rate": "listed and not charged" if allow_uncovered else "refused",
    }
    what = Export("billing", "Call charges", "xima/calls", pl.len(), tables, BILLING_NOTES)
    return _export(lake, what, order, chosen)


def _export(lake: Lake, what: Export, order: Order, parameters: dict[str, Any]) -> Written:
    section = what.name.replace("-", "_")
    with snapshot(lake) as catalogue:
        proof = gather(catalogue, [what.feed], order.period)
        if not order.allow_incomplete:
            proof.require_complete()
        rows = catalogue.ask("exports/rows", section, **order.period.bounds)
    shared = frozenset(rows.filter(what.is_shared)["report_date"])
    contract = FEEDS[what.feed].contract
    controls = tuple(proof.compare(contract, rows, counted=what.counted, shared=shared))
    require_equal(controls)
    document = Document(
        name=what.name,
        title=what.title,
        proof=proof,
        controls=controls,
        tables=tuple(what.tables(rows)),
        notes=what.notes,
        parameters=parameters,
        version=version("casehouse"),
    )
    return publish(document, order.folder, order.kind)
