"""Tascomi's clock is wrong by more than the minute for which a signature is good."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.score import ITSELF
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

FEEDS = ("tascomi/complaints", "tascomi/contacts")
DAY = ReportDay.parse("2026-09-15")
SECONDS = 95.0


def play(stage: Stage) -> None:
    """Put the server's clock forward and back; load a day under each, and have the doctor look."""
    score = stage.score
    refused = 0
    stage.strike()
    for skew in (SECONDS, -SECONDS):
        stage.door.turn(clock_offset_seconds=skew)
        if not score.alert:
            stage.detected(_told_of_clock(stage.hands.casehouse("doctor").text))
        stage.door.forget_calls()
        for feed in FEEDS:
            score.expect(stage.ingest(feed, DAY).status == 0, f"{feed} does not load {skew:+g} s off")
        refused += sum(call["status"] == HTTPStatus.UNAUTHORIZED for call in stage.door.calls())
    score.expect(not refused, f"{refused} signatures were refused")
    score.repaired = ITSELF
    stage.count([(feed, DAY) for feed in FEEDS])


def _told_of_clock(text: str) -> str:
    """Return what the doctor found wrong with the clock, and what it says to do about it."""
    lines = [line.strip() for line in text.splitlines()]
    found = [place for place, line in enumerate(lines) if line.startswith("wrong tascomi clock")]
    return " ".join(lines[found[0] : found[0] + 2]) if found else ""


DRILL = Drill(
    "clock-skew",
    plays=f"Tascomi's clock is {SECONDS:g} s ahead of ours, then as much behind; signatures live a minute.",
    must="The doctor tells the difference; calls are signed by the server's clock, and none is refused.",
    uses=("casehouse doctor", "casehouse ingest"),
    play=play,
)
