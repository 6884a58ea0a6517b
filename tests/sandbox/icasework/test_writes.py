"""The writing calls on the wire, as clients of others make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from pipelines.sandbox.council.casework import FIRST_WRITTEN
from pipelines.sandbox.icasework.dialect import WRITING
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import Key, SandboxConfig
from pipelines.settings import Settings
from tests.sandbox.caller import NOTED, SECRET, Caller, HandClock, md5
from tests.sandbox.icasework.test_token import assert_error_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
CASE = "400500"
# A good call of each operation.
GOOD: dict[str, dict[str, str]] = {
    "createcase": {"Type": "Information request", "Details": "y"},
    "addcasenotes": {"CaseId": CASE, "Notes": "seen", **NOTED},
    "updateexternalid": {"CaseId": CASE, "ExternalId": "TSC-1", "RequestDate": "2026-11-23T08:00:00"},
    "updatecustomer": {"Id": "C-1", "Surname": "Bloggs"},
    "updatecase": {"CaseId": CASE, "Attribute": "Rating", "Value": "High"},
}
EVERY = pytest.mark.parametrize("operation", sorted(WRITING))


@pytest.fixture(scope="module")
def whole() -> Iterator[SandboxThread]:
    """Run one sandbox with its own council for all tests here."""
    with SandboxThread(clock=HandClock()) as running:
        yield running


@pytest.fixture
def caller(http: httpx.Client, whole: SandboxThread) -> Caller:
    whole.sandbox.forget_written()
    whole.calls.clear()
    return Caller(http, whole.icasework_url, HandClock())


@pytest.fixture
def sandbox(whole: SandboxThread) -> SandboxThread:
    return whole


def signed(operation: str, params: dict[str, str], day: str = "2026-11-23") -> dict[str, str]:
    names = {"createcase": (), "updatecustomer": ("Id",)}.get(operation, ("CaseId", "ExternalId"))
    extra = next((params[name] for name in names if name in params), "")
    return {
        "Key": "sandbox-key",
        "Signature": md5(f"{extra}{params.get('RequestDate', day)}{SECRET}"),
        **params,
    }


def refused(answer: httpx.Response, code: str | None, info: str | None = None) -> None:
    assert answer.status_code == 400
    assert_error_page(answer.content)
    assert answer.headers.get("X-Application-Error-Code") == code
    if info is not None:
        assert answer.headers["X-Application-Error-Info"] == info


def test_a_case_is_made_and_answered_as_recorded(caller: Caller, sandbox: SandboxThread) -> None:
    number = sandbox.sandbox.council.next_number()
    answer = caller.post("createcase", Type="Information request", Details="y")
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert answer.content.decode() == (
        f"{HEAD}<createcaseresponse><caseid>{number}</caseid><team>INBOXIR</team></createcaseresponse>\r\n"
    )
    answer = caller.post("createcase", Type="Information request", Details="y", Format="json")
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.content.decode() == f'{{"createcaseresponse": {{\n  "caseid": "{number + 1}"\n}}}}'


ROOTS = {
    "addcasenotes": ("addcasenotesresponse", "caseid", CASE),
    "updateexternalid": ("updateexternalidresponse", "caseid", CASE),
    "updatecustomer": ("updatecustomerresponse", "id", "C-1"),
    "updatecase": ("updatecaseattributeresponse", "caseid", CASE),
}


@pytest.mark.parametrize("operation", sorted(ROOTS))
def test_the_other_calls_answer_alike(caller: Caller, operation: str) -> None:
    root, member, text = ROOTS[operation]
    answer = caller.post(operation, **GOOD[operation])
    assert answer.content.decode() == f"{HEAD}<{root}><{member}>{text}</{member}></{root}>\r\n"
    answer = caller.post(operation, **GOOD[operation], Format="json")
    assert json.loads(answer.content) == {root: {member: text}}


@EVERY
def test_parameters_may_come_in_a_form_in_json_or_in_the_address(
    caller: Caller, sandbox: SandboxThread, operation: str
) -> None:
    token, params = caller.token(), GOOD[operation]
    headers = {"Authorization": f"Bearer {token}"}
    url = caller.url(operation)
    answers = [
        caller.http.post(url, data=params, headers=headers),
        caller.http.post(url, json=params, headers=headers),
        caller.http.post(f"{caller.base}/{operation}", params={"db": "sandbox", **params}, headers=headers),
        caller.http.post(
            f"{caller.base}/{operation}", json={"db": "sandbox", "access_token": token, **params}
        ),
        caller.http.post(f"{caller.base}/services/sandbox/{operation}", data=params, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    kept = sandbox.sandbox.council.writings
    assert len(kept.kept) + len(kept.customers.get("C-1", [])) == (1 if operation == "updatecustomer" else 5)


@EVERY
def test_a_key_with_its_signature_is_let_in(caller: Caller, operation: str) -> None:
    url = caller.url(operation)
    dated = {**GOOD[operation], "RequestDate": "2026-11-23T07:59:00"}
    for params in (signed(operation, GOOD[operation]), signed(operation, dated)):
        assert caller.http.post(url, data=params).status_code == 200
    wrong = {**signed(operation, GOOD[operation]), "Signature": md5(f"2026-11-23{SECRET}x")}
    answer = caller.http.post(url, data=wrong)
    assert answer.status_code == 403
    assert answer.headers["X-Application-Error-Info"] == "Invalid signature."


@pytest.mark.parametrize("operation", ["createcase", "updatecustomer", "updatecase"])
def test_a_call_without_a_date_is_signed_for_today(caller: Caller, operation: str) -> None:
    stale = signed(operation, GOOD[operation], "2026-11-22")
    assert caller.http.post(caller.url(operation), data=stale).status_code == 403


def test_the_vendors_worked_example_is_let_in(http: httpx.Client) -> None:
    key, secret = "0c54a5a5855483e04c26de1dc", "1e4ecd8c836bbd7bc9ae4b5e6"
    config = SandboxConfig(accounts={"sandbox": {key: Key(secret)}})
    with SandboxThread(config, clock=HandClock()) as sandbox:
        answer = http.post(
            f"{sandbox.icasework_url}/updateexternalid?db=sandbox",
            data={
                "CaseId": "53342",
                "ExternalId": "x",
                "RequestDate": "2010-01-01",
                "Key": key,
                "Signature": "44365b38db1a1f36df7f91067b873493",
            },
        )
    refused(answer, "56002")  # let in, but there is no such case here


def test_the_home_offices_way_of_making_a_case_works(caller: Caller) -> None:
    body = {
        "Key": "sandbox-key",
        "Signature": md5(f"2026-11-23{SECRET}"),
        "Type": "Information request",
        "Format": "json",
        "db": "sandbox",
        "RequestMethod": "Online form",
        "ExternalId": "token-1",
        "Details": "A request",
        "CaseDetails.Whatever": "a field of the form",
    }
    for sent in ({"json": body}, {"data": body}):
        answer = caller.http.post(f"{caller.base}/createcase?db=sandbox", **sent)  # type: ignore[arg-type]
        assert answer.json()["createcaseresponse"]["caseid"]
    found = caller.http.get(
        f"{caller.base}/getcasedetails",
        params={
            "db": "sandbox",
            "Key": "sandbox-key",
            "Signature": md5(f"token-12026-11-23{SECRET}"),
            "ExternalId": "token-1",
            "Format": "json",
        },
    )
    assert found.text.count('"CaseStatusReceipt.Method": "Online Form"') == 2


def test_the_courts_way_of_making_a_case_works(caller: Caller) -> None:
    body = {
        "db": "sandbox",
        "Type": "Corporate complaint",
        "Format": "json",
        "Team": "INBOX",
        "AssignedTeam": "1111",
        "RequestDate": "2026-11-20",
        "RequestMethod": "Online form",
        "PartyContextManageCases": "Main",
        "Customer.FirstName": "Jane",
        "Customer.Surname": "Doe",
        "Customer.Email": "jane@example.com",
        "Details": "All my details",
        "Document1.Name": "image.png",
        "Document1.MimeType": "image/png",
        "Document1.URL": "https://example.com/image.png",
        "Document1.URLLoadContent": True,
    }
    answer = caller.http.post(
        caller.url("createcase"), json=body, headers={"Authorization": f"Bearer {caller.token()}"}
    )
    number = answer.json()["createcaseresponse"]["caseid"]
    details = caller.get("getcasedetails", CaseId=number, Format="json").json()
    assert details["MainParty.FullName"] == "Doe, Jane"
    assert details["CaseStatusReceipt.DateReceived"] == "2026-11-20"
    documents: Any = etree.fromstring(caller.get("getcasedocuments", CaseId=number).content)
    assert [document.get("Name") for document in documents] == ["image.png"]


@EVERY
def test_a_call_that_writes_is_a_post_of_a_known_account_and_caller(caller: Caller, operation: str) -> None:
    prefix = {"createcase": 54, "addcasenotes": 55, "updateexternalid": 56, "updatecustomer": 57}
    refused(
        caller.get(operation, **GOOD[operation]), f"{prefix.get(operation, 11)}000", "Invalid HTTP Method."
    )
    assert caller.post(operation, "x.y", **GOOD[operation]).status_code == 401
    elsewhere = Caller(caller.http, caller.base, caller.clock, db="other")
    answer = elsewhere.post(operation, caller.token(), **GOOD[operation])
    assert (answer.status_code, answer.content) == (200, b"")
    assert written(caller) == []


def written(caller: Caller) -> list[dict[str, Any]]:
    root = caller.base.removesuffix("/icasework")
    told: list[dict[str, Any]] = caller.http.get(f"{root}/_sandbox/written").json()
    return told


def test_an_unknown_type_is_refused_as_recorded(caller: Caller) -> None:
    answer = caller.post("createcase", Type="Nonsense")
    refused(answer, None)
    assert answer.headers["Content-Type"] == "text/html;charset=UTF-8"


@pytest.mark.parametrize(
    ("operation", "params", "code", "info"),
    [
        ("createcase", {}, "54002", "Type is missing."),
        ("createcase", {"Type": "Comment", "RequestMethod": "Owl"}, "54099", "RequestMethod is invalid."),
        ("createcase", {"Type": "Comment", "RequestDate": "soon"}, "54099", "RequestDate is invalid."),
        ("createcase", {"Type": "Comment", "RequestDate": "2026-11-24"}, "54099", "RequestDate is invalid."),
        ("createcase", {"Type": "Comment", "RequestId": "400500"}, "54099", "RequestId is invalid."),
        ("createcase", {"Type": "Comment", "Format": "csv"}, "54099", "Format is invalid."),
        (
            "createcase",
            {"Type": "Comment", "Customer.ContactMethod": "Owl"},
            "54099",
            "Customer.ContactMethod is invalid.",
        ),
        (
            "createcase",
            {"Type": "Comment", "Customer.DateOfBirth": "1980"},
            "54099",
            "Customer.DateOfBirth is invalid.",
        ),
        (
            "createcase",
            {"Type": "Comment", "Customer.ContactConsent": "maybe"},
            "54099",
            "Customer.ContactConsent is invalid.",
        ),
        ("createcase", {"Type": "Comment", "Document1.Name": "x"}, "54002", "Document1.MimeType is missing."),
        (
            "createcase",
            {
                "Type": "Comment",
                "Document2.Name": "x" * 101,
                "Document2.MimeType": "x",
                "Document2.URL": "https://x",
            },
            "54099",
            "Document2.Name is longer than 100 characters.",
        ),
        (
            "createcase",
            {
                "Type": "Comment",
                "Document1.Name": "x",
                "Document1.MimeType": "x",
                "Document1.URL": "file:///x",
            },
            "54099",
            "Document1.URL is invalid.",
        ),
        ("addcasenotes", {"CaseId": CASE}, "55002", "Notes is missing."),
        ("addcasenotes", {"CaseId": CASE, "Notes": "x"}, "55002", "Type is missing."),
        (
            "addcasenotes",
            {**GOOD["addcasenotes"], "SelfServiceAccess": ""},
            "55002",
            "SelfServiceAccess is missing.",
        ),
        ("addcasenotes", {**GOOD["addcasenotes"], "RequestDate": ""}, "55002", "RequestDate is missing."),
        ("addcasenotes", {"Notes": "x", **NOTED}, "55002", None),
        ("addcasenotes", {"Notes": "x", **NOTED, "CaseId": "1"}, "55002", None),
        ("addcasenotes", {"Notes": "x", **NOTED, "ExternalId": "none"}, "55002", None),
        ("updateexternalid", {"CaseId": CASE, "ExternalId": "x"}, "56002", "RequestDate is missing."),
        ("createcase", {"Type": "Comment", "RequestDate": "20261120"}, "54099", None),
        ("createcase", {"Type": "Comment", "RequestDate": "2026-11-20 10:00:00"}, "54099", None),
        ("createcase", {"Type": "Comment", "Customer.DateOfBirth": "19800323"}, "54099", None),
        ("addcasenotes", {**GOOD["addcasenotes"], "SelfServiceAccess": "2"}, "55099", None),
        ("addcasenotes", {**GOOD["addcasenotes"], "RequestDate": "x"}, "55099", None),
        ("updateexternalid", {"CaseId": CASE}, "56002", "ExternalId is missing."),
        ("updateexternalid", {"ExternalId": "x"}, "56002", "CaseId is missing."),
        ("updateexternalid", {**GOOD["updateexternalid"], "CaseId": "900000999"}, "56002", None),
        ("updatecustomer", {"Surname": "x"}, "57002", "Id is missing."),
        ("updatecustomer", {"Id": "200050", "NewId": "200051"}, "57099", "NewId is invalid."),
        ("updatecase", {"CaseId": CASE}, "11002", "Attribute is missing."),
        ("updatecase", {"CaseId": CASE, "Attribute": "Rating"}, "11002", "Value is missing."),
        ("updatecase", {"CaseId": CASE, "numberOfPets": "12"}, "11002", None),
        ("updatecase", {"Attribute": "Rating", "Value": "High"}, "11002", None),
    ],
)
def test_what_is_missing_or_wrong_is_refused_and_nothing_is_written(
    caller: Caller, operation: str, params: dict[str, str], code: str, info: str | None
) -> None:
    refused(caller.post(operation, **params), code, info)
    assert written(caller) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Type": ["Comment"]}', b"\xff"])
def test_a_body_that_cannot_be_read_is_refused(caller: Caller, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {caller.token()}"}
    assert caller.http.post(caller.url("createcase"), content=body, headers=headers).status_code == 400
    assert written(caller) == []


def test_a_reference_of_several_cases_names_none(caller: Caller) -> None:
    for _ in range(2):
        caller.post("createcase", Type="Comment", ExternalId="twice")
    answer = caller.post("addcasenotes", ExternalId="twice", Notes="x", **NOTED)
    refused(answer, "55002", "Unable to identify case from the parameters.")


def test_a_number_may_be_wished_for_once(caller: Caller) -> None:
    wish = str(FIRST_WRITTEN + 5000)
    for code in (None, "54099"):
        answer = caller.post("createcase", Type="Comment", RequestId=wish)
        if code is None:
            assert f"<caseid>{wish}</caseid>" in answer.text
        else:
            refused(answer, code)


def test_a_key_without_the_right_is_denied(http: httpx.Client) -> None:
    config = SandboxConfig(accounts={"sandbox": {"sandbox-key": Key(SECRET, may_write=False)}})
    with SandboxThread(config, clock=HandClock()) as sandbox:
        caller = Caller(http, sandbox.icasework_url, HandClock())
        for operation, params in GOOD.items():
            answer = caller.post(operation, **params)
            assert answer.status_code == 403
            assert answer.headers["X-Application-Error-Info"] == "Access denied."
        assert caller.get("getcasedetails", CaseId=CASE).status_code == 200


def test_in_production_the_main_host_writes_and_the_report_host_does_not(http: httpx.Client) -> None:
    with SandboxThread(SandboxConfig(environment="production"), clock=HandClock()) as sandbox:
        caller = Caller(http, sandbox.icasework_url, HandClock(), db=None)
        assert caller.post("addcasenotes", **GOOD["addcasenotes"]).status_code == 200
        reports = Caller(http, f"{sandbox.url}/icasework-reports", HandClock(), db=None)
        answer = reports.post("addcasenotes", caller.token(), **GOOD["addcasenotes"])
        refused(answer, "55001", "API not available here.")
        (line,) = http.get(f"{sandbox.url}/_sandbox/written").json()
        assert (line["act"], line["case_id"], line["at"]) == (
            "addcasenotes",
            int(CASE),
            "2026-11-23T08:00:00",
        )


@pytest.mark.parametrize(
    ("wanted", "shown"), [("400500", "case 400500"), ("<b>1</b>", "a case"), ("", "a case")]
)
def test_the_link_of_a_case_leads_to_a_page_to_sign_in(
    http: httpx.Client, whole: SandboxThread, wanted: str, shown: str
) -> None:
    settings = Settings(_env_file=None, sandbox_port=whole.port, calls_days=0)  # type: ignore[call-arg]  # pydantic's own
    answer = http.get(settings.icasework_case_pattern.replace("{case_id}", wanted))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert f"<h1>Sign in to see {shown}</h1>" in answer.text
    assert "stand-in" in answer.text
    details = Caller(http, whole.icasework_url, HandClock()).get("getcasedetails", CaseId=CASE, Format="json")
    known = {text for name, text in details.json().items() if text and name != "CaseDetails.CaseId"}
    assert not any(text in answer.text for text in known if len(text) > 5)
    assert http.post(f"{whole.icasework_url}/case").status_code == 404
