"""Lint finds every breach of the documented shape, one at a time and all together, and tells no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines import cli
from pipelines.kpi.lint import Breach, by_kind, lint
from tests.kpi import served
from tests.kpi.faults import CLEAN, FAULTS, JSON, NAME, UNKNOWN, Fault
from tests.sources.fake_server import HANG_UP, FakeServer, Reply, cut, gzipped, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/rest/s3cret-in-the-path/kpi"
CUSTOMER = "010190-123X"
CARD, NOBODY = whole(CLEAN.encode(), headers=JSON), whole(UNKNOWN.encode(), headers=JSON)
REFUSED = whole(b"{}", "400 Bad Request")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def run(server: FakeServer, *words: str, path: str = PATH) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["kpi", "lint", f"{server.url}{path}", *words])
    assert isinstance(left.value.code, int)
    return left.value.code


def planted(faults: list[Fault]) -> Reply:
    text, headers = CLEAN, dict(JSON)
    for fault in faults:
        text = fault.plant(text)
        headers |= fault.headers
    return whole(text.encode(), headers=headers)


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that tell of breaches; nothing secret or personal may stand in any line."""
    out = capsys.readouterr()
    for hidden in ("s3cret", CUSTOMER, NAME, "C-1", "Traceback"):
        assert hidden not in out.out + out.err
    return [line.strip() for line in out.out.splitlines() if line.startswith("      ")]


def test_a_clean_endpoint_is_clean(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.on(PATH, CARD, NOBODY, REFUSED)
    assert run(server, "--customer", CUSTOMER) == 0
    assert told(capsys) == []
    assert [one.query for one in server.asked] == [
        {"customerId": CUSTOMER},
        {"customerId": "no-such-customer"},
        {},
    ]
    assert {one.method for one in server.asked} == {"GET"}


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_named_alone(
    name: str, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = FAULTS[name]
    server.on(PATH, planted([fault]), NOBODY, REFUSED)
    assert run(server, "--customer", CUSTOMER) == 1
    (line,) = told(capsys)
    assert line.startswith(f"{fault.path}: ")
    assert fault.words in line


def test_all_planted_faults_are_named_together(
    server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on(PATH, planted(list(FAULTS.values())), NOBODY, REFUSED)
    assert run(server, "--customer", CUSTOMER) == 1
    lines = told(capsys)
    assert len(lines) == len(FAULTS) >= 12
    for fault in FAULTS.values():
        assert sum(line.startswith(f"{fault.path}: ") and fault.words in line for line in lines) == 1


WHOLE_BODY = {
    "nothing": (b"", "the body is empty"),
    "spaces": (b" \n", "the body is empty"),
    "a page": (b"<html>", "not JSON: expecting value at line 1, column 1"),
    "half a card": (CLEAN[:300].encode(), "not JSON"),
    "another alphabet": (CLEAN.replace("Ethel", "\xc9thel").encode("latin-1"), "not UTF-8 from byte"),
    "wide letters": (CLEAN.encode("utf-16-le"), "UTF-16"),
    "a mark before it": (b"\xef\xbb\xbf" + CLEAN.encode(), "byte order mark"),
    "a list": (b"[]", "is a list; it must be an object: the card"),
    "a word": (b'"sections"', "is a string; it must be an object"),
    "nothing at all": (b"null", "is null; it must be an object"),
    "a well": (b"[" * 100_000, "nested far deeper"),
    "a narrower well": (b"[" * 900 + b"]" * 900, "nested far deeper"),
    "half a letter": (CLEAN.replace("Ethel", "\\ud83d").encode(), "half of a \\u pair"),
    "a raw line break": (CLEAN.replace("Ethel", "\n").encode(), "not JSON: invalid control character"),
}


@pytest.mark.parametrize("name", WHOLE_BODY)
def test_a_body_that_is_no_card_is_told_once(name: str) -> None:
    body, words = WHOLE_BODY[name]
    (breach,) = lint(200, JSON, body)
    assert breach.path == "$"
    assert words in breach.words


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "is not sent"),
        ({"content-type": "application/json; charset=iso-8859-1"}, "charset other than UTF-8"),
        ({"CONTENT-TYPE": f"{NAME}/x"}, "is no media type"),
        (JSON | {"Content-Encoding": "br"}, "compressed"),
    ],
)
def test_headers_are_judged(headers: dict[str, str], words: str) -> None:
    (breach,) = lint(200, headers, CLEAN.encode())
    assert words in breach.words
    assert NAME not in breach.words


