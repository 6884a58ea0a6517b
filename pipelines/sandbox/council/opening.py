"""A case that is written in from outside: which types there are, and the row that such a case begins with.

It has no life of its own: it stays as it was opened until something is written to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.sandbox.council.case_rows import REQUEST
from pipelines.sandbox.council.kinds import INFORMATION_REQUEST, KINDS
from pipelines.sandbox.council.reports import CASE_COLUMNS
from pipelines.sandbox.council.services import TEAMS
from pipelines.sandbox.council.words import CREATED_BY_SYSTEM, E_MAIL, IN_PERSON, ONLINE_FORM, PHONE, POST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipelines.sandbox.council.kinds import Kind
    from pipelines.sandbox.council.workdays import Workdays

# Ways in that are set up here; a call may write them in other capitals (CODE: one public client does).
METHODS: Mapping[str, str] = {
    name.lower(): name
    for name in (ONLINE_FORM, E_MAIL, PHONE, POST, IN_PERSON, "Social media", "Web service")
}
ITSELF = "Web service"


@dataclass(frozen=True)
class Form:
    """A form that cases come in on, and the kind of case it makes."""

    name: str
    kind: Kind

    @property
    def inbox(self) -> str:
        """The code of the team that gets such cases first (CODE/live: a createcase answer names INBOXIR)."""
        return f"INBOX{self.kind.prefix}"


def _forms() -> Iterator[tuple[str, Form]]:
    for kind in KINDS:
        yield kind.name, Form(kind.forms[0], kind)
        for name in (*kind.forms, *kind.forms_by_subject.values()):
            yield name, Form(name, kind)


# By what createcase's Type may say: the name of a type or of one of its forms (DOC: form synonym or form id).
FORMS: Mapping[str, Form] = dict(_forms())


@dataclass(frozen=True)
class Opening:
    """A case as it is asked for; `at` and `received` are London wall-clock texts, the second one a day."""

    form: Form
    at: str
    received: str
    method: str = ITSELF
    external_id: str = ""
    label: str = ""
    status: str = ""
    details: str = ""


def opened_row(case_id: int, asked: Opening, party: Mapping[str, str], workdays: Workdays) -> dict[str, str]:
    """Return the case's cells by column, in wire order; `party` are those of the customer."""
    kind, stage = asked.form.kind, asked.form.kind.stages[0]
    due = workdays.text(workdays.number(date.fromisoformat(asked.received)) + stage.target)
    team = TEAMS[kind.triage]
    known = {
        "CaseDetails.CaseId": str(case_id),
        "CaseDetails.ExternalId": asked.external_id,
        "CaseDetails.CaseType": kind.name,
        "CaseDetails.FormType": asked.form.name,
        "CaseDetails.CaseLabel": asked.label or " - ".join(filter(None, (kind.prefix, asked.details))),
        "CaseDetails.Rating": "Medium",
        "CaseDetails.Confidential": "No",
        "CaseDetails.Team": team.name,
        "CaseDetails.TeamCode": asked.form.inbox,
        "CaseDetails.Directorate": team.directorate,
        "CaseStatus.Status": asked.status or "New",
        "CaseStatus.CurrentStage": stage.name,
        "CaseStatus.CurrentTargetDate": due,
        "CaseStatus.CurrentTargetDays": str(stage.target),
        "CaseStageStage1.DateDue": due,
        "CaseStageStage1.TargetDays": str(stage.target),
        "CaseStatusReceipt.Method": asked.method,
        "CaseStatusReceipt.CreatedBy": CREATED_BY_SYSTEM.get(asked.method, ITSELF),
        "CaseStatusReceipt.DateReceived": asked.received,
        "CaseStatusReceipt.TimeCreated": asked.at,
        "CaseStatusTouchTimes.FirstTouchTime": asked.at,
        "CaseStatusTouchTimes.LastUpdatedTime": asked.at,
        "CaseStatusTouchTimes.LastTouchTime": asked.at,
        **party,
    }
    if kind.name == INFORMATION_REQUEST:
        known |= {REQUEST + "Details": asked.details, REQUEST + "Scheme": "Freedom of Information Act"}
    return {column: known.get(column, "") for column in CASE_COLUMNS}
