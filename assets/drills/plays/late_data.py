"""Rows come a day late, and later most of a day is gone at the vendor's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.score import ITSELF
from assets.drills.stage import last_line
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

NIGHTS = "assets.drills.late"
FEEDS = ("icasework/tasks", "xima/calls")
DAY = ReportDay.parse("2026-09-07")


def play(stage: Stage) -> None:
    """Play three nights in a process of their own, then count."""
    score = stage.score
    said = stage.hands.python(NIGHTS, str(stage.door.port), env={"CASEHOUSE_START_DATE": str(DAY)})
    stage.require(said, "the nights could not be played")
    nights = json.loads(last_line(said.text))
    score.expect(nights["missing_after_first"], "no row was late: nothing was drilled")
    score.expect(
        nights["added"] == nights["missing_after_first"],
        f"{nights['missing_after_first']} rows came late, revisions tell of {nights['added']}",
    )
    for night in ("second", "third"):
        missing = nights[f"missing_after_{night}"]
        score.expect(not missing, f"{missing} rows are missing after the {night} night")
    score.expect(nights["held_back"] == len(FEEDS), f"{nights['held_back']} of {len(FEEDS)} days held back")
    score.saw(f"told of the day that shrank: {nights['why']}")
    score.detected = "1 night"
    score.alert = nights["told"]
    score.repaired = f"{ITSELF}, by the look-back"
    stage.count((feed, DAY) for feed in FEEDS)


DRILL = Drill(
    "late-data",
    plays="A tenth of a day's rows is told a day late; later the vendors lose more than half of the day.",
    must="The look-back adds what came late, and keeps what the vendor lost; both are told as revisions.",
    uses=("the nightly schedule", "casehouse revisions"),
    play=play,
)
