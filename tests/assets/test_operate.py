"""The commands that drive Dagster, with everything real: sandbox, webserver, daemon, runs, kills."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.request import Request, urlopen

import psutil
import pytest

from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS, SOURCES
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import ENV_FILE, ROOT
from pipelines.warehouse import run_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIRST = ReportDay.parse("2026-09-01")
TASKS, REDRESS = "icasework/tasks", "icasework/redress"
PATIENCE = 90


@dataclass
class Office:
    """A home of its own for the commands: a Dagster instance, a lake, the settings to reach a sandbox."""

    home: Path
    env: dict[str, str]

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "data")

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "assets.operate", *words],
            env=self.env,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command to its end; return its status and what it said."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    def backfill(self, last: ReportDay, *words: str) -> tuple[str, ...]:
        """Return the words of a backfill of two feeds."""
        return (
            "backfill",
            "--from",
            str(FIRST),
            "--to",
            str(last),
            "--feed",
            TASKS,
            "--feed",
            REDRESS,
            *words,
        )

    def state(self) -> dict[str, tuple[int, int]]:
        """Return identity and time of change of every file of the lake and the catalogue."""
        files = (
            path for path in (self.home / "data").rglob("*") if path.is_file() and ".locks" not in path.parts
        )
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults_left(sandbox: SandboxThread) -> Iterator[None]:
    yield
    sandbox.faults.clear()
    sandbox.calls.clear()


@pytest.fixture
def office(home: Path, sandbox: SandboxThread) -> Iterator[Office]:
    shutil.copy(ROOT / "dagster.yaml", home)
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("CASEHOUSE_", "DAGSTER_"))
    }
    yield Office(
        home,
        env
        | {
            "DAGSTER_HOME": str(home),
            ENV_FILE: "",
            "CASEHOUSE_DATA_DIR": str(home / "data"),
            "CASEHOUSE_SANDBOX_PORT": str(sandbox.port),
            "CASEHOUSE_DAGSTER_PORT": str(free_port()),
            "CASEHOUSE_KPI_PORT": str(free_port()),
            "CASEHOUSE_ICASEWORK_ATTEMPTS": "1",
            "COLUMNS": "200",
        },
    )
    assert left_over(home) == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(home: Path) -> list[psutil.Process]:
    """Find every living process that works in a home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("DAGSTER_HOME") == str(
                home
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def left_over(home: Path, seconds: float = 15) -> list[psutil.Process]:
    until = time.monotonic() + seconds
    while (left := processes_of(home)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def wait_for(happens: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_the_demo_proves_every_day_and_a_second_one_changes_nothing(office: Office) -> None:
    office.env["CASEHOUSE_SANDBOX_PORT"] = str(free_port())
    demo = office.start("demo", "--days", "2")
    said = heard(demo, "Dagster's UI")

    cells = 2 * len(FEEDS)
    assert f"{cells} of {cells} partitions loaded, 0 failed" in said
    assert all(feed in said for feed in FEEDS)
    assert "open_cases" in said
    assert "calls_by_day" in said
    count = run_query(office.lake, "select count(*) as days from ops.completeness where status = 'verified'")
    assert count.item() == cells
    cards_are_served(said)
    through_a_running_dagster(office)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0

    del office.env["CASEHOUSE_SANDBOX_PORT"], office.env["CASEHOUSE_DAGSTER_PORT"]  # any free port will do
    before = office.state()
    status, said = office.run("demo", "--days", "2", "--no-serve")

    assert status == 0, said
    assert f"all {cells} partitions are loaded already" in said
    assert office.state() == before


def cards_are_served(said: str) -> None:
    """Do what the demo tells: ask for a customer's card, and look at it."""
    (told,) = re.findall(r"curl -H 'X-API-Key: (\S+)' '(\S+)'", said)
    token, url = told
    with urlopen(Request(url, headers={"X-API-Key": token}), timeout=10) as answer:  # noqa: S310 - loopback
        card = json.load(answer)
    assert [section["title"] for section in card["sections"]] == [
        "Cases",
        "Calls",
        "Service requests",
    ]
    assert card["sections"][0]["documents"]
    (page,) = re.findall(r"(http://\S+/preview\?\S+)", said)
    with urlopen(page, timeout=10) as answer:  # noqa: S310 - loopback
        assert card["sections"][0]["documents"][0]["documentNumber"] in answer.read().decode()


def heard(process: subprocess.Popen[str], words: str) -> str:
    """Return what a process says until it says these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            break
    assert words in said, said
    return said


def through_a_running_dagster(office: Office) -> None:
    """Go through the demo that is up, in which nothing is missing; refuse another demo and another lake."""
    status, said = office.run("demo", "--days", "1", "--no-serve")
    assert status == 1
    assert f"serves this lake already, at http://127.0.0.1:{office.env['CASEHOUSE_DAGSTER_PORT']}" in said

    day = str(ReportDay.yesterday(datetime.now(UTC)))
    words = ("backfill", "--from", day, "--to", day, "--missing")
    elsewhere = {**office.env, "CASEHOUSE_DATA_DIR": str(office.home / "other")}
    status, said = Office(office.home, elsewhere).run(*words)
    assert status == 1
    assert "does not serve this project's lake" in said

    status, said = office.run(*words)
    assert status == 0, said
    assert "through the Dagster at" in said
    assert "every partition is loaded already; nothing was launched" in said


def test_one_broken_day_is_named_and_a_relaunch_loads_just_that_day(
    office: Office, sandbox: SandboxThread
) -> None:
    # As a long span is planned (services.tuned_for), which is where failed days are easily forgotten.
    office.env["DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"] = "1"
    last, broken, stale = FIRST.plus(11), FIRST.plus(4), FIRST.plus(7)
    sandbox.faults.order({"fault": "footer_wrong", "feed": "tasks", "day": str(broken)})

    status, said = office.run(*office.backfill(last))

    assert status == 1
    assert "23 of 24 partitions loaded, 1 failed" in said
    assert re.search(rf"failed {TASKS} {broken}: the source's row count differs", said)
    assert office.lake.receipt(TASKS, broken) is None

    sandbox.faults.clear()
    sandbox.faults.order({"fault": "footer_wrong", "feed": "tasks", "day": str(stale)})
    status, said = office.run(*office.backfill(last))

    assert status == 1
    assert "23 of 24 partitions loaded, 1 failed" in said
    assert office.lake.receipt(TASKS, stale) is not None

    sandbox.faults.clear()
    sandbox.calls.clear()
    status, said = office.run(*office.backfill(last, "--missing"))

    assert status == 0, said
    assert "1 of 1 partitions loaded, 0 failed" in said
    assert len(sandbox.calls.told("getreport", "tasks")["calls"]) == 1
    assert sandbox.calls.told("getreport", "redress")["calls"] == []
    for feed in (TASKS, REDRESS):
        assert office.lake.days(feed) == list(span(FIRST, last))


def test_killing_a_run_outright_loses_and_duplicates_nothing(office: Office, sandbox: SandboxThread) -> None:
    last = FIRST.plus(24)
    slow = FIRST.plus(15)
    sandbox.faults.order({"fault": "hold", "feed": "tasks", "day": str(slow), "calls": 1, "seconds": 8})
    command = office.start(*office.backfill(last))
    wait_for(lambda: len(office.lake.days(TASKS)) >= 10)
    (run,) = (one for one in processes_of(office.home) if "spawn_main" in " ".join(one.cmdline()))
    before = {day: office.lake.path(TASKS, day).stat().st_ino for day in office.lake.days(TASKS)}
    run.kill()

    said, _ = command.communicate(timeout=PATIENCE)

    assert command.returncode == 0, said
    assert "50 of 50 partitions loaded, 0 failed" in said
    assert "by 2 runs" in said
    for feed in (TASKS, REDRESS):
        assert office.lake.days(feed) == list(span(FIRST, last))
        for day in office.lake.days(feed):
            office.lake.check(feed, day)
    assert {day: office.lake.path(TASKS, day).stat().st_ino for day in before} == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_the_command_ends_every_process(
    office: Office, sandbox: SandboxThread, number: signal.Signals
) -> None:
    sandbox.faults.order({"fault": "hold", "feed": "tasks", "day": str(FIRST.plus(1)), "seconds": 60})
    command = office.start(*office.backfill(FIRST.plus(1)))
    wait_for(lambda: sandbox.calls.told("getreport", "tasks")["calls"])

    killed = processes_of(office.home) if number == signal.SIGKILL else [psutil.Process(command.pid)]
    for one in killed:  # every one at once, as when the machine stops
        one.send_signal(number)
    said, _ = command.communicate(timeout=PATIENCE)

    assert left_over(office.home) == []
    if number == signal.SIGINT:
        assert command.returncode == 130, said
        assert "cancelled" in said
        assert set(statuses(office.home, "bulk_actions")) <= {"CANCELING", "CANCELED"}
        return
    assert statuses(office.home, "bulk_actions") == ["REQUESTED"]
    assert statuses(office.home, "runs") == ["STARTED"]

    sandbox.faults.clear()
    sandbox.calls.clear()
    status, said = office.run(*office.backfill(FIRST))

    assert status == 0, said
    assert "2 of 2 partitions loaded, 0 failed" in said
    assert len(sandbox.calls.told("getreport", "tasks")["calls"]) == 1, "the old backfill was gone on with"
    assert statuses(office.home, "bulk_actions")[0] in {"CANCELING", "CANCELED"}
    assert statuses(office.home, "runs") == ["CANCELED", "SUCCESS"]


def statuses(home: Path, table: Literal["runs", "bulk_actions"]) -> list[str]:
    """Read from Dagster's storage how its runs or backfills stand, oldest first."""
    with closing(sqlite3.connect(home / ".dagster" / "history" / "runs.db")) as storage:
        return [str(status) for (status,) in storage.execute(f"SELECT status FROM {table} ORDER BY id")]  # noqa: S608


def test_a_taken_port_is_told_with_its_setting(office: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        office.env["CASEHOUSE_DAGSTER_PORT"] = port
        del office.env["CASEHOUSE_SANDBOX_PORT"]
        status, said = office.run("demo", "--days", "1", "--no-serve")
    assert status == 1
    assert f"port {port}" in said
    assert "CASEHOUSE_DAGSTER_PORT" in said


@pytest.mark.parametrize("source", SOURCES)
def test_the_demo_refuses_the_lake_of_a_real_account(office: Office, source: str) -> None:
    office.env[f"CASEHOUSE_{source.upper()}_ENVIRONMENT"] = "production"
    status, said = office.run("demo", "--days", "1", "--no-serve")
    assert status == 2, said
    assert "real account" in said
    assert f"CASEHOUSE_{source.upper()}_ENVIRONMENT=sandbox" in said
    assert not (office.home / "data").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-09-02", "--to", "2026-09-01"), "is before"),
        (("--from", "2025-12-31", "--to", "2026-09-01"), "CASEHOUSE_START_DATE"),
        (
            ("--from", "2026-09-01", "--to", str(ReportDay.yesterday(datetime.now(UTC)).plus(1))),
            "not over yet",
        ),
        (("--from", "yesterday", "--to", "2026-09-01"), "YYYY-MM-DD"),
        (("--from", "2026-09-01", "--to", "2026-09-01", "--feed", "icasework/case"), "icasework/cases"),
    ],
)
def test_a_span_that_cannot_be_asked_for_is_told_in_one_line(
    office: Office, words: tuple[str, ...], told: str
) -> None:
    status, said = office.run("backfill", *words)
    assert status == 1
    assert told in said
    assert len(said.splitlines()) == 1
