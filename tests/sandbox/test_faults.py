from __future__ import annotations

import csv
import gzip
import io
import time
from datetime import date
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import ValidationError

from pipelines.sandbox.calls import Call
from pipelines.sandbox.faults import FaultBook
from tests.sandbox.caller import Caller
from tests.sandbox.test_icasework_token import assert_error_page

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread

CASES = Call("icasework", "getreport", "POST", {}, "cases", date(2026, 11, 2), date(2026, 11, 4))
TOKEN = Call("icasework", "token", "POST")


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


@pytest.fixture
def good(caller: Caller) -> list[list[str]]:
    return rows_of(caller.report())


def names(book: FaultBook, call: Call) -> list[str]:
    return [fault.fault for fault in book.take(call)]


def test_a_fault_meets_only_the_calls_it_names() -> None:
    for wish, meets in (
        ({}, True),
        ({"operation": "getreport"}, True),
        ({"operation": "token"}, False),
        ({"feed": "cases"}, True),
        ({"feed": "tasks"}, False),
        ({"day": "2026-11-02"}, True),
        ({"day": "2026-11-04"}, True),
        ({"day": "2026-11-05"}, False),
        ({"feed": "cases", "day": "2026-11-01"}, False),
    ):
        book = FaultBook()
        book.order({"fault": "status", **wish})
        assert bool(book.take(CASES)) is meets, wish


def test_a_feed_or_day_never_meets_the_token() -> None:
    book = FaultBook()
    book.add("status", feed="cases")
    book.add("refuse", day="2026-11-02")
    book.add("footer_missing")
    book.add("expired_token")
    assert names(book, TOKEN) == []


def test_a_fault_counts_down_and_is_reported() -> None:
    book = FaultBook()
    number = book.add("status", status=503, feed="cases", calls=2)
    assert [names(book, CASES) for _ in range(3)] == [["status"], ["status"], []]
    (told,) = book.told()
    assert told == {
        "id": number, "fault": "status", "status": 503, "calls": 2, "left": 0, "met": 2,
        "operation": None, "feed": "cases", "day": None,
    }  # fmt: skip


def test_a_fault_without_a_number_of_calls_stays_until_it_is_taken_away() -> None:
    book = FaultBook()
    first, second = book.add("empty"), book.add("html")
    assert [names(book, CASES) for _ in range(2)] == [["empty"], ["empty"]]
    assert book.clear(first) == 1
    assert names(book, CASES) == ["html"]
    assert book.clear(second) == 1
    assert book.clear() == 0


def test_faults_of_the_table_and_one_of_the_wire_act_together_but_yield_to_another_answer() -> None:
    book = FaultBook()
    book.add("footer_wrong", calls=1)
    book.add("cut", calls=1)
    book.add("gzip_half", calls=1)
    book.add("bad_value", column="x", calls=1)
    book.add("html", calls=1)
    assert names(book, CASES) == ["html"]
    assert names(book, CASES) == ["footer_wrong", "bad_value", "cut"]
    assert names(book, CASES) == ["gzip_half"]


def test_spent_faults_do_not_pile_up() -> None:
    book = FaultBook()
    for _ in range(300):
        book.add("empty", calls=1)
        book.take(CASES)
    assert len(book.told()) <= 101


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"fault": "meteor"},
        {"fault": "status", "status": 200},
        {"fault": "status", "colour": "red"},
        {"fault": "column_renamed", "column": "x"},
        {"fault": "bad_value", "column": "x", "share": 2},
        {"fault": "cut", "framing": "odd"},
        {"fault": "empty", "calls": 0},
        {"fault": "empty", "day": "tomorrow"},
        [],
    ],
)
def test_a_wrong_order_is_refused(wish: object) -> None:
    with pytest.raises(ValidationError):
        FaultBook().order(wish)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_comes_with_a_page(caller: Caller, sandbox: SandboxThread, status: int) -> None:
    sandbox.faults.add("status", status=status, feed="cases", calls=1)
    answer = caller.report()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    assert f"<h1>{status} " in answer.text
    assert caller.report(50522).status_code == 200
    assert caller.report().status_code == 200


