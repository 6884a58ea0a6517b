"""A sandbox with Tascomi's tables and a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.tascomi.caller import TascomiCaller

if TYPE_CHECKING:
    import httpx

    from pipelines.sandbox.server import SandboxThread
    from tests.sandbox.caller import HandClock


@pytest.fixture
def tascomi(http: httpx.Client, sandbox: SandboxThread, clock: HandClock) -> TascomiCaller:
    return TascomiCaller(http, sandbox.tascomi_url, clock)
