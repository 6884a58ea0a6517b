"""Signs in the days that should be there: nobody asked for them, they are empty, or unlike their weekday.

Only the last days are looked at, by their receipts. Which rows a day holds is not judged here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

from pipelines.alerts.signs import Sign
from pipelines.days import LONDON, ReportDay, span
from pipelines.errors import Damaged
from pipelines.missed import SOURCE_DELAYS
from pipelines.revisions import held_back
from pipelines.warehouse.working_days import bank_holidays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pipelines.lake import Failure, Lake
    from pipelines.receipts import Receipt

WATCHED_DAYS = 7
GAINED = timedelta(hours=1)  # so long after its last new day a feed counts as being caught up with
TRIED = SOURCE_DELAYS[-1] + timedelta(hours=1)  # and so long after an attempt that failed
WEEKS = 8
LEAST_WEEKS = 4
# Below so many rows an empty day is no news: a report of a few rows a day has empty ones by chance.
LEAST_USUAL = 5
_NORMAL = 1.4826  # MAD of a normal distribution, as a share of its standard deviation
_LEAST_SHARE = 0.05
_MOST_REASONS = 3


@dataclass(frozen=True)
class Usual:
    """What the same weekday usually holds: the median of the weeks before and the spread around it."""

    rows: float
    spread: float
    least: int

    @classmethod
    def of(cls, weeks: Sequence[int]) -> Usual | None:
        """Judge by the weeks before; None where they are too few.

        The spread is the median deviation, but never less than what chance alone gives a count, nor than a
        twentieth of it: eight equal weeks do not make the ninth a fault.
        """
        if len(weeks) < LEAST_WEEKS:
            return None
        middle = median(weeks)
        deviation = median(abs(rows - middle) for rows in weeks) * _NORMAL
        return cls(middle, max(deviation, sqrt(middle), middle * _LEAST_SHARE, 1), min(weeks))

    def is_far(self, rows: int, factor: float) -> bool:
        """Whether a day is so many spreads away."""
        return abs(rows - self.rows) > factor * self.spread

    def is_never_empty(self) -> bool:
        """Whether a day without rows is news."""
        return self.least > 0 and self.rows >= LEAST_USUAL


@dataclass
class Receipts:
    """The receipts of one look, each read once. One that cannot be read counts as none, and is remembered."""

    lake: Lake
    damaged: dict[tuple[str, ReportDay], str] = field(default_factory=dict)
    _known: dict[tuple[str, ReportDay], Receipt | None] = field(default_factory=dict)

    def rows(self, feed: str, day: ReportDay) -> int | None:
        """Rows of a day, those set aside included; None where it is not loaded."""
        receipt = self.receipt(feed, day)
        return None if receipt is None else receipt.rows_good + receipt.rows_quarantined

    def receipt(self, feed: str, day: ReportDay) -> Receipt | None:
        """Return a day's receipt, None where there is none to be read."""
        key = feed, day
        if key not in self._known:
            self._known[key] = None
            try:
                self._known[key] = self.lake.receipt(feed, day)
            except Damaged as error:
                self.damaged[key] = error.what
            except OSError as error:  # of one file: the others are looked at all the same
                self.damaged[key] = f"the file cannot be read: {error.strerror or type(error).__name__}"
        return self._known[key]

    def usual(self, feed: str, day: ReportDay) -> Usual | None:
        """Return what this weekday holds, by the weeks before without their bank holidays."""
        weeks = [day.plus(-7 * week) for week in range(1, WEEKS + 1)]
        counts = [self.rows(feed, one) for one in weeks if not is_holiday(one)]
        return Usual.of([rows for rows in counts if rows is not None])


def is_holiday(day: ReportDay) -> bool:
    """Whether it is a bank holiday of England and Wales."""
    return day.date in bank_holidays(day.date.year, day.date.year)


def window(yesterday: ReportDay, first_day: ReportDay) -> list[ReportDay]:
    """Return the days that are watched, oldest first."""
    return list(span(max(first_day, yesterday.plus(1 - WATCHED_DAYS)), yesterday))


