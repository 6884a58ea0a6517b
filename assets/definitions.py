"""The one Definitions that Dagster loads, and `build_defs` to make it with other parts.

Loading reads the settings, touches no network and no lake.
"""

from __future__ import annotations

import logging
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

import dagster as dg

from assets.alerts import alerts_sensor
from assets.feeds import feed_asset
from assets.kpi import cards_asset
from assets.missed import missed_job, missed_sensor
from assets.outbound import dispatch_job, dispatch_schedule, service_requests_asset
from assets.report import report_asset
from assets.resources import Workplace
from assets.retention import forget_job, forget_schedule
from assets.schedules import nightly_job, nightly_schedule, rebuild_job, rebuild_sensor
from assets.warehouse import catalogue_asset
from pipelines.feeds import FEEDS, SOURCES, connect, policy_for
from pipelines.lake import Lake
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.feeds import Feed, Policy
    from pipelines.settings import Settings
    from pipelines.sources.report import ReportSource


class Overrides(TypedDict, total=False):
    """Parts that a caller may give instead of the product's own."""

    settings: Settings
    lake: Lake
    feeds: Mapping[str, Feed]
    connect: Callable[[str, Settings], ReportSource]
    policy: Callable[[str, Settings], Policy]
    now: Callable[[], datetime]


def build_defs(**overrides: Unpack[Overrides]) -> dg.Definitions:
    """Make the definitions; what is not given comes from the environment and `.env`."""
    settings = overrides.get("settings") or load_settings()
    place = Workplace(
        settings=settings,
        lake=overrides.get("lake") or Lake(settings.data_dir),
        feeds=overrides.get("feeds") or FEEDS,
        connect=overrides.get("connect") or connect,
        policy=overrides.get("policy") or policy_for,
        now=overrides.get("now") or (lambda: datetime.now(UTC)),
    )
    with warnings.catch_warnings():
        # BackfillPolicy is marked beta; what is leaned on is held by tests/assets/test_dagster_itself.py.
        warnings.simplefilter("ignore", dg.BetaWarning)
        nightly, dispatch, missed = nightly_job(place), dispatch_job(), missed_job(place)
        forget = forget_job(place)
        return dg.Definitions(
            assets=[
                *(feed_asset(feed, place) for feed in place.feeds.values()),
                catalogue_asset(place),
                report_asset(place),
                cards_asset(place),
                service_requests_asset(place),
            ],
            jobs=[nightly, rebuild_job(), dispatch, missed, forget],
            schedules=[
                nightly_schedule(nightly, place),
                dispatch_schedule(dispatch, settings),
                forget_schedule(forget, place),
            ],
            sensors=[rebuild_sensor(), missed_sensor(missed, place), alerts_sensor(place)],
            # One feed after the other in the run's own process: a process per step costs a second each.
            executor=dg.in_process_executor,
        )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the product's definitions; Dagster calls it when it loads this module."""
    settings = load_settings()
    for name, source in SOURCES.items():
        if source.environment(settings) == "sandbox":
            logging.getLogger(__name__).warning(
                "no %s account is set: its reports come from the sandbox at %s; start it: casehouse sandbox",
                name,
                source.address(settings),
            )
    return build_defs(settings=settings)
