"""A year of six feeds from the sandbox: through Dagster, and by the same ingest calls without it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.measure import tell
from pipelines.days import ReportDay
from pipelines.settings import ENV_FILE, PREFIX, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FIRST = ReportDay.parse("2025-07-01")
# So busy that a feed's day has about 200 rows, weekends included.
CASES_PER_DAY = 70
READY_SECONDS = 30


def measure_backfill(folder: Path, scale: int) -> None:
    """Compare the wall time of one backfill with the plain calls; count the runs it took."""
    days = 365 // scale
    last = FIRST.plus(days - 1)
    with _sandbox(folder / "plain") as env:
        began = time.perf_counter()
        _call(env, "bench.plain_backfill", str(FIRST), str(last))
        plain = time.perf_counter() - began
    with _sandbox(folder / "dagster") as env:
        began = time.perf_counter()
        told = _call(env, "pipelines.cli", "backfill", "--from", str(FIRST), "--to", str(last))
        through = time.perf_counter() - began
    runs = re.search(r"(\d+) runs", told)
    detail = f"{days} days x 6 feeds: {through:.0f} s, {plain:.0f} s without"
    tell("backfill through Dagster / same calls without, wall", through / plain, 2.0, detail)
    tell("runs of that backfill", float(runs.group(1)) if runs else float("inf"), 13.0, "")


@contextmanager
def _sandbox(home: Path) -> Iterator[Mapping[str, str]]:
    """Serve a fresh sandbox; lend the settings of a lake and a Dagster of its own."""
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    port = _free_port()
    # Nothing of this machine: a real account's settings would send the benchmark to it.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith((PREFIX, "DAGSTER_"))}
    env = inherited | {
        ENV_FILE: "",
        "DAGSTER_HOME": str(home),
        "CASEHOUSE_DATA_DIR": str(home / "data"),
        "CASEHOUSE_START_DATE": str(FIRST),
        "CASEHOUSE_SANDBOX_PORT": str(port),
        "CASEHOUSE_DAGSTER_PORT": str(_free_port()),
    }
    words = ["sandbox", "--port", str(port), "--cases-per-day", str(CASES_PER_DAY)]
    server = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", *words], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        if server.stdout is None or "ready" not in server.stdout.readline():
            raise SystemExit("the sandbox did not come up")
        yield env
    finally:
        server.terminate()
        server.wait(READY_SECONDS)


def _call(env: Mapping[str, str], module: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stdout}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
