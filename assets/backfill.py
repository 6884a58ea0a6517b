"""Backfills: which days of which feeds are wanted, launch them in Dagster, follow them, tell what came of it.

The same backfill that the UI would launch. What a run does with its days is told in feeds.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.days import ReportDay, span, stretches
from pipelines.errors import CasehouseError, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assets.client import DagsterClient, Run
    from pipelines.lake import Lake
    from pipelines.settings import Settings

Cell = tuple[str, str]  # a feed and a day, as Dagster's keys are written
LOOK_SECONDS = 1.0
MANY_OPEN = 500  # every look costs the webserver time that the runs could use
STARTED_HERE = {"casehouse/started_by": "command"}
# A run of a year of six feeds may take a slow vendor longer than dagster.yaml's max_runtime_seconds.
LONG_RUNS = {"dagster/max_runtime": "86400"}
PARTITIONS = "casehouse/partitions"  # tag of a backfill: how many it is for
PATIENCE_SECONDS = 300.0  # for a Dagster that does not answer, and for the first run to appear
FINISH_SECONDS = 60.0  # for runs to end that have nothing more to load
_BROKEN = {"FAILED", "FAILING", "CANCELED", "CANCELING"}
_LOADED = "MATERIALIZED"


@dataclass(frozen=True)
class Wanted:
    """The days of each feed that shall be loaded."""

    days: Mapping[str, tuple[ReportDay, ...]]

    @property
    def cells(self) -> set[Cell]:
        """Every feed and day."""
        return {(feed, str(day)) for feed, days in self.days.items() for day in days}

    @property
    def ranges(self) -> dict[str, list[tuple[str, str]]]:
        """The days of each feed as unbroken ranges, both ends included; feeds without days are left out."""
        return {
            feed: [(str(first), str(last)) for first, last in stretches(days)]
            for feed, days in self.days.items()
            if days
        }


def every_day(
    feeds: Sequence[str], first: ReportDay, last: ReportDay, settings: Settings, yesterday: ReportDay
) -> Wanted:
    """Return every day of the span for each feed; raise Permanent when part of it cannot be asked for."""
    if last < first:
        raise Permanent(f"{last} is before {first}", todo="give the earlier day as --from")
    if first < settings.first_day:
        raise Permanent(
            f"{first} is before the first report day {settings.first_day}",
            todo="begin later, or set CASEHOUSE_START_DATE to an earlier day",
        )
    if yesterday < last:
        raise Permanent(f"{last} is not over yet", todo=f"end at {yesterday} or earlier")
    return Wanted({feed: tuple(span(first, last)) for feed in feeds})


def only_missing(wanted: Wanted, client: DagsterClient, lake: Lake) -> Wanted:
    """Return the days that failed or are missing: in Dagster's record, or in the lake itself."""
    ranges = client.partition_ranges(wanted.days)
    return Wanted(
        {
            feed: tuple(_outstanding(feed, days, ranges.get(feed, []), client, lake))
            for feed, days in wanted.days.items()
        }
    )


def _outstanding(
    feed: str,
    days: Sequence[ReportDay],
    ranges: Sequence[tuple[str, str, str]],
    client: DagsterClient,
    lake: Lake,
) -> Iterator[ReportDay]:
    status = {day: _status_of(day, ranges) for day in days}
    unseen = [str(day) for day, one in status.items() if one is None and _is_stored(feed, day, lake)]
    # The statuses come from a cache that can lose days while runs are being launched (dagster 1.13).
    recorded = client.materialised(feed, unseen) if unseen else set()
    for day, one in status.items():
        loaded = one == _LOADED or (one is None and str(day) in recorded)
        if not loaded or not _is_stored(feed, day, lake):
            yield day


def _status_of(day: ReportDay, ranges: Sequence[tuple[str, str, str]]) -> str | None:
    key = str(day)
    return next((status for status, first, last in ranges if first <= key <= last), None)


def _is_stored(feed: str, day: ReportDay, lake: Lake) -> bool:
    try:
        return lake.receipt(feed, day) is not None
    except CasehouseError:
        return False  # damaged: it is loaded again


@dataclass
class Course:
    """How a backfill stands: cells loaded, cells failed and why, cells that runs are working on."""

    wanted: set[Cell]
    loaded: set[Cell] = field(default_factory=set)
    failed: dict[Cell, str] = field(default_factory=dict)
    running: set[Cell] = field(default_factory=set)
    runs: int = 0
    waiting: int = 0
    ended: bool = False

    @property
    def open(self) -> set[Cell]:
        """Cells of which nothing is known yet."""
        return self.wanted - self.loaded - self.failed.keys()

    @property
    def note(self) -> str:
        """How many runs there are, in words."""
        if not self.runs:
            return "waiting for Dagster's daemon, which looks every 30 seconds"
        told = "1 run" if self.runs == 1 else f"{self.runs} runs"
        return f"{told}, {self.waiting} waiting" if self.waiting else told

    def counts(self, feed: str) -> tuple[int, int, int, int]:
        """Return how many cells of a feed are wanted, loaded, failed and being worked on."""
        groups = (self.wanted, self.loaded & self.wanted, self.failed.keys(), self.running)
        wanted, loaded, failed, running = (sum(1 for one, _ in group if one == feed) for group in groups)
        return wanted, loaded, failed, running


