"""Where Dagster keeps what it remembers: SQLite files, or PostgreSQL where a setting names a database.

dagster.yaml names this class. It makes Dagster's own storage and is none itself, so that one setting, in the
environment or `.env`, holds for `dg dev`, the daemon, every run's process and the commands alike. The
database's password stays in the setting: what Dagster hands to its processes is only this class's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import DagsterPostgresException

from pipelines.errors import Transient
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster._config.config_schema import UserConfigSchema
    from dagster._serdes import ConfigurableClassData

    from pipelines.settings import Settings

DRIVER = "postgresql+psycopg2"  # SQLAlchemy 2.1 would take another one that dagster-postgres does not know


class Storage(DagsterStorage, ConfigurableClass):
    """Makes the storage that the settings ask for; `base_dir` is where SQLite's files stand.

    Raises SettingsError for settings that cannot be read, Transient for a database that does not answer.
    """

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Return what dagster.yaml tells."""
        return {"base_dir": dg.StringSource}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster takes any DagsterStorage
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Make the storage."""
        if url := database_url(load_settings()):
            return _postgres(url, inst_data)
        return DagsterSqliteStorage.from_local(config_value["base_dir"], inst_data)


def database_url(settings: Settings) -> str | None:
    """Return the address of the PostgreSQL database, with the driver that is installed; None for SQLite."""
    chosen = settings.dagster_postgres_url
    if chosen is None:
        return None
    return f"{DRIVER}://{chosen.get_secret_value().partition('://')[2]}"


def _postgres(url: str, inst_data: ConfigurableClassData | None) -> DagsterPostgresStorage:
    try:
        return DagsterPostgresStorage(url, inst_data=inst_data)
    except DagsterPostgresException as error:
        told, cause = urlsplit(url), error.__cause__
        raise Transient(
            f"Dagster's database {told.path.lstrip('/')} at {told.hostname} does not answer",
            why=type(getattr(cause, "orig", None) or cause or error).__name__,
            todo="look whether PostgreSQL runs and lets this user in; correct CASEHOUSE_DAGSTER_POSTGRES_URL",
        ) from None
