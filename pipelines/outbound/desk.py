"""The desk: everything one run works with, and which work belongs to which step of which case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.errors import SettingsError
from pipelines.outbound.contacts import ContactWork
from pipelines.outbound.kept_reference import KeptReference
from pipelines.outbound.mapping import CONTACT, REQUESTER, Case, draft
from pipelines.outbound.payload import Payload, Payloads, resolve
from pipelines.outbound.requests import RequestWork, UpdateWork
from pipelines.outbound.states import State, Step
from pipelines.outbound.telling_case import ExternalIdWork, NoteWork, Numbers
from pipelines.outbound.templates import CreateTemplate, IncomingTemplate, UpdateTemplate
from pipelines.outbound.work import NotSettled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.ledger import Ledger
    from pipelines.outbound.ports import Casework, Codes, Columns, Tascomi
    from pipelines.outbound.templates import Templates
    from pipelines.outbound.work import Work

Links = Callable[["CaseEntry", "StepEntry", Step], str | None]
WHICH = {Step.CONTACT: REQUESTER, Step.SECOND_CONTACT: CONTACT}


@dataclass(frozen=True)
class Rules:
    """What the settings say of a run. Waits are in seconds; the wait between tries doubles to the longest."""

    reference: Callable[[str], str]
    settle_seconds: float
    tries: int
    first_wait: float = 60.0
    longest_wait: float = 4 * 3600.0

    def settled_by(self, now: datetime) -> datetime:
        """Return when a request that went out by `now` has surely been dealt with."""
        return now + timedelta(seconds=self.settle_seconds)

    def again_at(self, now: datetime, tries: int) -> datetime:
        """Return when to try again after so many tries."""
        wait = self.first_wait * 2.0 ** min(max(tries - 1, 0), 60)
        return now + timedelta(seconds=min(wait, self.longest_wait))


@dataclass(frozen=True)
class Desk:
    """One run's parts. `cases` are those that are due and those that are in the ledger unfinished, by id."""

    ledger: Ledger
    tascomi: Tascomi
    codes: Codes
    casework: Casework
    columns: Columns
    templates: Templates
    rules: Rules
    now: Callable[[], datetime]
    cases: Mapping[str, Case]
    updates: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)
    links: Links | None = None  # another account of the contacts than the ledger's
    _payloads: dict[tuple[str, str], Payloads] = field(default_factory=dict, repr=False)

    def steps_of(self, template: CreateTemplate) -> list[Step]:
        """Return the steps of a new case."""
        incoming = self.templates.incoming(template.reference)
        told = [
            (Step.CONTACT, template.requester),
            (Step.SECOND_CONTACT, template.contact),
            (Step.REQUEST, True),
            (Step.EXTERNAL_ID, incoming and incoming.external_id == "number"),
            (Step.NOTE, incoming and incoming.note),
        ]
        return [step for step, is_wanted in told if is_wanted]

    def steps_of_update(self, template: UpdateTemplate) -> list[Step]:
        """Return the steps of a change."""
        told = [
            (Step.CONTACT, template.requester),
            (Step.SECOND_CONTACT, template.contact),
            (Step.UPDATE, True),
        ]
        return [step for step, is_wanted in told if is_wanted]

    def work_for(self, step: StepEntry) -> Work:
        """Return how a step is done."""
        numbers = Numbers(self.tascomi, self.columns)
        match step.step:
            case Step.CONTACT | Step.SECOND_CONTACT:
                mark = WHICH[step.step][0]
                return ContactWork(self.tascomi, self.columns, self._contact, mark, self.ledger.salt())
            case Step.REQUEST:
                return RequestWork(self.tascomi, self.columns, self._request, self.kept_reference)
            case Step.UPDATE:
                return UpdateWork(self.tascomi, self.columns, self._request)
            case Step.EXTERNAL_ID:
                return ExternalIdWork(self.casework, numbers)
            case Step.NOTE | Step.STATUS_NOTE:
                return NoteWork(self.casework, numbers, self.incoming, self._is_older)

    @property
    def kept_reference(self) -> KeptReference:
        """Return what is known of how Tascomi keeps our reference."""
        return KeptReference(self.ledger, self.tascomi, self.columns)

    def incoming(self, entry: CaseEntry) -> IncomingTemplate | None:
        """Return the template by which a case is told."""
        return self.templates.incoming(self.templates.outgoing(entry.template).reference)

    def create_template(self, name: str) -> CreateTemplate:
        """Return a template of new service requests; raise SettingsError when it is another kind."""
        found = self.templates.outgoing(name)
        if not isinstance(found, CreateTemplate):
            raise SettingsError(
                f"template {name} changes service requests and makes none",
                todo="correct marts.outbound_due",
            )
        return found

    def payloads(self, entry: CaseEntry, about: str | None) -> Payloads:
        """Read a case by the template of its request, or of an update, codes looked up."""
        name = about or entry.template
        if (key := (entry.case_id, name)) not in self._payloads:
            made = draft(self.templates.outgoing(name), self._case(entry, about))
            self._payloads[key] = resolve(made, self.codes, self.columns)
        return self._payloads[key]

    def _case(self, entry: CaseEntry, about: str | None) -> Case:
        updates = self.updates.get(entry.case_id, ())
        found = next((case for case in updates if case.template == about), self.cases.get(entry.case_id))
        if found is None:
            raise NotSettled(
                f"case {entry.case_id} is not in the catalogue",
                todo="load the day it was last told of and rebuild, then retry",
            )
        return found

    def _contact(self, entry: CaseEntry, step: StepEntry) -> Payload | None:
        return self.payloads(entry, step.about).contacts.get(WHICH[step.step])

    def _request(self, entry: CaseEntry, step: StepEntry) -> Payload:
        return self.payloads(entry, step.about).request.having(
            **{
                self.columns.requester: self._linked(entry, step, Step.CONTACT),
                self.columns.second_contact: self._linked(entry, step, Step.SECOND_CONTACT),
            }
        )

    def _is_older(self, entry: CaseEntry) -> bool:
        """Whether the service request was found, though this ledger never sent it: another one did."""
        return any(
            one.step is Step.REQUEST and one.state is State.LINKED and not one.tries
            for one in self.ledger.steps(entry.case_id)
        )

    def _linked(self, entry: CaseEntry, step: StepEntry, contact: Step) -> str | None:
        """Return the contact that was linked or made for the same template."""
        if self.links:
            return self.links(entry, step, contact)
        made = [
            one.result_id
            for one in self.ledger.steps(entry.case_id)
            if one.step is contact and one.about == step.about and one.ordinal < step.ordinal
        ]
        return made[-1] if made else None
