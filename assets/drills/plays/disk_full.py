"""The disk fills up while a day is loaded, and while the catalogue is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.stage import last_line
from pipelines.days import ReportDay
from pipelines.lake import STAGE

if TYPE_CHECKING:
    from assets.drills.hands import Said
    from assets.drills.stage import Stage

TASKS, REDRESS = "icasework/tasks", "icasework/redress"
FEEDS = (TASKS, REDRESS)
LOADED, UNWRITTEN = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
# No room for the body, which is long; room for a short body, none for its rows with their receipt.
NO_BODY, NO_ROWS, NO_CATALOGUE = 2_000, 4_000, 200_000
SMALL_DISK = "assets.drills.small_disk"
COUNT = "select count(*) from icasework.tasks"


def play(stage: Stage) -> None:
    """Load without room, rebuild without room, make room, and do both again."""
    score = stage.score
    stage.load(*((feed, LOADED) for feed in FEEDS))
    stage.require(stage.hands.casehouse("rebuild"), "the catalogue could not be built before the failure")
    before = _count(stage)
    for feed, size in ((TASKS, NO_BODY), (REDRESS, NO_ROWS)):
        _load_without_room(stage, feed, size)
    said = _without_room(stage, NO_CATALOGUE, "rebuild", "--afresh")
    score.expect(said.status == 1, "the catalogue was built without room")
    score.expect("the old one still stands" in said.text, "nobody is told that the old catalogue stands")
    score.expect(_count(stage) == before, "the old catalogue does not answer as before")
    stage.load(*((feed, day) for feed in FEEDS for day in (UNWRITTEN, LOADED)))
    score.expect(
        not any(stage.lake.failures(feed) for feed in FEEDS), "a failure is still on record after the repair"
    )
    score.expect(stage.hands.casehouse("rebuild").status == 0, "the catalogue cannot be rebuilt with room")
    left = list((stage.lake.root / STAGE).iterdir())
    score.expect(not left, f"{len(left)} staged folders were left behind")
    stage.over()
    score.repaired = "make room, then casehouse ingest; casehouse rebuild"
    stage.count((feed, day) for feed in FEEDS for day in (LOADED, UNWRITTEN))


def _load_without_room(stage: Stage, feed: str, size: int) -> None:
    """Try a new day and the loaded one; neither may be touched, and what is missing must be told."""
    score, file = stage.score, stage.lake.path(feed, LOADED)
    good = file.read_bytes()
    stage.strike()
    for day in (UNWRITTEN, LOADED):
        said = _without_room(stage, size, "ingest", feed, str(day), "--no-rebuild")
        told = f"{feed} {day} with room for {size} bytes"
        score.expect(said.status == 1, f"{told}: status {said.status}, not 1")
        score.expect(last_line(said.text).startswith("casehouse: "), f"{told}: not told in one line")
    message = stage.told(feed, UNWRITTEN, "storage")
    if not score.alert:
        stage.alerted("casehouse doctor")
    score.expect("File too large" in message, f"{feed}: the message does not say why: {message}")
    score.expect(not stage.lake.path(feed, UNWRITTEN).exists(), f"{feed}: part of a day was published")
    score.expect(file.read_bytes() == good, f"{feed}: the last good day did not stay as it was")


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
