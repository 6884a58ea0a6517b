"""Ingest: fetch a feed's days, judge them, publish them, and say of each what came of it.

Days are fetched and opened a few at a time, judged together when they are small, and published in order. A
day that fails is told in its outcome and noted in the lake; it never stops the days after it. What a row must
be is not decided here (see load.py).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import CasehouseError, Permanent, StorageRefused
from pipelines.load import (
    check_fields,
    judge_together,
    made_with,
    open_receipt,
    reading,
    stage_large,
    stage_small,
)
from pipelines.raw.keeper import Keeper
from pipelines.repulls import Terms
from pipelines.sources.report import ReportRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed, Policy
    from pipelines.lake import Lake
    from pipelines.load import Judged, Staged
    from pipelines.receipts import Receipt
    from pipelines.revisions import Revision
    from pipelines.sources.report import ReportSource

log = logging.getLogger("casehouse.ingest")

# One day's fault, foreseen or not, must not take the other days with it. A panic in polars is no Exception.
FAULTS = (Exception, pl.exceptions.PanicException)
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
    """What came of one day: a receipt or an error, whether the file changed, and the seconds it took.

    `revision` tells what changed in a day that stood, or that a smaller answer was held back and it stays.
    """

    feed: str
    day: ReportDay
    receipt: Receipt | None
    error: CasehouseError | None
    changed: bool
    seconds: float
    revision: Revision | None = None


def ingest_days(  # noqa: PLR0913 - all but the first two by name
    feed: Feed,
    days: Sequence[ReportDay],
    *,
    source: ReportSource,
    lake: Lake,
    policy: Policy,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    is_over: Callable[[], bool] = lambda: False,
    is_further: bool = False,
) -> Iterator[Outcome]:
    """Load days of one feed, yielding one outcome a day, in order, as they are published.

    `is_further`: a further round of the same run, whose failures are no attempts of their own.
    Raises SettingsError when the lake holds another account's days. Left early, it closes the source, so that
    fetches under way end at once. Once `is_over`, asked after each day that came, it ends in the same way
    with the days that are there; those still to come have no outcome.
    """
    lake.require_owner(feed.source, source.origin)
    lake.sweep()
    with (
        lake.staging() as folder,
        ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as writers,
        Keeper(feed.contract, lake, folder, policy.raw_days, clock) as keeper,
    ):
        loader = _Loader(feed, source, lake, policy, folder, clock, keeper, is_further)
        together: list[_Arrival] = []
        for arrival in _ahead(list(dict.fromkeys(days)), loader, policy.concurrency):
            if together and not _fits(together, arrival):
                yield from loader.load(together, writers)
                together = []
            together.append(arrival)
            if is_over():
                break
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


def _ahead(days: Sequence[ReportDay], loader: _Loader, concurrency: int) -> Iterator[_Arrival]:
    """Receive days in order, at most `concurrency` at once.

    Small days come a whole lot ahead of the loader, so that one lot is fetched while another is written; of
    large ones, going by the last that came, no more are held than are fetched at once.
    """
    ahead = concurrency
    waiting: deque[Future[_Arrival]] = deque()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
    try:
        for day in days:
            while len(waiting) > ahead:
                arrival = waiting.popleft().result()
                is_small = arrival.size * TOGETHER_DAYS <= TOGETHER_BYTES
                ahead = max(concurrency, TOGETHER_DAYS) if is_small else concurrency
                yield arrival
            waiting.append(pool.submit(loader.receive, day))
        while waiting:
            yield waiting.popleft().result()
    except BaseException:
        loader.source.close()
        raise
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
    keeper: Keeper
    is_further: bool

    def receive(self, day: ReportDay) -> _Arrival:
        """Fetch and open one day; called from several threads."""
        began = time.perf_counter()
        came, size = self._came(day)
        return _Arrival(day, came, size, time.perf_counter() - began)

    def _came(self, day: ReportDay) -> tuple[_Opened | CasehouseError, int]:
        try:
            return self._open(day), self._body(day).stat().st_size
        except FAULTS as fault:
            return as_error(fault), 0

    def _open(self, day: ReportDay) -> _Opened:
        if day.end > self.clock():
            raise Permanent("the day is not over yet", todo="ask for it after midnight, London time")
        contract = self.feed.contract
        request = ReportRequest(self.feed.key, day, contract.wire_fields)
        body = self.source.fetch(request, self._body(day))
        self.keeper.begin(request, self.source, body)
        report = self.source.open(request, body)
        check_fields(contract, report)
        receipt = open_receipt(contract, request, self.source, body, report)
        if body.size > SMALL_BYTES:
            return _Opened(receipt, report.frame, None)
        with reading():
            frame = report.frame.collect()
        return _Opened(receipt, report.frame, frame)

    def load(self, together: Sequence[_Arrival], writers: Executor) -> Iterator[Outcome]:
        """Judge and publish days in order; a body is dropped once it is loaded."""
        opened = [arrival.came for arrival in together]
        small = [one.small for one in opened if isinstance(one, _Opened) and one.small is not None]
        judged = iter(self._judge(small))
        verdicts = [
            next(judged) if isinstance(one, _Opened) and one.small is not None else None for one in opened
        ]
        yield from writers.map(self._finish, together, verdicts)

    def _judge(self, small: Sequence[pl.DataFrame]) -> list[Judged | CasehouseError]:
        """Judge small days together; when that fails, one by one, so that only the guilty day is lost."""
        try:
            return [*judge_together(self.feed.decoder, small)]
        except FAULTS as fault:
            if len(small) == 1:
                return [as_error(fault)]
        return [verdict for one in small for verdict in self._judge([one])]

    def _finish(self, arrival: _Arrival, judged: Judged | CasehouseError | None) -> Outcome:
        began = time.perf_counter()
        try:
            if isinstance(arrival.came, CasehouseError):
                raise arrival.came
            if isinstance(judged, CasehouseError):
                raise judged
            staged = self._stage(arrival.came, judged)
            published = self.lake.publish(
                self.feed.key, arrival.day, staged.good, staged.quarantined, self._terms()
            )
        except FAULTS as fault:
            return self._failed(arrival, as_error(fault))
        finally:
            self.keeper.finish(arrival.day)
            self._body(arrival.day).unlink(missing_ok=True)
        seconds = arrival.seconds + time.perf_counter() - began
        return Outcome(
            self.feed.key,
            arrival.day,
            published.receipt,
            None,
            published.changed,
            seconds,
            published.revision,
        )

    def _terms(self) -> Terms:
        policy = self.policy
        return Terms(self.feed.contract, self.clock(), policy.shrink_guard, policy.revision_lines)

    def _stage(self, one: _Opened, judged: Judged | None) -> Staged:
        if judged is not None:
            return stage_small(self.feed.decoder, judged, one.receipt, self.folder, self.policy)
        return stage_large(self.feed.decoder, one.raw, one.receipt, self.folder, self.policy)

    def _failed(self, arrival: _Arrival, error: CasehouseError) -> Outcome:
        key, day = self.feed.key, arrival.day
        error.about(key, str(day))
        try:
            made, further = made_with(self.feed.contract), self.is_further
            self.lake.record_failure(key, day, error, self.clock(), made, is_further=further)
        except OSError as disk:
            error = _disk_error(disk).about(key, str(day))
        return Outcome(key, day, None, error, changed=False, seconds=arrival.seconds)

    def _body(self, day: ReportDay) -> Path:
        return self.folder / f"{day}.body"


def note_stopped(
    feed: Feed, days: Iterable[ReportDay], lake: Lake, error: CasehouseError, began: datetime, at: datetime
) -> None:
    """Note of days that what stopped a run before they were tried is why they failed.

    Without it nobody would hear of a run that tried no day. A note made since the run `began` tells more.
    """
    failures = lake.failures(feed.key)
    for day in days:
        if day in failures and failures[day].attempted_at >= began:
            continue
        with suppress(OSError):  # a disk that takes no note is told as such by whoever looks for room
            told = copy(error).about(feed.key, str(day))
            lake.record_failure(feed.key, day, told, at, made_with(feed.contract))


def as_error(fault: BaseException) -> CasehouseError:
    """Tell any fault as an error of the product."""
    if isinstance(fault, CasehouseError):
        return fault
    if isinstance(fault, OSError):
        return _disk_error(fault)
    # Its words may hold somebody's data; the traceback, which may too, is for whoever asks for debug logs.
    log.debug("unforeseen fault", exc_info=fault)
    return Permanent(
        "a fault in the product itself",
        why=type(fault).__name__,
        todo="report it with this feed and day; other days are not harmed",
    )


def _disk_error(error: OSError) -> StorageRefused:
    return StorageRefused(
        "the data directory cannot be written or read",
        why=error.strerror or type(error).__name__,
        todo="run `casehouse doctor`, make room or mend the rights, then ingest the day again",
    )