def test_too_many_requests_says_when_to_come_back(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("too_many_requests", retry_after=7, operation="getreport", calls=1)
    sandbox.faults.add("too_many_requests", retry_after=7, as_date=True, operation="getreport", calls=1)
    seconds, moment = (caller.report() for _ in range(2))
    assert (seconds.status_code, seconds.headers["Retry-After"]) == (429, "7")
    wait = parsedate_to_datetime(moment.headers["Retry-After"]) - caller.clock.now
    assert (moment.status_code, wait.total_seconds()) == (429, 7)


def test_an_answer_held_back_is_a_time_out(caller: Caller, sandbox: SandboxThread) -> None:
    token = caller.token()
    sandbox.faults.add("hold", seconds=30, calls=1)
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout), httpx.Client(timeout=0.1) as impatient:
        Caller(impatient, caller.base, caller.clock).report(token=token)
    assert caller.report(token=token).status_code == 200
    assert time.monotonic() - began < 5


def test_an_answer_held_back_comes_in_the_end(
    caller: Caller, sandbox: SandboxThread, good: list[list[str]]
) -> None:
    sandbox.faults.add("hold", seconds=0.05, feed="cases")
    assert rows_of(caller.report()) == good


def test_a_refused_connection_ends_before_any_byte(caller: Caller, sandbox: SandboxThread) -> None:
    token = caller.token()
    sandbox.faults.add("refuse", calls=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        caller.report(token=token)
    sandbox.faults.add("refuse", feed="cases", calls=1)
    assert caller.raw() == b""


def test_200_with_nothing(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("empty", operation="getreport")
    answer = caller.report()
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


def test_200_with_a_web_page(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("html", operation="getreport")
    answer = caller.report()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html;charset=UTF-8"
    assert_error_page(answer.content)


def test_an_expired_token_is_over_for_good(caller: Caller, sandbox: SandboxThread) -> None:
    token = caller.token()
    sandbox.faults.add("expired_token", calls=1)
    answers = [caller.report(token=token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].headers["X-Application-Error-Info"] == "invalid_token"
    assert caller.report().status_code == 200


def test_a_footer_may_be_wrong_or_missing(
    caller: Caller, sandbox: SandboxThread, good: list[list[str]]
) -> None:
    sandbox.faults.add("footer_wrong", calls=1)
    sandbox.faults.add("footer_wrong", off_by=-2, calls=1)
    assert rows_of(caller.report()) == [*good[:-1], ["Rows", "1"]]  # of both at once the later counts
    sandbox.faults.add("footer_wrong", calls=1)
    assert rows_of(caller.report()) == [*good[:-1], ["Rows", "4"]]
    sandbox.faults.add("footer_missing", calls=1)
    assert rows_of(caller.report()) == good[:-1]
    assert rows_of(caller.report()) == good


ASKED = "CaseDetails.CaseId,CaseDetails.CaseType,MainParty.FullName"


def tampered(caller: Caller, sandbox: SandboxThread, fault: str, **options: object) -> list[list[str]]:
    number = sandbox.faults.add(fault, feed="cases", **options)
    rows = rows_of(caller.report(CSVFields=ASKED))
    sandbox.faults.clear(number)
    return rows[:2]


def test_columns_may_be_renamed_added_dropped_and_moved(caller: Caller, sandbox: SandboxThread) -> None:
    column = "CaseDetails.CaseType"
    first, second, third = ASKED.split(",")
    one, two, three = rows_of(caller.report(CSVFields=ASKED))[1]
    renamed = tampered(caller, sandbox, "column_renamed", column=column, to="CaseDetails.Kind")
    assert renamed == [[first, "CaseDetails.Kind", third], [one, two, three]]
    added = tampered(caller, sandbox, "column_added", column="New", value="x")
    assert added == [[first, second, third, "New"], [one, two, three, "x"]]
    inside = tampered(caller, sandbox, "column_added", column="New", at=1)
    assert inside == [[first, "New", second, third], [one, "", two, three]]
    dropped = tampered(caller, sandbox, "column_dropped", column=column)
    assert dropped == [[first, third], [one, three]]
    moved = tampered(caller, sandbox, "column_moved", column=column, at=0)
    assert moved == [[second, first, third], [two, one, three]]
    last = tampered(caller, sandbox, "column_moved", column=first, at=99)
    assert last == [[second, third, first], [two, three, one]]


def test_columns_are_spoilt_in_every_format(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("column_renamed", column="MainParty.Title", to="MainParty.Rank")
    assert b"<MainParty.Rank>" in caller.report(Format="xml").content
    assert "MainParty.Rank" in caller.report(Format="json").json()[0]


def test_a_bad_value_stands_in_the_named_cell(
    caller: Caller, sandbox: SandboxThread, good: list[list[str]]
) -> None:
    column = good[0].index("CaseStatusReceipt.DateReceived")
    sandbox.faults.add("bad_value", column=good[0][column], row=3, value="31/02/2026", calls=1)
    rows = rows_of(caller.report())
    different = [
        (row, place) for row in range(len(good)) for place in range(108)
        if row < len(good) - 1 and rows[row][place] != good[row][place]
    ]  # fmt: skip
    assert different == [(3, column)]
    assert rows[3][column] == "31/02/2026"
    sandbox.faults.add("bad_value", column=good[0][column], calls=1)
    assert [row[column] for row in rows_of(caller.report())[1:-1]] == ["not-a-value"] * 3


@pytest.mark.parametrize(("share", "expected"), [(0.5, [2]), (1 / 3, [3]), (1, [1, 2, 3]), (0.01, [])])
def test_a_share_of_rows_may_be_bad(
    caller: Caller, sandbox: SandboxThread, share: float, expected: list[int]
) -> None:
    sandbox.faults.add("bad_value", column="CaseDetails.CaseId", share=share)
    rows = rows_of(caller.report())[1:-1]
    assert [n for n, row in enumerate(rows, 1) if "not-a-value" in row] == expected


def test_a_column_that_is_not_there_changes_nothing(
    caller: Caller, sandbox: SandboxThread, good: list[list[str]]
) -> None:
    for fault in ("column_dropped", "column_moved", "bad_value"):
        sandbox.faults.add(fault, column="Nope")
    assert rows_of(caller.report()) == good


def head_and_body(raw: bytes) -> tuple[str, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.decode(), body


def test_a_connection_may_be_cut_under_a_content_length(caller: Caller, sandbox: SandboxThread) -> None:
    whole = caller.report().content
    sandbox.faults.add("cut", framing="length", after=700, feed="cases")
    head, body = head_and_body(caller.raw())
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(whole)}" in head
    assert body == whole[:700]
    with pytest.raises(httpx.RemoteProtocolError):
        caller.report()


def test_a_connection_may_be_cut_between_chunks(caller: Caller, sandbox: SandboxThread) -> None:
    whole = caller.report().content
    sandbox.faults.add("cut", framing="chunked", after=700, feed="cases")
    head, body = head_and_body(caller.raw())
    assert "Transfer-Encoding: chunked" in head
    assert body == b"2bc\r\n" + whole[:700] + b"\r\n"
    with pytest.raises(httpx.RemoteProtocolError):
        caller.report()


def test_a_connection_may_end_early_where_nothing_tells_its_length(
    caller: Caller, sandbox: SandboxThread
) -> None:
    whole = caller.report().content
    sandbox.faults.add("cut", framing="close", feed="cases", calls=1)
    head, body = head_and_body(caller.raw())
    assert "Content-Length" not in head
    assert body == whole[: len(whole) // 2]
    sandbox.faults.add("cut", framing="close", feed="cases", after=len(whole) - 2, whole_lines=True)
    answer = caller.report()
    assert answer.status_code == 200
    assert answer.content == whole.rpartition(b"Rows,3")[0]


def test_half_a_gzip_body_looks_whole_to_http(caller: Caller, sandbox: SandboxThread) -> None:
    whole = caller.report().content
    sandbox.faults.add("gzip_half", feed="cases")
    head, body = head_and_body(caller.raw())
    assert "Content-Encoding: gzip" in head
    assert f"Content-Length: {len(body)}" in head
    with pytest.raises(EOFError):
        gzip.decompress(body)
    answer = caller.report()  # what makes it treacherous: httpx sees nothing wrong
    assert answer.status_code == 200
    assert answer.content != whole
    assert whole.startswith(answer.content)


def test_an_error_may_be_cut_too(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("cut", framing="close", after=0, operation="token")
    answer = caller.ask_token("x.y.z")
    assert (answer.status_code, answer.content) == (400, b"")
    assert answer.headers["X-Application-Error-Code"] == "19002"
