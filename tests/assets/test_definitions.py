"""What Dagster loads: which assets, in which groups, without touching anything."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from assets.definitions import build_defs
from assets.feeds import asset_key
from pipelines.errors import SettingsError
from pipelines.feeds import FEEDS

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings

ASSETS = {
    "icasework/cases",
    "icasework/classifications",
    "icasework/correspondence",
    "icasework/corrective_actions",
    "icasework/redress",
    "icasework/tasks",
    "tascomi/complaints",
    "tascomi/contacts",
    "tascomi/service_requests",
    "xima/account_usage",
    "xima/agent_summary",
    "xima/calls",
    "xima/time_cards",
    "warehouse/catalogue",
    "warehouse/daily_report",
    "kpi/cards",
}


def specs(settings: Settings) -> dict[str, dg.AssetSpec]:
    graph = build_defs(settings=settings).resolve_all_asset_specs()
    return {spec.key.to_user_string(): spec for spec in graph}


def test_the_assets_are_these(settings: Settings) -> None:
    assert set(specs(settings)) == ASSETS


def test_feeds_are_grouped_by_source_and_partitioned_by_london_days(settings: Settings) -> None:
    found = specs(settings)
    for key, feed in FEEDS.items():
        spec = found[key]
        assert spec.group_name == feed.source
        assert isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
        assert spec.partitions_def.timezone == "Europe/London"
        assert spec.partitions_def.get_first_partition_key() == "2026-10-01"


def test_a_run_takes_as_many_days_as_the_setting_says(settings: Settings) -> None:
    for asset in build_defs(settings=settings).assets or ():
        if isinstance(asset, dg.AssetsDefinition) and asset.partitions_def is not None:
            assert asset.backfill_policy is not None
            assert asset.backfill_policy.max_partitions_per_run == 30


def test_every_feed_draws_on_the_pool_of_its_vendor(settings: Settings) -> None:
    for asset in build_defs(settings=settings).assets or ():
        if isinstance(asset, dg.AssetsDefinition) and asset.partitions_def is not None:
            assert asset.op.pool == asset.key.path[0]


def test_every_feed_has_the_same_three_checks(settings: Settings) -> None:
    repository = build_defs(settings=settings).get_repository_def()
    found = {
        (key.asset_key.to_user_string(), key.name)
        for key in repository.asset_graph.asset_check_keys
        if key.asset_key.to_user_string() in FEEDS
    }
    assert found == {(key, name) for key in FEEDS for name in ("contract", "reconciliation", "latest_day")}


def test_the_catalogue_follows_every_feed(settings: Settings) -> None:
    deps = {dep.asset_key for dep in specs(settings)["warehouse/catalogue"].deps}
    assert deps == {asset_key(feed) for feed in FEEDS}


def test_what_is_derived_is_made_by_itself_and_the_feeds_are_not(settings: Settings) -> None:
    conditions = {key: spec.automation_condition for key, spec in specs(settings).items()}
    derived = {"warehouse/catalogue", "warehouse/daily_report", "kpi/cards"}
    assert {key for key, condition in conditions.items() if condition} == derived


def test_wrong_settings_are_told_when_dagster_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_SCHEDULE_HOUR", "25")
    with pytest.raises(SettingsError, match="CASEHOUSE_SCHEDULE_HOUR"):
        build_defs()


def test_loading_opens_no_connection_and_makes_no_file(tmp_path: Path) -> None:
    script = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('the network was touched')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from assets.definitions import defs\n"
        f"assert {len(ASSETS)} == len(list(defs().resolve_all_asset_specs()))\n"
    )
    env = {
        "CASEHOUSE_ENV_FILE": "",
        "CASEHOUSE_DATA_DIR": str(tmp_path / "data"),
        "PATH": "",
        "HOME": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", script], env=env, cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []
