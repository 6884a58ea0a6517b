"""The figures of one day, read from the catalogue: counts only, with the status of the day each stands for.

What is counted is told in `warehouse/report.sql`. Nothing here words, rounds or draws anything, and no value
that belongs to a person is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.errors import Permanent
from pipelines.warehouse import run_queries
from pipelines.warehouse.statements import sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from pipelines.days import ReportDay
    from pipelines.lake import Lake

MONTH_DAYS = 28
QUARTER_DAYS = 91
NOT_LOADED = frozenset({"missing", "failed"})
ONE_DAY = timedelta(days=1)
CASES, CALLS = "icasework/cases", "xima/calls"


@dataclass(frozen=True)
class CaseDay:
    """Cases received and closed on one day, and open when it ended."""

    day: date
    status: str
    received: int
    closed: int
    still_open: int

    @property
    def is_loaded(self) -> bool:
        """Whether anything was counted."""
        return self.status not in NOT_LOADED


@dataclass(frozen=True)
class CallDay:
    """Calls that came in on one day; `answered_in_time` within 20 seconds."""

    day: date
    status: str
    calls_in: int
    abandoned: int
    answered_in_time: int

    @property
    def is_loaded(self) -> bool:
        """Whether anything was counted."""
        return self.status not in NOT_LOADED


@dataclass(frozen=True)
class HalfHour:
    """Calls that came in during one half hour, numbered from midnight."""

    number: int
    calls_in: int
    answered: int
    abandoned: int
    answered_in_time: int

    @property
    def ended_otherwise(self) -> int:
        """Calls that nobody took, though their caller did not give up."""
        return self.calls_in - self.answered - self.abandoned

    @property
    def begins(self) -> str:
        """When it begins, such as 09:30."""
        return f"{self.number // 2:02}:{self.number % 2 * 30:02}"


@dataclass(frozen=True)
class Backlog:
    """Open cases of one type by how they stand to their target date."""

    case_type: str
    overdue: int
    due_soon: int
    due_later: int
    no_target: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.overdue + self.due_soon + self.due_later + self.no_target


@dataclass(frozen=True)
class DayStatus:
    """Whether one feed has one day."""

    feed: str
    day: date
    status: str

    @property
    def source(self) -> str:
        """The system that the feed comes from."""
        return self.feed.partition("/")[0]


@dataclass(frozen=True)
class MonthStatus:
    """How many days of one feed and month have a status; `month` is its first day."""

    feed: str
    month: date
    status: str
    days: int

    @property
    def source(self) -> str:
        """The system that the feed comes from."""
        return self.feed.partition("/")[0]


@dataclass(frozen=True)
class Figures:
    """All that the page of one day tells. The last of `case_days` and of `call_days` is the day itself.

    `unused` names the sources of which no day was ever loaded; `statuses` and `months` leave their feeds out,
    unless there are no others: a council without a contact centre is not short of one every day. `months`
    reaches back to the first day expected and is empty where `statuses` does, too.
    """

    day: date
    origins: Mapping[str, str]
    statuses: Sequence[DayStatus]
    case_days: Sequence[CaseDay]
    backlog: Sequence[Backlog]
    call_days: Sequence[CallDay]
    half_hours: Sequence[HalfHour]
    first_cases_day: date | None
    months: Sequence[MonthStatus] = ()
    unused: Sequence[str] = ()

    @property
    def feeds(self) -> list[str]:
        """Keys of all feeds, in order."""
        return sorted({one.feed for one in self.statuses})

    def of_day(self) -> dict[str, str]:
        """Return each feed's status on the day itself."""
        return {one.feed: one.status for one in self.statuses if one.day == self.day}

    def of_feed(self, feed: str) -> list[DayStatus]:
        """Return one feed's days, the oldest first."""
        return [one for one in self.statuses if one.feed == feed]


def read_figures(lake: Lake, day: ReportDay) -> Figures:
    """Ask the catalogue for a day's figures, all from one state of it.

    Raises Permanent when there is no catalogue or it does not reach to this day.
    """
    spans = {
        "day": day.date,
        "month_first": day.date - timedelta(days=MONTH_DAYS - 1),
        "quarter_first": day.date - timedelta(days=QUARTER_DAYS - 1),
    }
    told = run_queries(lake, sections("report"), spans)
    since, until = told["catalogue"].row(0)
    _require_day(day, since, until)
    origins = dict(told["origins"].rows())
    statuses: list[DayStatus] = _rows(DayStatus, told["completeness"])
    used = [one for one in statuses if one.source in origins]
    feeds = {one.feed for one in used or statuses}
    months: list[MonthStatus] = _rows(MonthStatus, told["months"])
    return Figures(
        day=day.date,
        origins=origins,
        statuses=used or statuses,
        case_days=_rows(CaseDay, told["case_days"]),
        backlog=_rows(Backlog, told["backlog"]),
        call_days=_rows(CallDay, told["call_days"]),
        half_hours=_rows(HalfHour, told["half_hours"]),
        first_cases_day=told["first_cases_day"].item(),
        months=[one for one in months if one.feed in feeds] if since < spans["quarter_first"] else (),
        unused=sorted({one.source for one in statuses} - origins.keys()) if used else (),
    )


def _require_day(day: ReportDay, since: date, until: date) -> None:
    if not since <= day.date <= until:
        raise Permanent(
            f"there is no report of {day}",
            why=f"the catalogue tells of {since} to {until}",
            todo="choose a day in between, or run `casehouse rebuild`",
        )


def _rows(kind: Any, frame: pl.DataFrame) -> list[Any]:  # noqa: ANN401 - a dataclass whose fields are the columns
    return [kind(*row) for row in frame.iter_rows()]


def runs_of(statuses: Iterable[DayStatus]) -> list[tuple[DayStatus, DayStatus]]:
    """Put a feed's neighbouring days of one status together; return the first and the last of each run."""
    ordered = sorted(statuses, key=lambda one: (one.feed, one.day))
    runs: list[tuple[DayStatus, DayStatus]] = []
    for one in ordered:
        first, last = runs[-1] if runs else (None, None)
        if first and last and (last.feed, last.status, last.day + ONE_DAY) == (one.feed, one.status, one.day):
            runs[-1] = first, one
        else:
            runs.append((one, one))
    return runs
