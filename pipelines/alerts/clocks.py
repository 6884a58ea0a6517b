"""Comparing clocks with the sources, now and then: the one thing alerts ask of a vendor.

A host that does not answer says nothing about its clock: that it is away is told by the days that fail.
"""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.alerts.incidents import Compared
from pipelines.doctor import ACCOUNTS
from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from pipelines.alerts.incidents import Record
    from pipelines.settings import Settings

    Skew = Callable[[str], float | None]

CONNECT_SECONDS = 4
READ_SECONDS = 5


def skew_of(settings: Settings) -> Skew:
    """Return what asks a source for its clock: seconds ahead of ours, None where none tells.

    One short try each: whoever looks has more to do than to wait for a host that hangs.
    """

    def ask(source: str) -> float | None:
        hasty = {"attempts": 1, "connect_seconds": CONNECT_SECONDS, "read_seconds": READ_SECONDS}
        once = settings.model_copy(update={f"{source}_{name}": value for name, value in hasty.items()})
        told: list[float] = []
        with suppress(CasehouseError), closing(ACCOUNTS[source].connect(once)) as opened:
            for host in opened.hosts:
                with suppress(CasehouseError):
                    skew = opened.server_clock(host)
                    told += [] if skew is None else [skew]
        return max(told, key=abs, default=None)

    return ask


def compare(
    record: Record,
    sources: Iterable[str],
    skew: Skew,
    now: datetime,
    every: timedelta,
    save: Callable[[Record], None],
) -> None:
    """Compare the clock of the source whose turn is longest past, if one is due; the next look judges it.

    That it was asked is on disk before, so that a host that hangs is not asked again at once. An answer that
    is none keeps the last one.
    """
    due = [one for one in sources if _is_due(record.compared.get(one), now, every)]
    if not due:
        return
    never = datetime.min.replace(tzinfo=UTC)
    source = min(due, key=lambda one: record.compared[one].at if one in record.compared else never)
    before = record.compared.get(source)
    record.compared[source] = Compared(now, before.seconds if before else None)
    save(record)
    seconds = skew(source)
    if seconds is not None:
        record.compared[source] = Compared(now, seconds)
        save(record)


def _is_due(last: Compared | None, now: datetime, every: timedelta) -> bool:
    return last is None or not now - every < last.at <= now
