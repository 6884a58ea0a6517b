"""Looking up what became of a writing call: cases by number or external id, and notes by a mark in them.

These calls only read, so they are tried as often as any. They raise Transient, Permanent or Unverified when
what is asked cannot be told: none of them takes silence for "there is none".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from pipelines.sources.exchange import Call
from pipelines.sources.exchange import Refused as RefusedReading
from pipelines.sources.icasework.dialect import (
    ACCOUNT_PARAMETER,
    CASE_ID,
    ERROR_CODE,
    EXTERNAL_ID,
    GETCASEDETAILS,
    GETREPORT,
    UNKNOWN_CASE,
    WINDOW_FROM,
    WINDOW_UNTIL,
)
from pipelines.sources.icasework.writing_answers import read_rows
from pipelines.sources.icasework.writing_fields import written
from pipelines.sources.writing import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    from pipelines.settings import Settings
    from pipelines.sources.exchange import Answer, Clock
    from pipelines.sources.icasework.writing_auth import Credentials, Proof
    from pipelines.sources.transport import Transport

A_YEAR = timedelta(days=366)
_AHEAD = timedelta(minutes=5)  # the server's clock may be ahead of ours


@dataclass(frozen=True)
class CaseFound:
    """A case that was looked up; `fields` are its columns as the reports name them, personal ones too."""

    case_id: str
    external_id: str
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, repr=False)
class CaseLookUps:
    """Looks up in one account; a context manager."""

    settings: Settings
    transport: Transport
    credentials: Credentials
    clock: Clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections."""
        self.transport.close()

    def find_case(self, external_id: str) -> list[CaseFound]:
        """Return the cases of an external id, as they come, which is the newest last (CODE); [] for none.

        Raises Transient, Permanent or Unverified when that cannot be told.
        """
        return self._details({"ExternalId": external_id})

    def read_case(self, case_id: str) -> CaseFound | None:
        """Return a case as it stands, None when there is none of that number."""
        found = [case for case in self._details({"CaseId": case_id}) if case.case_id == case_id]
        return found[0] if found else None

    def external_id(self, case_id: str) -> str | None:
        """Return a case's external id, None when it has none; raise Refused when there is no such case."""
        case = self.read_case(case_id)
        if case is None:
            raise Refused("iCasework has no such case", field="CaseId", reason="it is unknown")
        return case.external_id or None

    def count_notes(self, case_id: str, mark: str, *, since: datetime | None = None) -> int | None:
        """Return how many of a case's notes hold a mark; None where no report of notes is set.

        Only notes from `since` on (an aware instant; a year ago when None) are asked for, as the report
        cannot be asked for one case. The mark may stand in any column: their names are the council's own.
        """
        report_id = self.settings.icasework_notes_report
        if report_id is None:
            return None
        now = self.clock()
        fields = {
            "ReportId": str(report_id),
            WINDOW_FROM: written(since or now - A_YEAR),
            WINDOW_UNTIL: written(now + _AHEAD),
            "Format": "xml",
        }
        rows = read_rows(GETREPORT, self._read(GETREPORT, fields))
        return sum(row.get(CASE_ID) == case_id and any(mark in cell for cell in row.values()) for row in rows)

    def call_for(self, operation: str, fields: Mapping[str, str], proof: Proof) -> Call:
        """Return the call by form; a report is asked of the reports' host."""
        is_report = operation == GETREPORT
        base = self.settings.icasework_reports_base if is_report else self.settings.icasework_base
        account = self.settings.icasework_db
        return Call(
            what=f"icasework {operation}",
            url=f"{base}/{operation}",
            method="POST",
            query={ACCOUNT_PARAMETER: account} if account else {},
            form={**fields, **proof.fields},
            bearer=proof.token.text if proof.token else None,
            secrets=proof.secrets,
        )

    def _details(self, fields: Mapping[str, str]) -> list[CaseFound]:
        try:
            answer = self._read(GETCASEDETAILS, {**fields, "Format": "xml"})
        except RefusedReading as refusal:
            if not _is_unknown_case(refusal.answer):
                raise
            return []
        return [
            CaseFound(row[CASE_ID], row.get(EXTERNAL_ID, ""), row)
            for row in read_rows(GETCASEDETAILS, answer)
            if row.get(CASE_ID)
        ]

    def _read(self, operation: str, fields: Mapping[str, str]) -> Answer:
        """Ask, and once more when the first proof was refused as too old."""
        proof = self.credentials.prove(operation, fields)
        try:
            return self.transport.call(self._reading(operation, fields, proof))
        except RefusedReading as refusal:
            fresh = self.credentials.again(operation, fields, proof, refusal.answer)
            if fresh is None:
                refusal.todo = (
                    refusal.todo or "have the key's rights and the report's id checked in iCasework"
                )
                raise
        return self.transport.call(self._reading(operation, fields, fresh))

    def _reading(self, operation: str, fields: Mapping[str, str], proof: Proof) -> Call:
        """Return the call: GET (DOC), but by form where that would log a signature (GUESS)."""
        call = self.call_for(operation, fields, proof)
        is_form = bool(proof.fields) or (operation == GETREPORT and self.settings.icasework_method == "POST")
        return call if is_form else replace(call, method="GET", query={**call.query, **call.form}, form={})


def _is_unknown_case(answer: Answer) -> bool:
    """Whether getcasedetails refused as it does for a case that is not there (CODE/live, of a number)."""
    name, text = UNKNOWN_CASE
    return (
        answer.status == HTTPStatus.BAD_REQUEST
        and not answer.header(ERROR_CODE)
        and text in answer.header(name)
    )