def launch(client: DagsterClient, wanted: Wanted, title: str) -> str:
    """Launch the backfill; return its id."""
    return client.launch_backfill(
        wanted.ranges, title=title, tags={**STARTED_HERE, **LONG_RUNS, PARTITIONS: str(len(wanted.cells))}
    )


def cancel_abandoned(client: DagsterClient) -> None:
    """Cancel backfills of commands that are gone: nobody waits for them, and they would be gone on with.

    Only for whoever knows that no such command lives. One whose runs have all been is left for Dagster to
    close.
    """
    for backfill, tags in client.unfinished_backfills().items():
        if not tags.items() >= STARTED_HERE.items():
            continue
        runs = client.runs_of_backfill(backfill)
        tried = {cell for run in runs for cell in _cells_of(run)}
        open_runs = [run for run in runs if not run.is_finished or run.may_retry]
        if open_runs or len(tried) < int(tags.get(PARTITIONS, "0") or 0):
            client.cancel_backfill(backfill)


def follow(
    client: DagsterClient,
    backfill: str,
    wanted: Wanted,
    *,
    check: Callable[[], None],
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Course]:
    """Yield how the backfill stands, about once a second, until every cell is loaded or has failed.

    `check` is called at every look and may raise, for example when Dagster itself has ended. Raises
    Permanent when the backfill was cancelled or broke before every cell was tried or when no run appears,
    Transient when Dagster has not answered for minutes.
    """
    follower = _Follower(client, backfill, Course(wanted.cells))
    began = heard = clock()
    done = None
    while True:
        check()
        try:
            course = follower.look()
        except Transient:
            if clock() - heard > PATIENCE_SECONDS:
                raise
            pause(LOOK_SECONDS)
            continue
        heard = clock()
        yield course
        if not course.open:
            # Their checks are judged last: a Dagster that ends now would leave them open.
            done = done or heard
            if course.ended or heard - done > FINISH_SECONDS:
                return
        elif not course.runs and heard - began > PATIENCE_SECONDS:
            raise Permanent(
                f"no run of backfill {backfill} appeared within {PATIENCE_SECONDS / 60:.0f} minutes",
                todo="look at Deployment, Daemons in the Dagster UI, end that Dagster and start it again",
            )
        pause(LOOK_SECONDS if len(course.open) < MANY_OPEN else 2 * LOOK_SECONDS)


@dataclass
class _Told:
    """What the log of one run has told so far: days it named as failed, steps that broke, its own failure."""

    cursor: str | None = None
    failed: dict[Cell, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    why: str = ""


class _Follower:
    """Reads the logs of a backfill's runs, each line once.

    The logs and not the partitions' status: that one is a cache, dear to refresh, and reading it while runs
    are being launched can make it lose days for everybody (dagster 1.13).
    """

    def __init__(self, client: DagsterClient, backfill: str, course: Course) -> None:
        self._client = client
        self._backfill = backfill
        self._course = course
        self._told: dict[str, _Told] = {}
        self._settled: set[str] = set()

    def look(self) -> Course:
        course = self._course
        # Asked first: a run that begins in between is found by the next look.
        status, why = self._client.backfill_status(self._backfill)
        runs = self._client.runs_of_backfill(self._backfill)
        course.runs, course.waiting = len(runs), sum(run.status == "QUEUED" for run in runs)
        course.ended = bool(runs) and all(run.is_finished for run in runs)
        is_over = status != "REQUESTED" and (course.ended or not runs)
        retried = {one.parent for one in runs}
        running: set[Cell] = set()
        for run in runs:
            if run.id in self._settled or run.status == "QUEUED":
                continue
            told = self._read(run)
            if not run.is_finished:
                running |= _cells_of(run) - course.loaded
            elif not run.may_retry or is_over:
                self._settle(run, told)
            elif run.id in retried:
                self._settled.add(run.id)
            else:
                course.ended = False  # its process died: Dagster launches the same days again
        course.running = running
        if course.open and (status in _BROKEN or is_over):
            raise Permanent(
                f"backfill {self._backfill} is {status.lower()} with {len(course.open)} partitions untried",
                why=why,
                todo="`dg dev` shows it under Runs, Backfills; then launch it again with --missing",
            )
        return course

    def _read(self, run: Run) -> _Told:
        told = self._told.setdefault(run.id, _Told())
        happened = self._client.read_log(run.id, told.cursor)
        told.cursor = happened.cursor
        for cell in happened.materialised:
            self._course.loaded.add(cell)
            self._course.failed.pop(cell, None)
        for step, days, reason in happened.step_failures:
            feed = next((one for one in run.feeds if one.replace("/", "__") == step), "")
            told.failed |= {(feed, day): why for day, why in days.items()}
            if not days:
                told.broken[feed] = reason
        told.why = happened.run_failure or told.why
        return told

    def _settle(self, run: Run, told: _Told) -> None:
        """Note what has failed: what the run did not load, and what it named though an earlier one had."""
        course = self._course
        self._settled.add(run.id)
        for cell in _cells_of(run) & course.wanted:
            if cell in course.loaded and cell not in told.failed:
                continue
            why = told.failed.get(cell) or told.broken.get(cell[0]) or told.why
            why = why or f"run {run.id} ended without it"
            where = " ".join(cell)
            course.loaded.discard(cell)
            course.failed[cell] = why if why.startswith(where) else f"{where}: {why}"


def _cells_of(run: Run) -> set[Cell]:
    days = [str(day) for day in span(ReportDay.parse(run.first), ReportDay.parse(run.last))]
    return {(feed, day) for feed in run.feeds for day in days}
