"""Missed days: which days of which feeds are to be loaded now although nobody asks for them.

The lake tells what is missing and what failed; here it is decided when to try again. How a run is launched
is not known here (see assets/missed.py). The rules:

- A transient failure of a day waits longer each time: 15 minutes, 1 hour, 4 hours, then a day. So does one of
  a disk that is full.
- A source is first asked for one day. Only when it has answered does the rest flow, so many days at a time.
  While it does not answer it is sent one day after 15 minutes, an hour, then every four hours. When it
  answers again, days that failed while it was silent wait no longer.
- Every other failure waits for a person: whoever runs that day, or mends what it hung on. It is tried once
  more when the contract, the product or the file of settings has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from pipelines.days import LONDON, ReportDay, span, stretches
from pipelines.errors import ContractDrift, Damaged, StorageRefused, TooManyBadRows, Transient, Unverified
from pipelines.load import made_with

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pipelines.feeds import Feed
    from pipelines.lake import Failure, Lake

Cell = tuple[str, ReportDay]  # a feed's key and a day

DAY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240, 1440))
SOURCE_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
ANSWER_HOLDS = timedelta(hours=1)
SILENCE = 2  # sendings in a row without an answer; a single one may be the fault of that day
AFTER_NIGHTLY = timedelta(hours=1)  # so long the nightly run has for yesterday before it counts as missed
# A day that failed like this was answered: the source is up.
# A source that rests, and a disk that somebody makes room on: whoever mends that need not name the days.
_MAY_PASS = {Transient.kind, StorageRefused.kind}
_ANSWERED = {ContractDrift.kind, TooManyBadRows.kind, Unverified.kind, Damaged.kind}


@dataclass(frozen=True)
class Launch:
    """One run: feeds of one source, and the days they are asked for, both ends included."""

    feeds: tuple[str, ...]
    first: ReportDay
    last: ReportDay

    @property
    def cells(self) -> list[Cell]:
        """Every feed and day of it."""
        return [(feed, day) for feed in self.feeds for day in span(self.first, self.last)]


class Untold(msgspec.Struct):
    """Runs of one day that left no trace of it in the lake: how many, and when the last was sent."""

    runs: int
    at: datetime


class SourceMemory(msgspec.Struct):
    """What is remembered of one source between two looks; all of it may be lost without harm.

    `tried` are days that wait for a person although their note names another contract or product than this
    process has: a run reads the files as they are now, this process as they were when it began.
    """

    sent: list[tuple[str, str]] = []
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    recovered_at: datetime | None = None  # when it last answered after it had been silent
    silent: int = 0  # how often in a row nothing that was sent was answered
    untold: dict[str, Untold] = {}
    tried: dict[str, str] = {}  # and what this process had when it sent them


Memory = dict[str, SourceMemory]


@dataclass(frozen=True)
class Bounds:
    """What limits a look: days launched at most, runs at most, days of a feed in one run."""

    days: int
    runs: int
    days_per_run: int


@dataclass
class Look:
    """What one look found: runs to launch, days that wait for a person, sources that do not answer."""

    launches: list[Launch] = field(default_factory=list)
    waiting: dict[Cell, str] = field(default_factory=dict)  # and the kind of their failure
    silent: dict[str, datetime] = field(default_factory=dict)  # and when each is asked again
    open_days: int = 0

    def __str__(self) -> str:
        told = (
            [f"{self.open_days} days of feeds are missing or failed"]
            if self.open_days
            else ["nothing is missing"]
        )
        told += [
            f"{name} does not answer, asked again after {at:%H:%M} UTC" for name, at in self.silent.items()
        ]
        if self.waiting:
            first = "; ".join(
                f"{feed} {day} ({kind})" for (feed, day), kind in islice(self.waiting.items(), 5)
            )
            told.append(f"{len(self.waiting)} wait for a person: {first}")
        return ". ".join(told)


def recall(text: str | None) -> Memory:
    """Read what was remembered; whatever cannot be read is forgotten, which costs one day asked for."""
    try:
        return msgspec.json.decode(text or "{}", type=Memory)
    except msgspec.MsgspecError:
        return {}


def remembered(memory: Memory) -> str:
    """Write down what is to be remembered."""
    return msgspec.json.encode(memory).decode()


def due_until(now: datetime, schedule_hour: int) -> ReportDay:
    """Return the last day that the nightly run had its chance to load, by London's clocks on the wall."""
    wall = now.astimezone(LONDON).replace(tzinfo=None) - timedelta(hours=schedule_hour) - AFTER_NIGHTLY
    return ReportDay(wall.date()).plus(-1)


