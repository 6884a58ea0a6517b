"""When things run by themselves: the feeds' yesterday each night; catalogue, report and cards after it.

The nightly run is an ordinary run of the feeds' assets for one partition: the same path as a backfill and as
the button in the UI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import asset_key
from assets.kpi import CARDS
from assets.names import NIGHTLY, REBUILD
from assets.report import REPORT
from assets.warehouse import CATALOGUE
from pipelines.days import LONDON, ReportDay
from pipelines.feeds import expected, has_production_account

if TYPE_CHECKING:
    from assets.resources import Workplace
    from pipelines.settings import Settings

# Runs of a backfill have none (0): yesterday must not wait behind last year.
PRIORITY = {"dagster/priority": "10"}


def nightly_job(place: Workplace) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that loads one day of every expected feed in one run."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.assets(
            *(asset_key(feed.key) for feed in expected(place.feeds, place.settings))
        ),
        description="One report day of every feed that has an account.",
        tags=PRIORITY,
    )


def rebuild_job() -> dg.UnresolvedAssetJobDefinition:
    """Return the job that rebuilds the catalogue, and the customer cards from it."""
    return dg.define_asset_job(
        REBUILD,
        selection=dg.AssetSelection.assets(CATALOGUE, CARDS),
        description="The catalogue, built anew from the lake, and the customer cards from it.",
        tags=PRIORITY,
    )


def nightly_schedule(job: dg.UnresolvedAssetJobDefinition, settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule that asks for yesterday at the set London hour.

    It is on by default only where an account is a production one: a deployment that nobody switched on
    would miss days in silence, while a first `dg dev` on a laptop, which talks to the sandbox, should fetch
    nothing by itself. Whoever switches it in the UI overrides this for good.
    """
    production = has_production_account(settings)

    @dg.schedule(
        name=NIGHTLY,
        job=job,
        cron_schedule=f"0 {settings.schedule_hour} * * *",
        execution_timezone=LONDON.key,
        default_status=(dg.DefaultScheduleStatus.RUNNING if production else dg.DefaultScheduleStatus.STOPPED),
        description="Yesterday, every feed that has an account.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        yesterday = ReportDay.yesterday(context.scheduled_execution_time)
        return dg.RunRequest(partition_key=str(yesterday), tags=PRIORITY)

    return nightly


def rebuild_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that rebuilds catalogue, report and cards; on by default: it only reads the lake."""
    return dg.AutomationConditionSensorDefinition(
        REBUILD,
        target=dg.AssetSelection.assets(CATALOGUE, REPORT, CARDS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        run_tags=PRIORITY,
        description="Rebuilds the catalogue after feeds have changed, then daily report and customer cards.",
    )
