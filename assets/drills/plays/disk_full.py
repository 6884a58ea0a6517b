"""The disk fills up while a day is loaded, and while the catalogue is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay
from pipelines.lake import STAGE

if TYPE_CHECKING:
    from assets.drills.hands import Said
    from assets.drills.stage import Stage

TASKS = "icasework/tasks"
LOADED, UNWRITTEN = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
# No room for the body; room for the body, not for the rows; then room for the rows, not for the catalogue.
NO_BODY, NO_ROWS, NO_CATALOGUE = 2_000, 12_000, 200_000
SMALL_DISK = "assets.drills.small_disk"
COUNT = "select count(*) from icasework.tasks"


def play(stage: Stage) -> None:
    """Load without room, rebuild without room, make room, and do both again."""
    score = stage.score
    stage.load((TASKS, LOADED))
    good = stage.lake.path(TASKS, LOADED).read_bytes()
    stage.require(stage.hands.casehouse("rebuild"), "the catalogue could not be built before the failure")
    before = _count(stage)
    stage.strike()
    for size in (NO_BODY, NO_ROWS):
        for day in (UNWRITTEN, LOADED):
            said = _without_room(stage, size, "ingest", TASKS, str(day), "--no-rebuild")
            score.expect(said.status == 1 or day == LOADED, f"{day} loads with {size} bytes of room")
            score.expect("Traceback" not in said.text, f"{day} with {size} bytes of room: a traceback")
        if not score.alert:
            stage.detected(stage.told(TASKS, UNWRITTEN, "permanent"))
        score.expect(not stage.lake.path(TASKS, UNWRITTEN).exists(), "part of a day was published")
        still = stage.lake.path(TASKS, LOADED).read_bytes()
        score.expect(still == good, "the last good day did not stay as it was")
    score.expect("casehouse doctor" in score.alert, "the message does not say what to do")
    said = _without_room(stage, NO_CATALOGUE, "rebuild", "--afresh")
    score.expect(said.status == 1, "the catalogue was built without room")
    score.expect("the old one still stands" in said.text, "nobody is told that the old catalogue stands")
    score.expect(_count(stage) == before, "the old catalogue does not answer as before")
    stage.require(stage.ingest(TASKS, UNWRITTEN), "the day cannot be loaded once there is room")
    score.expect(stage.hands.casehouse("rebuild").status == 0, "the catalogue cannot be rebuilt with room")
    left = list((stage.lake.root / STAGE).iterdir())
    score.expect(not left, f"{len(left)} staged folders were left behind")
    score.repaired = "make room, then casehouse ingest; casehouse rebuild"
    stage.count([(TASKS, LOADED), (TASKS, UNWRITTEN)])


def _without_room(stage: Stage, size: int, *words: str) -> Said:
    return stage.hands.python(SMALL_DISK, str(size), *words)


def _count(stage: Stage) -> str:
    return stage.hands.casehouse("sql", COUNT, "--csv").text


DRILL = Drill(
    "disk-full",
    plays="No room for the body, none for the rows, none for the catalogue (by a limit on a file's length).",
    must="Told with what to do; neither half a day nor half a catalogue; the last good ones stay.",
    uses=("casehouse ingest", "casehouse rebuild", "casehouse sql"),
    play=play,
)
