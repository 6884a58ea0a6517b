"""Who asked for whom: nothing that was answered is missing, whatever ends the process or fills the disk."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from pipelines import cli
from pipelines.errors import Permanent
from pipelines.kpi import access, journal
from pipelines.kpi.access import JOURNALS, TABLE, AccessBook, read_accesses
from pipelines.kpi.journal import Journal
from pipelines.kpi.records import accesses
from pipelines.kpi.serving import customer_hash
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC)


class Lines(list[bytes]):
    """What was echoed."""

    def __call__(self, lines: bytes) -> None:
        self.extend(lines.splitlines())


def book(folder: Path, echo: Callable[[bytes], object] | None = None, days: int = 30) -> AccessBook:
    return AccessBook(folder, keep_days=days, echo=Lines() if echo is None else echo, clock=NOW.timestamp)


def journals(folder: Path) -> list[Path]:
    return sorted((folder / JOURNALS).iterdir())


def test_an_access_is_a_row_and_a_line(tmp_path: Path) -> None:
    echoed = Lines()
    one = book(tmp_path, echoed)
    one.record("itx", "ab12", 200, "found", 17)
    for _ in range(3):
        one.refuse(401, "")
    one.refuse(400, "itx")
    one.fold()
    rows = read_accesses(tmp_path)
    assert rows[0] == ("2026-11-22T10:00:00.250000Z", "itx", "ab12", 200, "found", 17, 1)
    at = rows[0][0]
    assert sorted(rows[1:]) == [(at, "", "", 401, "", None, 3), (at, "itx", "", 400, "", None, 1)]
    assert json.loads(echoed[0]) == {
        "at": at,
        "token": "itx",
        "customer": "ab12",
        "status": 200,
        "card": "found",
        "micros": 17,
    }
    assert len(echoed) == 3
    assert len(journals(tmp_path)) == 1


def test_what_is_not_folded_yet_is_read_too(tmp_path: Path) -> None:
    one = book(tmp_path)
    one.record("itx", "ab12", 200, "found", 17)
    one.fold()
    one.record("itx", "cd34", 304, "shared", 5)
    assert [row[2] for row in read_accesses(tmp_path)] == ["ab12", "cd34"]
    assert [row[3] for row in read_accesses(tmp_path, customers=["cd34"])] == [304]
    assert read_accesses(tmp_path, customers=[]) == []
    assert len(read_accesses(tmp_path, since=NOW)) == 2
    assert [row[2] for row in read_accesses(tmp_path, most=1)] == ["cd34"]
    assert [row[2] for row in read_accesses(tmp_path, most=9)] == ["ab12", "cd34"]
    assert read_accesses(tmp_path, since=NOW + timedelta(seconds=1)) == []
    assert read_accesses(tmp_path / "elsewhere") == []


def test_records_are_private(tmp_path: Path) -> None:
    one = book(tmp_path)
    one.record("itx", "ab12", 200, "found", 17)
    one.fold()
    paths = [tmp_path / TABLE, *journals(tmp_path)]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_second_server_leaves_the_journal_of_the_first_alone(tmp_path: Path) -> None:
    first, second = book(tmp_path), book(tmp_path)
    first.record("itx", "first", 200, "found", 1)
    second.record("itx", "second", 200, "found", 1)
    second.fold()
    with sqlite3.connect(tmp_path / TABLE) as table:
        assert table.execute("SELECT customer FROM access").fetchall() == [("second",)]
    table.close()
    first.fold()
    assert sorted(row[2] for row in read_accesses(tmp_path)) == ["first", "second"]


def test_a_journal_that_is_found_again_counts_once(tmp_path: Path) -> None:
    echoed = Lines()
    one = book(tmp_path, echoed)
    one.record("itx", "ab12", 200, "found", 17)
    (path,) = journals(tmp_path)
    with journal.left_alone(path) as is_left:
        assert not is_left
    content = journal.whole_lines(path)
    one.fold()
    path.write_bytes(content)  # as if the machine went down between the table and the removal
    assert len(read_accesses(tmp_path)) == 1
    one.fold()
    assert len(read_accesses(tmp_path)) == 1
    assert len(echoed) == 1
    assert not path.exists()


def test_a_journal_with_gaps_gives_the_lines_that_are_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = book(tmp_path)
    good = b'{"at":"2026-11-22T09:00:00.000000Z","token":"itx","customer":"%d","status":200}\n'
    lines = [good % 1, b"\0" * 40 + b"\n", good % 2, b'{"at":"2026\n', good % 3, b'{"at":']
    left = tmp_path / JOURNALS / f"20261122T090000-x{journal.SUFFIX}"
    left.write_bytes(b"".join(lines) + b"\0" * 100)
    assert [row[2] for row in read_accesses(tmp_path)] == ["1", "2", "3"]
    one.fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["1", "2", "3"]
    assert not left.exists()
    assert "a line or more is lost" in caplog.text


def test_a_full_journal_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SIZE", 4096)
    one = book(tmp_path)
    for number in range(100):
        one.record("itx", f"{number:03}", 200, "found", 1)
    for number in range(100):
        one.refuse(401, f"name-{number}")
    assert len(journals(tmp_path)) > 2
    one.fold()
    rows = read_accesses(tmp_path)
    assert sorted(row[2] for row in rows if row[2]) == [f"{number:03}" for number in range(100)]
    assert len({row[1] for row in rows}) == 101
    assert len(journals(tmp_path)) <= 2


def fill(one: AccessBook) -> int:
    """Record until it is refused; return how many were kept."""
    for kept in range(100):
        try:
            one.record("itx", f"{kept:03}", 200, "found", 1)
        except OSError:
            return kept
    raise AssertionError("it is never full")


def test_a_full_disk_shows_nothing_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal, "SIZE", 4096)
    one = book(tmp_path)
    full = OSError(28, "No space left on device")

    def refuse(*_: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        kept = fill(one)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                one.record("itx", "more", 200, "found", 1)
            one._try_to_fold()
        assert "no card is shown: No space left" in one.faults["recording"]
        assert "stay in the journal: No space left" in one.faults["folding"]
        assert caplog.text.count("no card is shown") == 1
        assert caplog.text.count("stay in the journal") == 1
    one._try_to_fold()
    assert one.faults == {}
    assert len(journals(tmp_path)) == 1
    one.record("itx", "again", 200, "found", 1)
    assert [row[2] for row in read_accesses(tmp_path)] == [
        *(f"{number:03}" for number in range(kept)),
        "again",
    ]


def test_a_full_disk_is_not_filled_with_empty_journals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests ask the disk again only after a while, and leave nothing behind when it is still full."""
    monkeypatch.setattr(journal, "SIZE", 4096)
    one = book(tmp_path)
    full = OSError(28, "No space left on device")
    tried = []

    def refuse(*_: object) -> None:
        tried.append(1)
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        fill(one)
        for _ in range(50):
            with pytest.raises(OSError, match="No space"):
                one.record("itx", "more", 200, "found", 1)
        assert len(tried) == 1
        assert len(journals(tmp_path)) == 1
    one._retry_at = 0.0
    one.record("itx", "again", 200, "found", 1)
    assert one.faults == {}


