"""Where Dagster keeps what it remembers: files, or by one setting a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster_postgres.event_log import PostgresEventLogStorage

from assets.storage import database_url
from pipelines.dagster_files import runs_folder
from pipelines.errors import SettingsError, Transient
from pipelines.settings import load_settings
from tests.assets.conftest import PARCELS_KEY
from tests.assets.postgres import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings
    from tests.assets.conftest import Depot

SETTING = "CASEHOUSE_DAGSTER_POSTGRES_URL"


def test_without_the_setting_it_is_files_below_the_project(project: Path, settings: Settings) -> None:
    with dg.DagsterInstance.from_config(str(project)) as instance:
        assert isinstance(instance.event_log_storage, SqliteEventLogStorage)
        assert (project / ".dagster" / "history" / "runs.db").exists()
    assert database_url(settings) is None
    assert runs_folder(settings) is not None


def test_one_setting_makes_it_a_real_postgres(
    project: Path, depot: Depot, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, database)
    with dg.DagsterInstance.from_config(str(project)) as instance:
        assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
        depot.instance = instance
        assert depot.run("2026-11-01", "2026-11-03").success
        # What a run's own process is given to find the storage again.
        told = repr(instance.get_ref())
        assert "assets.storage" in told
        assert "word" not in told
    assert not (project / ".dagster" / "history").exists()
    with dg.DagsterInstance.from_config(str(project)) as again:
        recorded = again.fetch_materializations(PARCELS_KEY, limit=9).records
        assert {record.partition_key for record in recorded} == {f"2026-11-0{day}" for day in (1, 2, 3)}
    assert runs_folder(load_settings()) is None


def test_a_database_that_refuses_is_told_without_its_password(
    project: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_postgres.utils.time.sleep", lambda _: None)
    monkeypatch.setenv(SETTING, database.replace("//casehouse:", "//nobody:"))
    with (
        pytest.raises(Transient, match="Dagster's database casehouse_") as caught,
        dg.DagsterInstance.from_config(str(project)),
    ):
        pass
    assert PASSWORD not in str(caught.value)
    assert "CASEHOUSE_DAGSTER_POSTGRES_URL" in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://a:b@host/name", "postgresql:///name", "postgresql://host", "words"])
def test_what_names_no_database_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://user") as caught:
        load_settings(dagster_postgres_url=url)
    assert url not in str(caught.value)


def test_an_empty_address_is_none_and_a_short_scheme_will_do() -> None:
    assert load_settings(dagster_postgres_url="").dagster_postgres_url is None
    settings = load_settings(dagster_postgres_url="postgres://user:secret@host/name")
    assert database_url(settings) == "postgresql+psycopg2://user:secret@host/name"
    assert settings.dagster_postgres_url is not None
    assert "secret" not in repr(settings.dagster_postgres_url)
