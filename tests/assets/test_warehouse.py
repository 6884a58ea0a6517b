"""The catalogue's asset: built from what is there, rebuilt after feeds, never held up by a failed day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.definitions import build_defs
from assets.feeds import asset_key
from assets.warehouse import CATALOGUE, judge
from pipelines.errors import Transient
from pipelines.warehouse import Verdict, run_query
from pipelines.warehouse.definitions import TESTS, definitions
from tests.assets.conftest import FIRST, NOW, PARCELS_KEY

if TYPE_CHECKING:
    import pytest

    from pipelines.days import ReportDay
    from pipelines.settings import Settings
    from tests.assets.conftest import Depot

LAST = str(FIRST.plus(9))
BROKEN = "2026-11-04"


def build(depot: Depot) -> dg.ExecuteInProcessResult:
    assets = [one for one in depot.defs.assets or () if isinstance(one, dg.AssetsDefinition)]
    return dg.materialize(assets, selection=[CATALOGUE], instance=depot.instance, raise_on_error=False)


def rebuilds(depot: Depot, cursor: object = None) -> tuple[int, object]:
    """Evaluate the automation once, as the sensor does; return how many rebuilds it asks for."""
    result = dg.evaluate_automation_conditions(
        depot.defs,
        depot.instance,
        asset_selection=dg.AssetSelection.assets(CATALOGUE),
        cursor=cursor,  # type: ignore[arg-type]
    )
    return result.get_num_requested(CATALOGUE), result.cursor


def test_it_tells_what_it_built(depot: Depot, ten_days: list[ReportDay]) -> None:
    depot.run(str(FIRST), LAST)

    result = build(depot)

    assert result.success
    (event,) = result.get_asset_materialization_events()
    told = {key: value.value for key, value in event.materialization.metadata.items()}
    assert told["days_verified"] == len(ten_days)
    answer = run_query(depot.lake, "select count(*) as days from ops.completeness where status = 'verified'")
    assert answer.item() == len(ten_days)


def test_it_works_on_an_empty_lake(depot: Depot) -> None:
    assert build(depot).success


def test_a_failed_day_does_not_hold_it_up(depot: Depot) -> None:
    depot.source.errors[BROKEN] = Transient("the source is resting")
    _, cursor = rebuilds(depot)
    depot.run(str(FIRST), LAST)

    asked, _ = rebuilds(depot, cursor)

    assert asked == 1
    assert build(depot).success
    answer = run_query(depot.lake, "select report_date from ops.completeness where status = 'failed'")
    assert str(answer.item()) == BROKEN


def test_it_is_rebuilt_once_after_a_feed_has_changed(depot: Depot) -> None:
    _, cursor = rebuilds(depot)
    depot.run(str(FIRST), LAST)

    asked, cursor = rebuilds(depot, cursor)
    assert asked == 1
    build(depot)

    asked, cursor = rebuilds(depot, cursor)
    assert asked == 0
    depot.run_day(str(FIRST))
    asked, _ = rebuilds(depot, cursor)
    assert asked == 1


def test_it_waits_while_a_feed_is_being_loaded(depot: Depot) -> None:
    _, cursor = rebuilds(depot)
    depot.run(str(FIRST), LAST)
    job = depot.defs.resolve_implicit_global_asset_job_def()
    run = depot.instance.create_run_for_job(
        job.get_subset(asset_selection={PARCELS_KEY}),
        tags={"dagster/partition": str(FIRST)},
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset({PARCELS_KEY}),
    )

    asked, cursor = rebuilds(depot, cursor)
    assert asked == 0

    depot.instance.report_run_failed(run)
    asked, _ = rebuilds(depot, cursor)
    assert asked == 1


def test_a_catalogue_that_cannot_be_built_is_told_in_one_line(depot: Depot) -> None:
    depot.lake.root.mkdir(parents=True)
    (depot.lake.root / "casehouse.duckdb").mkdir()

    result = build(depot)

    assert not result.success
    failure = result.failure_data_for_node("warehouse__catalogue")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "the old one still stands" in (failure.user_failure_data.description or "")


def test_keys_are_paths() -> None:
    assert asset_key("icasework/cases") == dg.AssetKey(["icasework", "cases"])


def test_the_sql_tests_are_checks_of_the_catalogue(depot: Depot, settings: Settings) -> None:
    defs = build_defs(settings=settings, lake=depot.lake, now=lambda: NOW)
    assets = [one for one in defs.assets or () if isinstance(one, dg.AssetsDefinition)]
    result = dg.materialize(assets, selection=[CATALOGUE], instance=depot.instance)
    told = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    assert told == dict.fromkeys(definitions(TESTS), True)


def test_a_broken_promise_warns_and_a_test_that_cannot_be_asked_fails(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = [Verdict("one", "A promise.", 3), Verdict("two", "Another.", problem="cannot be asked (why)")]
    monkeypatch.setattr("assets.warehouse.run_sql_tests", lambda _: iter(verdicts))
    broken, unasked = judge(depot.lake)
    assert (broken.passed, broken.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert broken.description == "3 rows; casehouse check one shows them"
    assert (unasked.passed, unasked.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert unasked.description == "cannot be asked (why)"
