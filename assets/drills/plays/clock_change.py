"""The days on which the clocks go forward and back, of 23 and of 25 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.score import NOTHING_TO_DETECT
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

SHORT, LONG = ReportDay.parse("2026-03-29"), ReportDay.parse("2026-10-25")
FEEDS = ("icasework/tasks", "icasework/cases", "xima/calls", "xima/time_cards")


def play(stage: Stage) -> None:
    """Load both days and those after them, and count: an hour asked for twice or never is rows."""
    score = stage.score
    days = (SHORT, SHORT.plus(1), LONG, LONG.plus(1))
    for feed in FEEDS:
        for day in (SHORT, LONG):
            said = stage.ingest(feed, day)
            score.expect(said.status == 0, f"{feed} {day} does not load")
            score.expect("verified" in said.text, f"{feed} {day} is not verified")
    for day in (SHORT.plus(1), LONG.plus(1)):
        stage.load(("xima/calls", day))
    windows = {(call["first"], call["last"]) for call in stage.door.calls() if call["feed"] is not None}
    score.expect(
        windows == {(str(day), str(day)) for day in days},
        f"other windows than whole days were asked for: {sorted(windows)}",
    )
    score.detected = NOTHING_TO_DETECT
    score.alert = "none: nothing is wrong with such a day"
    score.repaired = "nothing to repair"
    cells = [(feed, day) for feed in FEEDS for day in (SHORT, LONG)]
    stage.count([*cells, *(("xima/calls", day.plus(1)) for day in (SHORT, LONG))])


DRILL = Drill(
    "clock-change",
    plays=f"{SHORT} has {SHORT.hours} hours, {LONG} has {LONG.hours}.",
    must="Every row of the day and none of its neighbours'; verified against the vendor's own totals.",
    uses=("casehouse ingest",),
    play=play,
)
