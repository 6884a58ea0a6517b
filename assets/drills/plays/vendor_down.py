"""Both vendors are down for five nights and come back; nobody does anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.score import ITSELF
from assets.drills.stage import last_line
from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS

if TYPE_CHECKING:
    from assets.drills.stage import Stage

WEEK = "assets.drills.week"
SOURCES = ("icasework", "xima")
FIRST, LAST = ReportDay.parse("2026-09-07"), ReportDay.parse("2026-09-13")
DOWN = 5
# Of each day that is missing, while the vendors are down: asked for again once an hour would be a storm.
MOST_CALLS_A_DAY = 24


def play(stage: Stage) -> None:
    """Play the week in a process of its own, then count."""
    score = stage.score
    said = stage.hands.python(WEEK, str(stage.door.port), env={"CASEHOUSE_START_DATE": str(FIRST)})
    stage.require(said, "the week could not be played")
    week = json.loads(last_line(said.text))
    feeds = [key for key, feed in FEEDS.items() if feed.source in SOURCES]
    failed = week["failed_at_first_night"]
    score.expect(
        sorted(failed) == sorted(f"{feed} transient" for feed in feeds),
        f"the first night of the outage is on record as {failed}",
    )
    if failed:
        score.detected = "1 tick"
    _judge_messages(stage)
    most = MOST_CALLS_A_DAY * DOWN * len(feeds)
    score.expect(
        week["calls_while_down"] <= most, f"{week['calls_while_down']} calls to vendors that were down"
    )
    told = f"{week['calls_while_down']} calls and {week['runs_while_down']} runs while the vendors were down"
    score.saw(f"{told}; sensors: {', '.join(week['sensors']) or 'none'}")
    if week["missing"]:
        score.expect(
            holds=False,
            otherwise=f"{len(week['missing'])} days are not there {week['hours_after']:g} hours after the"
            f" vendors came back, {week['missing'][0]} first: they wait for a person",
        )
        score.repaired = "not"
    else:
        score.repaired = f"{ITSELF}, {week['ticks_after']} ticks after the vendors came back"
        score.saw(f"healed in {week['runs_after']} runs, at most {week['most_at_once']} asked for at once")
    stage.count((feed, day) for feed in feeds for day in span(FIRST, LAST))


def _judge_messages(stage: Stage) -> None:
    """One alert of each source that was down and one of its end, however many days and nights it took."""
    score, (began, over) = stage.score, stage.messages()
    score.alert = str(began[0]) if began else ""
    score.expect(len(began) == len(SOURCES), f"{len(began)} alerts were delivered, not one of each source")
    score.expect(len(over) == len(began), f"{len(over)} ends of {len(began)} incidents were told")
    digests = len(stage.door.messages()) - len(began) - len(over)
    score.saw(f"{len(began)} alerts, {len(over)} ends and {digests} digests were delivered")


DRILL = Drill(
    "vendor-down",
    plays="iCasework answers 503 and Xima hangs up for five nights (the product's clock is moved).",
    must="Each night told as transient, no storm of calls; all days are there within a day, unattended.",
    uses=("the nightly schedule", "the sensors, with nobody at hand"),
    play=play,
)
