"""Dagster's storage is kept small, and what is loaded stays green."""

from __future__ import annotations

import logging
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from assets import retention
from assets.definitions import build_defs
from assets.retention import THINNED, Forgotten, compact_files, forget_runs
from pipelines import dagster_files
from pipelines.days import span
from pipelines.feeds import Policy
from pipelines.raw.shelf import Shelf
from pipelines.settings import load_settings
from tests.assets.conftest import FIRST, PARCELS_KEY
from tests.plain_source import PARCELS, PlainSource, fill, load_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.settings import Settings
    from tests.assets.conftest import Depot

DAYS = list(span(FIRST, FIRST.plus(3)))
FAILED = "2026-11-03"


@pytest.fixture(params=["sqlite", "postgres"])
def kept(
    request: pytest.FixtureRequest, project: Path, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Depot]:
    """Lend the depot with its history in a storage of the product's own kinds, and runs of every sort."""
    if request.param == "postgres":
        monkeypatch.setenv("CASEHOUSE_DAGSTER_POSTGRES_URL", request.getfixturevalue("database"))
    with dg.DagsterInstance.from_config(str(project)) as instance:
        depot.instance = instance
        yield depot


def run_of_something_else(instance: dg.DagsterInstance) -> str:
    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def other() -> None:
        nothing()

    return other.execute_in_process(instance=instance).run_id


def shards(project: Path) -> set[str]:
    return {path.stem for path in (project / ".dagster" / "history" / "runs").glob("*.db")}


def test_what_is_loaded_stays_green_and_the_rest_is_forgotten(kept: Depot, project: Path) -> None:
    instance = kept.instance
    kept.source.errors[FAILED] = OSError("the disk is tired")
    first = kept.run(str(FIRST), str(FIRST.plus(1))).run_id  # every day of it is loaded again below
    second = kept.run(str(FIRST), str(FIRST.plus(3))).run_id
    newest = kept.run_day(str(FIRST)).run_id
    other = run_of_something_else(instance)
    output = project / ".dagster" / "compute_logs" / other / "a.out"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("told", encoding="utf-8")
    before, told_before = kept.statuses(DAYS), dict(kept.materialisations())
    assert before.pop(FAILED) == "FAILED"
    assert set(before.values()) == {"MATERIALIZED"}

    told = forget_runs(instance, datetime.now(UTC) + timedelta(minutes=1))

    assert (told.deleted, told.thinned) == (2, 2)
    assert {run.run_id for run in instance.get_runs()} == {second, newest}
    assert not output.exists()
    assert not {first, other} & shards(project)
    instance.event_log_storage.wipe_asset_cached_status(PARCELS_KEY)  # worked out anew
    after = kept.statuses(DAYS)
    assert after.pop(FAILED) == "FAILED"
    assert after == before
    assert dict(kept.materialisations()) == told_before
    run = instance.get_run_by_id(second)
    assert run is not None
    assert run.tags.items() >= THINNED.items()
    assert not [
        event
        for event in instance.all_logs(second)
        if event.dagster_event_type is dg.DagsterEventType.STEP_START
    ]
    # Once more: nothing is left to forget, and a refresh of a day goes as ever.
    assert forget_runs(instance, datetime.now(UTC) + timedelta(minutes=1)) == Forgotten()
    kept.source.errors.clear()
    assert kept.run_day(FAILED).success
    assert set(kept.statuses(DAYS).values()) == {"MATERIALIZED"}


def test_runs_that_are_young_or_not_over_are_left_alone(depot: Depot) -> None:
    instance = depot.instance
    young = run_of_something_else(instance)
    instance.add_run(
        dg.DagsterRun(
            job_name="a", run_id="00000000-0000-0000-0000-000000000001", status=dg.DagsterRunStatus.STARTED
        )
    )
    assert forget_runs(instance, datetime.now(UTC) - timedelta(minutes=1)) == Forgotten()
    assert forget_runs(instance, datetime.now(UTC) + timedelta(minutes=1)).deleted == 1
    assert not instance.has_run(young)
    assert instance.has_run("00000000-0000-0000-0000-000000000001")


