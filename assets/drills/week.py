"""A week of nights in minutes: `python -m assets.drills.week SANDBOX_PORT`, told as JSON.

The product's own definitions on a real Dagster storage, with its clock moved: each night the nightly schedule
is ticked at its London hour, and between the nights every sensor that the product has, at the interval it
asks for but no more often than LOOK. Whatever they ask to be run is run in this process, one after the other.
Nothing here knows which sensor looks for missed nights: a product without one is not healed.

Only this module of the drills loads Dagster; vendor_down.py starts it and judges.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorType

from assets.definitions import build_defs
from assets.drills.door import Door
from assets.names import NIGHTLY
from pipelines.days import LONDON, ReportDay, span
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.settings import Settings

SOURCES = ("icasework", "xima")
FIRST = ReportDay.parse("2026-09-07")
GOOD, OUT = 2, 5  # nights before the outage, and of it
LOOK = timedelta(minutes=15)
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


class MovedClock:
    """The product's clock in this drill."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Return the moment that is played."""
        return self.at


class House:
    """The product's definitions at work: ticks its schedule and sensors, and runs what they ask for."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, clock: MovedClock) -> None:
        self.clock = clock
        self.runs = 0
        self._hour = settings.schedule_hour
        self._instance = instance
        feeds = {key: feed for key, feed in FEEDS.items() if feed.source in SOURCES}
        self._repository = build_defs(settings=settings, feeds=feeds, now=clock).get_repository_def()
        self._sensors = [
            sensor for sensor in self._repository.sensor_defs if sensor.sensor_type == SensorType.STANDARD
        ]
        self._cursors: dict[str, str | None] = {}

    @property
    def sensors(self) -> list[str]:
        """Names of the sensors that are ticked."""
        return [sensor.name for sensor in self._sensors]

    def night(self, day: ReportDay) -> None:
        """Come to the night after a day, and do what the nightly schedule asks for."""
        self.clock.at = datetime.combine(day.plus(1).date, time(self._hour), LONDON)
        context = dg.build_schedule_context(
            self._instance, scheduled_execution_time=self.clock.at, repository_def=self._repository
        )
        schedule = self._repository.get_schedule_def(NIGHTLY)
        self._run_all(NIGHTLY, schedule.evaluate_tick(context).run_requests or ())

    def look(self) -> int:
        """Move the clock on, tick each sensor once; return how many runs they asked for."""
        self.clock.at += LOOK
        asked = 0
        for sensor in self._sensors:
            with dg.build_sensor_context(
                self._instance,
                cursor=self._cursors.get(sensor.name),
                repository_def=self._repository,
                sensor_name=sensor.name,
            ) as context:
                told = sensor.evaluate_tick(context)
            self._cursors[sensor.name] = told.cursor or self._cursors.get(sensor.name)
            requests = told.run_requests or ()
            asked += len(requests)
            self._run_all((sensor.job_name if sensor.has_jobs else None) or "", requests)
        return asked

    def _run_all(self, job: str, requests: Iterable[dg.RunRequest]) -> None:
        for request in requests:
            self.runs += 1
            self._repository.get_job(request.job_name or job).execute_in_process(
                instance=self._instance,
                partition_key=request.partition_key,
                tags=dict(request.tags),
                asset_selection=request.asset_selection,
                raise_on_error=False,
            )


def play(port: int) -> Week:
    """Play the week: good nights, the outage, the return, and looks until all is there or patience ends."""
    settings, door, week = load_settings(), Door(port), Week()
    lake = Lake(settings.data_dir)
    feeds = [key for key, feed in FEEDS.items() if feed.source in SOURCES]
    with dg.DagsterInstance.get() as instance:
        house = House(settings, instance, MovedClock(FIRST.start))
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
