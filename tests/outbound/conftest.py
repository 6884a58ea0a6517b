"""A sandbox of both systems, and settings by which the product's own clients talk to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pipelines.days import ReportDay
from pipelines.outbound.log_frame import log_frame
from pipelines.sandbox.council.council import Council
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import load_settings
from pipelines.warehouse import build
from tests.warehouse.casework import CASEWORK, load_council

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.settings import Settings

DAYS = 5  # of which at least three are working days


@pytest.fixture
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture
def settings(sandbox: SandboxThread, lake: Lake) -> Settings:
    """Return settings that are switched on, with short waits."""
    return load_settings(
        data_dir=lake.root,
        sandbox_port=sandbox.port,
        outbound_enabled=True,
        outbound_settle_seconds=0.2,
        outbound_wait_seconds=0.1,
        tascomi_attempts=2,
        tascomi_max_wait_seconds=0.1,
        tascomi_guard_seconds=0.5,
        icasework_attempts=2,
        icasework_max_wait_seconds=0.1,
    )


@pytest.fixture
def casework_lake(lake: Lake, settings: Settings) -> Lake:
    """Return a lake with the last days of the sandbox's council, shown in the catalogue."""
    last = ReportDay.yesterday(datetime.now(UTC))
    days = [last.plus(-back) for back in range(DAYS)]
    cases = {key: feed for key, feed in CASEWORK.items() if feed.name == "cases"}
    load_council(lake, days, Council(cases_per_day=40), cases)
    rebuild(lake, settings)
    return lake


def rebuild(lake: Lake, settings: Settings) -> None:
    last = settings.last_day(datetime.now(UTC))
    build(lake, CASEWORK, since=last.plus(-30), until=last, outbound_log=log_frame(lake.root))


@pytest.fixture
def in_surroundings(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put the settings into the environment, for commands."""
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        monkeypatch.setenv(f"CASEHOUSE_{name.upper()}", str(value).lower() if value is True else str(value))
    return tmp_path
