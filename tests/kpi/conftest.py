"""One town for all tests that only read it."""

from __future__ import annotations

import pytest

from pipelines.lake import Lake
from tests.kpi.town import settle


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("town") / "data")
    settle(lake)
    return lake
