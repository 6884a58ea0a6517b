"""getcases, getcasedetails and getcasedocuments: single cases as they stand now.

Layouts are recorded ones (CODE/live): a list is indented by two blanks, a case's details are not; every line
ends in CRLF; Classifications and Documents are left out when a case has none.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer
from pipelines.sandbox.icasework.bodies import (
    XML_HEAD,
    json_chunks,
    json_object,
    json_template,
    xml_attribute,
    xml_row,
    xml_text,
)
from pipelines.sandbox.icasework.pages import OTHER, UNIDENTIFIED, Refused, numbered
from pipelines.sandbox.icasework.reports import Unreadable, Window, read_window, whole_number
from pipelines.sandbox.icasework.tampering import Table

if TYPE_CHECKING:
    from pipelines.sandbox.council import CaseSummary, Document
    from pipelines.sandbox.state import Sandbox

Link = Callable[[str], str]  # a document's number -> the address it can be fetched from

_XML = "text/xml;charset=UTF-8"
_JSON = "application/json;charset=UTF-8"
_LISTED = (
    "CaseId",
    "CaseType",
    "CaseLabel",
    "ContactMethod",
    "DateReceived",
    "TimeCreated",
    "Status",
    "Rating",
)


def document_link(root: str, account: str) -> Link:
    """Return how addresses of documents are written (CODE/live); the token in them is made from the number.

    Nothing is served there: the shape is for those who store or show the address.
    """

    def link(number: str) -> str:
        digest = hashlib.sha512(number.encode()).digest()
        left, right = (base64.urlsafe_b64encode(part).decode() for part in (digest[:48], digest[48:]))
        token = f"{left}.{right}".replace("=", "%3D")
        return f"{root}/servlet/servlets.getImg?ref={number}&bin=Y&auth=0&db={account}&access_token={token}"

    return link


def read_case_window(params: Mapping[str, str], now: datetime) -> Window:
    """Read From/Until, or Days: so many days before today, and today (GUESS); raise Unreadable."""
    days = _number(params, "Days", None)
    if days is None:
        return read_window(params, now)
    try:
        return Window(datetime.combine(now.date() - timedelta(days=days), time.min), now)
    except OverflowError:
        raise Unreadable("Days is invalid.") from None


def get_cases(sandbox: Sandbox, params: Mapping[str, str], link: Link) -> Answer:
    """Answer getcases: the public cases received in the window, newest first."""
    now = sandbox.london_now()
    try:
        window = read_case_window(params, now)
        first, last = _number(params, "fromseq", 1), _number(params, "toseq", None)
    except Unreadable as problem:
        raise Refused(str(problem), code=numbered(sandbox.dialect.prefixes["getcases"], OTHER)) from None
    received = sandbox.council.cases_received(
        window.first, window.last, now, params.get("Type") or None, public_kinds_only=True
    )
    cases = _chosen(received, max(first or 1, 1), last)
    if _wants_json(params):
        table = Table(_LISTED, ([] if case is None else [_listed(sandbox, case, now)] for case in cases))
        return Answer(headers={"Content-Type": _JSON}, chunks=json_chunks(table, sandbox.dialect))
    return Answer(headers={"Content-Type": _XML}, chunks=_case_list(cases, link))


def _chosen(received: Iterable[CaseSummary], first: int, last: int | None) -> Iterator[CaseSummary | None]:
    """Yield the public cases from place `first` to `last`, and None for each other: a moment for others."""
    place = 0
    for case in received:
        place += case.is_public
        if last is not None and place > last:
            return
        yield case if case.is_public and place >= first else None
        if place == last:
            return


def _number(params: Mapping[str, str], name: str, default: int | None) -> int | None:
    """Read a number that need not be there; fromseq and toseq are places from 1, both included (GUESS)."""
    text = params.get(name, "")
    if not text:
        return default
    number = whole_number(text)
    if number is None:
        raise Unreadable(f"{name} is invalid.")
    return number


def _listed(sandbox: Sandbox, case: CaseSummary, now: datetime) -> tuple[str, ...]:
    details = sandbox.council.case(case.case_id, now) or {}
    return (
        str(case.case_id),
        case.case_type,
        case.label,
        case.request_method,
        case.request_date[:10],
        case.request_date,
        case.status,
        details.get("CaseDetails.Rating", ""),
    )


def _case_list(cases: Iterable[CaseSummary | None], link: Link) -> Iterator[bytes]:
    opening = f"{XML_HEAD}<Cases>\r\n"
    for case in cases:
        if case is None:
            yield b""
            continue
        yield (opening + "".join(f"{line}\r\n" for line in _case_lines(case, link))).encode()
        opening = ""
    yield (f"{XML_HEAD}<Cases />\r\n" if opening else "</Cases>\r\n").encode()


def _case_lines(case: CaseSummary, link: Link) -> Iterator[str]:
    yield "  <Case>"
    for name, text in (
        ("CaseId", str(case.case_id)),
        ("Type", case.case_type),
        ("Label", case.label),
        ("RequestMethod", case.request_method),
        ("RequestDate", case.request_date),
        ("Status", case.status),
    ):
        yield f"    <{name}>{xml_text(text)}</{name}>"
    yield "    <Attributes>"
    for name, text in case.attributes.items():
        yield f"      <{name}>{xml_text(text)}</{name}>"
    yield "    </Attributes>"
    if case.classifications:
        yield "    <Classifications>"
        for group, title in case.classifications:
            yield (f'      <Classification Group="{xml_attribute(group)}">{xml_text(title)}</Classification>')
        yield "    </Classifications>"
    if case.documents:
        yield "    <Documents>"
        for document in case.documents:
            yield f"      {_document(document, link)}"
        yield "    </Documents>"
    yield "  </Case>"


def _document(document: Document, link: Link) -> str:
    attributes = {
        "Id": document.document_id,
        "Name": document.name,
        "Category": document.category,
        "Type": document.mime_type,
        "Source": document.source,
        "DocumentDate": document.document_date,
    }
    text = " ".join(f'{name}="{xml_attribute(value)}"' for name, value in attributes.items())
    return f"<Document {text}><![CDATA[{link(document.document_id)}]]></Document>"


def get_case_details(sandbox: Sandbox, params: Mapping[str, str], _: Link) -> Answer:
    """Answer getcasedetails; an unknown case is refused without error headers (CODE/live).

    Several cases of one ExternalId are JSON objects one after the other, the newest last (CODE).
    """
    now = sandbox.london_now()
    identified = _identified(sandbox, params, now, "getcasedetails")
    found = {number: case for number in identified if (case := sandbox.council.case(number, now)) is not None}
    if not found:
        raise Refused("", untyped=True)
    cases = list(found.values())
    if _wants_json(params):
        text = "\n".join(json_object(json_template(case), case.values()) for case in cases)
        return Answer(headers={"Content-Type": _JSON}, chunks=[text.encode()])
    rows = "".join(
        xml_row("Case", tuple(case)) % tuple(xml_text(text) for text in case.values()) for case in cases
    )
    text = f'{XML_HEAD}<Cases RequestId="{max(found)}">\r\n{rows}</Cases>\r\n'
    return Answer(headers={"Content-Type": _XML}, chunks=[text.encode()])


def get_case_documents(sandbox: Sandbox, params: Mapping[str, str], link: Link) -> Answer:
    """Answer getcasedocuments; a case that is unknown has none, and that is no error (CODE/live)."""
    now = sandbox.london_now()
    identified = _identified(sandbox, params, now, "getcasedocuments")
    documents = [document for number in identified for document in sandbox.council.documents(number, now)]
    lines = "".join(f"  {_document(document, link)}\r\n" for document in documents)
    text = f"<Documents>\r\n{lines}</Documents>\r\n" if documents else "<Documents />\r\n"
    return Answer(headers={"Content-Type": _XML}, chunks=[(XML_HEAD + text).encode()])


def _identified(sandbox: Sandbox, params: Mapping[str, str], now: datetime, operation: str) -> Iterable[int]:
    """Return the numbers of the cases meant by CaseId or ExternalId, oldest first."""
    if text := params.get("CaseId", ""):
        number = whole_number(text)
        return [] if number is None else [number]
    if text := params.get("ExternalId", ""):
        return sorted(sandbox.council.find_external(text, now))
    code = numbered(sandbox.dialect.prefixes[operation], UNIDENTIFIED)
    raise Refused("Unable to identify case from the parameters.", code=code)


def _wants_json(params: Mapping[str, str]) -> bool:
    return params.get("Format", "").lower() == "json"
