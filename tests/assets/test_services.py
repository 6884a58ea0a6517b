"""A Dagster of a command's own: alone on its storage, tuned to its task, cheap to write for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, cast

import dagster as dg
import pytest

from assets.backfill import Wanted
from assets.claim import NAME, Claim
from assets.daemon import working
from assets.databases import INDEX, OpenDatabases
from assets.processes import module
from assets.services import Services, tuned_for
from pipelines.days import ReportDay, span
from pipelines.errors import Permanent
from pipelines.settings import ROOT, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from assets.client import DagsterClient
    from assets.processes import Children
    from pipelines.settings import Settings


def test_a_storage_is_claimed_once_and_free_again_with_the_last_child(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with Claim(tmp_path / ".dagster") as claim:
        assert claim.last_lived == 0
        with (
            pytest.raises(Permanent, match="another command runs a Dagster") as caught,
            Claim(tmp_path / ".dagster"),
        ):
            pass
        assert str(tmp_path / ".dagster" / NAME) in str(caught.value)
        child = subprocess.Popen(sleeper, stdin=subprocess.PIPE, pass_fds=[claim.number])
    with pytest.raises(Permanent), Claim(tmp_path / ".dagster"):
        pass
    child.communicate()
    with Claim(tmp_path / ".dagster") as claim:
        assert time.time() - 60 < claim.last_lived <= time.time()


@pytest.mark.parametrize(
    ("beat", "lived", "is_alone"),
    [(5, 3600, False), (5, 10, True), (80, 3600, False), (100, 3600, True), (None, 3600, True)],
)
def test_a_daemon_of_somebody_else_is_told_by_its_last_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beat: float | None, lived: float, *, is_alone: bool
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    services = Services(load_settings(), cast("Children", None), "127.0.0.1", 1)
    services._claim.last_lived = time.time() - lived

    class Client:
        def heartbeats(self) -> dict[str, float]:
            return {"BACKFILL": time.time() - beat, "SENSOR": 0.0} if beat else {}

    services.client = cast("DagsterClient", Client())
    if is_alone:
        services._require_alone()
    else:
        with pytest.raises(Permanent, match="another Dagster works on this storage"):
            services._require_alone()


@pytest.mark.parametrize(
    ("days", "chosen", "names"),
    [
        (100, False, set()),
        (365, False, {"DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "CASEHOUSE_DAYS_PER_RUN"}),
        (365, True, {"DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"}),
    ],
)
def test_a_long_span_is_planned_as_a_whole_in_few_runs(
    settings: Settings, days: int, names: set[str], *, chosen: bool
) -> None:
    settings = settings if chosen else load_settings()
    first = ReportDay.parse("2026-01-01")
    wanted = Wanted({feed: tuple(span(first, first.plus(days - 1))) for feed in ("a/b", "a/c", "a/d")})
    environment = tuned_for(settings, wanted)
    assert set(environment) == names
    assert environment.get("CASEHOUSE_DAYS_PER_RUN", "183") == "183"


def test_a_commands_own_daemon_ticks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        names = {one.daemon_type() for one in working(instance)}
    assert names == {"BACKFILL", "QUEUED_RUN_COORDINATOR", "MONITORING", "EVENT_LOG_CONSUMER"}


def test_databases_that_are_gone_or_none_are_left_alone(tmp_path: Path) -> None:
    databases = OpenDatabases(tmp_path / "runs")
    databases.look()
    (tmp_path / "runs").mkdir()
    sqlite3.connect(tmp_path / "runs" / INDEX).close()
    (tmp_path / "runs" / "broken.db").write_text("no database", encoding="utf-8")
    (tmp_path / "runs" / "gone.db").symlink_to(tmp_path / "nowhere.db")
    databases.look()
    assert set(databases._open) == {INDEX}
    assert not (tmp_path / "nowhere.db").exists()
    databases.close()
    assert not databases._open


@pytest.mark.parametrize(("line", "said"), [("\n", "['platform:main', 'a']"), ("", "")])
def test_a_held_program_runs_when_it_is_told_and_never_else(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "held_program.py").write_text(
        "import sys\ndef main():\n    print(sys.argv)\n", encoding="utf-8"
    )
    done = subprocess.run(
        module("assets.held", "held_program:main", "a"),
        input=line,
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.strip() == said.replace("platform", "held_program")
