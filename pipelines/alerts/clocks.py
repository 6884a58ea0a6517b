"""Comparing clocks with the sources, now and then: the one thing alerts ask of a vendor.

A host that does not answer says nothing about its clock: that it is away is told by the days that fail.
"""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

from pipelines.alerts.incidents import Compared
from pipelines.doctor import ACCOUNTS
from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from pipelines.alerts.incidents import Record
    from pipelines.settings import Settings

    Skew = Callable[[str], float | None]


def skew_of(settings: Settings) -> Skew:
    """Return what asks a source for its clock: seconds ahead of ours, None where none tells; one try each."""

    def ask(source: str) -> float | None:
        once = settings.model_copy(update={f"{source}_attempts": 1})
        told: list[float] = []
        with closing(ACCOUNTS[source].connect(once)) as opened:
            for host in opened.hosts:
                with suppress(CasehouseError):
                    skew = opened.server_clock(host)
                    told += [] if skew is None else [skew]
        return max(told, key=abs, default=None)

    return ask


def compare(record: Record, sources: Iterable[str], skew: Skew, now: datetime, every: timedelta) -> None:
    """Compare each source's clock whose last comparison is old; an answer that is none keeps the last one."""
    for source in sources:
        last = record.compared.get(source)
        if last is None or not now - every < last.at <= now:
            seconds = skew(source)
            if seconds is None and last is not None:
                seconds = last.seconds
            record.compared[source] = Compared(now, seconds)
