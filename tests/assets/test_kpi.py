"""The cards' asset: made after the catalogue, published with what could be made, a warning for the rest."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import dagster as dg

from assets.definitions import build_defs
from assets.kpi import CARDS, SECTIONS
from assets.report import REPORT
from assets.warehouse import CATALOGUE
from pipelines.kpi import building
from pipelines.kpi.card_file import CardFile
from pipelines.kpi.mapping import FOLDER
from tests.assets.conftest import NOW
from tests.contact_centre import DAY, case, load

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pipelines.lake import Lake
    from pipelines.settings import Settings


def materialize(settings: Settings, lake: Lake, *keys: dg.AssetKey) -> dg.ExecuteInProcessResult:
    defs = build_defs(settings=settings, lake=lake, now=lambda: NOW)
    assets = [one for one in defs.assets or () if isinstance(one, dg.AssetsDefinition)]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(assets, selection=list(keys), instance=instance, raise_on_error=False)


def verdict(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (one for one in result.get_asset_check_evaluations() if one.check_name == SECTIONS)
    return found


def test_cards_are_made_after_the_catalogue(settings: Settings, lake: Lake) -> None:
    load(lake, DAY, cases=[case(1), case(2)])
    result = materialize(settings, lake, CATALOGUE, CARDS)
    assert result.success
    (event,) = result.asset_materializations_for_node("kpi__cards")
    assert event.metadata["cards"].value == 2
    assert event.metadata["as_of"].value == str(DAY)
    assert event.metadata["documents"].value == {"Cases": 2, "Calls": 0, "Service requests": 0}
    assert verdict(result).passed
    assert CardFile.open(lake.root / "kpi" / "current.json").about.documents == 2


def test_a_section_that_fails_is_a_warning_and_the_others_are_published(
    settings: Settings, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "card")
    (folder / "calls.sql").write_text("SELECT nothing FROM marts.calls", encoding="utf-8")
    monkeypatch.setattr(building.build_cards, "__kwdefaults__", {"folder": folder, "wait_seconds": 5.0})
    load(lake, DAY, cases=[case(1)])
    result = materialize(settings, lake, CATALOGUE, CARDS)
    assert result.success
    assert not verdict(result).passed
    assert verdict(result).severity == dg.AssetCheckSeverity.WARN
    assert "calls.sql" in (verdict(result).description or "")
    assert CardFile.open(lake.root / "kpi" / "current.json").about.failed_sections == ("Calls",)


def test_a_lake_without_casework_has_no_cards_and_no_failure(settings: Settings, lake: Lake) -> None:
    result = materialize(settings, lake, CATALOGUE, CARDS)
    assert result.success
    assert not result.asset_materializations_for_node("kpi__cards")
    assert verdict(result).passed
    assert not (lake.root / "kpi" / "current.json").exists()


def test_without_a_catalogue_it_fails_in_one_line(settings: Settings, lake: Lake) -> None:
    failure = materialize(settings, lake, CARDS).failure_data_for_node("kpi__cards")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "casehouse rebuild" in (failure.user_failure_data.description or "")


def test_cards_are_asked_for_in_the_run_that_rebuilds_the_catalogue(settings: Settings, lake: Lake) -> None:
    defs = build_defs(settings=settings, lake=lake, now=lambda: NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets(CATALOGUE, REPORT, CARDS)
        before = dg.evaluate_automation_conditions(defs, instance, asset_selection=selection)
        instance.report_runless_asset_event(
            dg.AssetMaterialization(["icasework", "cases"], partition="2026-11-20")
        )
        after = dg.evaluate_automation_conditions(
            defs, instance, asset_selection=selection, cursor=before.cursor
        )
    assert after.get_num_requested(CARDS) == 1
