"""Runs, the daemon and then everything are killed by SIGKILL in the middle of a backfill."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.living import Living, kill, processes_of
from assets.drills.stage import last_line
from pipelines.days import ReportDay, span
from pipelines.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from assets.drills.stage import Stage
    from assets.processes import Child

TASKS, REDRESS = "icasework/tasks", "icasework/redress"
FEEDS = (TASKS, REDRESS)
FIRST, MIDDLE, LAST = (ReportDay.parse(day) for day in ("2026-08-01", "2026-08-24", "2026-09-22"))
PATIENCE_SECONDS = 300.0
MIDDLE_OF_RUN = 10  # days of it that are loaded by then
SPAN = len(list(span(MIDDLE.plus(1), LAST)))
RUN, DAEMON, SANDBOX = "spawn_main", "assets.daemon:run", " sandbox "


def play(stage: Stage) -> None:
    """Kill a run, which Dagster tries again; then the daemon and everything, and go on by a command."""
    score = stage.score
    _kill_run(stage)
    said = _kill_daemon(stage)
    stage.detected(said)
    score.expect("daemon" in said, "the command does not say that the daemon has ended")
    _kill_everything(stage)
    kept = _files(stage)
    again = stage.hands.casehouse(*_backfill(MIDDLE.plus(1), LAST), "--missing")
    score.expect(again.status == 0, f"the backfill does not end well: {last_line(again.text)}")
    score.expect(kept.items() <= _files(stage).items(), "days that were loaded were written again")
    for feed in FEEDS:
        found = stage.lake.days(feed)
        score.expect(found == list(span(FIRST, LAST)), f"{feed}: {len(found)} days are there, not all")
        for day in found:
            stage.lake.check(feed, day)
    score.repaired = "runs by itself; the rest by casehouse backfill --missing"
    stage.count((feed, day) for feed in FEEDS for day in span(FIRST, LAST))


def _kill_run(stage: Stage) -> None:
    """Kill the process of a run; Dagster notices and takes the same days up again, without a person."""
    command = _start_slowly(stage, FIRST, MIDDLE, 15)
    _until(command, lambda: len(stage.lake.days(TASKS)) >= MIDDLE_OF_RUN)
    loaded = len(stage.lake.days(TASKS))
    killed = _kill(stage, RUN)
    began = time.monotonic()
    said = stage.hands.finish(command)
    stage.score.expect(said.status == 0, f"a killed run was not taken up again: {last_line(said.text)}")
    stage.score.saw(
        f"{killed} run killed with {loaded} of {len(list(span(FIRST, MIDDLE)))} days of {TASKS} loaded:"
        f" taken up and ended by itself {time.monotonic() - began:.0f} s later"
    )


def _kill_daemon(stage: Stage) -> str:
    """Kill the daemon of a backfill; return what its command says of it."""
    before = len(stage.lake.days(TASKS))
    command = _start_slowly(stage, MIDDLE.plus(1), LAST, 12)
    _until(command, lambda: len(stage.lake.days(TASKS)) >= before + 5)
    stage.strike()
    _kill(stage, DAEMON)
    said = stage.hands.finish(command)
    stage.score.expect(said.status == 1, f"the command ended with status {said.status}, not 1")
    return last_line(said.text)


def _kill_everything(stage: Stage) -> None:
    """Kill every process at once but the vendor's, as when the machine stops."""
    before = len(stage.lake.days(TASKS))
    command = _start_slowly(stage, MIDDLE.plus(1), LAST, SPAN - 2, "--missing")
    _until(command, lambda: len(stage.lake.days(TASKS)) > before)
    ours = [one for one in processes_of(stage.home) if SANDBOX not in one.words]
    stage.score.saw(f"{kill(ours)} processes killed at once in the middle of the next backfill")
    status = stage.hands.finish(command).status
    stage.score.expect(status == -signal.SIGKILL, f"the backfill ended with status {status} before the kill")
    stage.door.clear()


def _start_slowly(stage: Stage, first: ReportDay, last: ReportDay, held: int, *words: str) -> Child:
    """Start a backfill whose vendor takes long over one day, so that there is a middle to be killed in."""
    slow = first.plus(held)
    stage.door.order("hold", feed="tasks", day=str(slow), calls=1, seconds=8)
    return stage.hands.start(*_backfill(first, last), *words)


def _backfill(first: ReportDay, last: ReportDay) -> tuple[str, ...]:
    named = [word for feed in FEEDS for word in ("--feed", feed)]
    return ("backfill", "--from", str(first), "--to", str(last), *named)


def _kill(stage: Stage, words: str) -> int:
    found: list[Living] = [one for one in processes_of(stage.home) if words in one.words]
    stage.score.expect(found, f"no process of {words} was there to be killed")
    return kill(found)


def _until(command: Child, happens: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        if command.has_ended() or time.monotonic() > until:
            raise Transient("the backfill was never in its middle", why=command.last_words())
        time.sleep(0.02)


def _files(stage: Stage) -> dict[str, tuple[int, int]]:
    """Return identity and time of change of every file of the lake."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in (stage.lake.root / "lake").rglob("*.parquet")
    }


DRILL = Drill(
    "killed",
    plays="kill -9 in the middle of backfills: of a run, of the daemon, then of every process at once.",
    must="A run is taken up by itself; else one command goes on. Nothing is lost or loaded twice.",
    uses=("casehouse backfill", "casehouse backfill --missing"),
    play=play,
)