@pytest.mark.parametrize("charset", ["", ";charset=utf-8", '; Charset="UTF-8"'])
def test_a_charset_may_be_told_or_not(charset: str) -> None:
    assert lint(200, {"Content-Type": f"application/json{charset}"}, CLEAN.encode()) == []


def test_what_is_optional_may_be_left_out() -> None:
    assert lint(200, JSON, b"{}") == []
    assert lint(200, JSON, b' {"sections":[]}\r\n') == []


@pytest.mark.parametrize("amount", ["12", "0", "-3.10", "1234567890123456789.99"])
def test_amounts_with_two_decimals_or_fewer_are_clean(amount: str) -> None:
    assert lint(200, JSON, CLEAN.replace("12.50", amount).encode()) == []


@pytest.mark.parametrize(
    "amount", ["12.500", "1.1e1", "1E999999999999999999", "-0.005", "12.129999999999999"]
)
def test_amounts_are_judged_as_they_are_written(amount: str) -> None:
    (breach,) = lint(200, JSON, CLEAN.replace("12.50", amount).encode())
    assert breach.path == "$.sections[0].documents[0].amount"


@pytest.mark.parametrize("date", ["2026-11-22T24:00:00Z", "2026-11-22T10:00:60Z", "0000-01-01T00:00:00Z"])
def test_a_time_that_no_clock_shows_is_told(date: str) -> None:
    (breach,) = lint(200, JSON, CLEAN.replace("2026-11-22T10:00:00Z", date).encode())
    assert "does not exist" in breach.words


@pytest.mark.parametrize("number", ['""', '"  "', "7", "null"])
def test_a_document_must_have_a_number(number: str) -> None:
    (breach,) = lint(200, JSON, CLEAN.replace('"C-1"', number).encode())
    assert breach.path == "$.sections[0].documents[0].documentNumber"


def test_a_number_that_serves_as_a_member_name_is_not_told() -> None:
    (breach,) = lint(200, JSON, CLEAN.replace('"currency"', f'"{CUSTOMER}"').encode())
    assert CUSTOMER not in str(breach)
    assert breach.path == "$.sections[0].documents[0].(unsaid)"


def test_the_same_breach_in_many_documents_is_told_once_with_its_count() -> None:
    breaches = [Breach(f"$.sections[0].documents[{place}].amount", "is wrong") for place in (2, 5, 9)]
    (kind,) = by_kind(breaches)
    assert str(kind) == (
        "$.sections[*].documents[*].amount: is wrong (3 times, first at $.sections[0].documents[2].amount)"
    )


