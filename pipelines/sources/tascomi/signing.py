"""Signatures that hold for one minute of the server's clock, and when it is safe to make one.

A signature is right in the minute it was made for and wrong a moment later. So the server's clock is kept
account of: every answer tells the time to the second, and between its call and its arrival that time was
shown. What follows from several answers together bounds the difference of the clocks, and nothing is signed
while the bounds, with a guard for the way to the server, straddle a full minute.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from pipelines.sources.tascomi.dialect import HASH, MINUTE, PUBLIC

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pipelines.sources.exchange import Clock

Sleep = Callable[[float], object]

# By how much two undisciplined clocks part, in seconds a second; ten times what usual ones do.
_DRIFT = 1e-4
# The widest the bounds may be taken for: wider ones, with guards, would never lie within one minute.
_WIDEST = 30.0
_MINUTE = 60.0
_TICK = timedelta(seconds=1)
_A_LITTLE = 0.001


@dataclass(frozen=True)
class Credentials:
    """A key: its public part names it, its private part signs."""

    public: str
    private: str

    def __repr__(self) -> str:
        return "Credentials(***)"

    def headers(self, minute: str) -> dict[str, str]:
        """Return the headers that are good in a minute, written YYYYMMDDHHMM in the server's own time.

        The hash is the base64 of the hexadecimal text of an HMAC-SHA256 (CODE, three published clients).
        """
        token = sha256(f"{self.public}{minute}".encode()).hexdigest()
        signature = hmac.new(self.private.encode(), token.encode(), sha256).hexdigest()
        return {PUBLIC: self.public, HASH: base64.b64encode(signature.encode()).decode()}


@dataclass(frozen=True)
class Bounds:
    """The server's clock is ahead of ours by at least `low` and at most `high` seconds, as of an instant."""

    low: float
    high: float
    at: datetime

    @property
    def middle(self) -> float:
        """The likeliest difference."""
        return (self.low + self.high) / 2

    def aged(self, now: datetime) -> Bounds:
        """Widen by what clocks may have parted since."""
        drift = abs((now - self.at).total_seconds()) * _DRIFT
        return Bounds(self.low - drift, self.high + drift, now)

    def with_another(self, other: Bounds) -> Bounds:
        """Return what both allow; when they contradict each other a clock was set: the later one counts."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return replace(other, low=low, high=high) if low <= high else other


class ServerClock:
    """What is known of the server's clock; `zone` is that in which it signs, `guard` is in seconds."""

    def __init__(self, clock: Clock, sleep: Sleep, zone: ZoneInfo, guard: float) -> None:
        self._clock = clock
        self._sleep = sleep
        self._zone = zone
        self._guard = guard
        self._bounds: Bounds | None = None

    @property
    def is_known(self) -> bool:
        """Whether any answer has come."""
        return self._bounds is not None

    @property
    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of ours; 0 as long as nothing is known."""
        return self._bounds.middle if self._bounds else 0.0

    def learn(self, sent: datetime, told: datetime | None) -> None:
        """Take account of an answer to a call sent at `sent`, just arrived, that told a time or none.

        Until one tells it, the server's clock is taken for ours.
        """
        now = self._clock()
        if told is None:
            self._bounds = self._bounds or Bounds(0, 0, now)
            return
        # The time told is whole seconds, cut off: the clock showed it or up to a second more.
        low, high = (told - now).total_seconds(), (told + _TICK - sent).total_seconds()
        learnt = Bounds(low, max(high, low), now)
        self._bounds = self._bounds.aged(now).with_another(learnt) if self._bounds else learnt

    def wait_for_minute(self) -> str:
        """Wait until it is sure which minute the server will show, and return it as it is signed.

        The wait is over in a little more than the guard on both sides and the width of what is known.
        """
        while True:
            now = self._clock()
            earliest, latest = self._earliest_and_latest(now)
            edge = latest.replace(second=0, microsecond=0)
            if earliest >= edge:
                return latest.astimezone(self._zone).strftime(MINUTE)
            self._sleep((edge - earliest).total_seconds() + _A_LITTLE)

    def _earliest_and_latest(self, now: datetime) -> tuple[datetime, datetime]:
        """Return between which instants, by the server, a call signed now arrives."""
        known = self._bounds.aged(now) if self._bounds else Bounds(0, 0, now)
        most = min(_WIDEST, _MINUTE - 2 * self._guard - 1)
        low, high = known.low, known.high
        if high - low > most:
            low, high = known.middle - most / 2, known.middle + most / 2
        utc, guard = now.astimezone(UTC), self._guard
        return utc + timedelta(seconds=low - guard), utc + timedelta(seconds=high + guard)
