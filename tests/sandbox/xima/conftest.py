"""A sandbox with its real council, whose contact centre the tests ask; one for all who leave it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.sandbox.council import Council
from pipelines.sandbox.server import SandboxThread
from tests.sandbox.caller import HandClock
from tests.sandbox.xima.caller import XimaCaller

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


@pytest.fixture(scope="session")
def real_council() -> Council:
    return Council()


@pytest.fixture(scope="session")
def standing(http: httpx.Client, real_council: Council) -> Iterator[XimaCaller]:
    """A caller of a sandbox that no test changes."""
    with SandboxThread(clock=HandClock(), council_factory=lambda _, __: real_council) as running:
        yield XimaCaller(http, running.xima_url)


@pytest.fixture
def xima(clock: HandClock, real_council: Council) -> Iterator[SandboxThread]:
    """A sandbox of the test's own."""
    with SandboxThread(clock=clock, council_factory=lambda _, __: real_council) as running:
        yield running


@pytest.fixture
def asker(http: httpx.Client, xima: SandboxThread) -> XimaCaller:
    return XimaCaller(http, xima.xima_url)
