"""When things run by themselves: the feeds' yesterday each night, and days before it; what is made of them.

A night is two ordinary runs of the feeds' assets: yesterday, and the look-back, a range of days that are
asked for again because reports change after the day is over. It is the same path as a backfill and as the
button in the UI. What is made of a day that changed is not decided here (see pipelines/repulls.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import asset_key
from assets.kpi import CARDS
from assets.names import NIGHTLY, REBUILD
from assets.report import REPORT
from assets.warehouse import CATALOGUE
from pipelines.days import LONDON, ReportDay, span
from pipelines.feeds import expected, has_production_account

if TYPE_CHECKING:
    from assets.resources import Workplace
    from pipelines.settings import Settings

# Runs of a backfill have none (0): yesterday must not wait behind last year.
PRIORITY = {"dagster/priority": "10"}
# The look-back goes before any backfill too, but yesterday is what people wait for in the morning. A deep one
# may take a slow vendor longer than dagster.yaml's max_runtime_seconds.
LOOK_BACK = {"dagster/priority": "5", "dagster/max_runtime": "86400", "casehouse/look_back": "true"}


def nightly_job(place: Workplace) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that loads one day, or a range of them, of every expected feed in one run."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.assets(
            *(asset_key(feed.key) for feed in expected(place.feeds, place.settings))
        ),
        description="One report day of every feed that has an account, or a range of them.",
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


def nightly_schedule(job: dg.UnresolvedAssetJobDefinition, place: Workplace) -> dg.ScheduleDefinition:
    """Return the schedule that asks for yesterday, and looks back, at the set London hour.

    It is on by default only where an account is a production one: a deployment that nobody switched on
    would miss days in silence, while a first `dg dev` on a laptop, which talks to the sandbox, should fetch
    nothing by itself. Whoever switches it in the UI overrides this for good.
    """
    settings = place.settings
    by_night = expected(place.feeds, settings)
    settled = [asset_key(feed.key) for feed in by_night if not feed.contract.rows_move]
    production = has_production_account(settings)

    @dg.schedule(
        name=NIGHTLY,
        job=job,
        cron_schedule=f"0 {settings.schedule_hour} * * *",
        execution_timezone=LONDON.key,
        default_status=(dg.DefaultScheduleStatus.RUNNING if production else dg.DefaultScheduleStatus.STOPPED),
        description="Yesterday of every feed that has an account, and days before it that may have changed.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        yesterday = ReportDay.yesterday(context.scheduled_execution_time)
        if yesterday < settings.first_day:
            return dg.SkipReason(f"the first report day is {settings.first_day}")
        asked = [dg.RunRequest(run_key=f"{yesterday}", partition_key=str(yesterday), tags=PRIORITY)]
        if settled and (days := _without_the_next(settings, yesterday, place.yesterday())):
            ends = {
                "dagster/asset_partition_range_start": str(days[0]),
                "dagster/asset_partition_range_end": str(days[-1]),
            }
            asked.append(dg.RunRequest(f"before {yesterday}", asset_selection=settled, tags=LOOK_BACK | ends))
        return asked

    return nightly


def look_back(settings: Settings, yesterday: ReportDay) -> list[ReportDay]:
    """List the days before yesterday that the night after it asks for again, in order.

    Feeds whose rows move are none of it: their past days can only lose rows that now stand under a later day.
    """
    tonight = yesterday.plus(1).date
    deep = settings.deep_look_back_days if tonight.day == settings.deep_look_back_on else 0
    first = yesterday.plus(-max(settings.look_back_days, deep))
    return list(span(max(first, settings.first_day), yesterday.plus(-1)))


def _without_the_next(settings: Settings, yesterday: ReportDay, last: ReportDay) -> list[ReportDay]:
    """List a night's look-back; of one that is caught up, the days that the nights after it leave out.

    Where the daemon was down for nights, Dagster makes up for the last five at once: each of their days would
    be asked for by several runs at the same time.
    """
    nights = [look_back(settings, one) for one in span(yesterday.plus(1), last)]
    left = min((days[0] for days in nights if days), default=yesterday)
    return [day for day in look_back(settings, yesterday) if day < left]


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
