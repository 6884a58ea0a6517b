"""Instants as milliseconds since 1970, spans of them, and London wall-clock time made into either.

How long a London day is, `pipelines.days` knows; here wall-clock times of a rota become instants.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from pipelines.days import LONDON

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Span(NamedTuple):
    """From `start` up to but not including `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Milliseconds from start to end; none for a span that ends before it starts."""
        return max(0, self.end - self.start)

    def within(self, other: Span) -> Span:
        """Return the part inside another span; its length is 0 when there is none."""
        return Span(max(self.start, other.start), min(self.end, other.end))


def milliseconds(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970, what is finer dropped."""
    return (moment - _EPOCH) // _MILLISECOND


def instant(day: date, minutes: int) -> int:
    """Return when London's clocks show so many minutes after midnight of `day`, or past 1,440 of the next."""
    later, rest = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=later), time(rest // 60, rest % 60), LONDON)
    return milliseconds(wall)


def london(at: int) -> datetime:
    """Return an instant as aware London time to the second."""
    return datetime.fromtimestamp(at // SECOND, LONDON)
