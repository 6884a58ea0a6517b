"""What the case in iCasework is told: its external id, a note, a note at each change of status.

A note cannot be taken back and iCasework does not keep two alike apart, so every note ends in a mark of ours,
the reference and the step's place. Whether a note without an answer was written is told by looking for its
mark; where notes cannot be read, a person has to look, and nothing is sent again meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.outbound.payload import Payload
from pipelines.outbound.ports import REQUESTS
from pipelines.outbound.states import Step
from pipelines.outbound.work import NotSettled, Outcome, Sending
from pipelines.sources.writing import NotSent

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.ports import Casework, Columns, Tascomi
    from pipelines.outbound.templates import IncomingTemplate, NoteMap

EXTERNAL_ID, NOTES = "ExternalId", "Notes"
CLOCKS_DIFFER_BY = timedelta(days=1)  # at most, and a look too far back costs little


class NumberNotYet(NotSent):
    """Tascomi has not given the service request its number yet."""

    kind = "no number yet"


@dataclass(frozen=True)
class Numbers:
    """The numbers of service requests: from the ledger, or asked for where the first answer had none."""

    tascomi: Tascomi
    columns: Columns

    def of(self, entry: CaseEntry) -> str:
        """Return a case's number; raise NumberNotYet while there is none."""
        if entry.number:
            return entry.number
        row = self.tascomi.read(REQUESTS, entry.request_id or "")
        if row is None or not (number := row.get(self.columns.number)):
            raise NumberNotYet(
                f"service request {entry.request_id} has no {self.columns.number}",
                todo="wait, or correct CASEHOUSE_TASCOMI_NUMBER_COLUMN",
            )
        return number


@dataclass(frozen=True)
class ExternalIdWork:
    """Put the service request's number into the case's external id."""

    casework: Casework
    numbers: Numbers

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Say what would be set."""
        del step
        number = self.numbers.of(entry)

        def call() -> Outcome:
            self.casework.update_external_id(entry.case_id, number)
            return Outcome(number=number)

        return Sending("set the external id", Payload({EXTERNAL_ID: number}), call)

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """See whether it is set."""
        del step
        number = self.numbers.of(entry)
        return Outcome(number=number) if self.casework.external_id(entry.case_id) == number else None


@dataclass(frozen=True)
class NoteWork:
    """Write a note on the case."""

    casework: Casework
    numbers: Numbers
    incoming_of: Callable[[CaseEntry], IncomingTemplate | None]
    is_older: Callable[[CaseEntry], bool]  # the service request was there before the ledger knew of it

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Say what would be written, unless a ledger that was lost since had it written already."""
        note = self._note(entry, step)
        if note is None:
            return Outcome(is_linked=True, reason="the templates have no such note any more")
        if self.is_older(entry) and self.casework.count_notes(entry.case_id, mark_of(entry, step)):
            return Outcome(is_linked=True, reason="the case has this note")
        words = note.text.format(number=self.numbers.of(entry), status=step.about or "")
        text = f"{words}\n{mark_of(entry, step)}"

        def call() -> Outcome:
            self.casework.add_case_notes(
                entry.case_id, text, kind=note.type, is_shown_to_customer=note.is_shown_to_customer
            )
            return Outcome()

        return Sending("add a note", Payload({NOTES: text}), call)

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """Look for the note by its mark."""
        since = step.attempted_at and step.attempted_at - CLOCKS_DIFFER_BY
        found = self.casework.count_notes(entry.case_id, mark_of(entry, step), since=since)
        if found is None:
            raise NotSettled(
                "no answer came to a note, and this iCasework shows no notes to look for it",
                why=f"its mark is {mark_of(entry, step)}",
                todo="look at the case, then retry: with --there when the note is there, else with --send",
            )
        return Outcome() if found else None

    def _note(self, entry: CaseEntry, step: StepEntry) -> NoteMap | None:
        incoming = self.incoming_of(entry)
        if incoming is None:
            return None
        return incoming.status_note if step.step is Step.STATUS_NOTE else incoming.note


def mark_of(entry: CaseEntry, step: StepEntry) -> str:
    """Return what a note can be found again by."""
    return f"[{entry.reference}/{step.ordinal}]"
