"""A house for each test, and one with nine quiet weeks in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.house import House, make_house

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Return a house with a week in it: nothing is missing, nothing can be called unusual."""
    house = make_house(tmp_path)
    house.load_weeks(days=8)
    return house


@pytest.fixture
def old_house(tmp_path: Path) -> House:
    """Return a house that knows what is usual."""
    house = make_house(tmp_path)
    house.load_weeks()
    return house
