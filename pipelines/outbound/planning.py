"""The dry run: what a run would send now, to the letter, and what the contact rule would do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipelines.outbound.entries import CaseEntry, StepEntry
from pipelines.outbound.mapping import MappingRefused
from pipelines.outbound.states import DEAD_LETTERS, DONE, State, Step
from pipelines.outbound.work import NotSettled, Outcome
from pipelines.sources.writing import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipelines.outbound.desk import Desk
    from pipelines.outbound.mapping import Case

_LOOKED_AT = frozenset({Step.CONTACT, Step.SECOND_CONTACT, Step.REQUEST})


@dataclass(frozen=True)
class PlannedStep:
    """One step: what would be done, and the fields that would be sent, masked or not."""

    step: Step
    act: str
    fields: Mapping[str, str] = field(default_factory=dict)
    is_refused: bool = False


@dataclass(frozen=True)
class PlannedCase:
    """One case and what would be done for it, in order."""

    case_id: str
    template: str
    steps: tuple[PlannedStep, ...]


def plan(desk: Desk, *, personal: bool, only: str | None = None) -> Iterator[PlannedCase]:
    """Yield what would be done for each case that is due or unfinished; `only` names one of them.

    Both systems are only read. Values of personal columns are masked unless `personal`.
    """
    for entry in desk.ledger.unfinished():
        if only in (None, entry.case_id):
            steps = desk.ledger.steps(entry.case_id)
            yield PlannedCase(entry.case_id, entry.template, tuple(_of_known(desk, entry, steps, personal)))
    for case in desk.cases.values():
        is_new = case.template is not None and desk.ledger.case(case.case_id) is None
        if is_new and only in (None, case.case_id):
            yield _of_new(desk, case, personal=personal)


def _of_new(desk: Desk, case: Case, *, personal: bool) -> PlannedCase:
    name = case.template or ""
    reference = desk.rules.reference(case.case_id)
    entry = CaseEntry(case.case_id, name, reference, desk.now(), None, None, None)
    steps = [
        _pretended(case.case_id, ordinal, step)
        for ordinal, step in enumerate(desk.steps_of(desk.create_template(name)), 1)
    ]
    return PlannedCase(case.case_id, name, tuple(_of_known(desk, entry, steps, personal)))


def _of_known(desk: Desk, entry: CaseEntry, steps: list[StepEntry], personal: bool) -> Iterator[PlannedStep]:  # noqa: FBT001
    links: dict[Step, str | None] = {step.step: step.result_id for step in steps}

    def linked(_: CaseEntry, __: StepEntry, contact: Step) -> str | None:
        return links.get(contact)

    pretending = replace(desk, links=linked)
    for step in steps:
        if step.state in DONE:
            continue
        planned = _look(pretending, entry, step, personal=personal)
        yield planned
        if step.step in (Step.CONTACT, Step.SECOND_CONTACT) and planned.act:
            links[step.step] = links[step.step] or f"(the {step.step} above)"
        if planned.is_refused or step.state is not State.PLANNED:
            return


def _look(desk: Desk, entry: CaseEntry, step: StepEntry, *, personal: bool) -> PlannedStep:
    if step.state is not State.PLANNED:
        waits = "a person" if step.state in DEAD_LETTERS else "its outcome to be looked up"
        told = ": ".join(part for part in (step.field, step.reason) if part)
        return PlannedStep(step.step, f"{step.state}, waits for {waits} ({told})")
    if step.step not in _LOOKED_AT and entry.request_id is None:
        return PlannedStep(step.step, "afterwards")
    try:
        found = desk.work_for(step).prepare(entry, step)
    except MappingRefused as error:
        return PlannedStep(step.step, f"refused: {error.field}: {error.reason}", is_refused=True)
    except (Refused, NotSettled) as error:
        return PlannedStep(step.step, f"not possible: {error}", is_refused=True)
    if isinstance(found, Outcome):
        return PlannedStep(step.step, f"nothing to send: {found.reason}")
    return PlannedStep(step.step, found.act, found.payload.shown(personal=personal))


def _pretended(case_id: str, ordinal: int, step: Step) -> StepEntry:
    return StepEntry(
        n=0,
        case_id=case_id,
        ordinal=ordinal,
        step=step,
        state=State.PLANNED,
        about=None,
        intent={},
        digest=None,
        fields=(),
        tries=0,
        attempted_at=None,
        not_before=None,
        result_id=None,
        field=None,
        reason=None,
        may_be_there=False,
    )
