"""The writer against a whole sandbox over loopback: what is written is there, what is told is true."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.doctor import examine
from pipelines.errors import CasehouseError, Transient, Unverified
from pipelines.sandbox.council.casework import FIRST_WRITTEN
from pipelines.sandbox.icasework.dialect import WRITING, Dialect
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import Key, SandboxConfig
from pipelines.settings import load_settings
from pipelines.sources.icasework.rights import try_writing
from pipelines.sources.icasework.writing import connect_writer
from pipelines.sources.icasework.writing_fields import Customer, Document, ExternalId, NewCase
from pipelines.sources.writing import NotAllowed, NotSent, OutcomeUnknown, Refused
from tests.sandbox.caller import HandClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipelines.sources.icasework.writing import IcaseworkWriter

    Connects = Callable[..., IcaseworkWriter]
    Writes = Callable[[IcaseworkWriter], object]

SECRETS = ("sandbox-secret", "reader-secret")
PERSONAL = ("Siân", "O'Neill", "sian@example.com", "01632 960001", "14 St John's Row", "HX1 2AB")
CUSTOMER = Customer(
    title="Ms",
    first_name="Siân",
    surname="O'Neill",
    address="14 St John's Row",
    town="Calderbridge",
    postcode="HX1 2AB",
    email="sian@example.com",
    phone="01632 960001",
    contact_method="Email",
    contact_language="cy",
    contact_consent=True,
    date_of_birth=date(1980, 3, 23),
    ethnic_origin="Welsh",
    disabilities=("Hearing", "Sight"),
)
NEW = NewCase(
    type="Service request", customer=CUSTOMER, external_id="casehouse/1", fields={"Details": "Noise"}
)
CASE = "400500"
ACCOUNT = {"sandbox-key": Key("sandbox-secret"), "reader": Key("reader-secret", may_write=False)}
WRITE_ONE: dict[str, Writes] = {
    "createcase": lambda writer: writer.create_case(NEW),
    "addcasenotes": lambda writer: writer.add_case_notes(CASE, "O'Neill rang from 01632 960001"),
    "updateexternalid": lambda writer: writer.update_external_id(CASE, "TSC-1"),
    "updatecustomer": lambda writer: writer.update_customer(Customer(id="200050", surname="O'Neill")),
    "updatecase": lambda writer: writer.update_case(CASE, {"Rating": "High"}),
}
BOTH_AUTHS = pytest.mark.parametrize("auth", ["bearer", "signature"])
BOTH_FORMATS = pytest.mark.parametrize("form", ["xml", "json"])


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[SandboxThread, HandClock]]:
    """Run one sandbox for all tests here: its council takes a while to make."""
    clock = HandClock()
    with SandboxThread(SandboxConfig(accounts={"sandbox": ACCOUNT}), clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture
def clock(running: tuple[SandboxThread, HandClock]) -> HandClock:
    running[1].now = HandClock().now
    return running[1]


@pytest.fixture
def sandbox(running: tuple[SandboxThread, HandClock]) -> SandboxThread:
    """Return it as it was: nothing written, asked or ordered."""
    sandbox, _ = running
    sandbox.sandbox.forget_written()
    sandbox.sandbox.turn({"clock_offset_seconds": 0})
    sandbox.faults.clear()
    sandbox.calls.clear()
    return sandbox


@pytest.fixture
def connect(sandbox: SandboxThread, clock: HandClock) -> Iterator[Connects]:
    opened: list[IcaseworkWriter] = []

    def open_writer(**settings: object) -> IcaseworkWriter:
        told: dict[str, Any] = {
            "icasework_base_url": sandbox.icasework_url,
            "icasework_attempts": 2,
            "icasework_max_wait_seconds": 0,
            "icasework_write_read_seconds": 5,
        }
        opened.append(connect_writer(load_settings(**(told | settings)), clock=clock))
        return opened[-1]

    yield open_writer
    for writer in opened:
        writer.close()


@pytest.fixture
def writer(connect: Connects) -> IcaseworkWriter:
    return connect()


def written(sandbox: SandboxThread) -> list[dict[str, Any]]:
    return sandbox.sandbox.council.writings.told()


def calls(sandbox: SandboxThread, operation: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = sandbox.calls.told(operation)["calls"]
    return told


def said(error: BaseException | None) -> str:
    """Return all that an error and those that hang on to it say."""
    if error is None:
        return ""
    return f"{error} {error!r} {vars(error)}" + said(error.__cause__ or error.__context__)


@BOTH_AUTHS
@BOTH_FORMATS
def test_every_call_is_carried_out_once(
    connect: Connects, sandbox: SandboxThread, auth: str, form: str
) -> None:
    writer = connect(icasework_write_auth=auth, icasework_write_format=form)
    assert writer.create_case(NEW) == str(FIRST_WRITTEN)
    writer.add_case_notes(CASE, "Seen\n& <noted>", kind="Phone call", is_shown_to_customer=True)
    writer.update_external_id(CASE, "TSC-1")
    writer.add_case_notes(ExternalId("TSC-1"), "by the other reference")
    writer.update_customer(Customer(id="C-77", surname="O'Neill"), new_id="C-78")
    writer.update_case(CASE, {"CaseDetails.Rating": "High"})
    writer.update_case(ExternalId("TSC-1"), {"Rating": "Low", "CaseLabel": "SR - noise"})
    made, note, link, other, one, two = written(sandbox)
    assert (made["case_id"], made["act"], made["by"]) == (FIRST_WRITTEN, "createcase", "sandbox-key")
    assert note["note"] == {"type": "Phone call", "text": "Seen\n& <noted>", "self_service_access": True}
    assert link["cells"] == {"CaseDetails.ExternalId": "TSC-1"}
    assert (other["case_id"], other["note"]["self_service_access"]) == (int(CASE), False)
    assert other["note"]["type"] == "Note"
    assert one["cells"] == {"CaseDetails.Rating": "High"}
    assert two["cells"] == {"CaseDetails.Rating": "Low", "CaseDetails.CaseLabel": "SR - noise"}
    for operation in WRITING:
        assert all(call["method"] == "POST" and call["status"] == 200 for call in calls(sandbox, operation))


def test_a_new_case_is_sent_with_all_that_the_vendor_names(
    writer: IcaseworkWriter, sandbox: SandboxThread
) -> None:
    paper = Document(
        name="Photo", mime_type="image/jpeg", url="https://example.com/p", url_public=True, load_content=True
    )
    case = NewCase(
        type="Corporate complaint",
        customer=CUSTOMER,
        external_id="casehouse/2",
        request_method="Online form",
        request_date=datetime(2026, 11, 20, 23, 30, tzinfo=UTC),
        label="COM - noise",
        status="Awaiting triage",
        fields={"Details": "Noise", "Impact": "Sleep"},
        documents=(paper, Document(name="Letter", mime_type="application/pdf", url="https://example.com/l")),
    )
    number = writer.create_case(case)
    (call,) = calls(sandbox, "createcase")
    assert call["params"] == {
        "db": "sandbox",
        "Format": "xml",
        "Type": "Corporate complaint",
        "ExternalId": "casehouse/2",
        "RequestMethod": "Online form",
        "RequestDate": "2026-11-20T23:30:00",
        "Label": "COM - noise",
        "Status": "Awaiting triage",
        "Details": "Noise",
        "Impact": "Sleep",
        "Customer.Title": "Ms",
        "Customer.FirstName": "Siân",
        "Customer.Surname": "O'Neill",
        "Customer.Address": "14 St John's Row",
        "Customer.Town": "Calderbridge",
        "Customer.Postcode": "HX1 2AB",
        "Customer.Email": "sian@example.com",
        "Customer.Phone": "01632 960001",
        "Customer.ContactMethod": "Email",
        "Customer.ContactLanguage": "cy",
        "Customer.ContactConsent": "true",
        "Customer.DateOfBirth": "1980-03-23",
        "Customer.EthnicOrigin": "Welsh",
        "Customer.Disability1": "Hearing",
        "Customer.Disability2": "Sight",
        "Document1.Name": "Photo",
        "Document1.MimeType": "image/jpeg",
        "Document1.URL": "https://example.com/p",
        "Document1.URLPublic": "true",
        "Document1.URLLoadContent": "true",
        "Document2.Name": "Letter",
        "Document2.MimeType": "application/pdf",
        "Document2.URL": "https://example.com/l",
    }
    found = writer.read_case(number)
    assert found is not None
    assert found.fields["MainParty.FullName"] == "O'Neill, Siân"
    assert found.fields["CaseStatusReceipt.DateReceived"] == "2026-11-20"
    assert found.fields["CaseStatusReceipt.Method"] == "Online Form"
    assert found.fields["CaseStatus.Status"] == "Awaiting triage"


SEED_NAMES = (
    "Id Title FirstName Surname Organisation Address Town County Country Postcode Email Phone Mobile"
    " ContactMethod ContactTime ContactLanguage ContactConsent Category Gender EthnicOrigin Sexuality Faith"
    " DateOfBirth AgeGroup Disability1 Disability2 Disability3 Disability4 Disability5 Disability6"
    " Disability7 Disability8 Disability9"
)


def test_a_customer_has_every_name_of_the_vendors_list() -> None:
    texts: dict[str, Any] = dict.fromkeys(Customer.__dataclass_fields__, "x")
    texts |= {
        "disabilities": tuple("abcdefghi"),
        "contact_consent": False,
        "date_of_birth": date(1980, 3, 23),
    }
    told = Customer(**texts).parameters("Customer.")
    assert {f"Customer.{name}" for name in SEED_NAMES.split()} <= told.keys()
    assert {name.removeprefix("Customer.") for name in told} - set(SEED_NAMES.split()) == {
        "AlternativeId1", "AlternativeId2", "TwitterUsername",
    }  # fmt: skip
    assert Customer().parameters() == {}


@BOTH_AUTHS
def test_a_case_is_found_by_its_external_id(connect: Connects, auth: str) -> None:
    writer = connect(icasework_write_auth=auth)
    assert writer.find_case("casehouse/1") == []
    first, second = writer.create_case(NEW), writer.create_case(NEW)
    assert [case.case_id for case in writer.find_case("casehouse/1")] == [first, second]
    assert writer.read_case("1") is None
    assert writer.external_id(first) == "casehouse/1"
    writer.update_external_id(first, "TSC-9")
    assert writer.external_id(first) == "TSC-9"
    assert [case.case_id for case in writer.find_case("casehouse/1")] == [second]
    with pytest.raises(Refused):
        writer.external_id("1")


@BOTH_AUTHS
def test_notes_are_counted_by_a_mark_where_there_is_a_report_of_them(
    connect: Connects, clock: HandClock, auth: str
) -> None:
    writer = connect(icasework_write_auth=auth)
    assert writer.count_notes(CASE, "[c/1]") == 0
    writer.add_case_notes(CASE, "told\n[c/1]")
    writer.add_case_notes("400501", "told [c/1]")
    assert writer.count_notes(CASE, "[c/1]") == 1
    writer.add_case_notes(CASE, "told again [c/1]")
    clock.forward(days=3)
    assert writer.count_notes(CASE, "[c/1]") == 2
    assert writer.count_notes(CASE, "[c/2]") == 0
    assert writer.count_notes(CASE, "[c/1]", since=clock.now - timedelta(days=1)) == 0
    account = {"icasework_environment": "uat", "icasework_account": "sandbox"}
    assert connect(**account).count_notes(CASE, "[c/1]") is None
    assert connect(**account, icasework_write_notes_report=50527).count_notes(CASE, "[c/1]") == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "answer_lost", "how": "hang_up"},
        {"fault": "answer_lost", "how": "reset"},
        {"fault": "answer_lost", "how": "error", "status": 502},
        {"fault": "cut", "after": 3},
        {"fault": "cut", "framing": "close", "after": 60},
        {"fault": "gzip_half"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_a_lost_answer_leaves_the_outcome_open_and_nothing_is_sent_again(
    writer: IcaseworkWriter, sandbox: SandboxThread, fault: dict[str, Any]
) -> None:
    for operation, write in WRITE_ONE.items():
        sandbox.faults.order({**fault, "operation": operation})
        before = len(written(sandbox))
        with pytest.raises(OutcomeUnknown) as caught:
            write(writer)
        assert len(calls(sandbox, operation)) == 1
        assert {line["act"] for line in written(sandbox)[before:]} == {operation}
        assert not any(text in said(caught.value) for text in PERSONAL)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 503},
        {"fault": "hang_up"},
        {"fault": "empty"},
        {"fault": "html"},
        {"fault": "status", "status": 408},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_what_happens_before_the_write_looks_the_same_from_here(
    writer: IcaseworkWriter, sandbox: SandboxThread, fault: dict[str, Any]
) -> None:
    for operation, write in WRITE_ONE.items():
        sandbox.faults.order({**fault, "operation": operation})
        with pytest.raises(OutcomeUnknown):
            write(writer)
        assert len(calls(sandbox, operation)) == 1
    assert written(sandbox) == []


def test_a_slow_answer_leaves_the_outcome_open(connect: Connects, sandbox: SandboxThread) -> None:
    writer = connect(icasework_write_read_seconds=0.2)
    writer.find_case("nothing")
    sandbox.faults.add("answer_lost", how="silence", seconds=5, operation="createcase", calls=1)
    with pytest.raises(OutcomeUnknown, match=r"not a byte for 0\.2 s"):
        writer.create_case(NEW)
    assert [line["act"] for line in written(sandbox)] == ["createcase"]
    assert len(writer.find_case("casehouse/1")) == 1


def test_what_could_not_be_sent_is_told_so(connect: Connects, sandbox: SandboxThread) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    for auth in ("signature", "bearer"):
        writer = connect(icasework_base_url=nobody, icasework_write_auth=auth)
        with pytest.raises(NotSent, match="refused"):
            writer.create_case(NEW)
    writer = connect()
    sandbox.faults.add("status", status=503, operation="token")
    with pytest.raises(NotSent, match="nothing was sent"):
        writer.create_case(NEW)
    sandbox.faults.clear()
    sandbox.faults.add("too_many_requests", operation="createcase", retry_after=7, calls=1)
    with pytest.raises(NotSent, match="asks to wait 7"):
        writer.create_case(NEW)
    assert written(sandbox) == []
    writer.create_case(NEW)


def test_a_call_that_is_no_call_was_not_sent(connect: Connects) -> None:
    writer = connect(icasework_base_url="http://127.0.0.1:9/\x7f", icasework_write_auth="signature")
    with pytest.raises(NotSent):
        writer.update_external_id(CASE, "TSC-1")


@pytest.mark.parametrize("status", [400, 401])
def test_an_old_token_is_renewed_once(clock: HandClock, status: int) -> None:
    config = SandboxConfig(dialect=Dialect(bad_token_status=status))
    with SandboxThread(config, clock=clock) as sandbox:
        settings = load_settings(icasework_base_url=sandbox.icasework_url)
        with connect_writer(settings, clock=clock) as writer:
            writer.update_external_id(CASE, "TSC-1")
            sandbox.faults.add("expired_token", operation="addcasenotes", calls=1)
            writer.add_case_notes(CASE, "once")
            assert [line["act"] for line in written(sandbox)] == ["updateexternalid", "addcasenotes"]
            assert [call["status"] for call in calls(sandbox, "addcasenotes")] == [status, 200]
            sandbox.faults.add("expired_token", operation="addcasenotes")
            with pytest.raises(NotAllowed):
                writer.add_case_notes(CASE, "never")
            assert len(calls(sandbox, "addcasenotes")) == 4
            assert len(written(sandbox)) == 2
            sandbox.faults.clear()
            writer.read_case(CASE)
            sandbox.faults.add("expired_token", operation="getcasedetails", calls=1)
            assert writer.external_id(CASE) == "TSC-1"


@BOTH_AUTHS
def test_a_key_without_the_right_may_not_write(connect: Connects, sandbox: SandboxThread, auth: str) -> None:
    writer = connect(
        icasework_write_auth=auth, icasework_write_api_key="reader", icasework_write_secret="reader-secret"
    )
    assert writer.find_case("nothing") == []
    for write in WRITE_ONE.values():
        with pytest.raises(NotAllowed, match="Access denied"):
            write(writer)
    assert written(sandbox) == []


@BOTH_AUTHS
def test_a_wrong_secret_is_not_allowed_in(connect: Connects, sandbox: SandboxThread, auth: str) -> None:
    writer = connect(icasework_write_auth=auth, icasework_secret="another-secret")
    with pytest.raises(NotAllowed) as caught:
        writer.add_case_notes(CASE, "x")
    assert "another-secret" not in said(caught.value)
    assert written(sandbox) == []


def test_a_wrong_account_is_never_taken_for_success(connect: Connects) -> None:
    account = {"icasework_environment": "uat", "icasework_account": "other"}
    with pytest.raises(NotAllowed, match="wrong account"):
        connect(**account).create_case(NEW)
    signed = connect(**account, icasework_write_auth="signature")
    with pytest.raises(OutcomeUnknown, match="wrong account"):
        signed.create_case(NEW)
    with pytest.raises(Unverified):
        signed.find_case("casehouse/1")


def test_what_the_server_judges_is_refused_by_its_field(
    writer: IcaseworkWriter, sandbox: SandboxThread
) -> None:
    wrong: list[tuple[str | None, Writes]] = [
        (None, lambda writer: writer.create_case(NewCase(type="Nonsense", customer=CUSTOMER))),
        ("CaseId", lambda writer: writer.add_case_notes("1", "O'Neill rang")),
        ("ExternalId", lambda writer: writer.add_case_notes(ExternalId("O'Neill"), "rang")),
        ("CaseId", lambda writer: writer.update_external_id("1", "TSC-1")),
        ("Attribute", lambda writer: writer.update_case(CASE, {"isVulnerable": "O'Neill"})),
        ("RequestMethod", lambda writer: writer.create_case(NewCase(type="Comment", request_method="Owl"))),
        (
            "Customer.ContactLanguage",
            lambda writer: writer.create_case(
                NewCase(type="Comment", customer=Customer(surname="O'Neill", contact_language="Welsh"))
            ),
        ),
    ]
    for field, write in wrong:
        with pytest.raises(Refused) as caught:
            write(writer)
        assert caught.value.field == field
        assert "400" in caught.value.reason
        assert not any(text in said(caught.value) for text in (*PERSONAL, "Owl"))
    with pytest.raises(Refused, match="check the case's Type"):
        writer.create_case(NewCase(type="Nonsense"))
    assert written(sandbox) == []


def test_what_can_only_be_refused_is_not_sent(writer: IcaseworkWriter, sandbox: SandboxThread) -> None:
    paper = Document(name="n" * 101, mime_type="image/png", url="https://example.com")
    wrong: list[tuple[str, Writes]] = [
        ("Type", lambda writer: writer.create_case(NewCase(type=" "))),
        ("Document1.Name", lambda writer: writer.create_case(NewCase(type="Comment", documents=(paper,)))),
        ("Signature", lambda writer: writer.create_case(NewCase(type="Comment", fields={"Signature": "x"}))),
        ("Type", lambda writer: writer.create_case(NewCase(type="Comment", fields={"Type": "x"}))),
        (
            "Customer.Disability10",
            lambda writer: writer.create_case(
                NewCase(type="Comment", customer=Customer(disabilities=tuple("abcdefghij")))
            ),
        ),
        ("Notes", lambda writer: writer.add_case_notes(CASE, " ")),
        ("CaseId", lambda writer: writer.add_case_notes("", "x")),
        ("ExternalId", lambda writer: writer.add_case_notes(ExternalId(""), "x")),
        ("ExternalId", lambda writer: writer.update_external_id(CASE, "")),
        ("Id", lambda writer: writer.update_customer(Customer(surname="x"))),
        ("Attribute", lambda writer: writer.update_case(CASE, {})),
        ("CaseId", lambda writer: writer.update_case(CASE, {"CaseId": "7"})),
    ]
    for field, write in wrong:
        with pytest.raises(Refused) as caught:
            write(writer)
        assert caught.value.field == field
    assert sandbox.calls.count == 0


def test_the_right_to_write_is_proved_without_writing(connect: Connects, sandbox: SandboxThread) -> None:
    for auth in ("bearer", "signature"):
        assert "may write" in connect(icasework_write_auth=auth).prove_writing()
    with pytest.raises(NotAllowed):
        connect(icasework_write_api_key="reader", icasework_write_secret="reader-secret").prove_writing()
    assert written(sandbox) == []


def test_a_signature_is_made_again_when_the_server_is_in_another_day(
    connect: Connects, sandbox: SandboxThread, clock: HandClock
) -> None:
    clock.now = datetime(2026, 11, 23, 23, 59, 50, tzinfo=UTC)
    sandbox.sandbox.turn({"clock_offset_seconds": 30})
    writer = connect(icasework_write_auth="signature")
    writer.create_case(NEW)
    assert [call["status"] for call in calls(sandbox, "createcase")] == [403, 200]
    assert len(written(sandbox)) == 1
    writer.add_case_notes(CASE, "dated by us, so it is good at once")
    assert [call["status"] for call in calls(sandbox, "addcasenotes")] == [200]


@BOTH_AUTHS
def test_nothing_secret_or_personal_is_logged(
    connect: Connects, sandbox: SandboxThread, caplog: pytest.LogCaptureFixture, auth: str
) -> None:
    caplog.set_level(logging.DEBUG)
    writer = connect(icasework_write_auth=auth)
    writer.create_case(NEW)
    writer.find_case("casehouse/1")
    sandbox.faults.add("answer_lost", operation="addcasenotes")
    with pytest.raises(OutcomeUnknown):
        writer.add_case_notes(CASE, "O'Neill rang from 01632 960001")
    told = caplog.text
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("casehouse"))
    assert not any(text in told for text in (*SECRETS, "Signature=", "access_token="))
    assert not any(text in ours for text in PERSONAL)
    assert not any(text in told for text in ("sian%40example.com", "sian@example.com", "01632"))


def test_a_note_that_is_unsettled_is_settled_by_looking(
    writer: IcaseworkWriter, sandbox: SandboxThread
) -> None:
    for fault, is_there in (("answer_lost", 1), ("hang_up", 0)):
        mark = f"[{fault}]"
        sandbox.faults.add(fault, operation="addcasenotes", calls=1)
        with pytest.raises(OutcomeUnknown):
            writer.add_case_notes(CASE, f"done {mark}")
        assert writer.count_notes(CASE, mark) == is_there


def test_a_look_up_never_takes_silence_for_nothing(writer: IcaseworkWriter, sandbox: SandboxThread) -> None:
    for fault in ("empty", "html", "status"):
        for operation in ("getcasedetails", "getreport"):
            sandbox.faults.add(fault, operation=operation)
        with pytest.raises(CasehouseError) as caught:
            writer.find_case("casehouse/1")
        assert isinstance(caught.value, Unverified | Transient)
        with pytest.raises((Unverified, Transient)):
            writer.count_notes(CASE, "mark")
        sandbox.faults.clear()


def test_the_doctor_tries_what_writing_needs(sandbox: SandboxThread, clock: HandClock) -> None:
    told: dict[str, Any] = {"icasework_base_url": sandbox.icasework_url, "icasework_attempts": 1}
    good = list(try_writing(load_settings(**told), clock))
    assert [(found.name, found.ok) for found in good] == [
        ("writing", True), ("look-up", True), ("notes", True),
    ]  # fmt: skip
    reader = {"icasework_write_api_key": "reader", "icasework_write_secret": "reader-secret"}
    wrong = list(try_writing(load_settings(**told, **reader), clock))
    assert [found.ok for found in wrong] == [False, True, True]
    assert "Access denied" in wrong[0].detail
    real = {"icasework_environment": "uat", "icasework_account": "sandbox"}
    *_, notes = try_writing(load_settings(**told, **real), clock)
    assert (notes.ok, "NOTES_REPORT is not set" in notes.detail) == (True, True)
    *_, notes = try_writing(load_settings(**told, **real, icasework_write_notes_report=7), clock)
    assert (notes.ok, "Unable to identify report" in notes.detail) == (False, True)
    (half,) = try_writing(load_settings(**told, icasework_write_api_key="reader"), clock)
    assert (half.ok, half.todo != "") == (False, True)
    assert written(sandbox) == []


def test_the_doctor_looks_at_writing_once_it_is_switched_on(
    sandbox: SandboxThread, clock: HandClock, tmp_path: Path
) -> None:
    told: dict[str, Any] = {
        "data_dir": tmp_path,
        "icasework_base_url": sandbox.icasework_url,
        "tascomi_base_url": sandbox.tascomi_url,
    }
    clock.forward(seconds=20)  # nothing is signed for Tascomi at a full minute
    for is_on in (True, False):
        settings = load_settings(**told, outbound_enabled=is_on)
        found = {one.name: one for one in examine(settings, clock, accounts={})}
        assert ("icasework writing" in found) is is_on
    assert written(sandbox) == []
