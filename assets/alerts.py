"""Looking after everything each minute: the sensor that tells incidents and, in the morning, the digest.

What is looked at and what is told stands in pipelines/alerts. The sensor runs no job and asks for no run; it
is on by default, since where no address is set it only keeps the record that `casehouse alerts` shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.names import ALERTS
from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from assets.resources import Workplace

EVERY_SECONDS = 60


def alerts_sensor(place: Workplace) -> dg.SensorDefinition:
    """Return the sensor that looks for what is wrong."""

    @dg.sensor(
        name=ALERTS,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells what is wrong when it begins and when it is over, once each; the digest daily.",
    )
    def alerts() -> dg.SkipReason:
        # Whoever only loads the definitions should not wait for the clients.
        from pipelines.alerts.watch import look, open_watch  # noqa: PLC0415

        watch = open_watch(place.settings, place.lake, now=place.now, feeds=tuple(place.feeds))
        try:
            return dg.SkipReason(str(look(watch, by_daemon=True)))
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None

    return alerts
