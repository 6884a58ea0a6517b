"""The contact rule: with a reference, exactly one contact that has it is linked, otherwise a new one is made.

One that is linked is changed where the template gives other values. A case without a reference for its
contact is given a mark of our own instead, so that a lost answer can be settled for it too. The same rule
holds for the requester and for the second contact.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.outbound.payload import Payload, same
from pipelines.outbound.ports import CONTACTS
from pipelines.outbound.searching import found_by, id_of
from pipelines.outbound.work import NotSettled, Outcome, Sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.ports import Columns, Tascomi
    from pipelines.sources.writing import Record

LOOK_FIRST = (
    "look in Tascomi whether the contact was made; if so give it the present reference or cease it,"
    " then retry with --send"
)
NOTHING = Outcome(is_linked=True, reason="the case names no contact")


@dataclass(frozen=True)
class ContactWork:
    """Link or make one contact of a case. `payload_of` reads the case; None where it names no contact."""

    tascomi: Tascomi
    columns: Columns
    payload_of: Callable[[CaseEntry, StepEntry], Payload | None]
    mark: str  # stands behind the case's number in our own mark: r for the requester, c for the contact
    salt: str

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Apply the rule."""
        payload = self.payload_of(entry, step)
        if payload is None:
            return NOTHING
        payload, is_ours = self._marked(payload, entry)
        reference = payload.record[self.columns.contact_reference] or ""
        there = self._with(reference)
        if len(there) == 1:
            return self._link(there[0], payload, reference)
        if is_ours and there:
            raise NotSettled(
                f"{len(there)} contacts carry our own mark",
                why=self._named(there),
                todo="keep one of them in Tascomi, then retry",
            )
        beside = f" beside {len(there)} with this reference" if there else ""
        return Sending(
            f"make a new contact{beside}",
            payload,
            lambda: Outcome(id_of(self.tascomi.create(CONTACTS, payload.record))),
            {"act": "create", "before": sorted(map(id_of, there)), "key": self._key(reference)},
        )

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """Look for a contact with the reference that was not there before, or at what was to be changed."""
        payload = self.payload_of(entry, step)
        if payload is None:
            raise NotSettled(
                "the case named a contact when it was sent and names none now",
                todo=LOOK_FIRST,
            )
        payload, _ = self._marked(payload, entry)
        if step.intent.get("act") == "update":
            found = str(step.intent["id"])
            row = self.tascomi.read(CONTACTS, found)
            done = row is not None and not payload.differing(row).record
            return Outcome(found, is_linked=True) if done else None
        reference = payload.record[self.columns.contact_reference] or ""
        if self._key(reference) != step.intent.get("key"):
            raise NotSettled(
                "the case's contact has another reference than when it was sent",
                todo=LOOK_FIRST,
            )
        fresh = [row for row in self._with(reference) if id_of(row) not in step.intent["before"]]
        if len(fresh) > 1:
            raise NotSettled(
                f"{len(fresh)} contacts with this reference have appeared since",
                why=self._named(fresh),
                todo="keep one of them in Tascomi, then retry",
            )
        return Outcome(id_of(fresh[0])) if fresh else None

    def _link(self, row: Record, payload: Payload, reference: str) -> Outcome | Sending:
        found = id_of(row)
        changed = payload.differing(row)
        if not changed.record:
            return Outcome(found, is_linked=True, reason=f"contact {found} has this reference")

        def call() -> Outcome:
            self.tascomi.update(CONTACTS, found, changed.record)
            return Outcome(found, is_linked=True, reason=f"contact {found} changed")

        return Sending(
            f"link contact {found} and change it",
            changed,
            call,
            {"act": "update", "id": found, "key": self._key(reference)},
        )

    def _marked(self, payload: Payload, entry: CaseEntry) -> tuple[Payload, bool]:
        """Give a contact without a reference our own mark: short, since such columns are."""
        column = self.columns.contact_reference
        if payload.record.get(column):
            return payload, False
        return payload.having(**{column: f"CH-{entry.case_id}-{self.mark}"}), True

    def _with(self, reference: str) -> list[Record]:
        """Return the contacts in use that have a reference."""
        rows = found_by(self.tascomi, CONTACTS, self.columns.contact_reference, reference)
        return [row for row in rows if not same(row.get(self.columns.ceased), "t")]

    def _key(self, reference: str) -> str:
        """Return what tells references apart in the ledger without showing them."""
        return hashlib.sha256(f"{self.salt} {reference}".encode()).hexdigest()[:32]

    def _named(self, rows: list[Record]) -> str:
        return f"ids {', '.join(sorted(map(id_of, rows)))}"
