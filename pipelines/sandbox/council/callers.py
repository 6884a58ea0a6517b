"""Who may ring the contact centre about a case, with the numbers that the case shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines.sandbox.council.plan import Plan


class Caller(NamedTuple):
    """A case's customer who can be rung; `team` is the code of the service that the case is about.

    One of the two numbers may be empty, never both. They are written as the case shows them.
    """

    case_id: int
    phone: str
    mobile: str
    team: str


def caller(plan: Plan) -> Caller | None:
    """Return the customer of a case, None for an anonymous one or one without a number."""
    person = plan.person
    if person is None or not (person.phone or person.mobile):
        return None
    return Caller(plan.case_id, person.phone, person.mobile, plan.topic.team)