def test_many_runs_are_forgotten_in_batches_and_at_most_so_many(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "MOST", 10)
    depot.run_day(str(FIRST))
    for number in range(14):
        depot.instance.add_run(
            dg.DagsterRun(job_name="a", run_id=f"run-{number:02}", status=dg.DagsterRunStatus.SUCCESS)
        )
    late = datetime.now(UTC) + timedelta(minutes=1)
    assert forget_runs(depot.instance, late) == Forgotten(deleted=9, thinned=1)
    assert forget_runs(depot.instance, late) == Forgotten(deleted=5)
    assert len(depot.instance.get_runs()) == 1


def test_files_with_holes_are_compacted_and_one_in_use_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LOCK_SECONDS", 0.01)
    path = tmp_path / "history" / "runs.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as filled:
        filled.execute("CREATE TABLE told (words TEXT)")
        filled.executemany("INSERT INTO told VALUES (?)", [("x" * 1000,)] * 1000)
        filled.execute("DELETE FROM told")
    before = path.stat().st_size
    filled.execute("BEGIN IMMEDIATE")
    told = Forgotten()
    with caplog.at_level(logging.WARNING):
        compact_files(tmp_path, told)
    assert (told.compacted, told.in_use, path.stat().st_size) == (0, 1, before)
    assert "runs.db is in use" in caplog.text
    filled.close()
    compact_files(tmp_path, told)
    assert told.compacted == 1
    assert path.stat().st_size < before / 10


def test_the_job_tells_what_it_forgot_and_how_large_the_files_are(project: Path, settings: Settings) -> None:
    later = datetime.now(UTC) + timedelta(days=91)
    job = build_defs(settings=settings, now=lambda: later).resolve_job_def("forget_old_runs")
    with dg.DagsterInstance.from_config(str(project)) as instance:
        run_of_something_else(instance)
        result = job.execute_in_process(instance=instance)
        (event,) = (one for one in result.all_events if one.event_type is dg.DagsterEventType.STEP_OUTPUT)
        told = {key: value.value for key, value in event.step_output_data.metadata.items()}
    assert told.items() >= {"runs_deleted": 1, "runs_thinned": 0, "files_in_use": 0}.items()
    assert {told["megabytes"], told["megabytes_before"]} <= {0, 1, 2}


def test_bodies_and_calls_go_when_their_time_is_over_though_nobody_loads_their_feed(
    project: Path, settings: Settings, lake: Lake
) -> None:
    load_one(FIRST, fill(PlainSource(), [FIRST]), lake, Policy(raw_days=30))
    calls, now = lake.root / "calls", datetime.now(UTC)
    calls.mkdir()
    old, young = calls / f"{now.date()}.jsonl", calls / f"{now.date() + timedelta(days=9)}.jsonl"
    for path in (old, young):
        path.touch()
    present = [now + timedelta(days=29)]
    job = build_defs(settings=settings, lake=lake, now=lambda: present[-1]).resolve_job_def("forget_old_runs")
    with dg.DagsterInstance.from_config(str(project)) as instance:
        job.execute_in_process(instance=instance)
        assert Shelf(lake.root, PARCELS.key).days() == [FIRST]
        assert old.exists()
        present.append(now + timedelta(days=91))
        job.execute_in_process(instance=instance)
    assert Shelf(lake.root, PARCELS.key).days() == []
    assert not old.exists()
    assert young.exists()
    assert lake.days(PARCELS.key) == [FIRST]


def test_the_doctor_warns_of_large_files_and_names_postgres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = load_settings(dagster_sqlite_mb=3)
    assert dagster_files.examine(settings) == (True, "SQLite, 0 MB", "")
    folder = tmp_path / ".dagster" / "history" / "runs"
    folder.mkdir(parents=True)
    for name in ("index.db", "index.db-wal"):
        with (folder / name).open("wb") as file:
            os.truncate(file.fileno(), 2_000_000)
    ok, told, todo = dagster_files.examine(settings)
    assert (ok, told) == (False, "SQLite, 4 MB; from 3 MB on it grows slow")
    assert "CASEHOUSE_DAGSTER_POSTGRES_URL" in todo
    away = load_settings(dagster_postgres_url="postgresql://user:secret@db.council/dagster")
    assert dagster_files.examine(away) == (True, "PostgreSQL, dagster at db.council", "")
