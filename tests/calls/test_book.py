"""A call that was made is on record: beside other writers, after a kill, whatever the disk does."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calls import SCHEMA, CallBook, CallMade, concerning, mark_made_good, read_calls
from pipelines.calls.book import concerned

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def made(at: datetime = NOW, **told: object) -> CallMade:
    one = {
        "source": "depot",
        "feed": "depot/parcels",
        "report_date": "2026-11-20",
        "attempt": 1,
        "method": "GET",
        "what": "depot list",
        "status": 200,
        "vendor_code": "",
        "bytes": 12,
        "seconds": 0.25,
        "outcome": "ok",
    }
    return CallMade(at=at, **(one | told))  # type: ignore[arg-type]  # msgspec's own


def book(root: Path, keep_days: int = 90) -> CallBook:
    return CallBook(root, "depot", keep_days=keep_days)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    writer = book(tmp_path)
    writer.write(
        made(NOW + timedelta(seconds=1), feed=None, report_date=None, status=None, outcome="no answer")
    )
    writer.write(made(vendor_code="19002 invalid_grant"))

    read = read_calls(tmp_path)

    assert dict(read.schema) == SCHEMA
    first, second = read.to_dicts()
    assert (first["at"], str(first["report_date"]), first["vendor_code"]) == (
        NOW,
        "2026-11-20",
        "19002 invalid_grant",
    )
    assert (second["feed"], second["report_date"], second["status"]) == (None, None, None)
    assert read_calls(tmp_path, NOW + timedelta(seconds=1)).height == 1
    assert read_calls(tmp_path / "nothing").is_empty()
    assert dict(read_calls(tmp_path / "nothing").schema) == SCHEMA


def test_a_file_holds_one_london_day(tmp_path: Path) -> None:
    for at in (datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC), datetime(2026, 7, 1, 23, 0, tzinfo=UTC)):
        book(tmp_path).write(made(at))
    names = sorted(path.name for path in (tmp_path / "calls").iterdir())
    assert names == ["2026-07-01.jsonl", "2026-07-02.jsonl"]


def test_only_the_days_that_are_to_be_kept_stay(tmp_path: Path) -> None:
    for days in (9, 3, 2):
        book(tmp_path, 9).write(made(NOW - timedelta(days=days)))
    other = tmp_path / "calls" / "notes.jsonl"
    other.write_text("not ours")

    book(tmp_path, 2).write(made())

    assert read_calls(tmp_path)["at"].to_list() == [NOW - timedelta(days=2), NOW]
    assert other.exists()
    book(tmp_path / "off", 0).write(made())
    assert not (tmp_path / "off").exists()


def test_threads_and_processes_never_mix_their_lines(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from tests.calls.test_book import book, made
        writer = book(Path(sys.argv[1]))
        for number in range(300):
            writer.write(made(attempt=number, what="x" * (number % 50)))
    """)
    others = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(2)]
    writer = book(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writer.write, [made(attempt=number) for number in range(400)]))
    assert [other.wait(30) for other in others] == [0, 0]
    read = read_calls(tmp_path)
    assert read.height == 1000
    assert read["attempt"].sum() == sum(range(400)) + 2 * sum(range(300))


def test_a_killed_process_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from tests.calls.test_book import book, made
        writer = book(Path(sys.argv[1]))
        for number in range(50):
            writer.write(made(attempt=number))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert read_calls(tmp_path)["attempt"].to_list() == list(range(50))


def test_a_full_disk_fails_no_call_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    writer = book(tmp_path)
    writer.write(made(attempt=1))
    real = os.write

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pipelines.calls.book.os.write", full)
    writer.write(made(attempt=2))
    writer.write(made(attempt=3))
    monkeypatch.setattr("pipelines.calls.book.os.write", lambda file, line: real(file, line[:40]))
    writer.write(made(attempt=4))
    monkeypatch.setattr("pipelines.calls.book.os.write", real)
    writer.write(made(attempt=5))

    told = [record.getMessage() for record in caplog.records]
    assert [line.partition(" (")[0] for line in told] == [
        "calls to depot are not recorded",
        "calls to depot are not recorded",
        "calls to depot are recorded again",
    ]
    assert "No space left on device" in told[0]
    assert read_calls(tmp_path)["attempt"].to_list() == [1, 5]
    assert "1 of 3 lines of 2026-11-23.jsonl cannot be read" in caplog.text


@given(torn=st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=40, deadline=None)
def test_whatever_stands_between_lines_harms_none(
    tmp_path_factory: pytest.TempPathFactory, torn: list[bytes]
) -> None:
    root = tmp_path_factory.mktemp("torn")
    writer = book(root)
    path = root / "calls" / "2026-11-23.jsonl"
    for number, rubbish in enumerate([b"", *torn]):
        if rubbish:
            with path.open("ab") as file:
                file.write(rubbish)
        writer.write(made(attempt=number))
    assert read_calls(root)["attempt"].to_list() == list(range(len(torn) + 1))


def test_a_failure_is_made_good_by_a_later_success_for_the_same_thing(tmp_path: Path) -> None:
    writer = book(tmp_path)
    for second, (feed, day, outcome) in enumerate(
        [
            ("depot/parcels", "2026-11-19", "ok"),
            ("depot/parcels", "2026-11-19", "failed"),
            ("depot/parcels", "2026-11-20", "cut short"),
            ("depot/parcels", "2026-11-20", "ok"),
            (None, None, "refused"),
            (None, None, "ok"),
            (None, None, "not finished"),
        ]
    ):
        writer.write(made(NOW + timedelta(seconds=second), feed=feed, report_date=day, outcome=outcome))
    marked = mark_made_good(read_calls(tmp_path))
    assert marked["made_good"].to_list() == [None, False, True, None, True, None, None]
    assert marked["failed"].to_list() == [False, True, True, False, True, False, False]
    assert marked.filter(pl.col("failed") & pl.col("made_good").is_null()).is_empty()


def test_each_thread_says_for_itself_what_it_is_concerned_with() -> None:
    def work(number: int) -> tuple[str | None, str | None]:
        with concerning(f"depot/{number}", "2026-11-20"):
            return concerned()

    with ThreadPoolExecutor(3) as pool, concerning("depot/mine", "2026-11-19"):
        told = list(pool.map(work, range(20)))
        assert concerned() == ("depot/mine", "2026-11-19")
    assert told == [(f"depot/{number}", "2026-11-20") for number in range(20)]
    assert concerned() == (None, None)
