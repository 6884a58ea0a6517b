from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from pipelines.sandbox.council import BY_NAME
from pipelines.sandbox.icasework.cases import _case_list, _chosen
from tests.sandbox.fake_council import ADDRESS, BUSY, DETAILS, FakeCouncil
from tests.sandbox.icasework.test_token import assert_error_page

if TYPE_CHECKING:
    from tests.sandbox.caller import Caller

WINDOW = {"From": "2026-11-02", "Until": "2026-11-02"}
NOW = datetime.fromisoformat("2026-11-23T08:00:00")
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n'


def parsed(body: bytes) -> Any:  # noqa: ANN401 - the stubs of lxml promise more than its trees hold
    return etree.fromstring(body)


def test_public_cases_are_listed_newest_first_in_the_recorded_layout(caller: Caller) -> None:
    answer = caller.get("getcases", **WINDOW)
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    text = answer.content.decode()
    assert text.startswith(
        f"{HEAD}<Cases>\r\n  <Case>\r\n    <CaseId>487002</CaseId>\r\n    <Type>Compliment</Type>\r\n"
        "    <Label>Bins &amp; bags</Label>\r\n    <RequestMethod>Email</RequestMethod>\r\n"
        "    <RequestDate>2026-11-02T11:15:00</RequestDate>\r\n    <Status>Open</Status>\r\n"
        "    <Attributes>\r\n    </Attributes>\r\n  </Case>\r\n  <Case>\r\n"
    )
    assert text.endswith("  </Case>\r\n</Cases>\r\n")
    bare, full = parsed(answer.content)
    assert [child.tag for child in bare] == [
        "CaseId", "Type", "Label", "RequestMethod", "RequestDate", "Status", "Attributes",
    ]  # fmt: skip
    assert [child.tag for child in full][6:] == ["Attributes", "Classifications", "Documents"]
    assert {item.tag: item.text for item in full.find("Attributes")} == {
        "Details": DETAILS,
        "InformationWillBe": "Attached",
    }
    assert [(item.get("Group"), item.text) for item in full.find("Classifications")] == [
        ("Waste & recycling", "Missed <bin>"),
        ('The "Green" team', "Parks"),
    ]


def test_a_document_is_an_address_with_six_attributes(caller: Caller) -> None:
    answer = caller.get("getcasedocuments", CaseId="487001")
    (document,) = parsed(answer.content)
    assert dict(document.attrib) == {
        "Id": "D225851",
        "Name": 'Reply "final"',
        "Category": "General upload",
        "Type": "application/pdf",
        "Source": "Document",
        "DocumentDate": "2026-11-02T16:43:11",
    }
    address = f"{caller.base}/servlet/servlets.getImg?ref=D225851&bin=Y&auth=0&db=sandbox&access_token="
    assert document.text.startswith(address)
    assert document.text.endswith("%3D%3D")
    assert b'DocumentDate="2026-11-02T16:43:11"><![CDATA[http' in answer.content
    assert answer.content == caller.get("getcasedocuments", CaseId="487001").content


@pytest.mark.parametrize("params", [{"CaseId": "1"}, {"CaseId": "x"}, {"ExternalId": "none"}])
def test_an_unknown_case_has_no_documents(caller: Caller, params: dict[str, str]) -> None:
    answer = caller.get("getcasedocuments", **params)
    assert answer.status_code == 200
    assert answer.content.decode() == f"{HEAD}<Documents />\r\n"


def test_cases_that_are_not_shown_let_other_calls_in_between() -> None:
    hidden = list(FakeCouncil().cases_received(BUSY, BUSY, NOW, public_kinds_only=True)) * 2
    chosen = list(_chosen(iter(hidden), 2, 3))
    assert [case and case.case_id for case in chosen] == [None, None, 487001, None, 487002]
    assert list(_case_list(chosen[:2], str)) == [b"", b"", f"{HEAD}<Cases />\r\n".encode()]


def test_no_cases_is_the_root_alone(caller: Caller) -> None:
    answer = caller.get("getcases", From="2026-11-05", Until="2026-11-06")
    assert answer.content.decode() == f"{HEAD}<Cases />\r\n"


