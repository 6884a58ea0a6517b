"""Compare three accounts: the cases that are due, what the ledger says was raised, what Tascomi holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipelines.outbound.ports import REQUESTS
from pipelines.outbound.searching import found_by, id_of
from pipelines.outbound.states import DEAD_LETTERS, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.outbound.desk import Desk
    from pipelines.outbound.entries import CaseEntry

Kind = Literal["missing", "surplus"]


@dataclass(frozen=True)
class Difference:
    """Something that one account has and another has not."""

    kind: Kind
    case_id: str
    what: str


def reconcile(desk: Desk, *, whole_table: bool = False) -> Iterator[Difference]:
    """Yield the missing and the surplus, by case.

    Tascomi is asked for each case's reference. With `whole_table` every service request is read instead, so
    that one of a case which is neither due nor in the ledger shows too.
    """
    due = {case.case_id for case in desk.cases.values() if case.template is not None}
    entries = {entry.case_id: entry for entry in desk.ledger.cases()}
    references = {number: desk.rules.reference(number) for number in due - entries.keys()}
    references |= {number: entry.reference for number, entry in entries.items()}
    there = _all_of_ours(desk) if whole_table else _asked(desk, references.values())
    for number in sorted(references, key=int):
        ids = there.pop(references[number], [])
        yield from _of_case(desk, number, entries.get(number), ids)
    for reference, ids in sorted(there.items()):
        yield Difference("surplus", reference, f"in Tascomi ({', '.join(ids)}), unknown here")


def _of_case(desk: Desk, number: str, entry: CaseEntry | None, ids: list[str]) -> Iterator[Difference]:
    raised = entry.request_id if entry else None
    if raised and raised not in ids:
        yield Difference("missing", number, f"raised as {raised}, which carries its reference no more")
    if surplus := [one for one in ids if one != raised]:
        what = "not in the ledger" if raised is None else f"beside {raised}"
        yield Difference("surplus", number, f"in Tascomi ({', '.join(surplus)}), {what}")
    if not raised and not ids:
        yield Difference("missing", number, f"due and not raised: {_why(desk, number)}")


def _why(desk: Desk, number: str) -> str:
    steps = [step for step in desk.ledger.steps(number) if step.state not in (State.SENT, State.LINKED)]
    if not steps:
        return "the next run raises it"
    step = steps[0]
    told = ": ".join(part for part in (step.field, step.reason) if part)
    waits = f"waits for a person as number {step.n}" if step.state in DEAD_LETTERS else "a later run goes on"
    return f"{step.step} is {step.state}{f' ({told})' if told else ''}, {waits}"


def _asked(desk: Desk, references: Iterable[str]) -> dict[str, list[str]]:
    column = desk.columns.request_reference
    found = ((one, found_by(desk.tascomi, REQUESTS, column, one)) for one in references)
    return {reference: sorted(map(id_of, rows)) for reference, rows in found if rows}


def _all_of_ours(desk: Desk) -> dict[str, list[str]]:
    """Return the service requests whose reference is of our making, by reference."""
    before, _, after = desk.rules.reference("\0").partition("\0")
    ours: dict[str, list[str]] = defaultdict(list)
    for row in desk.tascomi.search(REQUESTS, {}):
        reference = row.get(desk.columns.request_reference) or ""
        if reference.startswith(before) and reference.endswith(after):
            ours[reference].append(id_of(row))
    return dict(ours)
