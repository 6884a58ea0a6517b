"""Readers never wait and never see half a catalogue; a rebuild that dies leaves the old one."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import Permanent, Transient
from pipelines.settings import ROOT
from pipelines.warehouse import build, catalogue_path, connect, run_query
from pipelines.warehouse.catalogue import _Builder
from tests.plain_source import PARCELS, PlainSource, fill
from tests.warehouse.loaded import FEEDS, load, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.days import ReportDay
    from pipelines.lake import Lake

COUNT = "select count(*) from ops.completeness"

# Two kinds of reader that know nothing of Casehouse: one opens the file by name each time, one attaches it;
# both keep a connection from before the first swap. Each prints how often it read, or dies of its error.
READER = """
import sys, duckdb
path, way = sys.argv[1:]
count = "select count(label), (select count(*) from casehouse.ops.completeness) from casehouse.depot.parcels"
kept = duckdb.connect()
kept.execute("attach ? as casehouse (read_only)", [path])
def fresh():
    if way == "attach":
        con = duckdb.connect()
        con.execute("attach ? as casehouse (read_only)", [path])
        return con
    return duckdb.connect(path, read_only=True)
reads = 0
print("reading", flush=True)
import select
while not select.select([sys.stdin], [], [], 0.01)[0]:
    with fresh() as con:
        assert con.execute(count).fetchone() == (15, 5)
    assert kept.execute(count).fetchone() == (15, 5)
    reads += 1
print(reads)
"""

# A rebuild that stops in the middle and says so.
STOPPED = """
import sys, time
from pathlib import Path
from pipelines.days import ReportDay
from pipelines.lake import Lake
from pipelines.warehouse import build, evidence
from tests.warehouse.loaded import FEEDS
def stop(*_):
    print("half done", flush=True)
    time.sleep(60)
evidence.failures_of = stop
day = ReportDay.parse("2026-11-01")
build(Lake(Path(sys.argv[1])), FEEDS, since=day, until=day)
"""

# Somebody's read-write session that is killed before it wrote its log into the file.
SCRIBBLER = """
import os, sys, signal, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("create table mine as select 1 as a")
os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def python(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_readers_in_other_processes_go_on_through_many_rebuilds(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days, fill(PlainSource(), days))
    rebuild(lake, days)
    path = catalogue_path(lake)
    with python(READER, path, "open") as opener, python(READER, path, "attach") as attacher:
        assert first_line(opener) == first_line(attacher) == "reading"
        for number in range(12):
            rebuild(lake, days, afresh=number % 3 == 0)  # monthly files are replaced, too
        for reader in (opener, attacher):
            reads, complaint = reader.communicate("stop\n", timeout=60)
            assert complaint == ""
            assert int(reads) > 12
    assert run_query(lake, COUNT).item() == 5


def test_threads_of_this_process_go_on_and_see_the_new_one(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    done = threading.Event()

    def read() -> int:
        reads = 0
        while not done.is_set():
            assert run_query(lake, COUNT).item() == 5
            reads += 1
        return reads

    with closing(connect(lake)) as old, ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for _ in range(10):
            rebuild(lake, days)
        done.set()
        assert all(reader.result() for reader in readers)
        build(lake, FEEDS, since=days[0], until=days[1])
        assert old.execute(COUNT).fetchone() == (5,)
        assert run_query(lake, COUNT).item() == 2


def test_a_killed_rebuild_leaves_the_old_catalogue_and_the_next_sweeps(
    lake: Lake, days: list[ReportDay]
) -> None:
    rebuild(lake, days)
    with python(STOPPED, lake.root) as process:
        assert first_line(process) == "half done"
        process.send_signal(signal.SIGKILL)
    assert run_query(lake, COUNT).item() == 5
    assert list(lake.root.glob(".casehouse.duckdb.*")) != []
    rebuild(lake, days)
    assert list(lake.root.glob(".casehouse.duckdb.*")) == []
    assert run_query(lake, COUNT).item() == 5


def test_a_failed_rebuild_leaves_the_old_catalogue_and_nothing_else(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild(lake, days)

    def no_room(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(_Builder, "_create_views", no_room)
    with pytest.raises(Permanent, match="No space left on device") as caught:
        rebuild(lake, days)
    assert "the old one still stands" in caught.value.todo
    assert list(lake.root.glob(".casehouse.duckdb.*")) == []
    assert run_query(lake, COUNT).item() == 5


def test_the_log_of_a_read_write_session_goes_with_the_old_file(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    path = catalogue_path(lake)
    path.chmod(0o644)
    with python(SCRIBBLER, path) as process:
        process.wait()
    log = path.with_name("casehouse.duckdb.wal")
    assert log.exists()
    rebuild(lake, days)
    assert not log.exists()
    assert run_query(lake, COUNT).item() == 5


def test_the_catalogue_is_published_read_only(lake: Lake, days: list[ReportDay]) -> None:
    path = rebuild(lake, days).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list(lake.root.glob("*.wal")) == []


def test_one_rebuild_at_a_time(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    lock = lake.root / ".locks" / "casehouse.duckdb.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Transient, match="another process") as caught:
            build(lake, FEEDS, since=days[0], until=days[-1], wait_seconds=0.1)
        assert "casehouse rebuild" in caught.value.todo
    with ThreadPoolExecutor(4) as pool:
        for built in [pool.submit(rebuild, lake, days) for _ in range(4)]:
            assert built.result().days == {"missing": 5}


def test_a_rebuild_reads_only_what_changed(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load(lake, days, source)
    assert (rebuild(lake, days).files_read, rebuild(lake, days).files_read) == (5, 0)
    fill(source, days[:1], count=4)
    load(lake, days[:1], source)
    lake.path(PARCELS.key, days[1]).unlink()
    summary = rebuild(lake, days)
    assert (summary.files_read, summary.files_kept) == (1, 3)
    kept = run_query(lake, "select * from ops.receipts order by report_date").rows()
    assert len(kept) == 4
    assert rebuild(lake, days, afresh=True).files_read == 4
    assert run_query(lake, "select * from ops.receipts order by report_date").rows() == kept


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 50_000])
def test_a_ruined_catalogue_is_named_and_built_again(
    lake: Lake, days: list[ReportDay], content: bytes
) -> None:
    load(lake, days, fill(PlainSource(), days))
    path = rebuild(lake, days).path
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(Permanent, match="casehouse rebuild"):
        run_query(lake, COUNT)
    assert rebuild(lake, days).files_read == 5
    assert run_query(lake, COUNT).item() == 5


def test_a_catalogue_of_other_definitions_is_not_built_upon(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(lake, days, fill(PlainSource(), days))
    rebuild(lake, days)
    monkeypatch.setattr("pipelines.warehouse.catalogue.definitions_digest", lambda: "other")
    assert rebuild(lake, days).files_kept == 0


def test_older_tools_can_open_it(lake: Lake, days: list[ReportDay]) -> None:
    path = rebuild(lake, days).path
    # Bytes 12 to 20 are the storage version. DuckDB 1.2 to 1.4 read 64 and 65; 2.0 by itself writes 999.
    with path.open("rb") as file:
        header = file.read(20)
    assert int.from_bytes(header[12:20], "little") == 65
