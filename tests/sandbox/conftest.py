"""A sandbox over loopback with a fixed council and a clock that stands still, and a caller for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx
import pytest

from pipelines.sandbox.server import SandboxThread
from tests.sandbox.caller import Caller, HandClock
from tests.sandbox.fake_council import FakeCouncil

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.sandbox.council import Council


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def council() -> FakeCouncil:
    return FakeCouncil()


@pytest.fixture
def sandbox(clock: HandClock, council: FakeCouncil) -> Iterator[SandboxThread]:
    with SandboxThread(clock=clock, council_factory=lambda _, __: cast("Council", council)) as running:
        yield running


@pytest.fixture
def caller(http: httpx.Client, sandbox: SandboxThread, clock: HandClock) -> Caller:
    return Caller(http, sandbox.icasework_url, clock)
