"""Who asked for whom, and when: a journal that is written before the answer, folded into a table each second.

Every second a thread takes the journal away, flushes it, writes it into the SQLite table `access` in one
transaction, and to the console as the service's access lines; the table is what counts, a console that takes
nothing holds nobody up. A journal that a killed server left is folded by the next. Lost are, at most, the
last second's lines when the machine itself goes down, and the last second's counts of refusals, which are
about nobody.

A line holds a keyed hash of the identifier, never the identifier, and the name of the token, never the token.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pipelines.kpi.journal import SUFFIX, Journal, left_alone, whole_lines
from pipelines.telling import where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

TABLE = "access.sqlite"
JOURNALS = "access"
FOLD_SECONDS = 1.0
COLUMNS = ("at", "token", "customer", "status", "card", "micros", "times")

_PRIVATE = 0o600
_REMEMBER = timedelta(days=2)
_SWEEP_SECONDS = 3600.0
_RETRY_SECONDS = 1.0
_MICROS = 1_000_000

_MAKE = """
CREATE TABLE IF NOT EXISTS access (
    at TEXT NOT NULL,
    token TEXT NOT NULL,
    customer TEXT NOT NULL,
    status INTEGER NOT NULL,
    card TEXT NOT NULL,
    micros INTEGER,
    times INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS access_at ON access (at);
CREATE TABLE IF NOT EXISTS folded (journal TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
"""
_MARK = "INSERT OR IGNORE INTO folded (journal, at) VALUES (?, ?)"
_FOLD = """
INSERT INTO access (at, token, customer, status, card, micros, times)
SELECT value ->> 'at', value ->> 'token', coalesce(value ->> 'customer', ''), value ->> 'status',
    coalesce(value ->> 'card', ''), value ->> 'micros', coalesce(value ->> 'times', 1)
FROM json_each(?)
"""
_READ = """
SELECT at, token, customer, status, card, micros, times FROM access
WHERE at >= :since AND (:customers IS NULL OR customer IN (SELECT value FROM json_each(:customers)))
ORDER BY at DESC, rowid DESC LIMIT :most
"""

_LINE = '{"at":"%s.%06dZ","token":"%s","customer":"%s","status":%d,"card":"%s","micros":%d}\n'
_REFUSED = '{"at":"%s.%06dZ","token":"%s","status":%d,"times":%d}\n'

_log = logging.getLogger(__name__)

Row = tuple[str, str, str, int, str, int | None, int]
# What can go wrong, each told when it begins, when its reason changes, and when it is over.
Fault = Literal["recording", "folding", "echoing"]
_OVER: dict[Fault, str] = {
    "recording": "accesses are recorded again, and cards are shown",
    "folding": "accesses are in the table again",
    "echoing": "access lines are written again",
}


class AccessBook:
    """Records accesses of one server process. Any thread may record; one thread of its own folds."""

    def __init__(
        self,
        folder: Path,
        *,
        keep_days: int,
        echo: Callable[[bytes], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.faults: dict[Fault, str] = {}
        self._table, self._journals = folder / TABLE, folder / JOURNALS
        self._keep = timedelta(days=keep_days)
        self._echo = echo
        self._clock = clock
        self._lock = threading.Lock()
        self._refusals: Counter[tuple[int, str]] = Counter()
        self._stamp = (-1, "")
        self._sweep_at = 0.0
        self._refused: tuple[int | None, str] | None = None
        self._retry_at = 0.0
        self._journal = Journal(self._journals)
        self._full: list[Journal] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._fold_on, name="access", daemon=True)

    def start(self) -> None:
        """Begin to fold, with what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """Fold what is left, and end."""
        self._ending.set()
        self._thread.join()
        self._try_to_fold()
        self._journal.close()

    def record(self, token: str, customer: str, status: int, card: str, micros: int) -> None:
        """Append an access to the journal; raise OSError when the disk will not have it."""
        line = (_LINE % (*self._stamped(self._clock()), token, customer, status, card, micros)).encode()
        with self._lock:
            if not self._journal.append(line):
                self._go_on().append(line)

    def refuse(self, status: int, token: str) -> None:
        """Count a refusal; one line a second tells each kind, however often it comes."""
        with self._lock:
            self._refusals[int(status), token] += 1

    def fold(self) -> None:
        """Take the journal away; write it, and what others left, into the table."""
        if self._refusals or not self._journal.is_empty:
            with self._lock:
                self._write_refusals()
            fresh = Journal(self._journals)  # before the lock: whoever records does not wait for the disk
            with self._lock:
                self._turn_page(fresh)
        while self._full:
            self._full[0].restore()
            self._full.pop(0).close()
        for journal in sorted(self._journals.glob(f"*{SUFFIX}")):
            with left_alone(journal) as is_left:
                if is_left:
                    self._fold_one(journal)
        if time.monotonic() >= self._sweep_at:
            self._sweep()

    def _stamped(self, at: float) -> tuple[str, int]:
        """Return the second as it is written, and microseconds."""
        second = int(at)
        known, stamp = self._stamp
        if second != known:
            stamp = _told(second)
            self._stamp = (second, stamp)
        return stamp, int((at - second) * _MICROS)

    def _go_on(self) -> Journal:
        """Go on with a fresh journal in the middle of a second, unless that failed just now."""
        now = time.monotonic()
        if self._refused and now < self._retry_at:
            raise OSError(*self._refused)
        try:
            return self._turn_page(Journal(self._journals))
        except OSError as error:
            self._refused, self._retry_at = (error.errno, _why(error)), now + _RETRY_SECONDS
            self._tell("recording", f"accesses cannot be recorded, so no card is shown: {_why(error)}")
            raise

    def _turn_page(self, fresh: Journal) -> Journal:
        """Put a fresh journal in the place of the full one, which the thread that folds will close."""
        self._full.append(self._journal)
        self._journal = fresh
        self._refused = None
        self._tell("recording", None)
        return fresh

    def _write_refusals(self) -> None:
        for (status, token), times in list(self._refusals.items()):
            line = (_REFUSED % (*self._stamped(self._clock()), token, status, times)).encode()
            if not self._journal.append(line):
                self._go_on().append(line)
            del self._refusals[status, token]

    def _fold_one(self, journal: Path) -> None:
        """Write a journal into the table once, however often it is found."""
        lines = whole_lines(journal)
        is_new = bool(lines) and self._insert(journal.name, lines)
        journal.unlink()
        if is_new:
            self._show(lines)

    def _insert(self, name: str, lines: bytes) -> bool:
        """Write lines into the table, those that can be read; return whether the journal is a new one."""
        with closing(_open(self._table)) as table:
            try:
                return _insert(table, name, lines, self._clock())
            except sqlite3.OperationalError:
                readable = _readable(lines)
                if readable == lines:
                    raise
                is_new = _insert(table, name, readable, self._clock())
        _log.error("%s was cut when the machine went down: a line or more is lost", name)
        return is_new

    def _show(self, lines: bytes) -> None:
        try:
            self._echo(lines)
        except OSError as error:
            self._tell("echoing", f"access lines cannot be written, the table has them: {_why(error)}")
        else:
            self._tell("echoing", None)

    def _sweep(self) -> None:
        """Forget accesses that are older than they are to be kept."""
        now = self._clock()
        with closing(_open(self._table)) as table:
            table.execute("DELETE FROM access WHERE at < ?", (_told(now - self._keep.total_seconds()),))
            table.execute("DELETE FROM folded WHERE at < ?", (_told(now - _REMEMBER.total_seconds()),))
        self._sweep_at = time.monotonic() + _SWEEP_SECONDS

    def _fold_on(self) -> None:
        while not self._ending.is_set():
            began = time.monotonic()
            self._try_to_fold()
            self._ending.wait(max(0.0, FOLD_SECONDS - (time.monotonic() - began)))

    def _try_to_fold(self) -> None:
        try:
            self.fold()
        except OSError as error:
            self._tell("folding", f"accesses stay in the journal: {_why(error)}; look at {self._journals}")
        except sqlite3.Error as error:
            self._tell("folding", f"accesses stay in the journal: {error}; look at {self._table}")
        except Exception as error:  # noqa: BLE001 - whatever it was, the next second must come
            self._tell("folding", f"accesses may stay in the journal: unforeseen {where(error)}")
        else:
            self._tell("folding", None)

    def _tell(self, kind: Fault, fault: str | None) -> None:
        """Log a fault when it begins and when it is over, not each second."""
        if fault == self.faults.get(kind):
            return
        if fault:
            self.faults[kind] = fault
            _log.error(fault)
        else:
            del self.faults[kind]
            _log.info(_OVER[kind])


def read_accesses(
    folder: Path,
    *,
    since: datetime | None = None,
    customers: Collection[str] | None = None,
    most: int | None = None,
) -> list[Row]:
    """Read accesses in order of time, those still in a journal too.

    When given: since an instant, of some hashes only, the `most` last ones only.
    """
    journals = {path.name: _lines(path) for path in (folder / JOURNALS).glob(f"*{SUFFIX}")}
    first = _told(since.timestamp()) if since else ""
    wanted = {
        "since": first,
        "customers": None if customers is None else json.dumps(list(customers)),
        "most": -1 if most is None else most,
    }
    rows: list[Row] = []
    if (folder / TABLE).exists():
        with closing(_open(folder / TABLE)) as table:
            table.execute("BEGIN")
            rows = table.execute(_READ, wanted).fetchall()[::-1]
            for (name,) in table.execute("SELECT journal FROM folded").fetchall():
                journals.pop(name, None)
    waiting = (row for lines in journals.values() for row in lines)
    rows += [row for row in waiting if row[0] >= first and (customers is None or row[2] in customers)]
    rows.sort(key=lambda row: row[0])
    return rows if most is None else rows[len(rows) - min(most, len(rows)) :]


def _lines(path: Path) -> list[Row]:
    told = map(json.loads, _readable(whole_lines(path)).splitlines())
    return [
        (
            one["at"],
            one["token"],
            one.get("customer", ""),
            one["status"],
            one.get("card", ""),
            one.get("micros"),
            one.get("times", 1),
        )
        for one in told
    ]


def _readable(lines: bytes) -> bytes:
    """Keep the lines that are JSON: a machine that lost power may leave gaps of zeros among them."""
    kept = []
    for line in lines.splitlines(keepends=True):
        with suppress(ValueError):
            json.loads(line)
            kept.append(line)
    return b"".join(kept)


def _insert(table: sqlite3.Connection, name: str, lines: bytes, now: float) -> bool:
    """Write lines into the table in one transaction, by one statement that leaves other threads alone."""
    with table:
        table.execute("BEGIN IMMEDIATE")
        is_new = table.execute(_MARK, (name, _told(now))).rowcount == 1
        if is_new:
            table.execute(_FOLD, (b"[" + lines[:-1].replace(b"\n", b",") + b"]",))
    return is_new


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, _PRIVATE))
    table = sqlite3.connect(path, timeout=5, isolation_level=None)
    table.execute("PRAGMA journal_mode = WAL")
    table.execute("PRAGMA synchronous = FULL")
    table.executescript(_MAKE)
    return table


def _why(error: OSError) -> str:
    """Tell an error without the name of the file, which is another each second."""
    return error.strerror or type(error).__name__


def _told(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
