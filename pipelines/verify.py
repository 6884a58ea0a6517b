"""Verify the lake: every partition read again and proved against its receipt, byte for byte.

A problem means that data cannot be trusted; a note is something a person may want to know. Nothing is mended
here: ingest loads a day again.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.lake import Lake

THREADS = 4
_AHEAD = 4 * THREADS


@dataclass(frozen=True)
class Verdict:
    """What came of one partition, or of one file that is none (then `feed` and `day` are empty).

    `problem` is None when the partition is proved; `note` never makes it fail.
    """

    feed: str
    day: str
    problem: str | None = None
    note: str | None = None


def verify(lake: Lake, feeds: Mapping[str, Feed]) -> Iterator[Verdict]:
    """Yield one verdict a partition, by feed and day, then one for each file that belongs to no partition."""
    partitions = [(feed, day) for feed in feeds.values() for day in lake.days(feed.key)]
    waiting: deque[Future[Verdict]] = deque()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="verify")
    try:
        for feed, day in partitions:
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_verdict, lake, feed, day))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
    yield from _orphans(lake, feeds)
    yield from _strays(lake, feeds)


def _verdict(lake: Lake, feed: Feed, day: ReportDay) -> Verdict:
    try:
        receipt = lake.check(feed.key, day)
    except CasehouseError as error:
        return Verdict(feed.key, str(day), problem=str(error))
    note = None
    if receipt.contract != feed.contract.fingerprint:
        note = (
            f"loaded under contract {receipt.contract}, today's is {feed.contract.fingerprint}: "
            f"`casehouse ingest {feed.key} {day}` loads it under today's"
        )
    return Verdict(feed.key, str(day), note=note)


def _orphans(lake: Lake, feeds: Mapping[str, Feed]) -> Iterator[Verdict]:
    """Quarantined rows beside a day that is not loaded or that counts none."""
    for feed in feeds:
        for day in lake.quarantined_days(feed):
            try:
                receipt = lake.receipt(feed, day)
            except CasehouseError:
                continue  # its partition has been told as a problem already
            if receipt is None or not receipt.rows_quarantined:
                yield Verdict(feed, str(day), note="quarantined rows that no loaded day counts")


def _strays(lake: Lake, feeds: Mapping[str, Feed]) -> Iterator[Verdict]:
    """Files below lake/ and quarantine/ that are no partition of a known feed."""
    known = {lake.path(feed, day) for feed in feeds for day in lake.days(feed)}
    known |= {lake.quarantine_path(feed, day) for feed in feeds for day in lake.quarantined_days(feed)}
    for room in ("lake", "quarantine"):
        for folder, _, names in os.walk(lake.root / room):
            for path in (Path(folder) / name for name in sorted(names)):
                if path not in known:
                    yield Verdict(
                        "", "", note=f"{path.relative_to(lake.root)} is no partition of a known feed"
                    )
