"""The figures in words: dates as people say them, whole per cents, and plainly what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from pipelines.daily_report.figures import CALLS, CASES, CallDay, CaseDay, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from pipelines.daily_report.figures import Figures

Day = TypeVar("Day", CaseDay, CallDay)
WEEK = 7
FEWEST_TO_COMPARE = 2
COMPLETE = frozenset({"verified", "quarantined"})
_STATUS_WORDS = {
    "missing": "never loaded",
    "failed": "failed to load",
    "unverified": "loaded without proof that it is complete",
    "quarantined": "complete, with some rows set aside",
}


@dataclass(frozen=True)
class Gap:
    """Days that some feeds lack, or have without proof."""

    status: str
    days: str
    feeds: str


def day_in_words(day: date) -> str:
    """Such as Friday 20 November 2026."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def span_in_words(first: date, last: date) -> str:
    """Such as 27 to 28 October 2026, with no more month and year than is needed."""
    if first == last:
        return f"{last.day} {last:%B} {last.year}"
    month = "" if (first.year, first.month) == (last.year, last.month) else f" {first:%B}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{month}{year} to {last.day} {last:%B} {last.year}"


def count(number: int, one: str, many: str) -> str:
    """Such as 1 case, 1,204 cases."""
    return f"{number:,} {one if number == 1 else many}"


def share(part: int, whole: int) -> str:
    """Such as 4%; never 0% or 100% of what is not none or all."""
    if not whole:
        return "none"
    per_cent = round(100 * part / whole)
    if part and not per_cent:
        return "under 1%"
    if part < whole and per_cent == 100:  # noqa: PLR2004 - per cent
        return "over 99%"
    return f"{per_cent}%"


def verdict(figures: Figures) -> tuple[bool, str]:
    """Say whether the day is complete, and what is lacking where it is not."""
    feeds = figures.of_day()
    unused = f" No day of {listed(figures.unused)} was ever loaded." if figures.unused else ""
    lacking = {feed: status for feed, status in feeds.items() if status not in COMPLETE}
    if not lacking:
        aside = [feed for feed, status in feeds.items() if status == "quarantined"]
        told = f"Complete: all {len(feeds)} feeds have this day"
        more = f"; rows that broke the contract were set aside in {listed(aside)}" if aside else ""
        return True, f"{told}{more}.{unused}"
    by_status = sorted(lacking.items(), key=lambda one: (one[1], one[0]))
    parts = [
        f"{'All' if len(named) == len(feeds) > 1 else listed(named)}: {_STATUS_WORDS[status]}"
        for status, group in groupby(by_status, key=lambda one: one[1])
        if (named := [feed for feed, _ in group])
    ]
    return False, f"Incomplete: {len(lacking)} of {len(feeds)} feeds. {'; '.join(parts)}.{unused}"


