"""What the ledger holds, as rows come out of it: cases, steps, what happened, and what is to be written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.outbound.states import State, Step

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True)
class CaseEntry:
    """What the ledger knows of a case: our reference, and Tascomi's id, number and last noted status."""

    case_id: str
    template: str
    reference: str
    planned_at: datetime
    request_id: str | None
    number: str | None
    status: str | None


@dataclass(frozen=True)
class StepEntry:
    """One step of a case. `n` is the number people give to `casehouse outbound retry`."""

    n: int
    case_id: str
    ordinal: int
    step: Step
    state: State
    about: str | None
    intent: dict[str, Any]
    digest: str | None
    fields: tuple[str, ...]
    tries: int
    attempted_at: datetime | None
    not_before: datetime | None
    result_id: str | None
    field: str | None
    reason: str | None
    may_be_there: bool


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened to a step."""

    at: datetime
    n: int
    case_id: str
    step: Step
    attempt: int
    outcome: State
    field: str | None
    reason: str | None


@dataclass(frozen=True)
class Intent:
    """What is about to be sent: digest and field names of the payload, and what was seen before it."""

    digest: str
    fields: tuple[str, ...]
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Marked:
    """What becomes of a step: its next state and what is known of it."""

    state: State
    reason: str | None = None
    field: str | None = None
    result_id: str | None = None
    not_before: datetime | None = None
    tries: int = 0  # to be added to those that are counted
    may_be_there: bool = False


def text_of(at: datetime | None) -> str | None:
    """Write an instant so that texts sort as instants do."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def instant_of(text: str | None) -> datetime | None:
    """Read an instant."""
    return None if text is None else datetime.fromisoformat(text)


def case_of(row: sqlite3.Row) -> CaseEntry:
    """Read a row of `cases`."""
    told = dict(row)
    told["planned_at"] = instant_of(told["planned_at"])
    return CaseEntry(**told)


def step_of(row: sqlite3.Row) -> StepEntry:
    """Read a row of `steps`."""
    told = {one.name: row[one.name] for one in fields(StepEntry)}
    told |= {
        "step": Step(told["step"]),
        "state": State(told["state"]),
        "intent": json.loads(told["intent"] or "{}"),
        "fields": tuple(json.loads(told["fields"] or "[]")),
        "attempted_at": instant_of(told["attempted_at"]),
        "not_before": instant_of(told["not_before"]),
        "may_be_there": bool(told["may_be_there"]),
    }
    return StepEntry(**told)


def log_of(row: sqlite3.Row) -> LogEntry:
    """Read a row of `log`."""
    return LogEntry(
        datetime.fromisoformat(row["at"]),
        row["n"],
        row["case_id"],
        Step(row["step"]),
        row["try"],
        State(row["outcome"]),
        row["field"],
        row["reason"],
    )