def test_cases_as_json_are_flat(caller: Caller) -> None:
    answer = caller.get("getcases", **WINDOW, Format="json")
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert json.loads(answer.content)[1] == {
        "CaseId": "487001",
        "CaseType": "Complaint",
        "CaseLabel": "Bins & bags",
        "ContactMethod": "Email",
        "DateReceived": "2026-11-02",
        "TimeCreated": "2026-11-02T10:15:00",
        "Status": "Open",
        "Rating": "",
    }


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({**WINDOW, "Type": "Complaint"}, ["487001"]),
        ({"From": "2026-10-01"}, ["487002", "487001"]),
        ({"Days": "21"}, ["487002", "487001"]),
        ({"Days": "20"}, []),
        ({**WINDOW, "fromseq": "2"}, ["487001"]),
        ({**WINDOW, "toseq": "1"}, ["487002"]),
    ],
)
def test_cases_are_chosen_by_receipt_type_and_place(
    caller: Caller, params: dict[str, str], ids: list[str]
) -> None:
    root = parsed(caller.get("getcases", **params).content)
    assert [case.findtext("CaseId") for case in root] == ids


@pytest.mark.parametrize("params", [{}, {"Days": "x"}, {"Days": "9" * 30}, {**WINDOW, "toseq": "-1"}])
def test_an_unreadable_choice_of_cases_is_refused(caller: Caller, params: dict[str, str]) -> None:
    answer = caller.get("getcases", **params)
    assert answer.status_code == 400
    assert answer.headers["X-Application-Error-Code"] == "51099"


def test_details_are_the_whole_case_in_the_recorded_layout(caller: Caller) -> None:
    answer = caller.get("getcasedetails", CaseId="487000")
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    text = answer.content.decode()
    assert text.startswith(
        f'{HEAD}<Cases RequestId="487000">\r\n<Case>\r\n<CaseDetailsInformationRequest.AdviceAndAssistance>'
    )
    assert "<MainParty.Notes></MainParty.Notes>\r\n</Case>\r\n</Cases>\r\n" in text
    address = ADDRESS.replace("\n", "\r\n")
    assert f"<MainParty.Address>{address}</MainParty.Address>\r\n" in text
    (case,) = parsed(answer.content)
    assert tuple(cell.tag for cell in case) == BY_NAME["cases"].columns
    assert len(case) == 108
    assert case.findtext("MainParty.Address") == ADDRESS


def test_details_as_json_are_one_object_without_wrapper(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.get("getcasedetails", CaseId="487000", Format="json")
    assert json.loads(answer.content) == council.case(487000, caller.clock.now)


def test_cases_of_one_external_id_are_objects_one_after_the_other(caller: Caller) -> None:
    answer = caller.get("getcasedetails", ExternalId="WEB-2", Format="json")
    older, newer = answer.content.decode().split("\r\n}\n{\r\n")
    assert json.loads(older + "}")["CaseDetails.CaseId"] == "487000"
    assert json.loads("{" + newer)["CaseDetails.CaseId"] == "487002"
    root = parsed(caller.get("getcasedetails", ExternalId="WEB-2").content)
    assert root.get("RequestId") == "487002"
    assert [case.findtext("CaseDetails.CaseId") for case in root] == ["487000", "487002"]


def test_an_unknown_case_is_refused_as_recorded(caller: Caller) -> None:
    answer = caller.get("getcasedetails", CaseId="1")
    assert answer.status_code == 400
    assert answer.headers["Content-Disposition"] == 'filename="output.xml"'
    assert "Content-Type" not in answer.headers
    assert not [name for name in answer.headers if name.lower().startswith("x-application")]
    assert_error_page(answer.content)


@pytest.mark.parametrize(("operation", "code"), [("getcasedetails", "52002"), ("getcasedocuments", "53002")])
def test_a_case_must_be_named(caller: Caller, operation: str, code: str) -> None:
    answer = caller.get(operation)
    assert answer.status_code == 400
    assert answer.headers["X-Application-Error-Code"] == code


def test_reading_cases_wants_a_token(caller: Caller) -> None:
    for operation in ("getcases", "getcasedetails", "getcasedocuments"):
        assert caller.get(operation, "x.y", CaseId="487000", **WINDOW).status_code == 401
