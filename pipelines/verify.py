"""Verify the lake: every partition read again and proved against its receipt, byte for byte.

So are the monthly files that views read: each was compared with its days when it was written, and sealed.
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

import polars as pl
from pandera.errors import SchemaErrors

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Damaged, Permanent
from pipelines.warehouse import catalogue_path, check_month, loaded_days, monthly_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipelines.feeds import Feed
    from pipelines.lake import Lake

THREADS = 4
_AHEAD = 4 * THREADS
_JUDGED_ROWS = 100_000


@dataclass(frozen=True)
class Verdict:
    """What came of one partition, of a month's file (then `day` is empty), or of neither (`feed`, too).

    `problem` is None when it is proved; `note` never makes it fail.
    """

    feed: str
    day: str
    problem: str | None = None
    note: str | None = None
    month: str = ""


def verify(lake: Lake, feeds: Mapping[str, Feed], *, judge: bool = False) -> Iterator[Verdict]:
    """Yield one verdict a partition, by feed and day, then one a monthly file, then what is gone or astray.

    Monthly files are those that the catalogue names; gone is a day that it was built with and whose file no
    longer stands. With `judge` the rows are judged by their contract too, unless they were loaded under
    another one. Raises Permanent when there is no data directory at all.
    """
    if not lake.root.is_dir():
        raise Permanent(
            "there is nothing to verify: the data directory is not there",
            why=str(lake.root),
            todo="set CASEHOUSE_DATA_DIR to the one that holds the lake, or mount its disk",
        )
    for verdict, feed, day in _proved(lake, feeds):
        if judge and verdict == Verdict(feed.key, str(day)):
            yield Verdict(feed.key, str(day), problem=_broken_contract(lake, feed, day))
        else:
            yield verdict
    if catalogue_path(lake).exists():
        yield from _compared(lake)
    yield from _strays(lake, feeds)


def _proved(lake: Lake, feeds: Mapping[str, Feed]) -> Iterator[tuple[Verdict, Feed, ReportDay]]:
    """Prove partitions a few at a time, and yield them in order."""
    waiting: deque[tuple[Future[Verdict], Feed, ReportDay]] = deque()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="verify")
    try:
        for feed in feeds.values():
            for day in lake.days(feed.key):
                waiting.append((pool.submit(_verdict, lake, feed, day), feed, day))
                if len(waiting) > _AHEAD:
                    yield _first_of(waiting)
        while waiting:
            yield _first_of(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _first_of(waiting: deque[tuple[Future[Verdict], Feed, ReportDay]]) -> tuple[Verdict, Feed, ReportDay]:
    future, feed, day = waiting.popleft()
    return future.result(), feed, day


def _verdict(lake: Lake, feed: Feed, day: ReportDay) -> Verdict:
    try:
        receipt = lake.check(feed.key, day)
    except CasehouseError as error:
        return Verdict(feed.key, str(day), problem=str(error))
    note = None
    if receipt.contract != feed.contract.fingerprint:
        note = (
            f"{feed.key} {day}: loaded under contract {receipt.contract}, today's is"
            f" {feed.contract.fingerprint}; `casehouse ingest {feed.key} {day}` loads it under today's"
        )
    return Verdict(feed.key, str(day), note=note)


def _broken_contract(lake: Lake, feed: Feed, day: ReportDay) -> str | None:
    """Judge a day's rows by pandera, some at a time; tell column, check and count of what broke first."""
    rows = pl.scan_parquet(lake.path(feed.key, day), glob=False, hive_partitioning=False)
    for start in range(0, max(1, rows.select(pl.len()).collect().item()), _JUDGED_ROWS):
        try:
            feed.contract.schema.validate(rows.slice(start, _JUDGED_ROWS).collect(), lazy=True)
        except SchemaErrors as broken:
            # Its own text and failure_cases hold whole rows: only names and counts are taken from it.
            told = sorted({f"{error.schema.name} {error.check}" for error in broken.schema_errors})
            return str(
                Damaged(
                    f"stored rows break the contract in {len(told)} ways",
                    why="; ".join(told[:5]),
                    todo=f"run `casehouse ingest {feed.key} {day}`",
                    feed=feed.key,
                    day=str(day),
                )
            )
    return None


def _compared(lake: Lake) -> Iterator[Verdict]:
    """Compare with the catalogue: it names the monthly files, and remembers what was in the lake."""
    try:
        months = monthly_files(lake)
        remembered = [(feed, ReportDay(date)) for feed, date in loaded_days(lake)]
    except CasehouseError as error:
        told = "monthly files and days that are gone could not be looked for"
        yield Verdict("", "", note=f"{told}: {error}")
        return
    for feed, month, path in months:
        yield _month_verdict(feed, f"{month:%Y-%m}", path)
    yield from _gone(lake, remembered)


def _month_verdict(feed: str, month: str, path: Path) -> Verdict:
    """Prove the file that the views read for a month; the days it was made from are proved by themselves."""
    problem = None
    try:
        check_month(path)
    except CasehouseError as error:
        error.todo = "run `casehouse rebuild --afresh`: it is made anew from the days' files"
        problem = f"{feed} {month}: the views' copy, {path.name}: {error}"
    return Verdict(feed, "", problem=problem, month=month)


def _gone(lake: Lake, remembered: Iterable[tuple[str, ReportDay]]) -> Iterator[Verdict]:
    for feed, day in remembered:
        if not lake.path(feed, day).exists():
            told = Damaged(
                "the file is gone",
                why="the catalogue was built with it",
                todo=f"run `casehouse ingest {feed} {day}`, or `casehouse rebuild` if it may be gone",
                feed=feed,
                day=str(day),
            )
            yield Verdict(feed, str(day), problem=str(told))


def _strays(lake: Lake, feeds: Mapping[str, Feed]) -> Iterator[Verdict]:
    """Files below lake/ and quarantine/ that are no partition of a known feed."""
    known = {lake.path(feed, day) for feed in feeds for day in lake.days(feed)}
    known |= {lake.quarantine_path(feed, day) for feed in feeds for day in lake.quarantined_days(feed)}
    for room in ("lake", "quarantine"):
        for folder, _, names in os.walk(lake.root / room):
            for path in (Path(folder) / name for name in sorted(names)):
                if path not in known:
                    what = "no partition of a known feed" if room == "lake" else "counted by no loaded day"
                    yield Verdict("", "", note=f"{path.relative_to(lake.root)} is {what}")
