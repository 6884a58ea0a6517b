"""What every room's tests share: no surroundings, an empty lake, and days to fill it with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import pipelines.ingest
from pipelines.days import ReportDay, span
from pipelines.lake import Lake
from pipelines.settings import ENV_FILE, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def _no_surroundings() -> Iterator[None]:
    """Keep the environment and the .env of whoever runs the tests out of all of them, fixtures included."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(PREFIX) or name == "DAGSTER_HOME":
                patch.delenv(name)
        patch.setenv(ENV_FILE, "")  # for the processes that tests start, too
        yield


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "data")


@pytest.fixture(params=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every promise holds for days judged together in memory and for days that are streamed."""
    if request.param == "large":
        monkeypatch.setattr(pipelines.ingest, "SMALL_BYTES", 0)
    return str(request.param)


@pytest.fixture
def days() -> list[ReportDay]:
    return list(span(ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-05")))
