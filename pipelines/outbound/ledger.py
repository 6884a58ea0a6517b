"""The ledger: an SQLite file that remembers, across any kill, what was to be sent and what came of it.

An intent is committed, flushed to disk, before the call it speaks of, and the outcome after. Every change of
a step names the state it leads away from; a change that finds another one is refused, so that two writers
never overwrite each other. What a change means is decided in dispatch.py and states.py. Reasons hold field
names and the other system's words without values; payloads are kept as digests.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pipelines.errors import Permanent, SettingsError
from pipelines.outbound.entries import (
    CaseEntry,
    Intent,
    LogEntry,
    Marked,
    StepEntry,
    case_of,
    log_of,
    step_of,
    text_of,
)
from pipelines.outbound.states import DEAD_LETTERS, FOLLOWS, State, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

FOLDER, FILE = "outbound", "ledger.sqlite"
WAIT_SECONDS = 30.0
ORIGIN = "origin"

_SCHEMA = Path(__file__).with_suffix(".sql")


class Ledger(AbstractContextManager["Ledger"]):
    """The ledger of one data directory; `origin` names the two accounts it belongs to.

    Raises SettingsError when it belongs to others, Permanent when it cannot be opened.
    """

    def __init__(self, data_dir: Path, *, origin: str) -> None:
        self.path = ledger_path(data_dir)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._engine = sqlite3.connect(self.path, isolation_level=None, timeout=WAIT_SECONDS)
            self._engine.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._engine.execute(f"PRAGMA {pragma}")
            self._engine.executescript(_SCHEMA.read_text(encoding="utf-8"))
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None
        self._origin = origin
        self._require_ours()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def _require_ours(self) -> None:
        found = self.fact(ORIGIN)
        if found not in (None, self._origin):
            raise SettingsError(
                "the outbound ledger belongs to other accounts",
                why=f"{found}, not {self._origin}",
                todo="set another CASEHOUSE_DATA_DIR, or correct CASEHOUSE_TASCOMI_*",
            )

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is done within, or nothing of it; on disk when this ends."""
        try:
            self._engine.execute("BEGIN IMMEDIATE")
            try:
                yield self._engine
            except BaseException:
                if self._engine.in_transaction:  # a disk that is full has rolled it back itself
                    self._engine.execute("ROLLBACK")
                raise
            self._engine.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    def _ask(self, question: str, *values: str | int | None) -> list[sqlite3.Row]:
        try:
            return self._engine.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    # ---- what is known

    def fact(self, name: str) -> str | None:
        """Return what was remembered under a name."""
        rows = self._ask("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0]["value"]) if rows else None

    def cases(self) -> list[CaseEntry]:
        """Return every case, in the order they were planned."""
        return [case_of(row) for row in self._ask("SELECT * FROM cases ORDER BY rowid")]

    def case(self, case_id: str) -> CaseEntry | None:
        """Return one case."""
        rows = self._ask("SELECT * FROM cases WHERE case_id = ?", case_id)
        return case_of(rows[0]) if rows else None

    def case_of_request(self, request_id: str) -> CaseEntry | None:
        """Return the case that a service request of Tascomi was raised for."""
        rows = self._ask("SELECT * FROM cases WHERE request_id = ?", request_id)
        return case_of(rows[0]) if rows else None

    def steps(self, case_id: str) -> list[StepEntry]:
        """Return the steps of a case, in order."""
        rows = self._ask("SELECT * FROM steps WHERE case_id = ? ORDER BY ordinal", case_id)
        return [step_of(row) for row in rows]

    def step(self, n: int) -> StepEntry:
        """Return a step by its number; raise Permanent when there is none."""
        rows = self._ask("SELECT * FROM steps WHERE n = ?", n)
        if not rows:
            raise Permanent(f"there is no step {n}", todo="`casehouse outbound log --dead` tells the numbers")
        return step_of(rows[0])

    def unfinished(self) -> list[CaseEntry]:
        """Return the cases that have steps which are not done, in the order they were planned."""
        rows = self._ask(
            "SELECT * FROM cases WHERE case_id IN"
            " (SELECT case_id FROM steps WHERE state NOT IN ('sent', 'linked')) ORDER BY rowid"
        )
        return [case_of(row) for row in rows]

    def in_state(self, *states: State) -> list[StepEntry]:
        """Return every step in one of these states, by number."""
        marks = ", ".join("?" * len(states))
        rows = self._ask(f"SELECT * FROM steps WHERE state IN ({marks}) ORDER BY n", *states)  # noqa: S608 - marks
        return [step_of(row) for row in rows]

    def log(self, *, case_id: str | None = None) -> list[LogEntry]:
        """Return what happened, oldest first."""
        rows = self._ask("SELECT * FROM log WHERE case_id = coalesce(?, case_id) ORDER BY rowid", case_id)
        return [log_of(row) for row in rows]

    # ---- what changes

    def salt(self) -> str:
        """Return this ledger's own random text, made when first asked for."""
        with self._change() as engine:
            engine.execute(
                "INSERT INTO facts VALUES ('salt', lower(hex(randomblob(16)))) ON CONFLICT DO NOTHING"
            )
        return self.fact("salt") or ""

    def remember(self, name: str, value: str) -> None:
        """Remember a value under a name, in place of the one before."""
        with self._change() as engine:
            engine.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def plan(self, case_id: str, template: str, reference: str, steps: Sequence[Step], now: datetime) -> None:
        """Note a case and its steps, unless it is noted; from the first on, the ledger is an account's."""
        with self._change() as engine:
            engine.execute("INSERT INTO facts VALUES (?, ?) ON CONFLICT DO NOTHING", (ORIGIN, self._origin))
            self._require_ours()
            fresh = engine.execute(
                "INSERT INTO cases (case_id, template, reference, planned_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (case_id) DO NOTHING",
                (case_id, template, reference, text_of(now)),
            ).rowcount
            if fresh:
                for ordinal, step in enumerate(steps, 1):
                    _add(engine, case_id, ordinal, step, None)

    def change_template(self, case_id: str, template: str, steps: Sequence[Step]) -> bool:
        """Have a case follow the view to another template of the same steps, until its request went out."""
        with self._change() as engine:
            known = self.steps(case_id)
            is_open = all(
                step.state in (State.PLANNED, *DEAD_LETTERS) and not step.may_be_there and not step.result_id
                for step in known
                if step.step not in (Step.CONTACT, Step.SECOND_CONTACT)
            )
            changed = is_open and [step.step for step in known] == list(steps)
            if changed:
                engine.execute("UPDATE cases SET template = ? WHERE case_id = ?", (template, case_id))
        return changed

    def add_update(self, case_id: str, template: str, digest: str, steps: Sequence[Step]) -> bool:
        """Add the steps of an update after all others, unless the last one told the same; say whether."""
        name = f"update {case_id} {template}"
        with self._change() as engine:
            fresh = engine.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                " WHERE value <> excluded.value",
                (name, digest),
            ).rowcount
            if fresh:
                for ordinal, step in enumerate(steps, _last(engine, case_id) + 1):
                    _add(engine, case_id, ordinal, step, template)
        return bool(fresh)

    def note_status(self, case_id: str, status: str, *, with_note: bool) -> bool:
        """Keep a service request's status; when it is another, plan its note with it. Say whether it was."""
        with self._change() as engine:
            changed = engine.execute(
                "UPDATE cases SET status = ? WHERE case_id = ? AND status IS NOT ?",
                (status, case_id, status),
            ).rowcount
            if changed and with_note:
                _add(engine, case_id, _last(engine, case_id) + 1, Step.STATUS_NOTE, status)
        return bool(changed)

    def begin(self, step: StepEntry, intent: Intent, now: datetime) -> StepEntry:
        """Commit the intent to send; when this returns, it is on disk."""
        with self._change() as engine:
            self._move(engine, step, State.SENDING)
            engine.execute(
                "UPDATE steps SET intent = ?, digest = ?, fields = ?, tries = tries + 1, attempted_at = ?,"
                " not_before = NULL, field = NULL, reason = NULL, may_be_there = 1 WHERE n = ?",
                (json.dumps(intent.seen), intent.digest, json.dumps(intent.fields), text_of(now), step.n),
            )
            after = self.step(step.n)
            reason = None
            if step.digest not in (None, intent.digest):
                reason = "the payload is another than the one tried before: case or template has changed"
            _tell(engine, after, reason, now)
        return after

    def mark(self, step: StepEntry, marked: Marked, now: datetime) -> StepEntry:
        """Commit what became of a step."""
        with self._change() as engine:
            return self._mark(engine, step, marked, now)

    def mark_request(
        self, step: StepEntry, marked: Marked, found: tuple[str, str | None, str | None], now: datetime
    ) -> StepEntry:
        """Commit that the service request is there: its id, number and status, with the step's outcome."""
        with self._change() as engine:
            engine.execute(
                "UPDATE cases SET request_id = ?, number = ?, status = coalesce(status, ?) WHERE case_id = ?",
                (*found, step.case_id),
            )
            return self._mark(engine, step, marked, now)

    def set_number(self, case_id: str, number: str) -> None:
        """Keep the number that Tascomi gave after the service request was made."""
        with self._change() as engine:
            engine.execute("UPDATE cases SET number = ? WHERE case_id = ?", (number, case_id))

    def forget_log(self, before: datetime) -> int:
        """Take away what happened before an instant, of steps that are done; return how much it was."""
        with self._change() as engine:
            return engine.execute(
                "DELETE FROM log WHERE at < ?"
                " AND n IN (SELECT n FROM steps WHERE state IN ('sent', 'linked'))",
                (text_of(before),),
            ).rowcount

    def _mark(self, engine: sqlite3.Connection, step: StepEntry, marked: Marked, now: datetime) -> StepEntry:
        self._move(engine, step, marked.state)
        engine.execute(
            "UPDATE steps SET field = ?, reason = ?, result_id = coalesce(?, result_id), not_before = ?,"
            " tries = ?, may_be_there = ? WHERE n = ?",
            (
                marked.field,
                marked.reason,
                marked.result_id,
                text_of(marked.not_before),
                step.tries + marked.tries,
                int(marked.may_be_there),
                step.n,
            ),
        )
        after = self.step(step.n)
        _tell(engine, after, marked.reason, now)
        return after

    def replay(
        self, step: StepEntry, state: State, now: datetime, *, result_id: str | None = None
    ) -> StepEntry:
        """Take a dead letter up again, its tries counted anew; raise Permanent when it is none."""
        if step.state not in DEAD_LETTERS:
            raise Permanent(
                f"step {step.n} is no dead letter",
                why=f"it is {step.state}",
                todo="there is nothing to replay",
            )
        with self._change() as engine:
            engine.execute("UPDATE steps SET tries = 0 WHERE n = ?", (step.n,))
            marked = Marked(
                state,
                "taken up again by a person",
                result_id=result_id,
                may_be_there=state is State.UNKNOWN,
            )
            return self._mark(engine, self.step(step.n), marked, now)

    def _move(self, engine: sqlite3.Connection, step: StepEntry, state: State) -> None:
        if state not in FOLLOWS[step.state]:
            raise Permanent(
                f"step {step.n} cannot become {state}",
                why=f"it is {step.state}",
                todo="tell whoever looks after casehouse",
            )
        moved = engine.execute(
            "UPDATE steps SET state = ? WHERE n = ? AND state = ? AND tries = ?",
            (state, step.n, step.state, step.tries),
        ).rowcount
        if not moved:
            raise Permanent(
                f"step {step.n} was changed by another process meanwhile", todo="run the command again"
            )