BEHAVIOUR = {
    "a redirect": ((whole(b"", "302 Found", {"Location": f"/login/{NAME}"}), NOBODY, REFUSED), "is 302"),
    "an error": ((whole(b"Ethel Bloggs", "500 Oops"), NOBODY, REFUSED), "is 500; a card comes with 200"),
    "no answer": ((HANG_UP, NOBODY, REFUSED), "is not to be had"),
    "half an answer": ((cut(CLEAN.encode(), 100), NOBODY, REFUSED), "the answer was cut short"),
    "half an encoding": ((gzipped(CLEAN.encode(), share=0.9), NOBODY, REFUSED), "the answer was cut short"),
    "unknown is not found": ((CARD, whole(b"{}", "404 Not Found"), REFUSED), "is 404; ITX's page leaves"),
    "unknown without a word": (
        (CARD, whole(b'{"sections":[{"title":"Cases","documents":[]}]}', headers=JSON), REFUSED),
        "$.sections[0].message: is missing",
    ),
    "unknown without sections": ((CARD, whole(b"{}", headers=JSON), REFUSED), "$.sections: is empty"),
    "unknown is somebody": ((CARD, CARD, REFUSED), "documents of somebody"),
    "anybody will do": ((CARD, NOBODY, NOBODY), "is 200; a request without customerId"),
    "no identifier, no service": ((CARD, NOBODY, whole(b"", "503 Busy")), "is 503; a request without"),
}


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_behaviour_is_judged(name: str, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    replies, words = BEHAVIOUR[name]
    server.on(PATH, *replies)
    assert run(server, "--customer", CUSTOMER) == 1
    assert any(words in line for line in told(capsys))


def test_a_slow_answer_is_told_and_still_looked_at(
    server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = planted([FAULTS["three decimals"]]).raw
    server.on(PATH, Reply(raw, wait=0.2), NOBODY, REFUSED)
    assert run(server, "--customer", CUSTOMER, "--seconds", "0.1") == 1
    amount, time = told(capsys)
    assert "two decimals" in amount
    assert time.startswith("time: took longer than 0.1 s")


def test_an_endless_wait_ends(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.on(PATH, Reply(b"", wait=30))
    assert run(server, "--seconds", "0.02") == 1
    assert all("not a byte for 0.1 s" in line for line in told(capsys))


@pytest.mark.parametrize(("path", "where"), [("/kpi/{token}", "path"), ("/kpi?token={token}", "query")])
def test_the_token_goes_where_the_address_says(
    path: str, where: str, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "s3cret/&1")
    for place in ("/kpi", "/kpi/s3cret%2F%261", "/kpi/no-such-token"):
        server.on(place, NOBODY, REFUSED, whole(b"", "401 Unauthorized"))
    run(server, "--token-env", "OUR_TOKEN", path=path)
    unknown, _, wrong = server.asked
    if where == "path":
        assert unknown.path == "/kpi/s3cret%2F%261"
        assert wrong.path == "/kpi/no-such-token"
    else:
        assert unknown.query == {"token": "s3cret/&1", "customerId": "no-such-customer"}
        assert wrong.query["token"] == "no-such-token"
    assert not any("authorization" in one.headers for one in server.asked)


def test_whoever_has_no_token_must_be_shown_nothing(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "s3cret")
    server.on(PATH, NOBODY, REFUSED, NOBODY)
    assert run(server, "--token-env", "OUR_TOKEN") == 1
    (line,) = [line for line in told(capsys) if not line.startswith("note")]
    assert line.startswith("HTTP status: is 200; whoever has no token")
    assert [one.headers["authorization"] for one in server.asked] == [
        "Bearer s3cret",
        "Bearer s3cret",
        "Bearer no-such-token",
    ]


def test_a_token_that_is_not_set_is_a_setting(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(server, "--token-env", "NOT_THERE") == 2
    assert "NOT_THERE is not set" in capsys.readouterr().err


def test_a_card_without_documents_proves_little(
    server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on(PATH, NOBODY, NOBODY, REFUSED)
    assert run(server, "--customer", CUSTOMER) == 0
    assert "no section holds a document" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/rest/kpi", "/rest/kpi/{token}", "/rest/kpi?token={token}"])
def test_our_own_service_is_clean(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OUR_TOKEN", served.TOKEN)
    app, _ = served.service(tmp_path)
    words = ["--customer", served.CUSTOMER, "--token-env", "OUR_TOKEN"]
    with served.on_loopback(app) as url, pytest.raises(SystemExit) as left:
        cli.main(["kpi", "lint", f"{url}{path}", *words])
    out = capsys.readouterr()
    assert left.value.code == 0, out.out
    assert [line.partition(",")[0] for line in out.out.splitlines()] == [
        "ok    card",
        "ok    unknown customer",
        "ok    no customerId",
        "ok    wrong token",
    ]
    assert served.TOKEN not in out.out + out.err
