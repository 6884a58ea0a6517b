"""The steps of a case and the states of a step: which there are, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """What is done for a case, in this order; updates and status notes come later, as often as there are."""

    CONTACT = "contact"
    SECOND_CONTACT = "second contact"
    REQUEST = "service request"
    EXTERNAL_ID = "external id"
    NOTE = "note"
    UPDATE = "update"
    STATUS_NOTE = "status note"


class State(StrEnum):
    """Where a step stands."""

    PLANNED = "planned"  # to be done, and certainly not done yet
    SENDING = "sending"  # its intent is on disk; whoever finds it here finds a dispatcher that was killed
    UNKNOWN = "unknown"  # it went out and nothing came back: to be looked up before anything else
    SENT = "sent"  # done by us
    LINKED = "linked"  # it was there already
    REFUSED = "refused"  # judged wrong, by the other system or before it was sent; waits for a person
    DEAD = "dead"  # given up; waits for a person


DONE = frozenset({State.SENT, State.LINKED})
DEAD_LETTERS = frozenset({State.REFUSED, State.DEAD})

FOLLOWS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.PLANNED, State.SENDING, State.LINKED, State.REFUSED, State.DEAD}),
    State.SENDING: frozenset(
        {State.PLANNED, State.UNKNOWN, State.SENT, State.LINKED, State.REFUSED, State.DEAD}
    ),
    State.UNKNOWN: frozenset({State.PLANNED, State.UNKNOWN, State.SENT, State.LINKED, State.DEAD}),
    State.REFUSED: frozenset({State.PLANNED}),
    State.DEAD: frozenset({State.PLANNED, State.UNKNOWN, State.SENT}),
    State.SENT: frozenset(),
    State.LINKED: frozenset(),
}
"""What may come after a state; from a dead letter only a person leads on."""