def test_a_journal_that_somebody_removed_is_written_again(tmp_path: Path) -> None:
    one = book(tmp_path)
    one.record("itx", "before", 200, "found", 1)
    shutil.rmtree(tmp_path)
    one.record("itx", "after", 200, "found", 1)
    one.fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["before", "after"]


def test_a_removed_journal_waits_until_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = book(tmp_path)
    one.record("itx", "ab12", 200, "found", 1)
    journals(tmp_path)[0].unlink()
    fresh = Journal(tmp_path / JOURNALS)
    with monkeypatch.context() as patch:
        made = iter([fresh])
        patch.setattr(access, "Journal", lambda _: next(made))
        patch.setattr(journal, "Journal", lambda _: (_ for _ in ()).throw(PermissionError(13, "denied")))
        one._try_to_fold()
    assert "denied" in one.faults["folding"]
    one._try_to_fold()
    assert one.faults == {}
    assert [row[2] for row in read_accesses(tmp_path)] == ["ab12"]


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), TimeoutError(110, "it takes nothing")])
def test_a_console_that_takes_nothing_loses_no_access(
    tmp_path: Path, error: OSError, caplog: pytest.LogCaptureFixture
) -> None:
    one = book(tmp_path, lambda _: (_ for _ in ()).throw(error))
    for number in range(3):
        one.record("itx", str(number), 200, "found", 1)
        one._try_to_fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["0", "1", "2"]
    assert list(one.faults) == ["echoing"]
    assert caplog.text.count("the table has them") == 1
    assert len(journals(tmp_path)) == 1


