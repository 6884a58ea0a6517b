"""Dead letters: steps that wait for a person, and how a person sends them on their way again.

A step that may have been carried out is looked up before anything is sent again. Only of a note or a contact
can a person say what became of it: where a note cannot be read, or the contact's reference has changed since,
nobody else can. Of a service request nobody can, since our reference in it tells.
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
# Of a contact only that it is not there: which one it is must be known, and the contact rule finds that out.
_CAN_BE_SAID: dict[Step, tuple[Seen, ...]] = {
    Step.NOTE: ("there", "not there"),
    Step.STATUS_NOTE: ("there", "not there"),
    Step.CONTACT: ("not there",),
    Step.SECOND_CONTACT: ("not there",),
}


def dead_letters(ledger: Ledger) -> list[StepEntry]:
    """Return the steps that wait for a person, by number."""
    return ledger.in_state(*DEAD_LETTERS)


def retry(ledger: Ledger, number: int, now: datetime, *, seen: Seen | None = None) -> StepEntry:
    """Take a dead letter up again; the next run goes on with it.

    `seen` is what a person found of a step whose outcome is unknown. Raises Permanent for a step that is no
    dead letter, and for a word that nobody can give of such a step.
    """
    step = ledger.step(number)
    if seen and not (step.may_be_there and seen in _CAN_BE_SAID.get(step.step, ())):
        raise Permanent(
            f"of step {number} it cannot be said that it is {seen}",
            why=f"{step.step}, {step.state}{', its outcome unknown' if step.may_be_there else ''}",
            todo="retry it without --there or --send: it is looked up first",
        )
    if seen == "there":
        return ledger.replay(step, State.SENT, now)
    is_open = step.may_be_there and seen is None
    return ledger.replay(step, State.UNKNOWN if is_open else State.PLANNED, now)
