"""The report's asset: written after the catalogue, for the day that is over, whatever is missing from it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from assets.definitions import build_defs
from assets.report import REPORT
from assets.warehouse import CATALOGUE
from pipelines.feeds import FEEDS
from tests.assets.conftest import NOW

if TYPE_CHECKING:
    from pipelines.lake import Lake
    from pipelines.settings import Settings


def materialize(settings: Settings, lake: Lake, *keys: dg.AssetKey) -> dg.ExecuteInProcessResult:
    defs = build_defs(
        settings=settings.model_copy(update={"start_date": date(2026, 11, 1)}), lake=lake, now=lambda: NOW
    )
    assets = [one for one in defs.assets or () if isinstance(one, dg.AssetsDefinition)]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(assets, selection=list(keys), instance=instance, raise_on_error=False)


def test_it_is_written_after_the_catalogue_even_of_a_day_that_is_not_there(
    settings: Settings, lake: Lake
) -> None:
    result = materialize(settings, lake, CATALOGUE, REPORT)
    assert result.success
    (event,) = result.asset_materializations_for_node("warehouse__daily_report")
    assert event.metadata["day"].value == "2026-11-22"
    text = (lake.root / "reports" / "2026-11-22.html").read_text("utf-8")
    assert f"Incomplete: {len(FEEDS)} of {len(FEEDS)} feeds" in text


def test_without_a_catalogue_it_fails_in_one_line(settings: Settings, lake: Lake) -> None:
    result = materialize(settings, lake, REPORT)
    failure = result.failure_data_for_node("warehouse__daily_report")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "casehouse rebuild" in (failure.user_failure_data.description or "")


def test_it_is_asked_for_in_the_run_that_rebuilds_the_catalogue(settings: Settings, lake: Lake) -> None:
    defs = build_defs(settings=settings, lake=lake, now=lambda: NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets(CATALOGUE, REPORT)
        before = dg.evaluate_automation_conditions(defs, instance, asset_selection=selection)
        instance.report_runless_asset_event(
            dg.AssetMaterialization(["icasework", "cases"], partition="2026-11-20")
        )
        after = dg.evaluate_automation_conditions(
            defs, instance, asset_selection=selection, cursor=before.cursor
        )
    assert after.get_num_requested(CATALOGUE) == 1
    assert after.get_num_requested(REPORT) == 1
