"""Dead letters: steps that wait for a person, and how a person sends them on their way again.

A step that may have been carried out is looked up before anything is sent again; only of a note can a person
say what became of it, because a person can see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines.errors import Permanent
from pipelines.outbound.states import DEAD_LETTERS, State, Step

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.outbound.entries import StepEntry
    from pipelines.outbound.ledger import Ledger

Seen = Literal["there", "not there"]
NOTES = frozenset({Step.NOTE, Step.STATUS_NOTE})


def dead_letters(ledger: Ledger) -> list[StepEntry]:
    """Return the steps that wait for a person, by number."""
    return ledger.in_state(*DEAD_LETTERS)


def retry(ledger: Ledger, number: int, now: datetime, *, seen: Seen | None = None) -> StepEntry:
    """Take a dead letter up again; the next run goes on with it.

    `seen` is what a person found of a note whose outcome is unknown. Raises Permanent for a step that is no
    dead letter, and for a word about anything but such a note.
    """
    step = ledger.step(number)
    if seen and not (step.step in NOTES and step.may_be_there):
        raise Permanent(
            f"step {number} is no note whose outcome is unknown",
            why=f"{step.step}, {step.state}",
            todo="retry it without --there or --send: it is looked up first",
        )
    if seen == "there":
        return ledger.replay(step, State.SENT, now)
    is_open = step.may_be_there and seen is None
    return ledger.replay(step, State.UNKNOWN if is_open else State.PLANNED, now)
