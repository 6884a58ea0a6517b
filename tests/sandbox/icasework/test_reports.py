from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from pipelines.errors import SettingsError
from pipelines.sandbox.council import BY_NAME, REPORTS
from pipelines.sandbox.icasework.reports import Unreadable, read_window
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import SandboxConfig
from tests.sandbox.caller import CSV, DAY, Caller, HandClock, md5
from tests.sandbox.fake_council import BUSY, EMPTY
from tests.sandbox.icasework.test_token import assert_error_page

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.fake_council import FakeCouncil

NOW = datetime(2026, 11, 23, 8, 0)  # noqa: DTZ001 - London wall-clock time
EMPTY_DAY = {"FromTime": f"{EMPTY}T00:00:00.000", "UntilTime": f"{EMPTY}T23:59:59.999"}


def rows_of(answer: httpx.Response, delimiter: str = ",") -> list[list[str]]:
    assert answer.status_code == 200, answer.headers
    return list(csv.reader(io.StringIO(answer.content.decode(), newline=""), delimiter=delimiter))


def assert_refused(answer: httpx.Response, info: str, code: str = "50099") -> None:
    assert answer.status_code == 400
    assert answer.headers["X-Application-Error-Code"] == code
    assert info in answer.headers["X-Application-Error-Info"]
    assert_error_page(answer.content)


@pytest.mark.parametrize("report_id", sorted(REPORTS))
def test_csv_has_header_rows_and_the_count_at_the_end(
    caller: Caller, council: FakeCouncil, report_id: int
) -> None:
    report = REPORTS[report_id]
    answer = caller.report(report_id)
    header, *rows, footer = rows_of(answer)
    assert answer.headers["Content-Type"] == "text/csv;charset=UTF-8"
    assert tuple(header) == report.columns
    assert [tuple(row) for row in rows] == [council.row(report.name, BUSY, n) for n in range(3)]
    assert footer == ["Rows", "3"]


