"""createcase, addcasenotes, updateexternalid, updatecustomer, updatecase: what they check, do and answer.

Nothing is written before everything is checked. createcase's answers are recorded ones, updatecase's are the
vendor's own examples; those of the other three follow them (GUESS), as does which values are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer
from pipelines.sandbox.council.casework import EXTERNAL_ID, FIRST_WRITTEN
from pipelines.sandbox.council.opening import FORMS, ITSELF, METHODS, Opening
from pipelines.sandbox.council.writings import Note
from pipelines.sandbox.icasework.bodies import xml_text
from pipelines.sandbox.icasework.pages import UNIDENTIFIED, Refused
from pipelines.sandbox.icasework.reports import whole_number
from pipelines.sandbox.icasework.written_fields import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipelines.sandbox.state import Sandbox

_UNKNOWN_CASE = "Unable to identify case from the parameters."


def create_case(sandbox: Sandbox, params: Mapping[str, str], key: str) -> Answer:
    """Answer createcase; an unknown Type is refused without error headers (CODE/live).

    RequestDate is when the case was received, now if it is not sent (DOC). Several cases may have one
    ExternalId (CODE), so a repeated call makes a second case.
    """
    sent = _sent(sandbox, params, "createcase")
    form = FORMS.get(sent.required("Type"))
    if form is None:
        raise Refused("")
    now = sandbox.london_now().replace(microsecond=0)
    received = sent.moment("RequestDate") or now
    if received > now:
        raise sent.refused("RequestDate is invalid.")
    asked = Opening(
        form=form,
        at=now.isoformat(),
        received=received.date().isoformat(),
        method=sent.choice("RequestMethod", METHODS) or ITSELF,
        external_id=sent.text("ExternalId"),
        label=sent.text("Label"),
        status=sent.text("Status"),
        details=sent.text("Details"),
    )
    number = _number(sandbox, sent, now)
    documents = tuple(sent.documents(number, asked.method, asked.at))
    details = sent.party("Customer.")
    sandbox.council.open_case(number, asked, sent.text("Customer.Id"), details, documents=documents, by=key)
    members = {"caseid": str(number)}
    if not _wants_json(params):  # the recorded JSON answer tells no team
        members["team"] = form.inbox
    return _answer("createcaseresponse", members, params)


def _number(sandbox: Sandbox, sent: Sent, now: datetime) -> int:
    """Return the case's number: RequestId forces it (DOC).

    A number below those that are given out here is refused: it is an invented case's, now or one day.
    """
    text = sent.text("RequestId")
    if not text:
        return sandbox.council.next_number()
    number = whole_number(text)
    if number is None or number < FIRST_WRITTEN or sandbox.council.case(number, now) is not None:
        raise sent.refused("RequestId is invalid.")
    return number


def add_case_notes(sandbox: Sandbox, params: Mapping[str, str], key: str) -> Answer:
    """Answer addcasenotes, which requires all its parameters (SEED); a note sent twice stands there twice."""
    sent = _sent(sandbox, params, "addcasenotes")
    now = sandbox.london_now()
    text, kind = sent.required("Notes"), sent.required("Type")
    sent.required("SelfServiceAccess")
    sent.required("RequestDate")
    sent.moment("RequestDate")
    note = Note(kind, text, is_shown=sent.flag("SelfServiceAccess"))
    case_id = _identified(sandbox, sent, now)
    sandbox.council.change_case(case_id, now, "addcasenotes", note=note, by=key)
    return _answer("addcasenotesresponse", {"caseid": str(case_id)}, params)


def update_external_id(sandbox: Sandbox, params: Mapping[str, str], key: str) -> Answer:
    """Answer updateexternalid, which requires all its parameters (SEED); CaseId alone means the case."""
    sent = _sent(sandbox, params, "updateexternalid")
    now = sandbox.london_now()
    sent.required("CaseId")
    cells = {EXTERNAL_ID: sent.required("ExternalId")}
    sent.required("RequestDate")
    sent.moment("RequestDate")
    case_id = _identified(sandbox, sent, now)
    sandbox.council.change_case(case_id, now, "updateexternalid", cells=cells, by=key)
    return _answer("updateexternalidresponse", {"caseid": str(case_id)}, params)


def update_customer(sandbox: Sandbox, params: Mapping[str, str], key: str) -> Answer:
    """Answer updatecustomer; an Id that nobody has is a new customer (SEED: create or update)."""
    sent = _sent(sandbox, params, "updatecustomer")
    now = sandbox.london_now()
    reference, renamed = sent.required("Id"), sent.text("NewId")
    sent.moment("RequestDate")
    council = sandbox.council
    if renamed and renamed != reference and council.cases_of(renamed, now):
        raise sent.refused("NewId is invalid.")
    council.change_customer(
        reference, sent.party(""), now, act="updatecustomer", new_reference=renamed, by=key
    )
    return _answer("updatecustomerresponse", {"id": renamed or reference}, params)


def update_case(sandbox: Sandbox, params: Mapping[str, str], key: str) -> Answer:
    """Answer updatecase (answer and both ways to name attributes: DOC)."""
    sent = _sent(sandbox, params, "updatecase")
    now = sandbox.london_now()
    cells = sent.attributes()
    case_id = _identified(sandbox, sent, now)
    sandbox.council.change_case(case_id, now, "updatecase", cells=cells, by=key)
    return _answer("updatecaseattributeresponse", {"caseid": str(case_id)}, params)


def _sent(sandbox: Sandbox, params: Mapping[str, str], operation: str) -> Sent:
    if params.get("Format", "xml").lower() not in {"xml", "json"}:
        raise Sent(params, sandbox.dialect.prefixes[operation]).refused("Format is invalid.")
    return Sent(params, sandbox.dialect.prefixes[operation])


def _identified(sandbox: Sandbox, sent: Sent, now: datetime) -> int:
    """Return the one case that CaseId, or else ExternalId, means; none or several are refused."""
    if text := sent.text("CaseId"):
        number = whole_number(text)
        found = [number] if number is not None and sandbox.council.case(number, now) is not None else []
    else:
        external_id = sent.text("ExternalId")
        found = sandbox.council.find_external(external_id, now) if external_id else []
    if len(found) != 1:
        raise sent.refused(_UNKNOWN_CASE, UNIDENTIFIED)
    return found[0]


def _wants_json(params: Mapping[str, str]) -> bool:
    return params.get("Format", "").lower() == "json"


def _answer(root: str, members: Mapping[str, str], params: Mapping[str, str]) -> Answer:
    if _wants_json(params):
        lines = ",\n".join(f'  "{name}": "{text}"' for name, text in members.items())
        text = f'{{"{root}": {{\n{lines}\n}}}}'
        return Answer(headers={"Content-Type": "application/json;charset=UTF-8"}, chunks=[text.encode()])
    cells = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in members.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{cells}</{root}>\r\n'
    return Answer(headers={"Content-Type": "text/xml;charset=UTF-8"}, chunks=[text.encode()])
