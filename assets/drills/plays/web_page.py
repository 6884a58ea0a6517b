"""Vendors answer 200 with a web page, or with nothing, where a report should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

PAGE = ("icasework/tasks", ReportDay.parse("2026-09-15"), "html")
NOTHING = ("xima/calls", ReportDay.parse("2026-09-15"), "empty")


def play(stage: Stage) -> None:
    """Answer each feed so, look that nothing was published, and load the days once the vendor is well."""
    score = stage.score
    stage.strike()
    for feed, day, fault in (PAGE, NOTHING):
        stage.door.order(fault, feed=feed.rpartition("/")[2], calls=None)
        said = stage.ingest(feed, day)
        stage.told(feed, day, "unverified")
        if not score.alert:
            stage.alerted(feed)
        score.expect(said.status == 1, f"{feed}: the command ended with status {said.status}, not 1")
        score.expect(not stage.lake.days(feed), f"{feed}: a day was published from no report")
    stage.door.clear()
    cells = [(feed, day) for feed, day, _ in (PAGE, NOTHING)]
    for feed, day in cells:
        score.expect(stage.ingest(feed, day).status == 0, f"{feed} {day} does not load afterwards")
    stage.over()
    score.repaired = "casehouse ingest"
    stage.count(cells)


DRILL = Drill(
    "web-page",
    plays="Vendors answer 200 with a web page, or with nothing, where a report should be.",
    must="Told as unverified; never taken for a day without rows; loads once the vendor is well.",
    uses=("casehouse ingest",),
    play=play,
)
