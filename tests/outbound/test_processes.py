"""Real processes: two dispatchers at once, and dispatchers that are killed by SIGKILL while they work."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bench.drill_outbound import Drill, drill
from pipelines.settings import ROOT
from tests.outbound.test_commands import due, ours, written

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.sandbox.server import SandboxThread
    from pipelines.settings import Settings


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "pipelines.cli", "outbound", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


def test_two_dispatchers_at_once_send_nothing_twice(
    casework_lake: Lake, settings: Settings, sandbox: SandboxThread, in_surroundings: Path
) -> None:
    del in_surroundings
    sandbox.faults.add("hold", system="tascomi", operation="create", seconds=8, calls=1)
    with start() as first:
        until = time.monotonic() + 60
        while not any(order["met"] for order in sandbox.faults.told()) and time.monotonic() < until:
            time.sleep(0.02)
        with start() as second:
            told, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "another dispatcher is at work on this data directory, so nothing was sent" in told
        first.communicate(timeout=60)
    assert first.returncode == 0
    cases = due(casework_lake)
    assert len(ours(settings)) == len(cases)
    assert len([one for one in written(sandbox) if one["note"]]) == len(cases)


def test_killed_again_and_again_nothing_is_there_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    """The same as `make drill-outbound`, smaller."""
    found = drill(Drill(kills=10, cases=8, settle_seconds=1.5, longest=240, is_told=False), tmp_path)
    assert found.wrong == []
    assert found.kills >= 10
    assert (found.requests, found.links) == (8, 8)
    assert found.notes >= 8