def ledger_path(data_dir: Path) -> Path:
    """Where the ledger of a data directory stands."""
    return data_dir / FOLDER / FILE


def read_log(data_dir: Path) -> list[LogEntry]:
    """Return what happened without opening the ledger for writing; nothing when there is no ledger."""
    return [log_of(row) for row in _read(data_dir, "SELECT * FROM log ORDER BY rowid")]


def count_dead_letters(data_dir: Path) -> int:
    """Count the steps that wait for a person, without opening the ledger for writing."""
    counts = _read(data_dir, "SELECT state, count(*) AS steps FROM steps GROUP BY state")
    return sum(row["steps"] for row in counts if row["state"] in DEAD_LETTERS)


def _read(data_dir: Path, question: str) -> list[sqlite3.Row]:
    path = ledger_path(data_dir)
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as engine:
            engine.row_factory = sqlite3.Row
            return engine.execute(question).fetchall()
    except sqlite3.Error as error:
        raise _unusable(path, error) from None


_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_HELD = ("SQLITE_BUSY", "SQLITE_LOCKED")


def _unusable(path: Path, error: sqlite3.Error) -> Permanent:
    name = str(getattr(error, "sqlite_errorname", type(error).__name__))
    if name.startswith(_BROKEN):
        todo = (
            "the file is damaged: keep it, put the newest backup in its place, with no -wal or -shm"
            " beside it, and run `casehouse outbound reconcile`; what was sent since is found again"
        )
    elif name.startswith(_HELD):
        todo = "another program holds it: end that, then run it again"
    else:
        todo = "check the room and rights of its folder; never delete it: it knows what was sent"
    return Permanent("the outbound ledger cannot be used", why=f"{path}: {name}", todo=todo)


def _add(engine: sqlite3.Connection, case_id: str, ordinal: int, step: Step, about: str | None) -> None:
    engine.execute(
        "INSERT INTO steps (case_id, ordinal, step, state, about) VALUES (?, ?, ?, ?, ?)",
        (case_id, ordinal, step, State.PLANNED, about),
    )


def _last(engine: sqlite3.Connection, case_id: str) -> int:
    row = engine.execute("SELECT max(ordinal) AS last FROM steps WHERE case_id = ?", (case_id,)).fetchone()
    return int(row["last"] or 0)


def _tell(engine: sqlite3.Connection, step: StepEntry, reason: str | None, now: datetime) -> None:
    engine.execute(
        "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (text_of(now), step.n, step.case_id, step.step, step.tries, step.state, step.field, reason),
    )