def test_a_table_that_is_busy_is_not_told_as_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = book(tmp_path)
    one.record("itx", "ab12", 200, "found", 1)
    real = access._insert
    busy = iter([sqlite3.OperationalError("database is locked")])

    def insert(*words: Any) -> bool:  # noqa: ANN401 - as it is called
        for error in busy:
            raise error
        return real(*words)

    monkeypatch.setattr(access, "_insert", insert)
    one._try_to_fold()
    assert "database is locked" in one.faults["folding"]
    one._try_to_fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["ab12"]
    assert "is lost" not in caplog.text


def test_whatever_goes_wrong_the_next_second_comes(tmp_path: Path) -> None:
    secret = "QQ123456C"
    one = book(tmp_path, lambda _: (_ for _ in ()).throw(ValueError(secret)))
    one.record("itx", "ab12", 200, "found", 1)
    one._try_to_fold()
    assert "unforeseen ValueError at test_access.py:" in one.faults["folding"]
    assert secret not in str(one.faults)
    one._try_to_fold()
    assert one.faults == {}


def test_a_clock_that_goes_back_is_taken_as_it_is(tmp_path: Path) -> None:
    times = iter([1_800_000_000.5, 1_700_000_000.25, 1_800_000_001.0])
    one = AccessBook(tmp_path, keep_days=3650, echo=Lines(), clock=lambda: next(times, 1_800_000_002.0))
    for number in range(3):
        one.record("itx", str(number), 200, "found", 1)
    one.fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["1", "0", "2"]


def test_a_table_that_cannot_be_written_keeps_the_journal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / TABLE).write_bytes(b"no database at all, but long enough to be told from an empty one" * 20)
    one = book(tmp_path)
    one.record("itx", "ab12", 200, "found", 1)
    for _ in range(3):
        one._try_to_fold()
    assert "stay in the journal" in one.faults["folding"]
    assert str(tmp_path / TABLE) in one.faults["folding"]
    assert caplog.text.count("accesses stay in the journal") == 1
    (tmp_path / TABLE).unlink()
    one._try_to_fold()
    assert [row[2] for row in read_accesses(tmp_path)] == ["ab12"]
    assert one.faults == {}


def test_old_accesses_are_forgotten(tmp_path: Path) -> None:
    one = book(tmp_path, days=30)
    lines = [
        f'{{"at":"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%S}.000000Z","token":"itx","status":200}}\n'
        for days in (0, 29, 31, 400)
    ]
    (tmp_path / JOURNALS / f"x{journal.SUFFIX}").write_text("".join(lines))
    one.fold()
    assert len(read_accesses(tmp_path)) == 2


