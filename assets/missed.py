"""Missed days, launched without a person: a sensor that sends what pipelines/missed.py decides.

It looks at the lake, not at Dagster's memory; Dagster tells only what is under way. What it remembers of the
sources is its cursor, shown in the UI. Its runs are ordinary runs of the feeds' assets, so a day made good is
materialised like any other.
"""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - Dagster reads the annotation
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.errors import DagsterDefinitionChangedDeserializationError
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from assets.feeds import asset_key
from assets.names import MISSED
from assets.partitions import days_of
from pipelines.days import ReportDay, span
from pipelines.errors import Permanent
from pipelines.feeds import expected, has_production_account
from pipelines.missed import Bounds, Watch, due_until, recall, remembered
from pipelines.settings import file_changed_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagster._core.execution.backfill import PartitionBackfill

    from assets.resources import Workplace
    from pipelines.missed import Cell, Launch

# After the nightly run (10) and before backfills (0).
TAGS = {"dagster/priority": "5", "casehouse/missed": "true"}
LOOK_SECONDS = 60
_PARTITION = "dagster/partition"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_OPEN_BACKFILLS = [status for status in BulkActionStatus if status not in BULK_ACTION_TERMINAL_STATUSES]


def missed_job(place: Workplace) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that loads missed days; the sensor says which feeds and which days."""
    feeds = expected(place.feeds, place.settings)
    return dg.define_asset_job(
        MISSED,
        selection=dg.AssetSelection.assets(*(asset_key(feed.key) for feed in feeds)),
        description="Days that are missing or failed, launched by the sensor of this name.",
        tags=TAGS,
    )


def missed_sensor(job: dg.UnresolvedAssetJobDefinition, place: Workplace) -> dg.SensorDefinition:
    """Return the sensor that makes missed days good; on by default where the nightly schedule is."""
    is_on = has_production_account(place.settings)

    @dg.sensor(
        name=MISSED,
        job=job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description="Loads days that are missing or failed since the first day, oldest first, within limits.",
    )
    def missed(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        settings, now = place.settings, place.now()
        open_runs = context.instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
        ours = sum(run.tags.items() >= TAGS.items() for run in open_runs)
        watch = Watch(
            place.lake,
            expected(place.feeds, settings),
            first=settings.first_day,
            due=due_until(now, settings.schedule_hour),
            now=now,
            busy={*_cells_of_runs(open_runs, place), *_cells_of_backfills(context, place)},
            settings_changed_at=file_changed_at(),
        )
        memory = recall(context.cursor)
        bounds = Bounds(
            settings.missed_days_per_tick, max(0, settings.missed_runs - ours), settings.days_per_run
        )
        look = watch.look(memory, bounds)
        context.update_cursor(remembered(memory))
        yield from map(_request, look.launches)
        if not look.launches:
            yield dg.SkipReason(str(look))

    return missed


def _request(launch: Launch) -> dg.RunRequest:
    keys = [asset_key(feed) for feed in launch.feeds]
    ends = str(launch.first), str(launch.last)
    return dg.RunRequest(asset_selection=keys, tags={**TAGS, **dict(zip(_RANGE, ends, strict=True))})


def _cells_of_runs(runs: Iterable[dg.DagsterRun], place: Workplace) -> Iterator[Cell]:
    """Yield what runs are queued for or at work on; one without a selection may be any feed's."""
    for run in runs:
        day = run.tags.get(_PARTITION)
        first, last = (run.tags.get(tag, day) for tag in _RANGE)
        if first and last:
            keys = run.asset_selection
            feeds = ["/".join(key.path) for key in keys] if keys else list(place.feeds)
            days = _days_between(first, last)
            yield from ((feed, one) for feed in feeds for one in days)


def _days_between(first: str, last: str) -> list[ReportDay]:
    """Read a run's days; a run of something else than report days has none."""
    try:
        return list(span(ReportDay.parse(first), ReportDay.parse(last)))
    except Permanent:
        return []


def _cells_of_backfills(context: dg.SensorEvaluationContext, place: Workplace) -> Iterator[Cell]:
    """Yield what unfinished backfills were asked for, whether or not runs of it are there yet."""
    filters = BulkActionsFilter(statuses=_OPEN_BACKFILLS)
    for backfill in context.instance.get_backfills(filters=filters):
        for feed, keys in _targets(backfill, context, place).items():
            yield from ((feed, day) for day in days_of(keys))


def _targets(
    backfill: PartitionBackfill, context: dg.SensorEvaluationContext, place: Workplace
) -> Mapping[str, Iterable[str]]:
    feeds = {feed: asset_key(feed) for feed in place.feeds}
    if not backfill.is_asset_backfill:
        return dict.fromkeys(feeds, backfill.partition_names or ())
    if context.repository_def is None:
        raise Permanent("a sensor was asked without its definitions", todo="give it its repository")
    try:
        target = backfill.get_asset_backfill_data(context.repository_def.asset_graph).target_subset
    except DagsterDefinitionChangedDeserializationError:
        return {}  # Dagster cannot go on with it either
    subsets = target.partitions_subsets_by_asset_key
    return {feed: subsets[key].get_partition_keys() for feed, key in feeds.items() if key in subsets}
