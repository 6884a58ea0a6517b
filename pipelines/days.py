"""Report days: calendar days in Europe/London, their bounds and their lengths.

Clock changes live here and nowhere else. Nothing here reads the clock: the present comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, order=True)
class ReportDay:
    """One London day, the unit in which every feed is asked for and stored."""

    date: date

    @classmethod
    def parse(cls, text: str) -> ReportDay:
        """Read `YYYY-MM-DD`, and none of the other ways to write a day."""
        try:
            day: date | None = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or str(day) != text:
            raise Permanent(f"{text!r} is not a day", todo="write days as YYYY-MM-DD, for example 2026-11-22")
        return cls(day)

    @classmethod
    def yesterday(cls, now: datetime) -> ReportDay:
        """Return the last London day that is over at the aware instant `now`."""
        return cls(now.astimezone(LONDON).date() - timedelta(days=1))

    @property
    def start(self) -> datetime:
        """The first instant of the day, in UTC."""
        return datetime.combine(self.date, time.min, LONDON).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the next day, in UTC: the bound is exclusive."""
        return self.plus(1).start

    @property
    def hours(self) -> int:
        """23 when the clocks go forward, 25 when they go back, otherwise 24."""
        return round((self.end - self.start).total_seconds() / 3600)

    @property
    def civil_bounds(self) -> tuple[str, str]:
        """First and last millisecond as London wall-clock text without a zone.

        This is how iCasework writes a day: `T00:00:00.000` to `T23:59:59.999`.
        """
        return f"{self.date}T00:00:00.000", f"{self.date}T23:59:59.999"

    @property
    def local_bounds(self) -> tuple[datetime, datetime]:
        """First and last millisecond as aware London times, each with its own offset.

        On a clock-change day the two offsets differ: +01:00 and +00:00 on 2026-10-25.
        """
        last = time(23, 59, 59, 999_000)
        return datetime.combine(self.date, time.min, LONDON), datetime.combine(self.date, last, LONDON)

    def plus(self, days: int) -> ReportDay:
        """Return the day this many calendar days later."""
        return ReportDay(self.date + timedelta(days=days))

    def __str__(self) -> str:
        return self.date.isoformat()


def span(first: ReportDay, last: ReportDay) -> Iterator[ReportDay]:
    """Yield every day from `first` to `last`, both included; nothing when `last` is earlier."""
    day = first
    while day <= last:
        yield day
        day = day.plus(1)


def stretches(days: Iterable[ReportDay]) -> Iterator[tuple[ReportDay, ReportDay]]:
    """Yield both ends of each stretch of days that follow on one another, earliest first."""
    numbered = enumerate(sorted(set(days)))
    for _, stretch in groupby(numbered, key=lambda pair: pair[1].date.toordinal() - pair[0]):
        found = [day for _, day in stretch]
        yield found[0], found[-1]
