"""The settings of nights nobody watches: how missed days are made good, what Dagster keeps and where.

They are part of all settings; see settings.py.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class NightSettings(BaseSettings):
    """Bounds of what is launched without a person, and Dagster's storage."""

    missed_days_per_tick: int = Field(
        120, ge=1, le=10_000, description="Days of feeds that are launched at once to make missed ones good."
    )
    missed_runs: int = Field(2, ge=1, le=20, description="Runs for missed days that may be open at a time.")
    runs_keep_days: int = Field(
        90, ge=1, le=3650, description="Days for which Dagster keeps its runs and their logs."
    )
    dagster_sqlite_mb: int = Field(
        2000, ge=1, description="Megabytes of Dagster's SQLite files from which the doctor warns."
    )
    dagster_postgres_url: SecretStr | None = Field(
        None, description="PostgreSQL database for Dagster's storage, postgresql://user:password@host/name."
    )

    @field_validator("dagster_postgres_url")
    @classmethod
    def _is_database(cls, url: SecretStr | None) -> SecretStr | None:
        """Refuse what names no host or database; an empty one is as good as none."""
        if url is None or not url.get_secret_value():
            return None
        if not _is_postgres(url.get_secret_value()):
            raise ValueError("it must be postgresql://user:password@host:port/database")
        return url


def _is_postgres(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_named = bool(parts.hostname) and len(parts.path) > 1 and port != 0
    return parts.scheme in {"postgresql", "postgres"} and is_named
