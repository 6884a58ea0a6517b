"""The product at work with its clock moved: nights and looks in minutes instead of days.

The product's own definitions on a real Dagster storage: each night the nightly schedule is ticked at its
London hour, and between the nights every sensor that the product has. Whatever they ask to be run is run in
this process, one after the other. Nothing here knows what a sensor is for.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorType

from assets.definitions import build_defs
from assets.names import NIGHTLY
from pipelines.days import LONDON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.settings import Settings

LOOK = timedelta(minutes=15)


class MovedClock:
    """The product's clock in this drill."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Return the moment that is played."""
        return self.at


class House:
    """The product's definitions at work: ticks its schedule and sensors, and runs what they ask for."""

    def __init__(
        self, settings: Settings, instance: dg.DagsterInstance, clock: MovedClock, feeds: Mapping[str, Feed]
    ) -> None:
        self.clock = clock
        self.runs = 0
        self._hour = settings.schedule_hour
        self._instance = instance
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
