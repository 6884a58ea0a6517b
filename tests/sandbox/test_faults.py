from __future__ import annotations

import csv
import gzip
import io
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import ValidationError

from tests.sandbox.caller import BROKEN, CSV, DAY, GRANT, TIMED_OUT, Caller, md5, sign
from tests.sandbox.icasework.test_token import assert_error_page

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


@pytest.fixture
def good(caller: Caller) -> list[list[str]]:
    return rows_of(caller.report())


def told(sandbox: SandboxThread, number: int) -> tuple[int, int | None]:
    (order,) = [order for order in sandbox.faults.told() if order["id"] == number]
    return order["met"], order["left"]


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
    sandbox.faults.add("hang_up", calls=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        caller.report(token=token)
    sandbox.faults.add("hang_up", feed="cases", calls=1)
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
    assert rows_of(caller.report()) == [*good[:-1], ["Rows", "4"]]  # one at a time, the older first
    assert rows_of(caller.report()) == [*good[:-1], ["Rows", "1"]]
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


ALONE = "CaseDetails.CaseId"
NOT_MET: list[tuple[dict[str, object], dict[str, str]]] = [
    ({"fault": "bad_value", "column": "CaseDetails.Rating"}, {"CSVFields": ALONE}),
    ({"fault": "bad_value", "column": ALONE, "row": 4}, {}),
    ({"fault": "bad_value", "column": ALONE, "share": 0.01}, {}),
    ({"fault": "bad_value", "column": "CaseDetails.Confidential", "value": ""}, {}),
    ({"fault": "column_moved", "column": ALONE, "at": 0}, {"CSVFields": ALONE}),
    ({"fault": "column_renamed", "column": ALONE, "to": "Number"}, {"CSVHeader": "false"}),
    ({"fault": "column_dropped", "column": ALONE}, {"CSVHeader": "false", "FromTime": "2027-01-01T00:00:00"}),
    ({"fault": "footer_wrong"}, {"CSVFooter": "false"}),
    ({"fault": "footer_missing"}, {"Format": "xml"}),
    ({"fault": "footer_wrong"}, {"Format": "json"}),
    ({"fault": "footer_wrong"}, {"FromTime": "soon"}),
    ({"fault": "column_added", "column": "New"}, {"ReportId": "1"}),
    ({"fault": "cut"}, {"CSVDelimiter": "||"}),
    ({"fault": "gzip_half"}, {"ReportId": "1"}),
    ({"fault": "cut"}, {"Format": "json", "FromTime": "2027-01-01T00:00:00"}),
]


@pytest.mark.parametrize(("wish", "asked"), NOT_MET)
def test_a_fault_that_changed_nothing_is_not_counted(
    caller: Caller, sandbox: SandboxThread, wish: dict[str, object], asked: dict[str, str]
) -> None:
    params = {"ReportId": "50521", **DAY, **CSV, "UntilTime": "2027-01-01T23:59:59", **asked}
    if "FromTime" not in asked:
        params["UntilTime"] = DAY["UntilTime"]
    plain = caller.post("getreport", **params)
    number = sandbox.faults.order({**wish, "operation": "getreport", "calls": 1})
    spoilt = caller.post("getreport", **params)
    assert (spoilt.status_code, spoilt.content) == (plain.status_code, plain.content)
    assert told(sandbox, number) == (0, 1)
    assert sandbox.calls.told()["calls"][-1]["faults"] == []


def test_faults_of_table_and_wire_wait_for_a_call_that_goes_well(
    caller: Caller, sandbox: SandboxThread
) -> None:
    spoilt = [sandbox.faults.add("footer_wrong", calls=1), sandbox.faults.add("cut", feed="cases", calls=1)]
    assert caller.report(token="x.y").status_code == 401
    assert caller.http.put(caller.url("getreport")).status_code == 400
    assert caller.http.post(f"{caller.base}/getreport?db=elsewhere").content == b""
    assert [told(sandbox, number) for number in spoilt] == [(0, 1), (0, 1)]
    with pytest.raises(httpx.RemoteProtocolError):
        caller.report()
    assert [told(sandbox, number) for number in spoilt] == [(1, 0), (1, 0)]
    assert sandbox.calls.told()["calls"][-1]["faults"] == ["footer_wrong", "cut"]


def test_a_fault_of_a_dropped_column_shows_nowhere(caller: Caller, sandbox: SandboxThread) -> None:
    column = "CaseDetails.CaseType"
    hidden = sandbox.faults.add("bad_value", column=column)
    shown = sandbox.faults.add("column_dropped", column=column)
    assert b"not-a-value" not in caller.report().content
    assert (told(sandbox, hidden)[0], told(sandbox, shown)[0]) == (0, 1)


def test_columns_renamed_count_in_every_format_that_names_them(
    caller: Caller, sandbox: SandboxThread
) -> None:
    number = sandbox.faults.add("column_renamed", column="MainParty.Title", to="MainParty.Rank")
    for kind in ("csv", "xml", "json"):
        assert b"MainParty.Rank" in caller.report(Format=kind).content
    assert told(sandbox, number) == (3, None)


def test_an_expired_token_meets_only_a_call_with_a_good_token(caller: Caller, sandbox: SandboxThread) -> None:
    number = sandbox.faults.add("expired_token", calls=1)
    asked = {"ReportId": "50521", **DAY, "Key": "sandbox-key"}
    signed = {**asked, "Signature": md5("505212026-11-23sandbox-secret")}
    assert caller.http.post(caller.url("getreport"), data=signed).status_code == 200
    assert caller.report(token="x.y").status_code == 401
    assert told(sandbox, number) == (0, 1)
    assert caller.report().status_code == 401
    assert told(sandbox, number) == (1, 0)


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


def test_a_cut_leaves_out_the_last_byte_at_least(caller: Caller, sandbox: SandboxThread) -> None:
    whole = caller.report().content
    number = sandbox.faults.add("cut", framing="close", after=len(whole) + 5, feed="cases")
    assert caller.report().content == whole[:-1]
    assert told(sandbox, number)[0] == 1


def test_a_connection_may_be_reset(caller: Caller, sandbox: SandboxThread) -> None:
    sandbox.faults.add("cut", end="reset", feed="cases", calls=2)
    with pytest.raises(ConnectionResetError):
        caller.raw()
    with pytest.raises(httpx.ReadError):
        caller.report()


def test_a_connection_may_stall_in_the_middle(caller: Caller, sandbox: SandboxThread) -> None:
    token, whole = caller.token(), caller.report().content
    sandbox.faults.add("cut", end="stall", seconds=30, feed="cases", calls=1)
    asked = {"ReportId": "50521", **DAY, **CSV}
    headers = {"Authorization": f"Bearer {token}"}
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(caller.url("getreport"), data=asked, headers=headers, timeout=0.1)
    assert time.monotonic() - began < 5
    sandbox.faults.add("cut", end="stall", framing="close", seconds=0.05, feed="cases", calls=1)
    began = time.monotonic()
    _, body = head_and_body(caller.raw())
    assert body == whole[: len(whole) // 2]
    assert time.monotonic() - began >= 0.05


def test_a_token_may_be_cut_but_not_its_refusal(caller: Caller, sandbox: SandboxThread) -> None:
    number = sandbox.faults.add("cut", framing="close", after=0, operation="token", calls=1)
    assert caller.ask_token("x.y.z").headers["X-Application-Error-Code"] == "19002"
    assert told(sandbox, number) == (0, 1)
    answer = caller.ask_token()
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("how", ["hang_up", "reset", "error", "silence"])
def test_an_answer_may_be_lost_after_the_call_was_done(
    caller: Caller, sandbox: SandboxThread, how: str
) -> None:
    wish = {"seconds": 5} if how == "silence" else {"status": 503} if how == "error" else {}
    number = sandbox.faults.add("answer_lost", calls=1, how=how, **wish)
    if how == "error":
        assert caller.ask_token().status_code == 503
    else:
        expected = TIMED_OUT if how == "silence" else (BROKEN, httpx.ReadError)
        with pytest.raises(expected):
            caller.http.post(
                caller.url("token"),
                data={"grant_type": GRANT, "assertion": sign(caller.claims())},
                timeout=0.3 if how == "silence" else 5,
            )
    (call,) = sandbox.calls.told(operation="token")["calls"]
    assert call["status"] == (503 if how == "error" else None)
    deadline = time.monotonic() + 5
    while not call["faults"] and time.monotonic() < deadline:  # noted once the server is rid of the call
        time.sleep(0.01)
        (call,) = sandbox.calls.told(operation="token")["calls"]
    assert call["faults"] == ["answer_lost"]
    assert told(sandbox, number) == (1, 0)


def test_a_lost_answer_has_only_what_its_kind_has(sandbox: SandboxThread) -> None:
    for wish in ({"how": "hang_up", "status": 500}, {"how": "error", "seconds": 1}):
        with pytest.raises(ValidationError):
            sandbox.faults.order({"fault": "answer_lost", **wish})


@pytest.mark.parametrize("form", ["csv", "xml", "json"])
def test_rows_come_late_and_the_count_agrees_meanwhile(
    caller: Caller, sandbox: SandboxThread, form: str
) -> None:
    whole = caller.report(Format=form).content
    number = sandbox.faults.add("rows_untold", share=0.5, feed="cases")
    early = caller.report(Format=form).content
    assert 0 < len(early) < len(whole)
    assert early == caller.report(Format=form).content
    sandbox.faults.clear(number)
    assert caller.report(Format=form).content == whole


def test_of_the_rows_every_so_manieth_is_not_told(
    caller: Caller, sandbox: SandboxThread, good: list[list[str]]
) -> None:
    rows = good[1:-1]
    sandbox.faults.add("rows_untold", share=0.5, feed="cases")
    header, *told, footer = rows_of(caller.report())
    assert header == good[0]
    assert told == [row for number, row in enumerate(rows, start=1) if number % 2]
    assert int(footer[1]) == len(told)