def listed(words: Sequence[str]) -> str:
    """Such as a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def volumes(figures: Figures) -> str:
    """Say what came in and what was closed."""
    today = _day_of(figures.case_days)
    if today is None or not today.is_loaded:
        return _absent("cases", figures, CASES)
    received, closed = usual(figures.case_days, _received), usual(figures.case_days, _closed)
    compared = (
        f" {weekday_plural(today.day)} before it brought {received} and closed {closed} on average."
        if received is not None
        else ""
    )
    came = count(today.received, "case was", "cases were")
    return f"{came} received and {today.closed:,} closed.{compared}{_unproved(today)}"


def _received(one: CaseDay) -> int:
    return one.received


def _closed(one: CaseDay) -> int:
    return one.closed


def still_open(figures: Figures) -> str:
    """Say how many cases are open, how that changed in a week, and since when cases are known."""
    today = _day_of(figures.case_days)
    if today is None or not today.is_loaded or figures.first_cases_day is None:
        return _absent("cases", figures, CASES)
    opened = count(today.still_open, "case was", "cases were")
    told = f"{opened} open when the day ended{_in_a_week(figures)}."
    first = figures.first_cases_day
    known = f" Only cases with activity since {span_in_words(first, first)} are known."
    return f"{told}{known}{_lost(figures.case_days)}{_unproved(today)}"


def _lost(days: Sequence[CaseDay]) -> str:
    """Warn that what happened on days that are not loaded is seen late: when a case is next told of."""
    lost = sum(not one.is_loaded for one in days)
    if not lost:
        return ""
    verb = "is" if lost == 1 else "are"
    return f" {lost} of the last {len(days)} days {verb} not loaded: what changed then may be lacking."


def _in_a_week(figures: Figures) -> str:
    days = figures.case_days
    before = days[-1 - WEEK] if len(days) > WEEK else None
    if before is None or not before.is_loaded:
        return ""
    change = days[-1].still_open - before.still_open
    if not change:
        return ", as many as a week before"
    return f", {abs(change):,} {'more' if change > 0 else 'fewer'} than a week before"


def backlog(figures: Figures) -> str:
    """Say how many open cases are past their target date, and how many soon will be."""
    today = _day_of(figures.case_days)
    if today is None or not today.is_loaded:
        return _absent("cases", figures, CASES)
    total = sum(row.total for row in figures.backlog)
    if not total:
        return "No case is open."
    overdue, soon = (sum(getattr(row, part) for row in figures.backlog) for part in ("overdue", "due_soon"))
    verb = "is" if overdue == 1 else "are"
    late = f"{overdue:,} of {total:,} open cases ({share(overdue, total)}) {verb} past the target date"
    return f"{late}; {soon:,} more fall due within seven days.{_unproved(today)}"


def calls(figures: Figures) -> str:
    """Say how many calls came in, how many callers gave up, and how many were answered in time."""
    today = _day_of(figures.call_days)
    if today is None or not today.is_loaded:
        return _absent("calls", figures, CALLS)
    if not today.calls_in:
        return f"No call came in.{_unproved(today)}"
    came = count(today.calls_in, "call", "calls")
    late = f"{today.abandoned:,} callers gave up ({share(today.abandoned, today.calls_in)})"
    if today.abandoned == 1:
        late = late.replace("callers", "caller")
    level = share(today.answered_in_time, today.calls_in)
    busiest = max(figures.half_hours, key=lambda one: (one.calls_in, -one.number))
    return (
        f"{came} came in; {late}. {today.answered_in_time:,} ({level}) were answered within 20 seconds. "
        f"The busiest half hour began at {busiest.begins}, with {busiest.calls_in:,}.{_unproved(today)}"
    )


def completeness(figures: Figures) -> str:
    """Say how much of the span shown is there."""
    complete = sum(one.status in COMPLETE for one in figures.statuses)
    total = len(figures.statuses)
    first = min((one.day for one in figures.statuses), default=figures.day)
    days, feeds = count((figures.day - first).days + 1, "day", "days"), len(figures.feeds)
    since = span_in_words(first, first)
    if complete == total:
        return f"All {days} of all {feeds} feeds since {since} are complete."
    part = f"{complete:,} of {total:,} ({share(complete, total)})"
    return f"Of {days} of {feeds} feeds since {since}, {part} are complete. Not so:"


def months(figures: Figures) -> str:
    """Say how much is there of all that was ever expected."""
    complete = sum(one.days for one in figures.months if one.status in COMPLETE)
    total = sum(one.days for one in figures.months)
    first = min(one.month for one in figures.months)
    told = f"{complete:,} of {total:,} days of {count(len(figures.feeds), 'feed', 'feeds')}"
    since = f"{first:%B} {first.year}"
    if complete == total:
        return f"All {told.partition(' of ')[2]} since {since} are complete."
    part = f"{told} since {since} ({share(complete, total)}) are complete."
    return f"{part} The view ops.completeness names those that are not."


def gaps(figures: Figures) -> list[Gap]:
    """Name the days that are not complete, the latest first; feeds that lack the same days stand together."""
    shared: dict[tuple[date, date, str], list[str]] = {}
    for first, last in runs_of(figures.statuses):
        if first.status not in COMPLETE:
            shared.setdefault((last.day, first.day, first.status), []).append(first.feed)
    return [
        Gap(
            status,
            span_in_words(first, last),
            "all feeds" if len(feeds) == len(figures.feeds) > 1 else listed(feeds),
        )
        for (last, first, status), feeds in sorted(shared.items(), key=_latest_first)
    ]


def _latest_first(item: tuple[tuple[date, date, str], list[str]]) -> tuple[int, int, str, list[str]]:
    (last, first, status), feeds = item
    return -last.toordinal(), -first.toordinal(), status, feeds


def usual(days: Sequence[Day], of: Callable[[Day], int]) -> int | None:
    """Average the same weekday over the weeks before the last day, loaded days alone; None from too few."""
    found = [of(one) for one in days[-1 - WEEK :: -WEEK] if one.is_loaded]
    return round(sum(found) / len(found)) if len(found) >= FEWEST_TO_COMPARE else None


def weekday_plural(day: date) -> str:
    """Such as Fridays."""
    return f"{day:%A}s"


def _day_of(days: Sequence[Day]) -> Day | None:
    return days[-1] if days else None


def _absent(what: str, figures: Figures, feed: str) -> str:
    status = figures.of_day().get(feed, "missing")
    why = "failed to load" if status == "failed" else "is missing"
    return f"The {what} of this day are not there: {feed} {why}."


def _unproved(one: CaseDay | CallDay) -> str:
    if one.status != "unverified":
        return ""
    return " Unverified: the source did not tell every total, so this may not be all."
