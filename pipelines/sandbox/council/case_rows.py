"""A plan written down as the cases report's row: what is true from receipt on, then step by step.

How each step changes a row, `case_changes` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.sandbox.council import words
from pipelines.sandbox.council.case_changes import STAGES, change, yes
from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.kinds import INFORMATION_REQUEST
from pipelines.sandbox.council.reports import CASE_COLUMNS, at

if TYPE_CHECKING:
    from pipelines.sandbox.council.people import Person
    from pipelines.sandbox.council.plan import Plan

REQUEST = "CaseDetailsInformationRequest."
PARTY, PARTY_REST = at("MainParty.Reference"), at("MainParty.Category")
PLACES = {name: place for place, name in enumerate(CASE_COLUMNS)}

CONFIDENTIAL, SENSITIVE_CONFIDENTIAL = 25, 250  # per thousand


def row(plan: Plan, told: int) -> tuple[str, ...]:
    """Write the case as it stands after its first `told` steps (at least one), in wire order.

    The row at receipt and the last one written are kept: whoever goes on in time only changes the last, and
    whoever goes back need not make the person again. Threads may overwrite each other's kept row with another
    that is as true.
    """
    kept = plan.kept_row
    if kept is None or kept[0] > told:
        done, cells = 0, list(opened(plan))
    else:
        done, cells = kept[0], list(kept[1])
    for place in range(done, told):
        change(cells, plan, place)
    written = tuple(cells)
    plan.kept_row = told, written
    return written


def opened(plan: Plan) -> tuple[str, ...]:
    """Write what is true of the case from receipt on, once."""
    if plan.opened_row is None:
        plan.opened_row = tuple(_open(plan))
    return plan.opened_row


def details(plan: Plan) -> str:
    """Write what the customer asked for or complained of."""
    is_request = plan.kind.name == INFORMATION_REQUEST
    sentences = words.INFORMATION_DETAILS if is_request else words.CASE_DETAILS
    return sentences[plan.case_id % len(sentences)].format(subject=plan.subject)


def label(plan: Plan) -> str:
    """Write the case's label, "IR - y" in style (CODE/live)."""
    return f"{plan.kind.prefix} - {plan.subject}"


def _open(plan: Plan) -> list[str]:
    kind = plan.kind
    dice = plan.dice(Stream.DETAILS)
    form = dice.pick(kind.forms)
    form = kind.forms_by_subject.get(plan.subject, form)
    is_confidential = dice.chance(SENSITIVE_CONFIDENTIAL if kind.is_sensitive else CONFIDENTIAL)
    known = {
        "CaseDetails.CaseId": str(plan.case_id),
        "CaseDetails.ExternalId": plan.external_id,
        "CaseDetails.ParentCaseId": str(plan.parent_id or ""),
        "CaseDetails.CaseType": kind.name,
        "CaseDetails.FormType": form,
        "CaseDetails.CaseLabel": label(plan),
        "CaseDetails.Rating": dice.pick(words.RATINGS),
        "CaseDetails.Confidential": yes(is_confidential),
        "CaseStatusReceipt.Method": plan.method,
        "CaseStatusReceipt.CreatedBy": words.CREATED_BY_SYSTEM.get(plan.method, plan.triage.name),
        "CaseStatusReceipt.DateReceived": plan.batch.text,
        "CaseStatusReceipt.TimeCreated": plan.created,
        "CaseStatusTouchTimes.FirstTouchTime": plan.stamps[0],
    }
    if kind.name == INFORMATION_REQUEST:
        known |= _describe_request(plan, dice, form)
    cells = [""] * len(CASE_COLUMNS)
    for name, text in known.items():
        cells[PLACES[name]] = text
    if plan.person is not None:
        _name_party(cells, plan.person)
    for columns, stage in zip(STAGES, kind.stages, strict=False):
        cells[columns.target] = str(stage.target)
    return cells


def _describe_request(plan: Plan, dice: Dice, form: str) -> dict[str, str]:
    is_environmental = form.startswith("Environmental")
    scheme = "Environmental Information Regulations" if is_environmental else "Freedom of Information Act"
    return {
        REQUEST + "AdviceAndAssistance": yes(dice.chance(150)),
        REQUEST + "Details": details(plan),
        REQUEST + "PressOfficeContact": yes(dice.chance(100)),
        REQUEST + "RequestAboutDeceasedPerson": yes(dice.chance(20)),
        REQUEST + "Scheme": scheme,
        REQUEST + "SuitableForPublicationScheme": yes(dice.chance(400)),
    }


def _name_party(cells: list[str], person: Person) -> None:
    """Write the customer's cells; CustomerSatisfaction.OverallRating stands between the two runs of them."""
    cells[PARTY : PARTY + 10] = (
        person.reference,
        person.title,
        person.full_name,
        person.first_name,
        person.last_name,
        person.address,
        person.town,
        person.county,
        person.postcode,
        person.email,
    )
    cells[PARTY_REST : PARTY_REST + 9] = (
        person.category,
        person.contact_method,
        person.contact_time,
        person.date_of_birth,
        person.mobile,
        person.organisation,
        person.phone,
        person.language,
        person.notes,
    )
