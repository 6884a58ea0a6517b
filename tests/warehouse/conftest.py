"""One lake of the invented council for all tests that only read it."""

from __future__ import annotations

import pytest

from pipelines.days import ReportDay, span
from pipelines.lake import Lake
from pipelines.sandbox.council.council import Council
from tests.warehouse.casework import load_council, rebuild_casework


@pytest.fixture(scope="session")
def council() -> Council:
    return Council(cases_per_day=10)


@pytest.fixture(scope="session")
def council_days() -> list[ReportDay]:
    """Six weeks over the end of summer time."""
    return list(span(ReportDay.parse("2026-10-12"), ReportDay.parse("2026-11-22")))


@pytest.fixture(scope="session")
def council_lake(
    tmp_path_factory: pytest.TempPathFactory, council: Council, council_days: list[ReportDay]
) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("council") / "data")
    load_council(lake, council_days, council)
    rebuild_casework(lake, council_days)
    return lake
