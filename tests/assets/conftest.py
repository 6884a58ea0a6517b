"""A depot that sends parcels, as Dagster sees it: definitions over a source without a wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import dagster as dg
import pytest

from assets.definitions import build_defs
from assets.feeds import asset_key
from pipelines.days import ReportDay, span
from pipelines.feeds import Policy
from pipelines.settings import ROOT, load_settings
from tests.assets.postgres import cluster, new_database, why_not
from tests.plain_source import PARCELS, PlainSource, fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.settings import Settings

FIRST = ReportDay.parse("2026-11-01")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
PARCELS_KEY = asset_key(PARCELS.key)


@dataclass
class Depot:
    """One feed's definitions, its source, and an instance that remembers runs."""

    source: PlainSource
    lake: Lake
    defs: dg.Definitions
    instance: dg.DagsterInstance

    def run(self, first: str, last: str, *, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
        """Materialise a range of days in one run, as a backfill would."""
        ends = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        return self._materialize(tags=ends | (tags or {}))

    def run_day(self, day: str) -> dg.ExecuteInProcessResult:
        """Materialise a single partition, as the schedule would."""
        return self._materialize(partition_key=day)

    def _materialize(
        self, *, tags: dict[str, str] | None = None, partition_key: str | None = None
    ) -> dg.ExecuteInProcessResult:
        assets = [one for one in self.defs.assets or () if isinstance(one, dg.AssetsDefinition)]
        return dg.materialize(
            [one for one in assets if one.key == PARCELS_KEY],
            instance=self.instance,
            tags=tags,
            partition_key=partition_key,
            raise_on_error=False,
        )

    def statuses(self, days: Sequence[ReportDay]) -> dict[str, str]:
        """Return what the instance says of each partition, MISSING where it knows nothing."""
        (feed,) = (one for one in self.defs.assets or () if getattr(one, "key", None) == PARCELS_KEY)
        assert isinstance(feed, dg.AssetsDefinition)
        assert feed.partitions_def is not None
        keys = [str(day) for day in days]
        found = self.instance.get_status_by_partition(PARCELS_KEY, keys, feed.partitions_def) or {}
        return {key: status.name if (status := found.get(key)) else "MISSING" for key in keys}

    def materialisations(self) -> list[tuple[str | None, dict[str, object]]]:
        """Return partition and metadata of every materialisation recorded, oldest first."""
        records = self.instance.fetch_materializations(PARCELS_KEY, limit=1000, ascending=True).records
        return [
            (one.partition, {key: value.value for key, value in one.metadata.items()})
            for record in records
            if (one := record.asset_materialization)
        ]

    def check(self, result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
        """Return a run's result of one check."""
        (found,) = (one for one in result.get_asset_check_evaluations() if one.check_name == name)
        return found


@pytest.fixture
def settings(lake: Lake) -> Settings:
    return load_settings(
        data_dir=lake.root, start_date=date(2026, 10, 1), days_per_run=30, day_retry_wait_seconds=0
    )


@pytest.fixture
def ten_days() -> list[ReportDay]:
    return list(span(FIRST, FIRST.plus(9)))


@pytest.fixture
def depot(settings: Settings, lake: Lake, ten_days: list[ReportDay]) -> Iterator[Depot]:
    source = fill(PlainSource(), ten_days)
    defs = build_defs(
        settings=settings,
        lake=lake,
        feeds={PARCELS.key: PARCELS},
        connect=lambda *_: source,
        policy=lambda *_: Policy(bad_row_share=0.5, concurrency=2),
        now=lambda: NOW,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Depot(source, lake, defs, instance)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Lend an empty directory for a Dagster instance."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def database_server() -> Iterator[int]:
    """Lend the port of a PostgreSQL of our own; without the programs its tests are skipped."""
    if reason := why_not():
        pytest.skip(reason)
    with cluster() as port:
        yield port


@pytest.fixture
def database(database_server: int) -> str:
    """Lend the address of an empty database."""
    return new_database(database_server, f"casehouse_{uuid4().hex}")


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lend a directory with the project's own dagster.yaml."""
    (home / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    monkeypatch.chdir(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return home
