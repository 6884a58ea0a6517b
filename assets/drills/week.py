"""A week of nights in minutes: `python -m assets.drills.week SANDBOX_PORT`, told as JSON.

Good nights, an outage of five, the vendors' return, and looks until all is there. vendor_down.py starts it in
a process of its own, since it loads Dagster, and judges.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from assets.drills.door import Door
from assets.drills.house import House, MovedClock
from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCES = ("icasework", "xima")
FIRST = ReportDay.parse("2026-09-07")
GOOD, OUT = 2, 5  # nights before the outage, and of it
LOOKS_A_NIGHT = 8  # of the sensors while the vendors are down
PATIENCE = timedelta(hours=24)  # from the vendors' return until all must be there


@dataclass
class Week:
    """What came of the week: days are as their keys are written, times are of the moved clock."""

    sensors: list[str] = field(default_factory=list)
    failed_at_first_night: list[str] = field(default_factory=list)
    message: str = ""
    calls_while_down: int = 0
    runs_while_down: int = 0
    ticks_after: int = 0
    hours_after: float = 0.0
    runs_after: int = 0
    most_at_once: int = 0
    missing: list[str] = field(default_factory=list)


def play(port: int) -> Week:
    """Play the week: good nights, the outage, the return, and looks until all is there or patience ends."""
    settings, door, week = load_settings(), Door(port), Week()
    lake = Lake(settings.data_dir)
    feeds = {key: feed for key, feed in FEEDS.items() if feed.source in SOURCES}
    with dg.DagsterInstance.get() as instance:
        house = House(settings, instance, MovedClock(FIRST.start), feeds)
        week.sensors = house.sensors
        for day in span(FIRST, FIRST.plus(GOOD - 1)):
            house.night(day)
        _go_down(door)
        house.runs = 0
        for day in span(FIRST.plus(GOOD), last_day()):
            house.night(day)
            if day == FIRST.plus(GOOD):
                _tell_first_night(week, lake, feeds, day)
            for _ in range(LOOKS_A_NIGHT):
                house.look()
        week.calls_while_down, week.runs_while_down = len(door.calls()), house.runs
        door.clear()
        _heal(week, house, lake, feeds)
    return week


def last_day() -> ReportDay:
    """Return the last day of the week."""
    return FIRST.plus(GOOD + OUT - 1)


def _go_down(door: Door) -> None:
    """Let no call of any source be answered: one refuses, the other hangs up."""
    door.order("status", system="icasework", status=503, calls=None)
    door.order("hang_up", system="xima", calls=None)
    door.forget_calls()


def _tell_first_night(week: Week, lake: Lake, feeds: Iterable[str], day: ReportDay) -> None:
    for feed in feeds:
        if failure := lake.failures(feed).get(day):
            week.failed_at_first_night.append(f"{feed} {failure.kind}")
            week.message = week.message or failure.message


def _heal(week: Week, house: House, lake: Lake, feeds: Iterable[str]) -> None:
    """Let time go by until every day is there."""
    returned, house.runs = house.clock.at, 0
    while (missing := _missing(lake, feeds)) and house.clock.at - returned < PATIENCE:
        week.most_at_once = max(week.most_at_once, house.look())
        week.ticks_after += 1
    house.look()  # after the last day came: what is over is told
    week.hours_after = round((house.clock.at - returned).total_seconds() / 3600, 2)
    week.runs_after, week.missing = house.runs, missing


def _missing(lake: Lake, feeds: Iterable[str]) -> list[str]:
    """Name the days of the week that are not in the lake, or whose last attempt failed."""
    return [
        f"{feed} {day}"
        for feed in feeds
        for day in span(FIRST, last_day())
        if not lake.path(feed, day).exists() or day in lake.failures(feed)
    ]


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(asdict(play(int(sys.argv[1]))))}\n")
