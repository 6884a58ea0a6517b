"""How Dagster behaves where the product leans on it: an upgrade that changes one of these must be looked at.

Each test names what in assets/ would have to change. Written for dagster 1.13.27.
"""

# No `from __future__ import annotations` here: Dagster refuses a context whose annotation is a string.
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import AssetMaterializationPlannedData

from pipelines.days import LONDON

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]
RANGE = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
PARTITIONS = dg.DailyPartitionsDefinition("2026-01-01", timezone="Europe/London")
KEY = dg.AssetKey("feed")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def an_asset(
    body: Callable[..., Any],
    *,
    output_required: bool = True,
    checks: list[dg.AssetCheckSpec] | None = None,
    key: dg.AssetKey = KEY,
) -> dg.AssetsDefinition:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.asset(
            body,
            key=key,
            partitions_def=PARTITIONS,
            backfill_policy=dg.BackfillPolicy.multi_run(30),
            output_required=output_required,
            check_specs=checks,
        )


def run(instance: dg.DagsterInstance, *assets: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    return dg.materialize(assets, instance=instance, tags=RANGE, raise_on_error=False)


def recorded(instance: dg.DagsterInstance) -> list[str | None]:
    records = instance.fetch_materializations(KEY, limit=100, ascending=True).records
    return [one.partition for record in records if (one := record.asset_materialization)]


def statuses(instance: dg.DagsterInstance) -> list[str]:
    found = instance.get_status_by_partition(KEY, DAYS, PARTITIONS) or {}
    return [status.name if (status := found.get(day)) else "MISSING" for day in DAYS]


def yields_days(*days: str, fail: bool = False) -> Callable[..., Any]:
    def feed(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
        for day in days:
            yield dg.AssetMaterialization(context.asset_key, partition=day)
        if fail:
            raise dg.Failure("one day failed", allow_retries=False)

    return feed


def test_an_optional_output_that_is_never_given_leaves_the_recording_to_us(
    instance: dg.DagsterInstance,
) -> None:
    """feeds.py yields one materialisation a day and gives no output."""
    assert run(instance, an_asset(yields_days(*DAYS), output_required=False)).success
    assert recorded(instance) == DAYS


def test_a_required_output_would_record_every_day_again(instance: dg.DagsterInstance) -> None:
    """Why the output of a feed is optional."""

    def feed(context: dg.AssetExecutionContext) -> None:
        for day in DAYS:
            context.log_event(dg.AssetMaterialization(context.asset_key, partition=day))

    assert run(instance, an_asset(feed)).success
    assert sorted(day or "" for day in recorded(instance)) == sorted(DAYS * 2)


def test_a_swallowed_error_would_mark_the_whole_range_as_loaded(instance: dg.DagsterInstance) -> None:
    """Why a feed raises at the end and gives no output."""

    def feed() -> None:
        """Two of three days failed, and nobody said so."""

    run(instance, an_asset(feed))
    assert statuses(instance) == ["MATERIALIZED"] * 3


def test_a_failed_run_leaves_recorded_days_loaded_and_the_others_failed(
    instance: dg.DagsterInstance,
) -> None:
    """The honest range run."""
    broken = yields_days(DAYS[0], DAYS[2], fail=True)
    assert not run(instance, an_asset(broken, output_required=False)).success
    assert statuses(instance) == ["MATERIALIZED", "FAILED", "MATERIALIZED"]


def report_planned(context: dg.AssetExecutionContext, day: str) -> None:
    planned = AssetMaterializationPlannedData(context.asset_key, partition=day)
    step = context.get_step_execution_context().step.key
    event = dg.DagsterEvent.build_asset_materialization_planned_event(context.job_name, step, planned)
    context.instance.report_dagster_event(event, context.run.run_id)


@pytest.mark.parametrize("was_loaded", [False, True])
@pytest.mark.parametrize("as_a_whole", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_a_planned_day_is_failed_when_its_run_fails_however_the_run_was_planned(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told: bool,
    as_a_whole: bool,
    was_loaded: bool,
) -> None:
    """Why feeds.py plans failed days anew: a run planned as a whole (services.tuned_for) forgets them."""
    if was_loaded:
        run(instance, an_asset(yields_days(*DAYS), output_required=False))
        assert statuses(instance) == ["MATERIALIZED"] * 3
    if as_a_whole:
        monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "1")

    def feed(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
        yield dg.AssetMaterialization(context.asset_key, partition=DAYS[0])
        if told:
            report_planned(context, DAYS[1])
        yield dg.AssetMaterialization(context.asset_key, partition=DAYS[2])
        raise dg.Failure("one day failed", allow_retries=False)

    run(instance, an_asset(feed, output_required=False))
    forgotten = "MATERIALIZED" if was_loaded else "MISSING"
    shown = forgotten if as_a_whole and not told else "FAILED"
    assert statuses(instance) == ["MATERIALIZED", shown, "MATERIALIZED"]

    run(instance, an_asset(yields_days(*DAYS), output_required=False))
    assert statuses(instance) == ["MATERIALIZED"] * 3


def test_a_step_that_gives_no_output_has_whatever_follows_in_its_run_skipped(
    instance: dg.DagsterInstance,
) -> None:
    """Why the checks run inside the feed's own step, and the catalogue in a run of its own."""
    followed = an_asset(yields_days(*DAYS), output_required=False)

    @dg.asset(deps=[KEY])
    def catalogue() -> None:
        """Not reached."""

    result = run(instance, followed, catalogue)
    kinds = [event.event_type_value for event in result.all_events if event.step_key == "catalogue"]
    assert kinds == [dg.DagsterEventType.STEP_SKIPPED.value]


def test_a_check_on_a_range_run_knows_no_partition(instance: dg.DagsterInstance) -> None:
    """Why checks.py gives one result a check, with counts by day; partitioned checks are a preview."""

    def feed() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=True)

    with pytest.warns(Warning, match="in preview"):
        spec = dg.AssetCheckSpec("contract", asset=KEY, partitions_def=PARTITIONS)
    result = run(instance, an_asset(feed, output_required=False, checks=[spec]))
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.partition is None


def test_check_results_before_a_failure_are_kept(instance: dg.DagsterInstance) -> None:
    """feeds.py judges first and raises then."""

    def feed() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=False)
        raise dg.Failure("one day failed", allow_retries=False)

    spec = dg.AssetCheckSpec("contract", asset=KEY)
    result = run(instance, an_asset(feed, output_required=False, checks=[spec]))
    assert not result.success
    assert [one.passed for one in result.get_asset_check_evaluations()] == [False]


def test_other_feeds_of_the_run_go_on_after_one_has_failed(instance: dg.DagsterInstance) -> None:
    """A broken day of one feed costs the others nothing."""
    broken = an_asset(yields_days(DAYS[0], fail=True), output_required=False)

    def fine() -> None:
        """Nothing happens."""

    result = run(instance, broken, an_asset(fine, key=dg.AssetKey("other")))
    assert not result.success
    assert len(result.asset_materializations_for_node("other")) == 3


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_a_partition_is_a_london_day(day: str, hours: int) -> None:
    """A day exists as a partition once it is over, in London."""
    window = PARTITIONS.time_window_for_partition_key(day)
    assert (window.end.timestamp() - window.start.timestamp()) / 3600 == hours
    assert window.start.utcoffset() == window.start.astimezone(LONDON).utcoffset()


def test_deleting_a_run_takes_the_green_of_its_days_along(instance: dg.DagsterInstance) -> None:
    """retention.py thins such a run instead; were this to change, it could delete it."""

    def feed(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
        for day in context.partition_keys:
            yield dg.AssetMaterialization(KEY, partition=day)

    result = run(instance, an_asset(feed, output_required=False))
    assert statuses(instance) == ["MATERIALIZED"] * 3
    instance.delete_run(result.run_id)
    instance.event_log_storage.wipe_asset_cached_status(KEY)
    assert statuses(instance) == ["MISSING"] * 3
