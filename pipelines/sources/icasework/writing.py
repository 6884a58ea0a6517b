"""Writing to iCasework: the five calls, each sent once, and the look-ups that settle a lost answer.

A writing call ends in what it wrote or in one of the four outcomes of sources/writing.py. It is sent a
second time in one case only: when the answer to the first says that the token or the signature was too old,
for such a call was certainly not carried out. createcase and addcasenotes, sent again, write twice:

- a case whose answer was lost is found by its ExternalId (`find_case`), so give it one of its own;
- a note cannot be asked for by any call of the protocol; put a mark of your own into it, and `count_notes`
  finds it where the council has a report of its notes;
- the other three leave the same behind however often they are done; `read_case` shows whether they were.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.calls import CallBook
from pipelines.errors import CasehouseError, Transient
from pipelines.sources.exchange import Unreachable, Unsendable, Untrusted, utc_now
from pipelines.sources.icasework.auth import TokenSource
from pipelines.sources.icasework.dialect import (
    ADDCASENOTES,
    CREATECASE,
    NOTE_TYPE,
    REQUEST_DATE,
    UPDATECASE,
    UPDATECUSTOMER,
    UPDATEEXTERNALID,
)
from pipelines.sources.icasework.error_page import error_code, read_reason
from pipelines.sources.icasework.lookups import CaseLookUps
from pipelines.sources.icasework.writing_answers import read_written, written_case
from pipelines.sources.icasework.writing_auth import BearerToken, KeySignature
from pipelines.sources.icasework.writing_fields import named_case, own_fields, written
from pipelines.sources.icasework.writing_refusals import LOOK, judge, says_nothing
from pipelines.sources.patience import Patience
from pipelines.sources.transport import Transport
from pipelines.sources.writing import NotSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.settings import Settings
    from pipelines.sources.exchange import Answer, Call, Clock
    from pipelines.sources.icasework.writing_auth import Credentials
    from pipelines.sources.icasework.writing_fields import Customer, ExternalId, NewCase


class IcaseworkWriter(CaseLookUps):
    """Writes to one account, and looks up; a context manager. Made by `connect_writer`."""

    def create_case(self, case: NewCase) -> str:
        """Make a case; return its number."""
        told = self._write(CREATECASE, case.parameters())
        if not written_case(told):
            raise OutcomeUnknown(
                f"icasework {CREATECASE}: a case was made, but the answer does not tell its number",
                todo="look it up by its external id",
            )
        return written_case(told)

    def add_case_notes(
        self,
        case: str | ExternalId,
        notes: str,
        *,
        kind: str | None = None,
        is_shown_to_customer: bool = False,
    ) -> None:
        """Add a note to a case. Sent twice, it stands there twice.

        `kind` is one that iCasework is set up to know; a note must have one (SEED).
        """
        if not notes.strip():
            raise Refused("an empty note is not sent", field="Notes", reason="it is missing")
        fields = {**named_case(case), "Notes": notes, "Type": kind or NOTE_TYPE, **self._dated()}
        fields["SelfServiceAccess"] = written(is_shown_to_customer)
        self._write_to_case(ADDCASENOTES, fields)

    def update_external_id(self, case_id: str, external_id: str) -> None:
        """Link a case with its record in another system."""
        if not external_id.strip():
            raise Refused("an empty external id is not sent", field="ExternalId", reason="it is missing")
        fields = {**named_case(case_id), "ExternalId": external_id, **self._dated()}
        self._write_to_case(UPDATEEXTERNALID, fields)

    def update_customer(self, customer: Customer, *, new_id: str | None = None) -> None:
        """Change what is held of a customer, or make one of that id (SEED); `new_id` is DOC."""
        if not customer.id:
            raise Refused("a customer without an id is not sent", field="Id", reason="it is missing")
        renamed = {} if new_id is None else {"NewId": new_id}
        self._write(UPDATECUSTOMER, {**customer.parameters(), **renamed, **self._dated()})

    def update_case(self, case: str | ExternalId, attributes: Mapping[str, str]) -> None:
        """Change attributes of a case, by the names that reports have for them.

        One is sent as Attribute and Value, several under their own names (both DOC).
        """
        named = named_case(case)
        own = dict(own_fields(attributes, {"CaseId": "", "ExternalId": "", "Attribute": "", "Value": ""}))
        if not own:
            raise Refused("nothing to change is not sent", field="Attribute", reason="it is missing")
        if len(own) == 1:
            ((name, value),) = own.items()
            own = {"Attribute": name, "Value": value}
        self._write_to_case(UPDATECASE, {**named, **own})

    def prove_writing(self) -> str:
        """Say that the key may write, or raise NotAllowed or what keeps us from knowing; nothing is written.

        A note without text and case is sent: the server refuses it for that when it would take a whole one.
        """
        try:
            told = self._write(ADDCASENOTES, {})
        except Refused:
            return "a note without content was refused for that alone, so the key may write"
        raise OutcomeUnknown(
            "icasework addcasenotes took a note that has neither text nor case",
            why=f"it answered with {len(told)} values",
            todo="ask the vendor; nothing should be written to such a server",
        )

    def _dated(self) -> dict[str, str]:
        """Return the present as the calls want it that are dated (SEED)."""
        return {REQUEST_DATE: written(self.clock())}

    def _write_to_case(self, operation: str, fields: Mapping[str, str]) -> None:
        """Write; an answer about another case than the one named settles nothing."""
        told = written_case(self._write(operation, fields))
        if told and told != fields.get("CaseId", told):
            raise OutcomeUnknown(
                f"icasework {operation}: the answer is about another case",
                todo="look up what became of both cases before anything is sent again",
            )

    def _write(self, operation: str, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Send a writing call once, or a second time when the first proof was refused as too old."""
        asked = {**fields, "Format": self.settings.icasework_write_format}
        proof = self.credentials.prove(operation, asked)
        answer = self._send(self.call_for(operation, asked, proof))
        if fresh := self.credentials.again(operation, asked, proof, answer):
            proof = fresh
            answer = self._send(self.call_for(operation, asked, proof))
        if answer.status != HTTPStatus.OK:
            raise judge(operation, answer, asked, proof.secrets)
        told = read_written(operation, answer)
        if told is None:
            raise says_nothing(operation, answer)
        return told

    def _send(self, call: Call) -> Answer:
        """Send once; raise NotSent when no connection was made, OutcomeUnknown when no answer came."""
        failure: NotSent | OutcomeUnknown
        try:
            return self.transport.knock(call)
        except Unreachable as error:
            failure = NotSent(f"{call.what} could not be sent", why=error.why, todo=error.todo)
        except Transient as error:
            failure = OutcomeUnknown(
                f"{call.what} got no answer from {call.host}",
                why=error.why,
                todo=LOOK,
            )
        except (Unsendable, Untrusted) as error:
            failure = NotSent(error.what, why=error.why, todo=error.todo)
        except CasehouseError as error:
            failure = OutcomeUnknown(error.what, why=error.why, todo=LOOK)
        raise failure


def connect_writer(settings: Settings, clock: Clock = utc_now) -> IcaseworkWriter:
    """Return the writer that the settings describe; nothing is sent yet. Raises SettingsError."""
    key, secret = settings.icasework_writing_key
    transport = Transport(
        connect_seconds=settings.icasework_connect_seconds,
        read_seconds=settings.icasework_write_read_seconds,
        patience=Patience(
            attempts=settings.icasework_attempts, longest_wait=settings.icasework_max_wait_seconds
        ),
        clock=clock,
        explain=read_reason,
        code=error_code,
        book=CallBook(settings.data_dir, "icasework", keep_days=settings.calls_days),
    )
    credentials: Credentials
    if settings.icasework_write_auth == "signature":
        credentials = KeySignature(key, secret, clock)
    else:
        credentials = BearerToken(
            TokenSource(
                transport,
                base=settings.icasework_base,
                account=settings.icasework_db,
                key=key,
                secret=secret,
                clock=clock,
            )
        )
    return IcaseworkWriter(settings, transport, credentials, clock)
