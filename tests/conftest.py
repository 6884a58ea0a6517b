"""What every room's tests share: an empty lake, and days to fill it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.days import ReportDay, span
from pipelines.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "data")


@pytest.fixture
def days() -> list[ReportDay]:
    return list(span(ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-05")))
