"""How many cases come in on each day, when, and which numbers they get.

A day's cases come in batches. All cases of a batch start to be worked on the same working day, so a case's
whole life can be counted in working days from its batch; the cases themselves are never listed here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.sandbox.council.dice import Dice, Stream

if TYPE_CHECKING:
    from pipelines.sandbox.council.workdays import Workdays

FIRST_CASE = 400_001

HOUR = 3600
MORNING, LATE_AFTERNOON, NIGHT = 8 * HOUR, 16 * HOUR + 900, 23 * HOUR + 3000
EVENING_SHARE = 18  # per cent of a working day's cases that come in too late to be touched that day
WEEKDAY_SHARE = (120, 108, 100, 92, 80)  # per cent of the dial, Monday to Friday
HOURS_OF_A_SHORT_DAY = 23


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases that come in between two times of one day and start to be worked on the same working day.

    `base` is the number of that working day; `turn` is where the batch starts on the wheel of lives.
    """

    day: date
    text: str
    first_case: int
    count: int
    base: int
    turn: int
    opens: int
    closes: int
    is_daytime: bool
    is_quiet_day: bool
    skips_an_hour: bool

    def second(self, place: int, jitter: int) -> int:
        """Return when in the day case `place` came in; later places never come earlier."""
        span = self.closes - self.opens
        return self.opens + (place * span + jitter % span) // self.count

    def stamp(self, second: int) -> str:
        """Write a second of the batch's day as London wall-clock text.

        On the day the clocks go forward the hour from 01:00 does not exist: the rest of the day is squeezed
        into the hours after it.
        """
        if self.skips_an_hour and second >= HOUR:
            second = 2 * HOUR + (second - HOUR) * 22 // 23
        return stamp(self.text, second)


def stamp(day: str, second: int) -> str:
    """Write a day and a second of it as `2021-02-15T16:42:19`."""
    minutes, seconds = divmod(second, 60)
    return f"{day}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


class Intake:
    """The numbered batches from the council's first day on, extended as later days are asked for."""

    def __init__(self, seed: int, cases_per_day: int, opened: date, workdays: Workdays) -> None:
        self._seed = seed
        self._cases_per_day = cases_per_day
        self._workdays = workdays
        self._next_day = opened
        self._next_case = FIRST_CASE
        self._batches: list[Batch] = []
        self._first_cases: list[int] = []
        self._bases: list[int] = []
        self._days: list[date] = []
        self._growing = Lock()

    def since(self, base: int, last: date) -> list[Batch]:
        """Return the batches worked from working day `base` or later that came in on `last` or earlier."""
        self._grow(last)
        end = bisect_right(self._days, last)
        return self._batches[bisect_left(self._bases, base, 0, end) : end]

    def received(self, first: date, last: date) -> list[Batch]:
        """Return the batches that came in from `first` to `last`."""
        self._grow(last)
        return self._batches[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def find(self, case_id: int, last: date) -> Batch | None:
        """Return the batch of a case, None when no case had that number at the end of `last`."""
        self._grow(last)
        end = bisect_right(self._days, last)
        place = bisect_right(self._first_cases, case_id, 0, end) - 1
        if place < 0:
            return None
        batch = self._batches[place]
        return batch if case_id < batch.first_case + batch.count else None

    def _grow(self, last: date) -> None:
        if last < self._next_day:
            return
        with self._growing:
            while self._next_day <= last:
                for batch in self._open(self._next_day):
                    self._batches.append(batch)
                    self._first_cases.append(batch.first_case)
                    self._bases.append(batch.base)
                    self._days.append(batch.day)  # last: readers bound their search by it
                self._next_day += timedelta(days=1)

    def _open(self, day: date) -> list[Batch]:
        dice = Dice(self._seed, Stream.INTAKE, day.toordinal())
        number = self._workdays.number(day)
        if not self._workdays.is_working(day):
            count = (self._cases_per_day * dice.between(4, 8) + 50) // 100
            short = ReportDay(day).hours == HOURS_OF_A_SHORT_DAY
            spans = [(count, number, 0, NIGHT, False)]
        else:
            count = max(
                1, self._cases_per_day * WEEKDAY_SHARE[day.weekday()] * dice.between(90, 110) // 10_000
            )
            short = False
            evening = count * EVENING_SHARE // 100
            spans = [
                (count - evening, number, MORNING, LATE_AFTERNOON, True),
                (evening, number + 1, LATE_AFTERNOON, NIGHT, False),
            ]
        batches = []
        for size, base, opens, closes, daytime in spans:
            if size:
                batches.append(
                    Batch(
                        day=day,
                        text=day.isoformat(),
                        first_case=self._next_case,
                        count=size,
                        base=base,
                        turn=dice.below(1 << 16),
                        opens=opens,
                        closes=closes,
                        is_daytime=daytime,
                        is_quiet_day=len(spans) == 1,
                        skips_an_hour=short,
                    )
                )
                self._next_case += size
        return batches
