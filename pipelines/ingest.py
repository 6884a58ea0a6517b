"""Ingest: fetch a feed's days, judge them, publish them, and say of each what came of it.

Days are fetched a few at a time and loaded in order. A day that fails is told in its outcome and noted in the
lake; it never stops the days after it. What a row must be is not decided here (see load.py).
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
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
from pipelines.sources.report import Body, ReportRequest

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


@dataclass(frozen=True)
class Outcome:
    """What came of one day: a receipt or an error, whether the file changed, and the seconds it took."""

    feed: str
    day: ReportDay
    receipt: Receipt | None
    error: CasehouseError | None
    changed: bool
    seconds: float


@dataclass(frozen=True)
class _Fetched:
    request: ReportRequest
    body: Body | CasehouseError
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
    with lake.staging() as folder:
        loader = _Loader(feed, source, lake, policy, folder, clock)
        together: list[_Fetched] = []
        for fetched in _fetch_ahead(feed, days, source, policy.concurrency, folder):
            if together and not _fits(together, fetched):
                yield from loader.load(together)
                together = []
            together.append(fetched)
        yield from loader.load(together)


def _fits(together: Sequence[_Fetched], one: _Fetched) -> bool:
    sizes = [fetched.body.size for fetched in (*together, one) if isinstance(fetched.body, Body)]
    return len(together) < TOGETHER_DAYS and sum(sizes) <= TOGETHER_BYTES


def _fetch_ahead(
    feed: Feed, days: Sequence[ReportDay], source: ReportSource, concurrency: int, folder: Path
) -> Iterator[_Fetched]:
    """Fetch days in order, at most `concurrency` at once and no more than that many ahead of the loader."""
    waiting: deque[Future[_Fetched]] = deque()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
    try:
        for day in days:
            if len(waiting) > concurrency:
                yield waiting.popleft().result()
            request = ReportRequest(feed.key, day, feed.contract.wire_fields)
            waiting.append(pool.submit(_fetch, source, request, folder / f"{day}.body"))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _fetch(source: ReportSource, request: ReportRequest, into: Path) -> _Fetched:
    began = time.perf_counter()
    try:
        body: Body | CasehouseError = source.fetch(request, into)
    except CasehouseError as error:
        body = error
    except OSError as error:
        body = _disk_error(error)
    return _Fetched(request, body, time.perf_counter() - began)


def _disk_error(error: OSError) -> Permanent:
    return Permanent(
        "the data directory cannot be written or read",
        why=error.strerror or type(error).__name__,
        todo="run `casehouse doctor`, make room or mend the rights, then ingest the day again",
    )


@dataclass(frozen=True)
class _Opened:
    """A body opened as a raw frame; `small` is the frame in memory, None when it must be streamed."""

    fetched: _Fetched
    receipt: Receipt
    raw: pl.LazyFrame
    small: pl.DataFrame | None


@dataclass(frozen=True)
class _Loader:
    """Everything that loading one feed's days needs, told once."""

    feed: Feed
    source: ReportSource
    lake: Lake
    policy: Policy
    folder: Path
    clock: Callable[[], datetime]

    def load(self, together: Sequence[_Fetched]) -> Iterator[Outcome]:
        """Judge and publish fetched days in order; a body is dropped once it is loaded."""
        opened = [self._open(fetched) for fetched in together]
        small = [one for one in opened if isinstance(one, _Opened) and one.small is not None]
        judged = dict(
            zip(
                (id(one) for one in small),
                judge_together(self.feed.decoder, [one.small for one in small if one.small is not None]),
                strict=True,
            )
        )
        for fetched, one in zip(together, opened, strict=True):
            if isinstance(one, CasehouseError):
                yield self._failed(fetched, one)
            else:
                yield self._publish(one, judged.get(id(one)))
            (self.folder / f"{fetched.request.day}.body").unlink(missing_ok=True)

    def _open(self, fetched: _Fetched) -> _Opened | CasehouseError:
        request, body = fetched.request, fetched.body
        if isinstance(body, CasehouseError):
            return body
        try:
            report = self.source.open(request, body)
            check_fields(self.feed.contract, report)
            receipt = open_receipt(self.feed.contract, request, body, report.total)
            if body.size > SMALL_BYTES:
                return _Opened(fetched, receipt, report.frame, None)
            with reading():
                frame = report.frame.collect()
            check_total(receipt, frame.height, self.policy)
        except CasehouseError as error:
            return error
        return _Opened(fetched, receipt, report.frame, frame)

    def _publish(self, one: _Opened, judged: Judged | None) -> Outcome:
        began = time.perf_counter()
        request = one.fetched.request
        try:
            staged = self._stage(one, judged)
            receipt, changed = self.lake.publish(request.feed, request.day, staged.good, staged.quarantined)
        except CasehouseError as error:
            return self._failed(one.fetched, error)
        except OSError as error:
            return self._failed(one.fetched, _disk_error(error))
        seconds = one.fetched.seconds + time.perf_counter() - began
        return Outcome(request.feed, request.day, receipt, None, changed, seconds)

    def _stage(self, one: _Opened, judged: Judged | None) -> Staged:
        if judged is not None:
            return stage_small(self.feed.decoder, judged, one.receipt, self.folder, self.policy)
        return stage_large(self.feed.decoder, one.raw, one.receipt, self.folder, self.policy)

    def _failed(self, fetched: _Fetched, error: CasehouseError) -> Outcome:
        request = fetched.request
        error.about(request.feed, str(request.day))
        try:
            self.lake.record_failure(request.feed, request.day, error, self.clock())
        except OSError as disk:
            error = _disk_error(disk).about(request.feed, str(request.day))
        return Outcome(request.feed, request.day, None, error, changed=False, seconds=fetched.seconds)
