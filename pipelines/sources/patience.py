"""How often a call is tried, how long it waits between tries, and what ends the waiting.

What of a try's failure may pass is judged in transport.py; here is only the arithmetic and its log.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tenacity import RetryCallState

logger = logging.getLogger("casehouse.sources.transport")


@dataclass(frozen=True)
class Patience:
    """How often a call is tried and how long it waits between: seconds, doubling, with jitter.

    A server that asks by Retry-After for more than `longest_wait` is not asked again: its word is kept to.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    jitter: float = 1.0


class Setback(Exception):
    """One try failed in a way that another may not; `wait` is what the server asked for, in seconds.

    `is_unreachable` says that not even a connection was made, `is_timeout` that too long nothing came.
    """

    def __init__(
        self,
        what: str,
        reason: str,
        *,
        wait: float | None = None,
        is_unreachable: bool = False,
        is_timeout: bool = False,
    ) -> None:
        super().__init__(reason)
        self.what = what
        self.reason = reason
        self.wait = wait
        self.is_unreachable = is_unreachable
        self.is_timeout = is_timeout


class Unfinished(Setback):
    """The server took the call and is still at it: the same call, sent again, collects what it makes."""


def retrying(patience: Patience, closed: threading.Event, kind: type[Setback] = Setback) -> Retrying:
    """Return what calls a function until it succeeds, raises anything but just that kind, or patience ends.

    The last Setback is raised. Setting `closed` ends a wait at once.
    """
    return Retrying(
        sleep=sleep_using_event(closed),
        stop=stop_after_attempt(patience.attempts) | stop_when_event_set(closed),
        wait=_wait(patience),
        retry=retry_if_exception(
            lambda error: type(error) is kind and (error.wait or 0) <= patience.longest_wait
        ),
        before_sleep=_log,
        reraise=True,
    )


def _wait(patience: Patience) -> Callable[[RetryCallState], float]:
    growing = wait_exponential_jitter(
        multiplier=patience.first_wait, max=patience.longest_wait, jitter=patience.jitter
    )

    def wait(state: RetryCallState) -> float:
        setback = _setback_of(state)
        if setback is None or setback.wait is None:
            return growing(state)
        spread = random.uniform(0, patience.jitter)  # noqa: S311 - it only keeps threads apart
        return min(setback.wait + spread, patience.longest_wait)

    return wait


def _log(state: RetryCallState) -> None:
    if setback := _setback_of(state):
        logger.warning(
            "%s: try %d %s (%s); trying again in %.1f s",
            setback.what,
            state.attempt_number,
            "did not finish" if isinstance(setback, Unfinished) else "failed",
            setback.reason,
            state.upcoming_sleep,
        )


def _setback_of(state: RetryCallState) -> Setback | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Setback) else None
