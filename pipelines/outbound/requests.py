"""Service requests: made once for a case, found again by our reference, changed when the case changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.errors import Permanent
from pipelines.outbound.payload import Payload
from pipelines.outbound.ports import REQUESTS
from pipelines.outbound.searching import found_by, id_of
from pipelines.outbound.work import NotSettled, Outcome, Sending

if TYPE_CHECKING:
    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.kept_reference import KeptReference
    from pipelines.outbound.ports import Columns, Tascomi
    from pipelines.sources.writing import Record

PayloadOf = Callable[["CaseEntry", "StepEntry"], Payload]


@dataclass(frozen=True)
class RequestWork:
    """Make the service request of a case. `payload_of` reads the case, contacts' ids included."""

    tascomi: Tascomi
    columns: Columns
    payload_of: PayloadOf
    kept: KeptReference

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Look for our reference first: whatever was lost on our side, a second one is not made."""
        if there := self.settle(entry, step):
            return Outcome(
                there.result_id, there.number, there.status, is_linked=True, reason="it carries our reference"
            )
        payload = self.payload_of(entry, step).having(**{self.columns.request_reference: entry.reference})

        def call() -> Outcome:
            answer = self.tascomi.create(REQUESTS, payload.record)
            return self._outcome(answer, trouble=self.kept.trouble(answer, entry.reference))

        return Sending("make a new service request", payload, call)

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """Find the one that carries our reference."""
        del step
        rows = found_by(self.tascomi, REQUESTS, self.columns.request_reference, entry.reference)
        if len(rows) > 1:
            raise NotSettled(
                f"{len(rows)} service requests carry the reference of this case",
                why=f"ids {', '.join(sorted(map(id_of, rows)))}",
                todo="keep one in Tascomi and take the reference from the others, then retry",
            )
        return self._outcome(rows[0]) if rows else None

    def _outcome(self, row: Record, *, trouble: Permanent | None = None) -> Outcome:
        return Outcome(
            id_of(row), row.get(self.columns.number), row.get(self.columns.status), trouble=trouble
        )


@dataclass(frozen=True)
class UpdateWork:
    """Change the service request of a case. To set values twice does no harm."""

    tascomi: Tascomi
    columns: Columns
    payload_of: PayloadOf

    def prepare(self, entry: CaseEntry, step: StepEntry) -> Outcome | Sending:
        """Send what differs."""
        request_id = _raised(entry)
        row = self.tascomi.read(REQUESTS, request_id)
        if row is None:
            raise NotSettled(
                f"service request {request_id} is gone from Tascomi", todo="see what became of it there"
            )
        changed = self.payload_of(entry, step).differing(row)
        if not changed.record:
            return Outcome(request_id, is_linked=True, reason="it says so already")

        def call() -> Outcome:
            self.tascomi.update(REQUESTS, request_id, changed.record)
            return Outcome(request_id)

        return Sending(f"change service request {request_id}", changed, call)

    def settle(self, entry: CaseEntry, step: StepEntry) -> Outcome | None:
        """See whether the change is there."""
        row = self.tascomi.read(REQUESTS, _raised(entry))
        done = row is not None and not self.payload_of(entry, step).differing(row).record
        return Outcome(_raised(entry)) if done else None


def _raised(entry: CaseEntry) -> str:
    if entry.request_id is None:
        raise Permanent(
            f"case {entry.case_id} has no service request yet", todo="tell whoever looks after casehouse"
        )
    return entry.request_id
