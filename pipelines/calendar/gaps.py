"""The page in words and numbers: how much is there, what needs somebody, and every month by count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from pipelines.daily_report.sentences import count, listed, span_in_words
from pipelines.day_status import COMPLETE, SIGNS, WORST_LAST
from pipelines.errors import (
    ContractDrift,
    Damaged,
    Permanent,
    SettingsError,
    StorageRefused,
    TooManyBadRows,
    Transient,
    Unverified,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from pipelines.calendar.cells import Calendar, Cell

PROVED = COMPLETE - {"quarantined"}
RUNBOOKS = {
    one.kind: f"docs/runbooks/{one.kind}.md"
    for one in (
        Transient,
        Permanent,
        SettingsError,
        ContractDrift,
        TooManyBadRows,
        Unverified,
        Damaged,
        StorageRefused,
    )
}
URGENCY = {"failed": 0, "unverified": 1, "held": 2, "missing": 4}  # what needs somebody, the least last
_LAST_BUT_ONE = 3
MOST_STRETCHES = 6
_WHOLE = 1000  # tenths of a per cent


@dataclass(frozen=True)
class Gap:
    """Days in a row that some feeds lack or have without proof; `link` leads to the newest of them."""

    days: str
    feeds: str
    link: str


@dataclass(frozen=True)
class Trouble:
    """All days that lack for one reason: how many, the newest of them, how many stretches are not named here.

    `kind` is the failure's; `todo` says what to do or to read.
    """

    status: str
    kind: str
    count: str
    gaps: Sequence[Gap]
    untold: int
    todo: str


@dataclass(frozen=True)
class Tally:
    """Cells counted together, such as a month of a feed: how many are complete, and the worst status."""

    complete: int
    total: int
    worst: str

    @property
    def trouble(self) -> str:
        """The worst status where it needs somebody, or nothing."""
        return self.worst if self.worst in URGENCY else ""

    @property
    def told(self) -> str:
        """Such as 31, or 29 of 31."""
        return f"{self.total}" if self.complete == self.total else f"{self.complete} of {self.total}"


class _Run(NamedTuple):
    """Neighbouring days of one status and kind of failure: what feeds must share to be told together."""

    last: date
    first: date
    status: str
    kind: str


def tally(cells: Sequence[Cell]) -> Tally:
    """Count cells."""
    found = Counter(cell.status for cell in cells)
    complete = sum(number for status, number in found.items() if status in COMPLETE)
    return Tally(complete, len(cells), max(found, key=WORST_LAST.index))


def by_status(calendar: Calendar) -> dict[str, int]:
    """Count the cells of each status that there is, the best first."""
    found = Counter(cell.status for cell in calendar.cells)
    return {status: found[status] for status in SIGNS if found[status]}


def verdict(calendar: Calendar) -> tuple[bool, str]:
    """Say whether everything is there and proved, and what share is; quarantined days are told apart."""
    found = by_status(calendar)
    total = found_in(found, SIGNS)
    proved, complete = found_in(found, PROVED), found_in(found, COMPLETE)
    feeds = count(len(calendar.feeds), "feed", "feeds")
    since = span_in_words(calendar.since, calendar.until)
    aside = found_in(found, {"quarantined"})
    told = f"{share(proved, total)} verified: {proved:,} of {total:,} days of {feeds}, {since}"
    more = f"; {aside:,} complete but for rows set aside" if aside else ""
    lacking = total - complete
    rest = f". {count(lacking, 'day is', 'days are')} not there or not proved" if lacking else ""
    return not lacking, f"{told}{more}{rest}."


def found_in(found: dict[str, int], statuses: Iterable[str]) -> int:
    """Add up the counts of some statuses."""
    return sum(found.get(status, 0) for status in statuses)


def share(part: int, whole: int) -> str:
    """Such as 99.2%, cut and not rounded: never 100% of what is not all; and never 0% of what is not none."""
    tenths = part * _WHOLE // whole
    if part and not tenths:
        return "under 0.1%"
    return f"{tenths // 10}%" if tenths in {0, _WHOLE} else f"{tenths / 10:.1f}%"


def troubles(calendar: Calendar) -> list[Trouble]:
    """Name what needs somebody: first what waits for a person, then what may heal by itself; newest first.

    Feeds that lack the same days for the same reason stand together.
    """
    shared: dict[_Run, list[str]] = {}
    for feed, cells in calendar.feeds.items():
        for run in _runs(cells):
            shared.setdefault(run, []).append(feed)
    ordered = sorted(shared.items(), key=_urgent_first)
    return [
        _trouble(list(members), calendar)
        for _, members in groupby(ordered, key=lambda one: (one[0].status, one[0].kind))
    ]


def _runs(cells: Sequence[Cell]) -> Iterable[_Run]:
    for (status, kind), members in groupby(cells, key=_reason):
        if status in URGENCY:
            days = [cell.day for cell in members]
            yield _Run(days[-1], days[0], status, kind)


def _reason(cell: Cell) -> tuple[str, str]:
    return cell.status, (cell.kind or "") if cell.status == "failed" else ""


def _urgent_first(item: tuple[_Run, list[str]]) -> tuple[int, str, int, int, list[str]]:
    run, feeds = item
    urgency = _LAST_BUT_ONE if run.kind == Transient.kind else URGENCY[run.status]
    return urgency, run.kind, -run.last.toordinal(), -run.first.toordinal(), feeds


def _trouble(stretches: Sequence[tuple[_Run, list[str]]], calendar: Calendar) -> Trouble:
    runs = [run for run, _ in stretches]
    total = sum(((run.last - run.first).days + 1) * len(feeds) for run, feeds in stretches)
    named = [
        Gap(span_in_words(run.first, run.last), _named(feeds, calendar), f"#{feeds[0]}/{run.last}")
        for run, feeds in stretches[:MOST_STRETCHES]
    ]
    return Trouble(
        runs[0].status,
        runs[0].kind,
        count(total, "day", "days"),
        named,
        len(stretches) - len(named),
        _todo(runs),
    )


def _named(feeds: Sequence[str], calendar: Calendar) -> str:
    return f"all {len(feeds)} feeds" if len(feeds) == len(calendar.feeds) > 1 else listed(feeds)


def _todo(runs: Sequence[_Run]) -> str:
    status, kind = runs[0].status, runs[0].kind
    if status == "missing":
        first, last = min(run.first for run in runs), max(run.last for run in runs)
        return f"casehouse backfill --missing --from {first} --to {last}"
    if status == "held":
        return "ask the source why; to take the fewer rows: casehouse ingest FEED DAY --accept-shrink"
    return RUNBOOKS.get(kind or status, "")


@dataclass(frozen=True)
class Line:
    """One line of a table: a feed, of one year where `year` is told; its tallies, None outside the span."""

    feed: str
    year: int | None
    tallies: Sequence[Tally | None]


def years(calendar: Calendar) -> tuple[list[int], list[Line]]:
    """Return the years, and each feed's tally of every one."""
    wanted = list(range(calendar.since.year, calendar.until.year + 1))
    lines = []
    for feed, cells in calendar.feeds.items():
        found = {year: tally(list(members)) for year, members in groupby(cells, key=lambda one: one.day.year)}
        lines.append(Line(feed, None, [found[year] for year in wanted]))
    return wanted, lines


def months(calendar: Calendar) -> list[Line]:
    """Return each feed's tally of every month, a line a year, the newest year first."""
    lines = []
    for feed, cells in calendar.feeds.items():
        for year, of_year in groupby(cells, key=lambda one: one.day.year):
            found = {
                month: tally(list(members))
                for month, members in groupby(of_year, key=lambda one: one.day.month)
            }
            lines.append(Line(feed, year, [found.get(month) for month in range(1, 13)]))
    return sorted(lines, key=lambda line: -(line.year or 0))
