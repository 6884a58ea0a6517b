"""The wheel of lives: a fixed ring of shapes, and for each working day of life which of them have news.

A batch of cases takes its lives from the ring one after another, starting at its `turn`. "Which cases have
news today" is then a rotated bit mask, and naming them costs as much as there are of them: no case is looked
at in vain, be there forty a day or fifty thousand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.kinds import KINDS
from pipelines.sandbox.council.lives import Life, imagine
from pipelines.sandbox.council.reports import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.sandbox.council.intake import Batch

SIZE = 1024
_FULL = (1 << SIZE) - 1


class Wheel:
    """The ring of lives of one seed, indexed by report and working day of life."""

    def __init__(self, seed: int) -> None:
        self.lives: tuple[Life, ...] = _throw(seed)
        self.longest = max(life.steps[-1].day for life in self.lives)
        self._news = {name: [0] * (self.longest + 1) for name in BY_NAME}
        self._at_receipt = dict.fromkeys(BY_NAME, 0)
        for place, life in enumerate(self.lives):
            for name in BY_NAME:
                for day in _days_with_rows(name, life):
                    self._news[name][day] |= 1 << place
            self._at_receipt["cases"] |= 1 << place
            self._at_receipt["tasks"] |= 1 << place
            self._at_receipt["correspondence"] |= 1 << place
        self._between = lru_cache(maxsize=4096)(self._collect)

    def life(self, batch: Batch, place: int) -> Life:
        """Return the life of case `place` of a batch."""
        return self.lives[(batch.turn + place) % SIZE]

    def places(self, batch: Batch, report: str, ages: range, *, is_received: bool) -> Iterator[int]:
        """Yield in order the places of a batch whose lives may have rows in a report.

        `ages` are the working days of life the window covers; `is_received` tells that the window also
        covers the batch's receipt, which on a quiet day or in an evening comes before its first working day.
        """
        mask = self._at_receipt[report] if is_received else 0
        low, high = max(ages.start, 0), min(ages.stop, self.longest + 1)
        if low < high:
            mask |= self._between(report, low, high)
        if not mask:
            return
        turn = batch.turn % SIZE
        mask = ((mask | mask << SIZE) >> turn) & _FULL
        if batch.count < SIZE:
            yield from _bits(mask & ((1 << batch.count) - 1))
            return
        ring = tuple(_bits(mask))
        for start in range(0, batch.count, SIZE):
            for bit in ring:
                if start + bit >= batch.count:
                    return
                yield start + bit

    def _collect(self, report: str, low: int, high: int) -> int:
        mask = 0
        for news in self._news[report][low:high]:
            mask |= news
        return mask


def _throw(seed: int) -> tuple[Life, ...]:
    """Throw a ring in which every kind has its share, in no order."""
    dice = Dice(seed, Stream.LIVES)
    kinds = [kind for kind in KINDS for _ in range(-(-kind.share * SIZE // 1000))]
    for place in range(len(kinds) - 1, 0, -1):
        other = dice.below(place + 1)
        kinds[place], kinds[other] = kinds[other], kinds[place]
    return tuple(
        imagine(kind, Dice(seed, Stream.LIVES, place + 1)) for place, kind in enumerate(kinds[:SIZE])
    )


def _days_with_rows(report: str, life: Life) -> Iterable[int]:
    """Return the working days of a life on which a report may show it."""
    if report == "correspondence":
        return {letter.sent.day for letter in life.letters}
    if report == "tasks":
        return {step.day for task in life.tasks for step in (task.opened, task.done) if step is not None}
    days = {step.day for step in life.steps}
    if report == "cases":
        return days
    if report == "classifications":
        begins = [step.day for step in life.themes]
    else:
        remedies = life.redress if report == "redress" else life.actions
        begins = [remedy.agreed.day for remedy in remedies]
    return {day for day in days if begins and day >= min(begins)}


def _bits(mask: int) -> Iterator[int]:
    """Yield the places of the set bits, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
