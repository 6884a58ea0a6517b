"""A file of the lake rots: one byte in its middle changes while nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from pathlib import Path

    from assets.drills.stage import Stage

TASKS = "icasework/tasks"
ROTTEN, SOUND = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")


def play(stage: Stage) -> None:
    """Rot a file, have it found, and pull the day again as the finding says."""
    score = stage.score
    stage.load((TASKS, ROTTEN), (TASKS, SOUND))
    file = stage.lake.path(TASKS, ROTTEN)
    good = file.read_bytes()
    rot(file)
    stage.strike()
    said = stage.hands.casehouse("verify")
    found = [line for line in said.text.splitlines() if line.startswith("WRONG")]
    stage.detected(" ".join(found))
    score.expect(said.status == 1, f"verify ended with status {said.status}, not 1")
    score.expect(len(found) == 1, f"verify named {len(found)} files, not the one")
    todo = f"casehouse ingest {TASKS} {ROTTEN}"
    score.expect(todo in score.alert, "verify does not say what to do")
    stage.require(stage.ingest(TASKS, ROTTEN), "the rotten day cannot be pulled again")
    score.expect(file.read_bytes() == good, "the day pulled again is not the day that was")
    score.expect(stage.hands.casehouse("verify").status == 0, "verify still finds something wrong")
    score.repaired = todo
    stage.count([(TASKS, ROTTEN), (TASKS, SOUND)])


def rot(file: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.chmod(0o640)
    file.write_bytes(content)


DRILL = Drill(
    "corrupted-file",
    plays="One byte in the middle of a day's file changes.",
    must="Found by its seal, with the day and what to do; pulled again, it is the same file as before.",
    uses=("casehouse verify", "casehouse ingest"),
    play=play,
)
