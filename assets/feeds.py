"""Feeds as assets: one factory, one asset a feed, partitioned by report day.

A run takes a range of days and is honest about each. A day that is published is recorded as materialised at
that moment, so a run that is stopped or killed keeps what it had; a day that failed is recorded as failed, a
refresh of a loaded day too, and the run ends as failed naming it, so "failed and missing" offers just it.
How a day is fetched, judged and written is not decided here (see pipelines/ingest.py).
"""

# No `from __future__ import annotations` here: Dagster refuses a context whose annotation is a string.
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData

from assets.checks import check_specs, judge
from assets.metadata import column_schema, partition_metadata
from assets.names import FAILED_DAYS, FILES
from assets.partitions import days_of, report_days
from assets.resources import Workplace
from pipelines.days import ReportDay
from pipelines.feeds import Feed
from pipelines.ingest import FAULTS, Outcome, as_error, note_stopped
from pipelines.rounds import Rounds, ingest_in_rounds

log = logging.getLogger("casehouse.assets")

OWNERS = ("team:casework-data",)
MOST_TOLD = 10


def asset_key(feed: str) -> dg.AssetKey:
    """Return the asset key of a feed: its own key."""
    return dg.AssetKey(feed.split("/"))


def feed_asset(feed: Feed, place: Workplace) -> dg.AssetsDefinition:
    """Make the asset of a feed."""

    # The output is optional and never given: Dagster would turn it into a second materialisation of every
    # day of the range, the failed ones included.
    @dg.asset(
        key=asset_key(feed.key),
        group_name=feed.source,
        description=feed.description,
        owners=OWNERS,
        kinds={feed.source, "parquet", "polars"},
        code_version=feed.contract.fingerprint,
        partitions_def=report_days(place.settings),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=place.settings.days_per_run),
        pool=feed.source,
        check_specs=check_specs(feed),
        output_required=False,
        metadata={
            "dagster/column_schema": column_schema(feed.contract),
            "dagster/table_name": f"{feed.source}.{feed.name}",
            FILES: dg.MetadataValue.path(place.lake.glob(feed.key)),
        },
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization | dg.AssetCheckResult]:
        days = days_of(context.partition_keys)
        began, loaded = place.now(), set[ReportDay]()
        failed: dict[ReportDay, str] = {}
        try:
            for outcome in _outcomes(feed, days, place):
                if outcome.error is None and outcome.receipt is not None:
                    told = partition_metadata(outcome, outcome.receipt, place.lake)
                    loaded.add(outcome.day)
                    yield dg.AssetMaterialization(
                        context.asset_key, partition=str(outcome.day), metadata=told
                    )
                else:
                    context.log.error(str(outcome.error))
                    failed[outcome.day] = str(outcome.error)
            yield from judge(feed, days, place)
        except FAULTS as fault:
            error = as_error(fault)
            left = [day for day in days if day not in loaded and day not in failed]
            note_stopped(feed, left, place.lake, error, began, place.now())
            failed |= dict.fromkeys(left, str(error))
            _record(context, failed)
            raise _failure(feed, failed, len(days), str(error)) from None
        if failed:
            _record(context, failed)
            raise _failure(feed, failed, len(days))

    return load


def _outcomes(feed: Feed, days: Sequence[ReportDay], place: Workplace) -> Iterator[Outcome]:
    """Ingest the days, those that failed in passing once more; the source is given back however it ends."""
    policy = place.policy(feed.key, place.settings)
    with closing(place.connect(feed.source, place.settings)) as source:
        yield from ingest_in_rounds(
            feed,
            days,
            source=source,
            lake=place.lake,
            policy=policy,
            rounds=Rounds.from_settings(place.settings),
            clock=place.now,
        )


def _record(context: dg.AssetExecutionContext, failed: Iterable[ReportDay]) -> None:
    """Have Dagster show these days as failed once this run has failed.

    Dagster shows a day as failed when the last thing it knows of it is the plan of a run that failed. Where a
    run's days are planned as a whole (services.tuned_for) no day has a plan; elsewhere this repeats it.
    """
    for day in failed:
        planned = AssetMaterializationPlannedData(context.asset_key, partition=str(day))
        event = dg.DagsterEvent.build_asset_materialization_planned_event(
            context.job_name, context.get_step_execution_context().step.key, planned
        )
        context.instance.report_dagster_event(event, context.run.run_id, logging.DEBUG)


def _failure(feed: Feed, failed: Mapping[ReportDay, str], asked: int, cause: str = "") -> dg.Failure:
    """Name each failed day and why; the whole list is in the metadata, the first of it in the message.

    No retry: it would repeat the good days too. Single requests are retried by the client, days whose failure
    may pass by the run itself (pipelines/rounds.py).
    """
    told = {str(day): why for day, why in failed.items()}
    reasons = list(dict.fromkeys([*told.values(), *([cause] if cause else [])]))
    lines = reasons[:MOST_TOLD]
    if len(reasons) > MOST_TOLD:
        lines.append(f"and {len(reasons) - MOST_TOLD} more: see {FAILED_DAYS}")
    return dg.Failure(
        "\n".join([f"{len(told)} of {asked} days of {feed.key} failed", *lines]),
        metadata={FAILED_DAYS: dg.MetadataValue.json(told)},
        allow_retries=False,
    )