def test_xml_is_the_default(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.post("getreport", ReportId="50521", **DAY)
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    root = etree.fromstring(answer.content)
    assert root.tag == "Cases"
    assert {row.tag for row in root} == {"Case"}
    assert [tuple(cell.text or "" for cell in row) for row in root] == [
        council.row("cases", BUSY, n) for n in range(3)
    ]


def test_json_is_a_flat_array_of_text(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.report(50523, Format="json")
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    columns = BY_NAME["tasks"].columns
    assert json.loads(answer.content) == [
        dict(zip(columns, council.row("tasks", BUSY, n), strict=True)) for n in range(3)
    ]


def test_an_empty_day_in_every_format(caller: Caller) -> None:
    assert rows_of(caller.report(50524, **EMPTY_DAY))[1:] == [["Rows", "0"]]
    assert b"<Classifications />" in caller.report(50524, **EMPTY_DAY, Format="xml").content
    empty = caller.report(50524, **EMPTY_DAY, Format="json")
    assert (empty.status_code, empty.content) == (200, b"")


def test_get_and_post_query_and_form_header_and_parameter_all_work(caller: Caller) -> None:
    token = caller.token()
    wanted = caller.report(token=token).content
    asked = {"ReportId": "50521", **DAY, **CSV}
    assert caller.get("getreport", token, **asked).content == wanted
    url, http = f"{caller.base}/getreport", caller.http
    with_token = {**asked, "db": "sandbox", "access_token": token}
    assert http.get(url, params=with_token).content == wanted
    assert http.post(url, data=with_token).content == wanted
    assert http.post(url, params=with_token).content == wanted


def test_the_same_request_gives_the_same_bytes(caller: Caller) -> None:
    assert caller.report().content == caller.report().content


@pytest.mark.parametrize("yes", ["true", "TRUE", "yes", "Yes"])
def test_header_and_footer_are_off_until_true_or_yes(caller: Caller, yes: str) -> None:
    plain = rows_of(caller.report(CSVHeader="false", CSVFooter=""))
    full = rows_of(caller.report(CSVHeader=yes, CSVFooter=yes))
    assert len(plain) == 3
    assert full[1:-1] == plain


@pytest.mark.parametrize("kind", ["text/csv", "text/comma-separated-values", "application/csv", "text/plain"])
def test_a_content_type_asks_for_csv_too(caller: Caller, kind: str) -> None:
    answer = caller.post("getreport", ReportId="50521", **DAY, ContentType=kind)
    assert answer.headers["Content-Type"] == f"{kind};charset=UTF-8"
    assert len(rows_of(answer)) == 3


def test_fields_come_in_the_order_asked_for(caller: Caller, council: FakeCouncil) -> None:
    fields = ["MainParty.FullName", "CaseDetails.CaseId"]
    header, *rows, _ = rows_of(caller.report(CSVFields=", ".join(fields)))
    assert header == fields
    names = [council.cell("MainParty.FullName", BUSY, n) for n in range(3)]
    assert rows == [[name, str(487000 + n)] for n, name in enumerate(names)]
    single = rows_of(caller.report(CSVFields="MainParty.Title"))
    assert single == [["MainParty.Title"], [""], ["Title 1"], ["Title 2"], ["Rows", "3"]]


def test_fields_leave_xml_and_json_alone(caller: Caller) -> None:
    for kind in ("xml", "json"):
        answer = caller.report(Format=kind, CSVFields="CaseDetails.CaseId")
        assert answer.content == caller.report(Format=kind).content


def test_another_delimiter(caller: Caller) -> None:
    answer = caller.report(CSVDelimiter="|")
    assert answer.text.endswith("Rows|3\r\n")
    assert rows_of(answer, "|") == rows_of(caller.report())


@pytest.mark.parametrize(
    ("params", "info"),
    [
        ({"CSVFields": "CaseDetails.CaseId,Nope"}, "CSVFields"),
        ({"CSVDelimiter": "||"}, "CSVDelimiter"),
        ({"CSVDelimiter": '"'}, "CSVDelimiter"),
        ({"Format": "pdf"}, "Format"),
        ({"FromTime": ""}, "FromTime is missing"),
        ({"FromTime": "02/11/2026"}, "FromTime is invalid"),
        ({"FromTime": "2026-11-31T00:00:00"}, "FromTime is invalid"),
        ({"UntilTime": "2026-11-02"}, "UntilTime is invalid"),
        ({"FromTime": "2026-11-03T00:00:00.000"}, "after UntilTime"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_reason(
    caller: Caller, params: dict[str, str], info: str
) -> None:
    assert_refused(caller.report(50521, None, **params), info)


@pytest.mark.parametrize("report_id", ["1", "", "cases", "٣", "9" * 5000])
def test_an_unknown_report_is_refused(caller: Caller, report_id: str) -> None:
    answer = caller.post("getreport", ReportId=report_id, **DAY)
    assert_refused(answer, "Unable to identify report", "50002")


def test_a_report_may_have_further_numbers(http: httpx.Client, clock: HandClock) -> None:
    with SandboxThread(SandboxConfig(reports={122109: "tasks"}), clock=clock) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        assert caller.report(122109).content == caller.report(50523).content
        assert {call["feed"] for call in sandbox.calls.told("getreport")["calls"]} == {"tasks"}
    with pytest.raises(SettingsError, match="no report 'letters'"):
        SandboxThread(SandboxConfig(reports={1: "letters"}))


def test_a_value_in_the_query_outranks_one_in_the_form(caller: Caller) -> None:
    asked = {"ReportId": "50522", **DAY, **CSV, "access_token": caller.token()}
    answer = caller.http.post(f"{caller.url('getreport')}&ReportId=50521", data=asked)
    assert answer.content == caller.report(50521).content


def test_other_methods_are_refused(caller: Caller) -> None:
    answer = caller.http.put(caller.url("getreport"))
    assert_refused(answer, "Invalid HTTP Method.", "50000")


def test_without_the_db_there_is_nothing(caller: Caller) -> None:
    token = caller.token()
    caller.db = None
    answer = caller.report(token=token)
    assert (answer.status_code, answer.content) == (200, b"")


def test_without_a_token_nothing_is_told(caller: Caller) -> None:
    for headers in ({}, {"Authorization": "Bearer x.y"}, {"Authorization": "Basic eDp5"}):
        answer = caller.http.post(caller.url("getreport"), data={"ReportId": "50521", **DAY}, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["X-Application-Error-Info"] == "invalid_token"


@pytest.mark.parametrize(
    ("params", "since", "until"),
    [
        (DAY, "2026-11-02T00:00:00", "2026-11-02T23:59:59.999"),
        (
            {"FromTime": "2026-11-02 06:00:00", "UntilTime": "2026-11-02 07:00:00"},
            "2026-11-02T06",
            "2026-11-02T07",
        ),
        ({"From": "2026-11-02", "Until": "2026-11-02"}, "2026-11-02T00", "2026-11-02T23:59:59.999"),
        ({"From": "2026-11-02"}, "2026-11-02T00", "2026-11-23T08"),
        ({"FromTime": "2026-11-02T00:00:00"}, "2026-11-02T00", "2026-11-23T08"),
        (
            {"FromTime": "2026-07-01T23:30:00Z", "Until": "2026-07-05"},
            "2026-07-02T00:30",
            "2026-07-05T23:59:59.999",
        ),
    ],
)
def test_windows_are_read_in_every_form_seen(params: dict[str, str], since: str, until: str) -> None:
    window = read_window(params, NOW)
    assert (window.since, window.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))


@pytest.mark.parametrize(
    "params", [{}, {"Until": "2026-11-02"}, {"From": "2026-11-02T00:00:00"}, {"From": "20261102"}]
)
def test_a_window_without_a_readable_beginning_is_none(params: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        read_window(params, NOW)


def test_a_past_day_is_asked_for_as_it_stood_at_its_end(caller: Caller, council: FakeCouncil) -> None:
    caller.report()
    assert council.asked == [("cases", BUSY, BUSY, None)]


def test_a_day_may_be_written_with_a_blank_and_whole_seconds(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.get(
        "getreport", ReportId="50521", FromTime="2026-11-02 00:00:00", UntilTime="2026-11-02 23:59:59", **CSV
    )
    assert answer.content == caller.report().content
    assert set(council.asked) == {("cases", BUSY, BUSY, None)}


def test_a_window_that_is_not_over_is_asked_for_as_it_stands_now(
    caller: Caller, council: FakeCouncil
) -> None:
    caller.report(FromTime="2026-11-22T00:00:00", UntilTime="2026-11-30T00:00:00")
    assert council.asked == [("cases", date(2026, 11, 22), date(2026, 11, 23), NOW)]


def test_the_future_is_empty(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.report(FromTime="2027-01-01T00:00:00", UntilTime="2027-01-01T23:59:59")
    assert rows_of(answer)[1:] == [["Rows", "0"]]
    assert council.asked == []


def test_a_window_inside_a_day_holds_what_happened_in_it(caller: Caller, council: FakeCouncil) -> None:
    answer = caller.report(50522, FromTime="2026-11-02T09:30:00", UntilTime="2026-11-02T20:00:00")
    assert [row[0] for row in rows_of(answer)[1:]] == ["487001", "487002", "Rows"]
    assert council.asked[-1][3] == datetime(2026, 11, 2, 20)  # noqa: DTZ001 - London wall-clock time


def test_several_days_come_one_after_the_other(caller: Caller) -> None:
    answer = caller.report(From="2026-11-01", Until="2026-11-03", FromTime="", UntilTime="")
    assert rows_of(answer)[-1] == ["Rows", "6"]


def test_the_older_key_and_signature_open_the_same_reports(caller: Caller) -> None:
    wanted = caller.report().content
    asked = {"ReportId": "50521", **DAY, **CSV, "Key": "sandbox-key"}
    url = f"{caller.base}/services/sandbox/getreport"
    dated = {**asked, "RequestDate": "2026-11-22", "Signature": md5("505212026-11-22sandbox-secret")}
    undated = {**asked, "Signature": md5("505212026-11-23sandbox-secret")}
    assert caller.http.get(url, params=dated).content == wanted
    assert caller.http.post(url, data=undated).content == wanted
    assert caller.http.get(caller.url("getreport"), params={**undated, "db": "sandbox"}).content == wanted


def test_a_wrong_older_signature_is_refused(caller: Caller) -> None:
    url = f"{caller.base}/services/sandbox/getreport"
    asked = {"ReportId": "50521", **DAY, "Key": "sandbox-key", "Signature": md5("2026-11-23sandbox-secret")}
    answer = caller.http.post(url, data=asked)
    assert answer.status_code == 403
    assert answer.headers["X-Application-Error-Info"] == "Invalid signature."
    assert_error_page(answer.content)
    elsewhere = caller.http.post(f"{caller.base}/services/elsewhere/getreport", data=asked)
    assert (elsewhere.status_code, elsewhere.content) == (200, b"")


def test_in_production_reports_live_on_their_own_host(http: httpx.Client, clock: HandClock) -> None:
    with SandboxThread(SandboxConfig(environment="production"), clock=clock) as sandbox:
        main = Caller(http, f"{sandbox.url}/icasework", clock, db=None)
        reports = Caller(http, f"{sandbox.url}/icasework-reports", clock, db=None)
        portal = Caller(http, f"{sandbox.url}/icasework-portal", clock, db=None)
        token = main.token()
        assert_refused(main.report(token=token), "API not available here.", "50001")
        assert reports.report(50524, token=token).status_code == 200
        assert reports.report(50524).status_code == 200
        assert_refused(reports.get("getcases", token, From="2026-11-02"), "API not available here.", "51001")
        assert_refused(main.get("getcases", token, From="2026-11-02"), "API not available here.", "51001")
        assert portal.get("getcases", token, Days="0").status_code == 200
        asked = {"ReportId": "50524", **DAY, **CSV, "Key": "sandbox-key"}
        signed = {**asked, "Signature": md5("505242026-11-23sandbox-secret")}
        for host in (main, reports, portal):
            legacy = http.post(f"{host.base}/services/sandbox/getreport", data=signed)
            assert legacy.status_code == 200
            assert legacy.text.endswith("\r\n")
