"""What proves an export: the days it is made from, their receipts, and the totals that the sources told.

An export's own sums are held against the told ones title by title and day by day, so that one day's error
cannot make up for another's. A day that is not wholly loaded has no told sum that its rows could equal, so it
is left out of the comparison, and its export is marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import Unverified

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from pipelines.contracts.contract import Contract
    from pipelines.exports.period import Period
    from pipelines.warehouse.snapshot import Snapshot

COMPLETE = "verified"
MOST_NAMED = 10
ROWS = "rows"


@dataclass(frozen=True)
class Control:
    """One total of a feed over the complete days: what the source told and what the export adds up to."""

    feed: str
    title: str
    told: int
    found: int
    days_that_differ: tuple[date, ...]

    @property
    def is_equal(self) -> bool:
        """Both are the same to the last unit, on every day."""
        return not self.days_that_differ


@dataclass(frozen=True)
class Proof:
    """The days of the feeds an export needs, one row each with its receipt, and the sums that were told."""

    period: Period
    days: tuple[dict[str, Any], ...]
    told: pl.DataFrame

    @property
    def incomplete(self) -> tuple[dict[str, Any], ...]:
        """The days that are missing, failed or unverified, or of which rows were set aside."""
        return tuple(day for day in self.days if day["status"] != COMPLETE)

    @property
    def is_complete(self) -> bool:
        """Every day of every feed is wholly loaded and proved."""
        return not self.incomplete

    def require_complete(self) -> None:
        """Raise Unverified naming the days that are not wholly loaded."""
        if self.is_complete:
            return
        feeds = " ".join(f"--feed {feed}" for feed in dict.fromkeys(day["feed"] for day in self.incomplete))
        raise Unverified(
            f"{_days(len(self.incomplete))} not wholly loaded from {self.period}",
            why=some(self.lacking),
            todo=f"load them with `casehouse backfill --from {self.period.first} --to {self.period.last}"
            f' {feeds} --missing`, see `casehouse sql "from ops.completeness"` for why, or give'
            " --allow-incomplete, which marks the file",
        )

    @property
    def lacking(self) -> list[str]:
        """Name the incomplete days, neighbours of one feed and status together."""
        return list(_spans(self.incomplete))

    def compare(
        self, contract: Contract, rows: pl.DataFrame, *, counted: pl.Expr, shared: Collection[date] = ()
    ) -> Iterator[Control]:
        """Yield each total of a feed beside what the rows add up to on its complete days.

        `rows` has `report_date` and the columns that the contract's controls sum; `counted` adds up to the
        number of the feed's rows. Days that are `shared` hold parts of what a report tells on another of
        them: only their sums are held to each other.
        """
        complete = [day for day in self.days if day["feed"] == contract.feed and day["status"] == COMPLETE]
        found = rows.group_by("report_date").agg(
            counted.cast(pl.Int64).alias(ROWS),
            *(pl.col(column.name).sum().alias(title) for title, column in contract.controls.items()),
        )
        sums = {row["report_date"]: row for row in found.iter_rows(named=True)}
        told = {
            (row["report_date"], row["title"]): row["value"]
            for row in self.told.filter(pl.col("feed") == contract.feed).iter_rows(named=True)
        }
        told |= {(day["report_date"], ROWS): day["source_total"] for day in complete}
        for title in (ROWS, *contract.controls):
            pairs = {
                at: (_told(told, contract.feed, at, title), _sum(sums, at, title))
                for at in (day["report_date"] for day in complete)
            }
            together = [at for at in pairs if at in shared]
            add_up = _column(pairs, together, 0) == _column(pairs, together, 1)
            excused = frozenset(together if add_up else ())
            yield Control(
                contract.feed,
                title,
                _column(pairs, pairs, 0),
                _column(pairs, pairs, 1),
                tuple(at for at, (one, other) in pairs.items() if one != other and at not in excused),
            )


def gather(snapshot: Snapshot, feeds: Sequence[str], period: Period) -> Proof:
    """Read what proves the days of these feeds."""
    days = snapshot.ask("exports/evidence", "days", feeds=list(feeds), **period.bounds)
    told = snapshot.ask("exports/evidence", "controls", feeds=list(feeds), **period.bounds)
    return Proof(period, tuple(days.to_dicts()), told)


def require_equal(controls: Sequence[Control]) -> None:
    """Raise Unverified naming each total that differs, with both figures and the days."""
    wrong = [
        f"{control.feed} {control.title}: the source told {control.told}, the export adds up to "
        f"{control.found}; they differ on {some([str(day) for day in control.days_that_differ])}"
        for control in controls
        if not control.is_equal
    ]
    if wrong:
        raise Unverified(
            "the export does not add up to what the source told",
            why="; ".join(wrong),
            todo="run `casehouse rebuild --afresh` and export again; if it stays so, `casehouse verify` and"
            " `casehouse check` tell what is wrong with these days",
        )


def _told(told: dict[tuple[date, str], int | None], feed: str, day: date, title: str) -> int:
    """Return what the source told; a receipt may be older than the contract that wants this total."""
    value = told.get((day, title))
    if value is None:
        raise Unverified(
            f"the receipt does not hold the total {title}",
            todo=f"run `casehouse ingest {feed} {day}`",
            feed=feed,
            day=str(day),
        )
    return value


def _sum(sums: dict[date, dict[str, Any]], day: date, title: str) -> int:
    return int(sums[day][title]) if day in sums else 0


def _column(pairs: dict[date, tuple[int, int]], days: Iterable[date], side: int) -> int:
    return sum(pairs[day][side] for day in days)


def _spans(days: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Put the neighbouring days of one feed and status together; they come in order of feed and day."""

    def run(numbered: tuple[int, dict[str, Any]]) -> tuple[str, str, int]:
        number, day = numbered
        return day["feed"], day["status"], day["report_date"].toordinal() - number

    for (feed, status, _), members in groupby(enumerate(days), key=run):
        first, *rest = (day["report_date"] for _, day in members)
        yield f"{feed} {first} to {rest[-1]} {status}" if rest else f"{feed} {first} {status}"


def _days(count: int) -> str:
    return "1 day is" if count == 1 else f"{count} days are"


def some(named: Sequence[str], *, between: str = ", ") -> str:
    """List the first of many things, and say how many more there are."""
    more = len(named) - MOST_NAMED
    return between.join([*named[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])