@dataclass(frozen=True)
class Watch:
    """Everything a look goes by: the lake, the expected feeds, their days, the present, what is under way.

    `due` is the last day that should be there; `settings_changed_at` when the file of settings was written.
    """

    lake: Lake
    feeds: Sequence[Feed]
    first: ReportDay
    due: ReportDay
    now: datetime
    busy: Collection[Cell]
    settings_changed_at: datetime | None = None

    def look(self, memory: Memory, bounds: Bounds) -> Look:
        """Decide what to launch and remember it in `memory`."""
        look = Look()
        for source in dict.fromkeys(feed.source for feed in self.feeds):
            feeds = [feed for feed in self.feeds if feed.source == source]
            mood = memory.setdefault(source, SourceMemory())
            _OneSource(self, mood, feeds).plan(look, bounds)
        return look


class _OneSource:
    """One source's days as they stand, and what is to be done about them."""

    def __init__(self, watch: Watch, memory: SourceMemory, feeds: Sequence[Feed]) -> None:
        self._watch, self._memory = watch, memory
        self._made_with = {feed.key: made_with(feed.contract) for feed in feeds}
        self._failures: Mapping[str, Mapping[ReportDay, Failure]] = {
            feed.key: watch.lake.failures(feed.key) for feed in feeds
        }
        self._loaded = {feed.key: set(watch.lake.days(feed.key)) for feed in feeds}

    def plan(self, look: Look, bounds: Bounds) -> None:
        memory, watch = self._memory, self._watch
        wanted = sorted(self._open(), key=lambda cell: cell[1])
        look.open_days += len(wanted)
        self._forget(wanted)
        sent = [(feed, ReportDay.parse(day)) for feed, day in memory.sent]
        is_under_way = any(cell in watch.busy for cell in sent)
        if not is_under_way:
            self._judge(sent)
        waiting = [cell for cell in wanted if self._waits_for_person(cell)]
        look.waiting |= {(feed, day): self._failures[feed][day].kind for feed, day in waiting}
        if is_under_way:
            return
        again = self._asked_again_at()
        if again is not None and again > watch.now:
            look.silent[next(iter(self._made_with)).partition("/")[0]] = again
            return
        aside = {*waiting, *watch.busy}
        ready = [cell for cell in wanted if cell not in aside and self._is_ready(cell)]
        room = max(0, bounds.runs - len(look.launches))
        free = bounds.days - sum(len(launch.cells) for launch in look.launches)
        if not self._is_open():
            free = min(free, 1)
        launches = list(islice(_runs(ready[: max(0, free)], bounds.days_per_run), room))
        look.launches += launches
        if launches:
            memory.sent = [(feed, str(day)) for launch in launches for feed, day in launch.cells]
            memory.sent_at = watch.now

    def _open(self) -> Iterator[Cell]:
        """Yield days that are due and not there, and those whose last attempt failed, loaded or not."""
        watch = self._watch
        due, last = list(span(watch.first, watch.due)), ReportDay.yesterday(watch.now)
        for feed, failures in self._failures.items():
            missing = [day for day in due if day not in self._loaded[feed] and day not in failures]
            yield from ((feed, day) for day in (*missing, *failures) if watch.first <= day <= last)

    def _waits_for_person(self, cell: Cell) -> bool:
        failure = self._failure(cell)
        if failure is None or failure.kind in _MAY_PASS:
            return False
        # A file that was written in the future, by a clock that was wrong, says nothing.
        changed_at, present = self._watch.settings_changed_at, self._made_with[cell[0]]
        is_rewritten = changed_at is not None and failure.attempted_at < changed_at <= self._watch.now
        return present in {failure.made_with, self._memory.tried.get(_name(cell))} and not is_rewritten

    def _is_ready(self, cell: Cell) -> bool:
        """Say whether a day has waited long enough since its last attempt."""
        failure, now = self._failure(cell), self._watch.now
        untold = self._memory.untold.get(_name(cell))
        if untold is not None and (failure is None or failure.attempted_at < untold.at):
            return untold.at + _delay(DAY_DELAYS, untold.runs) <= now
        if failure is None:
            return True
        recovered = self._memory.recovered_at
        is_explained = recovered is not None and failure.attempted_at < recovered
        if failure.kind not in _MAY_PASS or is_explained:
            return True
        return failure.attempted_at + _delay(DAY_DELAYS, failure.attempts) <= now

    def _judge(self, sent: Sequence[Cell]) -> None:
        """Learn from what became of the days sent last whether the source answers."""
        memory, at = self._memory, self._memory.sent_at
        memory.sent = []
        if not sent or at is None:
            return
        for cell in sent:
            failure = self._failure(cell)
            if failure is not None and failure.attempted_at >= at and failure.kind != Transient.kind:
                memory.tried[_name(cell)] = self._made_with[cell[0]]
        if any(self._was_answered(cell, at) for cell in sent):
            if memory.silent >= SILENCE:
                memory.recovered_at = self._watch.now
            memory.silent, memory.answered_at = 0, self._watch.now
            return
        memory.silent += 1
        for cell in sent:
            failure = self._failure(cell)
            if failure is None or failure.attempted_at < at:
                runs = memory.untold[_name(cell)].runs if _name(cell) in memory.untold else 0
                memory.untold[_name(cell)] = Untold(runs + 1, at)

    def _was_answered(self, cell: Cell, since: datetime) -> bool:
        feed, day = cell
        failure = self._failure(cell)
        if failure is None:
            return day in self._loaded.get(feed, ())
        return failure.attempted_at >= since and failure.kind in _ANSWERED

    def _asked_again_at(self) -> datetime | None:
        memory = self._memory
        if not memory.silent or memory.sent_at is None:
            return None
        return memory.sent_at + _delay(SOURCE_DELAYS, memory.silent)

    def _is_open(self) -> bool:
        answered = self._memory.answered_at
        is_fresh = answered is not None and self._watch.now - answered < ANSWER_HOLDS
        return is_fresh and not self._memory.silent

    def _failure(self, cell: Cell) -> Failure | None:
        return self._failures.get(cell[0], {}).get(cell[1])

    def _forget(self, wanted: Iterable[Cell]) -> None:
        still = {_name(cell) for cell in wanted}
        self._memory.untold = {name: one for name, one in self._memory.untold.items() if name in still}
        self._memory.tried = {name: one for name, one in self._memory.tried.items() if name in still}


def _runs(cells: Iterable[Cell], days_per_run: int) -> Iterator[Launch]:
    """Yield the fewest runs for these days, earliest first; feeds that lack the same days share theirs."""
    by_feed: dict[str, list[ReportDay]] = {}
    for feed, day in cells:
        by_feed.setdefault(feed, []).append(day)
    sharing: dict[tuple[ReportDay, ReportDay], list[str]] = {}
    for feed, days in by_feed.items():
        for first, last in stretches(days):
            for begin in range(0, (last.date - first.date).days + 1, days_per_run):
                end = min(first.plus(begin + days_per_run - 1), last)
                sharing.setdefault((first.plus(begin), end), []).append(feed)
    for (first, last), feeds in sorted(sharing.items()):
        yield Launch(tuple(feeds), first, last)


def _delay(delays: Sequence[timedelta], attempts: int) -> timedelta:
    return delays[min(max(attempts, 1), len(delays)) - 1]


def _name(cell: Cell) -> str:
    return f"{cell[0]} {cell[1]}"
