"""`casehouse replay` and `casehouse raw`: what they print, what they change, how they end."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.contracts.columns import Text  # noqa: TC001 - pandera reads the annotations
from pipelines.contracts.contract import Contract, wire
from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS, Feed, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

TASKS = "icasework/tasks"
DAYS = list(span(ReportDay.parse("2026-11-17"), ReportDay.parse("2026-11-19")))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Three loaded days, the first of which was not kept, and settings that reach nobody any more."""
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path / "data"))
    with SandboxThread() as sandbox:
        monkeypatch.setenv("CASEHOUSE_ICASEWORK_BASE_URL", sandbox.icasework_url)
        feed, lake = FEEDS[TASKS], Lake(tmp_path / "data")
        for days, kept_days in ((DAYS[:1], 0), (DAYS[1:], 30)):
            settings = load_settings(raw_days=kept_days)
            policy = policy_for(TASKS, settings)
            with closing(connect("icasework", settings)) as source:
                for outcome in ingest_days(feed, days, source=source, lake=lake, policy=policy):
                    assert outcome.error is None
    return lake


def run(*words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, words)
    return ran.exit_code, ran.output


def test_the_report_comes_first_and_publishing_rebuilds_the_catalogue(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stricter(FEEDS[TASKS].contract.model):  # type: ignore[misc]  # found at run time
        """One task, of a kind."""

        task_type: Text = wire("Task.Type", "Kind of task.", required=True)

    other = Feed(Contract(TASKS, Stricter), FEEDS[TASKS].dialect)
    before = {day: lake.path(TASKS, day).read_bytes() for day in DAYS}
    code, told = run("replay", "--feed", TASKS)
    assert (code, told) == (
        0,
        "icasework/tasks: 2 days the same, 1 without a kept body\n  none   2026-11-17\n",
    )

    monkeypatch.setitem(FEEDS, TASKS, other)
    code, told = run("replay", "--feed", TASKS, "--from", str(DAYS[2]))
    assert code == 0
    assert told.startswith("icasework/tasks: 0 days the same, 1 would change\n  change 2026-11-19: rows: ")
    assert "the same cells, another receipt (contract or product version)" in told
    assert {day: lake.path(TASKS, day).read_bytes() for day in DAYS} == before

    code, told = run("replay", "--feed", TASKS, "--publish")
    assert code == 0
    assert "2 would change" in told
    assert "icasework/tasks: 2 published\n" in told
    assert "casehouse.duckdb: " in told
    assert [lake.check(TASKS, day).contract == other.contract.fingerprint for day in DAYS] == [
        False,
        True,
        True,
    ]


@pytest.mark.usefixtures("lake")
def test_a_day_that_fails_ends_with_1_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Renamed(FEEDS[TASKS].contract.model):  # type: ignore[misc]  # found at run time
        """One task."""

        task_type: Text = wire("Task.Kind", "Kind of task.")

    other = Feed(Contract(TASKS, Renamed), FEEDS[TASKS].dialect)
    monkeypatch.setitem(FEEDS, TASKS, other)
    code, told = run("replay", "--feed", TASKS, "--publish")
    assert code == 1
    assert "icasework/tasks: 0 days the same, 2 fail, 1 without a kept body" in told
    assert "missing: Task.Kind; unexpected: Task.Type" in told


@pytest.mark.usefixtures("lake")
def test_what_is_kept_is_listed() -> None:
    code, told = run("raw")
    first, last = told.splitlines()
    assert code == 0
    assert first.startswith("icasework/tasks: kept bodies 2, of 2 days (2026-11-18 to 2026-11-19), ")
    assert last.startswith("all kept bodies: 2, ")
    assert last.endswith(" KiB; kept for 30 days (CASEHOUSE_RAW_DAYS)")
    assert run("replay", "--feed", "xima/calls") == (0, "xima/calls: nothing is kept\n")
