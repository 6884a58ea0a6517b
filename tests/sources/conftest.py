"""What the sources' tests share: a fake server, a clock that stands still, and every word that was logged."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.sources.fake_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_call_goes_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep calls out of the project's own data directory, which is the default."""
    monkeypatch.setenv("CASEHOUSE_CALLS_DAYS", "0")


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Catch what any library says, so that a test may look for what must never be said."""
    caplog.set_level(logging.DEBUG)