def test_nothing_is_lost_while_threads_record_and_another_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FOLD_SECONDS", 0.005)
    monkeypatch.setattr(journal, "SIZE", 16 * 1024)
    echoed = Lines()
    one = book(tmp_path, echoed)
    one.start()

    def record(name: int) -> None:
        for number in range(1500):
            one.record("itx", f"{name}-{number}", 200, "found", 1)
            one.refuse(401, "")

    threads = [threading.Thread(target=record, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.stop()
    rows = read_accesses(tmp_path)
    assert sorted(row[2] for row in rows if row[2]) == sorted(
        f"{name}-{number}" for name in range(3) for number in range(1500)
    )
    assert sum(row[6] for row in rows if row[3] == 401) == 4500
    assert len(echoed) == len(rows)
    assert [path.stat().st_size for path in journals(tmp_path)] in ([], [0])


KILLED = """
import sys
from pathlib import Path
from pipelines.kpi.access import AccessBook
book = AccessBook(Path(sys.argv[1]), keep_days=3650, echo=lambda lines: None)
book.start()
number = 0
while True:
    book.record("itx", str(number), 200, "found", 1)
    if number % 100 == 0:
        print(number, flush=True)
    number += 1
"""


def test_a_killed_server_loses_no_access(tmp_path: Path) -> None:
    for wait in (0.0, 0.05, 0.3):
        folder = tmp_path / str(wait)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        threading.Event().wait(wait)
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().splitlines() if line]
        process.wait()
        process.stdout.close()
        last = max(told, default=0)
        numbers = [int(row[2]) for row in read_accesses(folder)]
        assert sorted(numbers) == list(range(len(numbers)))
        assert len(numbers) > last
        follower = book(folder, days=3650)
        follower.fold()
        assert sorted(int(row[2]) for row in read_accesses(folder)) == sorted(numbers)


def test_a_journal_is_made_again_when_another_server_swept_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    swept: list[Path] = []

    def lock_late(file: int, how: int) -> None:
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].unlink()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    one = Journal(tmp_path)
    assert one.append(b"{}\n")
    one.close()
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == b"{}\n"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records of two customers, where the commands look for them."""
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    hashed = customer_hash(load_settings())
    one = AccessBook(tmp_path / "kpi", keep_days=30, echo=Lines())
    one.record("itx", hashed("tel:+442079460000"), 200, "found", 17)
    one.record("itx", hashed("id:C-1"), 200, "found", 18)
    one.fold()
    return tmp_path


@pytest.mark.parametrize("customer", ["+442079460000", "020 7946 0000", "0044 20 7946 0000"])
def test_an_auditor_finds_a_customer_in_any_spelling(told: Path, customer: str) -> None:
    rows = accesses(load_settings(data_dir=told), customer=customer)
    assert rows["micros"].to_list() == [17]
    assert accesses(load_settings(data_dir=told), customer="C-2").height == 0


def test_records_that_cannot_be_read_are_told(told: Path) -> None:
    (told / "kpi" / TABLE).write_bytes(
        b"no database at all, but long enough to be told from an empty one" * 20
    )
    with pytest.raises(Permanent, match=r"cannot be read \(file is not a database\). To do: read them from"):
        accesses(load_settings(data_dir=told))


def test_an_identifier_may_be_typed_instead_of_given(told: Path) -> None:
    """Arguments of a command are in the list of processes, and often in a history."""
    assert told.exists()
    answer = CliRunner().invoke(cli.cli, ["kpi", "log", "--csv", "--customer"], input="C-1\n")
    assert answer.exit_code == 0
    assert "found" in answer.output


def test_the_command_tells_accesses(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told.exists()
    with pytest.raises(SystemExit) as end:
        cli.main(["kpi", "log", "--csv", "--customer", "C-1", "--days", "1"])
    assert end.value.code == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["token"], row["card"], row["micros"]) == ("itx", "found", "18")
    assert row["customer"] == customer_hash(load_settings())("id:C-1")
    with pytest.raises(SystemExit):
        cli.main(["kpi", "log"])
    shown = capsys.readouterr().out
    assert "itx" in shown
    assert "C-1" not in shown
