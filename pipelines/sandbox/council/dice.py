"""Chance without a memory: the same seed, stream and number always give the same throws.

Python's own `hash` differs between processes and `random.Random` costs microseconds to seed, so throws come
from a splitmix64 hash of what they are about, continued by a 64-bit linear congruential sequence.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # splitmix64's increment
_SEED_STEP = (
    18  # how many streams there were at first: with another step every seed's council would be another
)
_STEP, _STRIDE = 6364136223846793005, 1442695040888963407  # Knuth's MMIX multiplier and increment


class Stream(IntEnum):
    """What a throw is about: streams never influence each other."""

    INTAKE = 1
    LIVES = 2
    CASE = 3
    RETURN = 4
    NEIGHBOUR = 5
    PERSON = 6
    HOME = 7
    OFFICER = 8
    EXTERNAL = 9
    ANONYMOUS = 10
    DETAILS = 11
    LETTERS = 12
    TASKS = 13
    THEMES = 14
    REDRESS = 15
    ACTIONS = 16
    DOCUMENTS = 17
    WORK = 18
    # The contact centre's, far from the first streams of the next seeds.
    CENTRE_ROTA = 10_001
    CENTRE_VOLUME = 10_002
    CENTRE_CALLS = 10_003
    # Tascomi's.
    PLACES = 10_101
    REQUESTS = 10_102


def mix(value: int) -> int:
    """Scatter 64 bits: splitmix64's finaliser."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=256)
def _root(seed: int, stream: Stream) -> int:
    return mix(seed * _SEED_STEP + stream)


class Dice:
    """A short sequence of throws about one thing."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, stream: Stream, number: int = 0) -> None:
        self._state = mix(_root(seed, stream) + number)

    def below(self, bound: int) -> int:
        """Throw a whole number from 0 to `bound` - 1."""
        self._state = state = (self._state * _STEP + _STRIDE) & _MASK
        return ((state >> 32) * bound) >> 32

    def between(self, low: int, high: int) -> int:
        """Throw a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, per_mille: int) -> bool:
        """Be true in so many cases of a thousand."""
        return self.below(1000) < per_mille

    def pick(self, options: Sequence[T]) -> T:
        """Take one of the options."""
        return options[self.below(len(options))]
