"""Bodies break off: CSV and JSON cut with the connection, cut in silence, and half of a gzipped one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets.drills.drill import Drill
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

CSV, JSON = "icasework/tasks", "xima/calls"
# Of each the first body only: the call itself asks again, and nobody need hear of it.
PASSING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (CSV, "2026-09-14", {"fault": "gzip_half"}),
    (JSON, "2026-09-14", {"fault": "cut", "framing": "chunked"}),
)
# Every body, at a whole line and with nothing in the transport that tells: only the totals can.
SILENT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (CSV, "2026-09-15", {"fault": "cut", "framing": "close", "whole_lines": True}),
    (JSON, "2026-09-15", {"fault": "cut", "framing": "close"}),
)
CALLS_TO_HEAL = 2


def play(stage: Stage) -> None:
    """Break bodies off: first ones that a second try heals, then ones that stay broken."""
    score, cells = stage.score, []
    for feed, text, options in PASSING:
        day, name = ReportDay.parse(text), feed.rpartition("/")[2]
        stage.door.order(**options, feed=name, day=text, calls=1)
        stage.require(stage.ingest(feed, day), f"{feed} {day} is not healed by asking again")
        calls = len(stage.door.calls(name))
        score.expect(calls == CALLS_TO_HEAL, f"{feed}: {calls} calls, not {CALLS_TO_HEAL}")
        cells.append((feed, day))
    for feed, text, options in SILENT:
        day, name = ReportDay.parse(text), feed.rpartition("/")[2]
        stage.door.order(**options, feed=name, day=text, calls=None)
        stage.strike()
        said = stage.ingest(feed, day)
        stage.told(feed, day, "unverified")
        if not score.alert:
            stage.alerted(feed)
        score.expect(said.status == 1, f"{feed}: the command ended with status {said.status}, not 1")
        score.expect(not stage.lake.path(feed, day).exists(), f"{feed} {day}: half a day was published")
        stage.door.clear()
        score.expect(stage.ingest(feed, day).status == 0, f"{feed} {day} does not load afterwards")
        cells.append((feed, day))
    stage.over()
    score.repaired = "by itself where the wire tells; else casehouse ingest"
    stage.count(cells)


DRILL = Drill(
    "truncated-bodies",
    plays="Half of a gzipped CSV, half of a chunked JSON, and both cut where nothing but totals can tell.",
    must="Never published; asked again at once where the wire tells, otherwise told as unverified.",
    uses=("casehouse ingest",),
    play=play,
)
