"""A run's days in rounds: those whose failure may pass are asked for again after all the others.

A vendor that rests for a minute costs a run a minute and not the night. Only failures of the kind `transient`
come into another round; each of these has had all the tries of its calls already. How a day is loaded stands
in ingest.py, how a single call is tried again in sources/transport.py.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pipelines.errors import Transient
from pipelines.ingest import ingest_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed, Policy
    from pipelines.ingest import Outcome
    from pipelines.lake import Lake
    from pipelines.settings import Settings
    from pipelines.sources.report import ReportSource

log = logging.getLogger("casehouse.ingest")


@dataclass(frozen=True)
class Rounds:
    """How many further rounds there are, the wait before each, and the seconds they may take in all.

    The bound is looked at as days come: one that is being fetched when it is reached is broken off.
    """

    most: int
    wait_seconds: float
    budget_seconds: float

    @classmethod
    def from_settings(cls, settings: Settings) -> Rounds:
        """Return what the settings say."""
        return cls(settings.day_retries, settings.day_retry_wait_seconds, settings.retry_budget_seconds)


def ingest_in_rounds(  # noqa: PLR0913 - all but the first two by name
    feed: Feed,
    days: Sequence[ReportDay],
    *,
    source: ReportSource,
    lake: Lake,
    policy: Policy,
    rounds: Rounds,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    elapsed: Callable[[], float] = time.monotonic,
) -> Iterator[Outcome]:
    """Load days, yielding one outcome each as ingest_days does; a day that is asked for again comes later.

    `sleep` waits so many seconds, `elapsed` tells seconds from any beginning. A day that fails in every round
    comes last, with its last failure.
    """
    ask = partial(ingest_days, feed, source=source, lake=lake, policy=policy, clock=clock)
    waiting: dict[ReportDay, Outcome] = {}
    for outcome in ask(days):
        if rounds.most and may_pass(outcome):
            waiting[outcome.day] = outcome
        else:
            yield outcome
    began = elapsed()

    def is_spent() -> bool:
        return elapsed() - began >= rounds.budget_seconds

    for _ in range(rounds.most):
        left = rounds.budget_seconds - (elapsed() - began)
        if not waiting or left <= rounds.wait_seconds:
            break
        log.warning(
            "%s: %d days failed in passing; asking again in %g s", feed.key, len(waiting), rounds.wait_seconds
        )
        sleep(rounds.wait_seconds)
        for outcome in ask(list(waiting), is_over=is_spent, is_further=True):
            waiting[outcome.day] = outcome
            if not may_pass(outcome):
                yield waiting.pop(outcome.day)
    yield from waiting.values()


def may_pass(outcome: Outcome) -> bool:
    """Whether asking again for the day may help."""
    return outcome.error is not None and outcome.error.kind == Transient.kind
