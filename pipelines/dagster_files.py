"""Where Dagster keeps what it remembers, seen from outside: its folder, and how large its files have grown.

Nothing here opens a database or knows Dagster; what is kept for how long is decided in assets/retention.py.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.settings import ROOT

if TYPE_CHECKING:
    from pipelines.settings import Settings

STORAGE = ".dagster"  # dagster.yaml's base_dir
MEGABYTE = 1_000_000
_DATABASES = ("*.db", "*.db-wal")


def home() -> Path:
    """Return the directory of the Dagster instance: DAGSTER_HOME, or the project's root."""
    return Path(os.environ.get("DAGSTER_HOME") or ROOT)


def runs_folder(settings: Settings) -> Path | None:
    """Return where Dagster's SQLite files of runs stand, None where it keeps them in PostgreSQL."""
    return None if settings.dagster_postgres_url else home() / STORAGE / "history" / "runs"


def sqlite_bytes(storage: Path) -> int:
    """Add up the SQLite files below a storage folder; one that goes meanwhile counts nothing."""
    total = 0
    for pattern in _DATABASES:
        for path in storage.rglob(pattern):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
    return total


def examine(settings: Settings) -> tuple[bool, str, str]:
    """Say whether Dagster's storage is well, what was found and what to do, for the doctor."""
    if url := settings.dagster_postgres_url:
        parts = urlsplit(url.get_secret_value())
        return True, f"PostgreSQL, {parts.path.lstrip('/')} at {parts.hostname}", ""
    megabytes = sqlite_bytes(home() / STORAGE) / MEGABYTE
    told = f"SQLite, {megabytes:,.0f} MB"
    if megabytes < settings.dagster_sqlite_mb:
        return True, told, ""
    return (
        False,
        f"{told}; from {settings.dagster_sqlite_mb:,} MB on it grows slow",
        "lower CASEHOUSE_RUNS_KEEP_DAYS, or set CASEHOUSE_DAGSTER_POSTGRES_URL (see README, Nights)",
    )
