"""Ingest: fetch a feed's days, judge them, publish them, and say of each what came of it.

Days are fetched and opened a few at a time, judged together when they are small, and published in order. A
day that fails is told in its outcome and noted in the lake; it never stops the days after it. What a row must
be is not decided here (see load.py).
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError, Permanent
from pipelines.load import (
    check_fields,
    check_total,
    judge_together,
    open_receipt,
    reading,
    stage_large,
    stage_small,
)
from pipelines.sources.report import ReportRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed, Policy
    from pipelines.lake import Lake
    from pipelines.load import Judged, Staged
    from pipelines.receipts import Receipt
    from pipelines.sources.report import ReportSource

# A body below this is parsed whole in memory; above it is streamed.
SMALL_BYTES = 4 << 20
# So many small days, or so many bytes of them, are judged together: most of a small day's cost is per call,
# and ten share it as well as a hundred while less work is lost to a kill.
TOGETHER_DAYS = 10
TOGETHER_BYTES = 16 << 20
# Files written at the same time: more than there are cores, since each waits for the disk three times.
WRITERS = 4


@dataclass(frozen=True)
class Outcome:
    """What came of one day: a receipt or an error, whether the file changed, and the seconds it took."""

    feed: str
    day: ReportDay
    receipt: Receipt | None
    error: CasehouseError | None
    changed: bool
    seconds: float


def ingest(feed: Feed, day: ReportDay, *, source: ReportSource, lake: Lake, policy: Policy) -> Receipt:
    """Load one day; raise its error when it fails."""
    (outcome,) = ingest_days(feed, [day], source=source, lake=lake, policy=policy)
    if outcome.error is not None:
        raise outcome.error
    if outcome.receipt is None:
        raise Permanent("the day ended without a receipt", feed=feed.key, day=str(day))
    return outcome.receipt


def ingest_days(
    feed: Feed,
    days: Sequence[ReportDay],
    *,
    source: ReportSource,
    lake: Lake,
    policy: Policy,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Outcome]:
    """Load days of one feed, yielding one outcome a day, in order, as they are published."""
    lake.sweep()
    with lake.staging() as folder, ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as writers:
        loader = _Loader(feed, source, lake, policy, folder, clock)
        together: list[_Arrival] = []
        for arrival in _ahead(days, loader.receive, policy.concurrency):
            if together and not _fits(together, arrival):
                yield from loader.load(together, writers)
                together = []
            together.append(arrival)
        yield from loader.load(together, writers)


@dataclass(frozen=True)
class _Opened:
    """A body opened as a raw frame; `small` is the frame in memory, None when it must be streamed."""

    receipt: Receipt
    raw: pl.LazyFrame
    small: pl.DataFrame | None


@dataclass(frozen=True)
class _Arrival:
    """A day as it came from the source: opened, or the error that kept it from being."""

    day: ReportDay
    came: _Opened | CasehouseError
    size: int
    seconds: float


def _fits(together: Sequence[_Arrival], one: _Arrival) -> bool:
    size = sum(arrival.size for arrival in together) + one.size
    return len(together) < TOGETHER_DAYS and size <= TOGETHER_BYTES


def _ahead(
    days: Sequence[ReportDay], receive: Callable[[ReportDay], _Arrival], concurrency: int
) -> Iterator[_Arrival]:
    """Receive days in order, at most `concurrency` at once and no more than that many ahead of the loader."""
    waiting: deque[Future[_Arrival]] = deque()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
    try:
        for day in days:
            if len(waiting) > concurrency:
                yield waiting.popleft().result()
            waiting.append(pool.submit(receive, day))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Loader:
    """Everything that loading one feed's days needs, told once."""

    feed: Feed
    source: ReportSource
    lake: Lake
    policy: Policy
    folder: Path
    clock: Callable[[], datetime]

    def receive(self, day: ReportDay) -> _Arrival:
        """Fetch and open one day; called from several threads."""
        began = time.perf_counter()
        body = self._body(day)
        try:
            came: _Opened | CasehouseError = self._open(day)
            size = body.stat().st_size
        except CasehouseError as error:
            came, size = error, 0
        except OSError as error:
            came, size = _disk_error(error), 0
        return _Arrival(day, came, size, time.perf_counter() - began)

    def _open(self, day: ReportDay) -> _Opened:
        contract = self.feed.contract
        request = ReportRequest(self.feed.key, day, contract.wire_fields)
        body = self.source.fetch(request, self._body(day))
        report = self.source.open(request, body)
        check_fields(contract, report)
        receipt = open_receipt(contract, request, body, report.total)
        if body.size > SMALL_BYTES:
            return _Opened(receipt, report.frame, None)
        with reading():
            frame = report.frame.collect()
        check_total(receipt, frame.height, self.policy)
        return _Opened(receipt, report.frame, frame)

    def load(self, together: Sequence[_Arrival], writers: Executor) -> Iterator[Outcome]:
        """Judge and publish days in order; a body is dropped once it is loaded."""
        opened = [arrival.came for arrival in together]
        small = [one.small for one in opened if isinstance(one, _Opened) and one.small is not None]
        judged = iter(judge_together(self.feed.decoder, small))
        verdicts = [
            next(judged) if isinstance(one, _Opened) and one.small is not None else None for one in opened
        ]
        yield from writers.map(self._finish, together, verdicts)

    def _finish(self, arrival: _Arrival, judged: Judged | None) -> Outcome:
        began = time.perf_counter()
        try:
            if isinstance(arrival.came, CasehouseError):
                raise arrival.came
            staged = self._stage(arrival.came, judged)
            receipt, changed = self.lake.publish(self.feed.key, arrival.day, staged.good, staged.quarantined)
        except CasehouseError as error:
            return self._failed(arrival, error)
        except OSError as error:
            return self._failed(arrival, _disk_error(error))
        finally:
            self._body(arrival.day).unlink(missing_ok=True)
        seconds = arrival.seconds + time.perf_counter() - began
        return Outcome(self.feed.key, arrival.day, receipt, None, changed, seconds)

    def _stage(self, one: _Opened, judged: Judged | None) -> Staged:
        if judged is not None:
            return stage_small(self.feed.decoder, judged, one.receipt, self.folder, self.policy)
        return stage_large(self.feed.decoder, one.raw, one.receipt, self.folder, self.policy)

    def _failed(self, arrival: _Arrival, error: CasehouseError) -> Outcome:
        key, day = self.feed.key, arrival.day
        error.about(key, str(day))
        try:
            self.lake.record_failure(key, day, error, self.clock())
        except OSError as disk:
            error = _disk_error(disk).about(key, str(day))
        return Outcome(key, day, None, error, changed=False, seconds=arrival.seconds)

    def _body(self, day: ReportDay) -> Path:
        return self.folder / f"{day}.body"


def _disk_error(error: OSError) -> Permanent:
    return Permanent(
        "the data directory cannot be written or read",
        why=error.strerror or type(error).__name__,
        todo="run `casehouse doctor`, make room or mend the rights, then ingest the day again",
    )
