"""What answers mean to the writer, from a server that says whatever it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SettingsError, Unverified
from pipelines.settings import load_settings
from pipelines.sources.exchange import Answer
from pipelines.sources.exchange import Refused as RefusedReading
from pipelines.sources.icasework.writing import connect_writer
from pipelines.sources.icasework.writing_auth import sign
from pipelines.sources.icasework.writing_fields import Customer, NewCase
from pipelines.sources.icasework.writing_refusals import judge
from pipelines.sources.wording import PLAIN, strike
from pipelines.sources.writing import NotAllowed, NotSent, OutcomeUnknown, Refused
from tests.sources.conftest import NOW
from tests.sources.fake_server import FakeServer, Reply, chunked, cut, until_close, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.sources.icasework.writing import IcaseworkWriter

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NEW = NewCase(type="Comment", customer=Customer(surname="O'Neill"))


@pytest.fixture
def writer(server: FakeServer) -> Iterator[IcaseworkWriter]:
    told = load_settings(
        icasework_environment="uat",
        icasework_account="council",
        icasework_base_url=server.url,
        icasework_write_auth="signature",
        icasework_attempts=1,
    )
    with connect_writer(told, clock=lambda: NOW) as writer:
        yield writer


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("53342", "44365b38db1a1f36df7f91067b873493"),  # the vendor's own worked example
        ("", "089e5fe812757a5192811ccf39de0c6c"),
        ("50521", "ef8e55bc5a1bc7db3a21c88a9df4be61"),
    ],
)
def test_a_signature_is_as_published(extra: str, expected: str) -> None:
    assert sign(extra, "2010-01-01", "1e4ecd8c836bbd7bc9ae4b5e6") == expected


@pytest.mark.parametrize(
    "reply",
    [
        whole(
            f"{HEAD}<createcaseresponse><caseid>7</caseid><team>X</team></createcaseresponse>\r\n".encode()
        ),
        chunked(f"{HEAD}<createcaseresponse>\n <caseid> 7 </caseid>\n</createcaseresponse>".encode()),
        whole(b'{"createcaseresponse": {\n  "caseid": "7"\n}}'),
        whole(b'\xef\xbb\xbf{"createcaseresponse": {"caseid": 7, "team": null}}'),
    ],
    ids=["recorded xml", "spaced xml", "recorded json", "other json"],
)
def test_a_number_is_read_in_whatever_format_it_comes(
    server: FakeServer, writer: IcaseworkWriter, reply: Reply
) -> None:
    server.on("/createcase", reply)
    assert writer.create_case(NEW) == "7"
    (asked,) = server.asked
    assert asked.query == {"db": "council"}
    assert asked.form["Signature"] == sign("", "2026-11-23", "sandbox-secret")


GOOD = f"{HEAD}<createcaseresponse><caseid>7</caseid></createcaseresponse>".encode()


@pytest.mark.parametrize(
    "reply",
    [
        whole(b""),
        whole(b"  \r\n"),
        whole(b"OK"),
        whole(b"<html><body>Signed out</body></html>"),
        whole(GOOD[:-3]),
        cut(GOOD, 60),
        until_close(GOOD[:70]),
        whole(f"{HEAD}<createcaseresponse></createcaseresponse>".encode()),
        whole(f"{HEAD}<addcasenotesresponse><caseid>7</caseid></addcasenotesresponse>".encode()),
        whole(f'{HEAD}<!DOCTYPE x [<!ENTITY e "7">]><createcaseresponse><caseid>&e;</caseid>'.encode()),
        whole(b'{"createcaseresponse": {"caseid": "7"}, "error": {}}'),
        whole(b'{"createcaseresponse": ["7"]}'),
        whole(b'{"createcaseresponse": {"caseid"'),
        whole(b"\xff\xfe<"),
        whole(b"x" * 70_000),
        whole(GOOD, "201 Created"),
        whole(GOOD, "202 Accepted"),
        whole(b"", "302 Found", {"Location": "/login"}),
        whole(b"busy", "500 Internal Server Error"),
        whole(b"busy", "504 Gateway Time-out"),
        Reply(b"HTTP/1.1 banana\r\n\r\n", keep=False),
        Reply(b"", keep=False),
    ],
)
def test_what_says_nothing_is_never_taken_for_success_or_for_failure(
    server: FakeServer, writer: IcaseworkWriter, reply: Reply
) -> None:
    server.on("/createcase", reply)
    with pytest.raises(OutcomeUnknown) as caught:
        writer.create_case(NEW)
    assert len(server.asked) == 1
    assert "O'Neill" not in f"{caught.value}{caught.value.__context__}{caught.value.__cause__}"


def test_an_answer_about_another_case_settles_nothing(server: FakeServer, writer: IcaseworkWriter) -> None:
    server.on("/addcasenotes", whole(b"<addcasenotesresponse><caseid>8</caseid></addcasenotesresponse>"))
    with pytest.raises(OutcomeUnknown, match="another case"):
        writer.add_case_notes("7", "seen")
    writer.add_case_notes("8", "seen")
    server.on("/addcasenotes", whole(b"<addcasenotesresponse/>"))
    writer.add_case_notes("7", "seen")


def told(status: int, code: str = "", info: str = "", **headers: str) -> Answer:
    named = {"X-Application-Error-Code": code, "X-Application-Error-Info": info}
    return Answer(status, {name: text for name, text in (named | headers).items() if text}, b"")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (told(400, "55002", "Notes is missing."), Refused),
        (told(400, "55099", "invalid characters"), Refused),
        (told(400), Refused),
        (told(409), Refused),
        (told(413), Refused),
        (told(400, "19003", "invalid_token"), NotAllowed),
        (told(401), NotAllowed),
        (told(403, "55099", "Access denied."), NotAllowed),
        (told(404), NotAllowed),
        (told(405), NotAllowed),
        (told(400, "55000", "Invalid HTTP Method."), NotAllowed),
        (told(400, "55001", "API not available here."), NotAllowed),
        (told(429), NotSent),
        (told(408), OutcomeUnknown),
        (told(502), OutcomeUnknown),
        (told(307), OutcomeUnknown),
    ],
)
def test_each_status_has_one_meaning(answer: Answer, kind: type[Exception]) -> None:
    judged = judge("addcasenotes", answer, {"CaseId": "7", "Notes": "seen"}, ())
    assert type(judged) is kind
    assert str(answer.status) in str(judged)


@pytest.mark.parametrize(
    ("info", "said", "field"),
    [
        ("Notes is missing.", "Notes is missing.", "Notes"),
        ("Unable to identify case 400500.", "Unable to identify case ***.", "CaseId"),
        ("Customer.Email smith@example.com is invalid", "Customer.Email *** is invalid", "Customer.Email"),
        ("No customer called JANE  smith found", "No customer called *** *** found", None),
        ("Value 'Smith' for Surname", "Value '***' for Surname", None),
        ("Ring 01632 960001", "Ring *** ***", None),
        ("Key=abc123 rejected", "Key=*** rejected", None),
    ],
)
def test_the_servers_words_are_quoted_without_what_was_sent(info: str, said: str, field: str | None) -> None:
    sent = {
        "CaseId": "400500",
        "Customer.FirstName": "Jane",
        "Customer.Surname": "Smith",
        "Customer.Email": "smith@example.com",
        "Notes": "the case is closed\nring 01632 960001",
    }
    judged = judge("createcase", told(400, "54002", info), sent, ("abc123",))
    assert isinstance(judged, Refused)
    assert judged.field == field
    assert judged.reason == f"400: 54002 {said}".replace("Ring", "***")


WORDS = st.text(st.characters(categories=["L"]), min_size=4, max_size=9).filter(
    lambda word: word.casefold() not in PLAIN
)


@given(values=st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4))
@settings(deadline=None, max_examples=100)
def test_a_value_that_the_server_echoes_is_struck_out(values: list[str]) -> None:
    for echo in (", ".join(values), " ".join(reversed(" ".join(values).split()))):
        struck = strike(f"1: {echo} is no good", values)
        assert struck.startswith("1: ***")
        assert struck.endswith("*** is no good")
        assert set(struck.replace("*", " ").replace(",", " ").split()) == {"1:", "is", "no", "good"}


def test_a_look_up_believes_only_what_is_whole(server: FakeServer, writer: IcaseworkWriter) -> None:
    case = "<CaseDetails.CaseId>7</CaseDetails.CaseId><CaseDetails.ExternalId>x</CaseDetails.ExternalId>"
    server.on(
        "/getcasedetails", whole(f"{HEAD}<Cases><Case>{case}</Case><Case>{case}</Case></Cases>".encode())
    )
    assert [found.external_id for found in writer.find_case("x")] == ["x", "x"]
    (asked,) = server.asked
    assert (asked.method, asked.query) == (
        "POST",
        {"db": "council"},
    )  # a signature never stands in an address
    for body in (f"<Cases><Case>{case}</Case>", f"<Cases>{case}</Cases>", "", "{}", "<html></html>"):
        server.on("/getcasedetails", whole(body.encode()))
        with pytest.raises(Unverified):
            writer.find_case("x")


def test_only_the_recorded_refusal_means_that_there_is_no_such_case(
    server: FakeServer, writer: IcaseworkWriter
) -> None:
    absent = {"Content-Disposition": 'filename="output.xml"'}
    server.on("/getcasedetails", whole(b"<html></html>", "400 Bad Request", absent))
    assert writer.find_case("x") == []
    for headers in ({}, absent | {"X-Application-Error-Code": "52099"}):
        server.on("/getcasedetails", whole(b"<html></html>", "400 Bad Request", headers))
        with pytest.raises(RefusedReading):
            writer.find_case("x")


def test_a_token_travels_in_a_header_when_a_case_is_looked_up(server: FakeServer) -> None:
    server.on("/token", whole(b'{"access_token": "t-one", "expires_in": 3600}'))
    server.on("/getcasedetails", whole(b"<Cases/>"))
    told = load_settings(icasework_base_url=server.url)
    with connect_writer(told, clock=lambda: NOW) as writer:
        assert writer.find_case("x") == []
    (asked,) = server.asked_for("/getcasedetails")
    assert (asked.method, asked.query) == ("GET", {"db": "sandbox", "ExternalId": "x", "Format": "xml"})
    assert asked.headers["authorization"] == "Bearer t-one"


def test_a_key_for_writing_is_whole_or_not_there() -> None:
    for half in ({"icasework_write_api_key": "k"}, {"icasework_write_secret": "s"}):
        with pytest.raises(SettingsError, match="half set"):
            connect_writer(load_settings(**half))
    empty = load_settings(icasework_write_api_key="", icasework_write_secret="")
    assert empty.icasework_writing_key == (empty.icasework_api_key, empty.icasework_secret)
