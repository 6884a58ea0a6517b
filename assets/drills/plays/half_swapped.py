"""The builder of the catalogue is killed half-way, while analysts ask questions."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Transient
from pipelines.warehouse import catalogue_path, run_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assets.drills.stage import Stage
    from pipelines.lake import Lake

TASKS = "icasework/tasks"
OLD, NEW = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
COUNT = "select count(*) from icasework.tasks"
# How far the builder may get, in bytes of the file it writes aside, before it is killed.
KILLED_AT = (1, 500_000)
PATIENCE_SECONDS = 60.0


@dataclass
class Readers:
    """What analysts met who asked without a pause: answers by count, and refusals."""

    answers: dict[int, int]
    refused: list[str]


def play(stage: Stage) -> None:
    """Kill builders while somebody reads, look at the old catalogue, then build."""
    score = stage.score
    stage.load((TASKS, OLD))
    stage.require(stage.hands.casehouse("rebuild"), "the catalogue could not be built before the failure")
    stage.load((TASKS, NEW))
    old = stage.door.rows(TASKS, OLD)
    with reading(stage.lake) as readers:
        stage.strike()
        for size in KILLED_AT:
            _kill_builder(stage, size)
        stage.detected("none: readers go on with the old catalogue, and the next build sweeps up")
        left = _aside(stage.lake)
        score.expect(left, "the builders were not killed half-way: they left nothing behind")
        score.expect(set(readers.answers) == {old}, f"readers saw {sorted(readers.answers)}, not {old} rows")
        stage.require(stage.hands.casehouse("rebuild"), "the catalogue cannot be built after the kill")
    new = old + stage.door.rows(TASKS, NEW)
    score.expect(set(readers.answers) <= {old, new}, f"readers saw {sorted(readers.answers)} rows")
    score.expect(not readers.refused, f"{len(readers.refused)} questions failed: {readers.refused[:1]}")
    score.expect(run_query(stage.lake, COUNT).item() == new, "the new catalogue lacks rows of the vendor's")
    score.expect(not _aside(stage.lake), "what the killed builder left is still there")
    score.saw(f"{sum(readers.answers.values())} questions answered meanwhile, {len(readers.refused)} refused")
    score.repaired = "the next casehouse rebuild"
    stage.count([(TASKS, OLD), (TASKS, NEW)])


@contextmanager
def reading(lake: Lake) -> Iterator[Readers]:
    """Ask the catalogue again and again while the block runs, from a thread."""
    readers, end = Readers({}, []), threading.Event()

    def ask() -> None:
        while not end.wait(0.02):
            try:
                rows = int(run_query(lake, COUNT).item())
            except CasehouseError as error:
                readers.refused.append(str(error))
            else:
                readers.answers[rows] = readers.answers.get(rows, 0) + 1

    thread = threading.Thread(target=ask, name="analyst")
    thread.start()
    try:
        yield readers
    finally:
        end.set()
        thread.join()


def _kill_builder(stage: Stage, size: int) -> None:
    """Start a build of everything and kill it once its file is so large."""
    builder = stage.hands.start("rebuild", "--afresh")
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(_size(path) >= size for path in _aside(stage.lake)):
        if builder.has_ended() or time.monotonic() > until:
            raise Transient("the builder was never seen half-way", why=builder.last_words())
        time.sleep(0.002)
    os.killpg(builder.process.pid, signal.SIGKILL)
    status = stage.hands.finish(builder).status
    stage.score.expect(status == -signal.SIGKILL, f"the builder ended with status {status} before the kill")


def _aside(lake: Lake) -> list[Path]:
    target = catalogue_path(lake)
    return list(target.parent.glob(f".{target.name}.*"))


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


DRILL = Drill(
    "half-swapped",
    plays="The builder of the catalogue is killed as it begins to write, and again in the middle.",
    must="Readers see the old catalogue or the new one, and never an error; the next build sweeps up.",
    uses=("casehouse rebuild",),
    play=play,
)
