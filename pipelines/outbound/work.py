"""How one step is done: looked at, sent, and, when its outcome is unknown, settled by looking again.

A `Work` knows one kind of step. `prepare` only reads: it finds that there is nothing to send, or says exactly
what would be sent. `settle` only reads: it finds what an unanswered call left behind, or that it left
nothing. What is written into the ledger about it, and when, is dispatch.py's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.payload import Payload


@dataclass(frozen=True)
class Outcome:
    """What is there: the id of a record, and of a service request its number and status.

    `is_linked`: it was there before, or was found and only changed. `trouble` is what the answer showed to be
    wrong with how the systems are set up: the outcome stands, but nothing more should be sent.
    """

    result_id: str | None = None
    number: str | None = None
    status: str | None = None
    is_linked: bool = False
    reason: str | None = None
    trouble: Permanent | None = None


@dataclass(frozen=True)
class Sending:
    """What would be sent: the call, its payload, what it does in words, and what was seen before it."""

    act: str
    payload: Payload
    call: Callable[[], Outcome]
    seen: dict[str, Any] = field(default_factory=dict)


class Work(Protocol):
    """One kind of step."""

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Look whether it is done already; if not, say what is to be sent."""
        ...

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """Find what a call without an answer did; None when it did nothing, so that it may be sent."""
        ...


class NotSettled(Permanent):
    """What is there does not tell what an unanswered call did; a person has to look."""

    kind = "not settled"