def days_not_asked_for(
    receipts: Receipts,
    feeds: Iterable[str],
    days: Sequence[ReportDay],
    real: Collection[str],
    told: Mapping[str, Collection[ReportDay]],
    now: datetime,
) -> Iterator[Sign]:
    """Yield a sign for each source of which days are neither loaded nor failed.

    `real` are the feeds that have an account: of those every day counts. Of the others, which are only tried
    out, a day counts when one before it was loaded in these days. Days already `told` to be missing count
    until they are asked for, however old. A failed day has a sign of its own. A source that is being caught
    up with has no new sign: a first load of years takes hours, of a source that is silent still longer.
    """
    missing: dict[str, dict[str, frozenset[ReportDay]]] = defaultdict(dict)
    at_work: set[str] = set()
    for feed in feeds:
        source, failed = feed.partition("/")[0], receipts.lake.failures(feed)
        if _is_at_work(receipts.lake, feed, failed, now):
            at_work.add(source)
        there = [day for day in days if receipts.lake.path(feed, day).exists()]
        wanted = days if feed in real else [day for day in days if there and day > there[0]]
        gone = frozenset(
            day
            for day in (*wanted, *told.get(feed, ()))
            if day not in failed and not receipts.lake.path(feed, day).exists()
        )
        if gone:
            missing[source][feed] = gone
    known = {feed.partition("/")[0] for feed in told}
    for source, held in missing.items():
        if source in known or source not in at_work:
            yield Sign("freshness", source, "neither loaded nor failed: no run has asked for them", held)


def _is_at_work(lake: Lake, feed: str, failed: Mapping[ReportDay, Failure], now: datetime) -> bool:
    """Whether a new day of a feed came lately, or one failed within the time a silent source is given."""
    if any(now - TRIED < failure.attempted_at <= now for failure in failed.values()):
        return True
    days = lake.path(feed, ReportDay(now.date())).parent.parent
    return days.exists() and now - GAINED < datetime.fromtimestamp(days.stat().st_mtime, UTC) <= now


def expected_by(now: datetime, hour: int) -> ReportDay:
    """Return the last day that should have been asked for by now: yesterday's, from the London hour on."""
    local = now.astimezone(LONDON)
    yesterday = ReportDay.yesterday(now)
    due = datetime.combine(local.date(), time(hour), LONDON)
    return yesterday if local >= due else yesterday.plus(-1)


def unusual_days(
    receipts: Receipts, feeds: Iterable[str], days: Sequence[ReportDay], factor: float
) -> Iterator[Sign]:
    """Yield signs of empty days and of days far from their weekday, one of each for each source."""
    empty: dict[str, dict[str, set[ReportDay]]] = defaultdict(lambda: defaultdict(set))
    far: dict[str, dict[str, set[ReportDay]]] = defaultdict(lambda: defaultdict(set))
    why: dict[tuple[str, str], list[str]] = defaultdict(list)
    for feed in feeds:
        source = feed.partition("/")[0]
        for day in days:
            rows = receipts.rows(feed, day)
            usual = receipts.usual(feed, day) if rows is not None and not is_holiday(day) else None
            if rows is None or usual is None:
                continue
            kind = None
            if not rows and usual.is_never_empty():
                kind, found = "empty-day", empty
            elif rows and usual.is_far(rows, factor):
                kind, found = "volume", far
            if kind:
                found[source][feed].add(day)
                why[kind, source].append(
                    f"{feed} {day}: {rows:,} rows, a {day.date:%A} has about {usual.rows:,.0f}"
                )
    for kind_name, sources in (("empty-day", empty), ("volume", far)):
        yield from _unusual(kind_name, sources, why)


def damaged_days(receipts: Receipts, told: Mapping[str, Collection[ReportDay]]) -> Iterator[Sign]:
    """Yield a sign for each source of which a receipt could not be read in this look.

    Days already `told` to be damaged are looked at again, however old.
    """
    for feed, told_days in told.items():
        for day in told_days:
            receipts.receipt(feed, day)
    days: dict[str, dict[str, set[ReportDay]]] = defaultdict(lambda: defaultdict(set))
    why: dict[str, set[str]] = defaultdict(set)
    for (feed, day), what in receipts.damaged.items():
        source = feed.partition("/")[0]
        days[source][feed].add(day)
        why[source].add(what)
    for source, held in days.items():
        reasons = "; ".join(sorted(why[source]))
        yield Sign("damaged", source, reasons, {feed: frozenset(some) for feed, some in held.items()})


def held_back_days(lake: Lake, feeds: Iterable[str]) -> Iterator[Sign]:
    """Yield a sign for each feed that tells far fewer rows of days than it did before."""
    for feed in feeds:
        if held := held_back(lake.root, feed):
            told = "; ".join(
                dict.fromkeys(held[day].why for day in sorted(held, reverse=True)[:_MOST_REASONS])
            )
            since = min(one.at for one in held.values())
            yield Sign("held-back", feed, told, {feed: frozenset(held)}, since=since)


def _unusual(
    kind: str, sources: Mapping[str, Mapping[str, set[ReportDay]]], why: Mapping[tuple[str, str], list[str]]
) -> Iterator[Sign]:
    for source, held in sources.items():
        told = why[kind, source]
        more = [f"and {len(told) - _MOST_REASONS} more"] if len(told) > _MOST_REASONS else []
        days = {feed: frozenset(some) for feed, some in held.items()}
        yield Sign(kind, source, "; ".join([*told[:_MOST_REASONS], *more]), days)
