from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pipelines.days import ReportDay, span
from pipelines.errors import CasehouseError, Permanent, SettingsError, Transient, Unverified
from pipelines.settings import load_settings
from pipelines.sources.exchange import Refused
from pipelines.sources.icasework.client import IcaseworkReports
from pipelines.sources.report import ReportRequest
from tests.sources.conftest import NOW
from tests.sources.fake_server import (
    HANG_UP,
    FakeServer,
    Reply,
    chunked,
    cut,
    gzipped,
    until_close,
    whole,
)
from tests.sources.icasework.conftest import FIELDS, REQUEST
from tests.sources.icasework.test_auth import grant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Connects = Callable[..., IcaseworkReports]

SECRET = "the-secret-of-the-key"
BODY = f"{','.join(FIELDS)}\r\n1,Complaint,High St\r\nRows,1\r\n".encode()
HTML = b"\r\n<!DOCTYPE html><html><head><title>Sign in</title></head><body>S3CRET</body></html>"


@pytest.fixture
def connect(server: FakeServer) -> Iterator[Connects]:
    opened: list[IcaseworkReports] = []

    def open_client(**settings: object) -> IcaseworkReports:
        told = {
            "icasework_environment": "uat",
            "icasework_account": "council",
            "icasework_api_key": "key-1",
            "icasework_secret": SECRET,
            "icasework_base_url": server.url,
            "icasework_attempts": 2,
            "icasework_max_wait_seconds": 0,
            "icasework_read_seconds": 1,
        }
        opened.append(IcaseworkReports.from_settings(load_settings(**(told | settings)), clock=lambda: NOW))
        return opened[-1]

    server.on("/token", grant("t-one"), grant("t-two"), grant("t-three"))
    yield open_client
    for client in opened:
        client.close()


def test_a_days_report_is_fetched_and_opened(server: FakeServer, connect: Connects, tmp_path: Path) -> None:
    server.on("/getreport", whole(BODY))
    client = connect()
    body = client.fetch(REQUEST, tmp_path / "body")
    assert (body.format, body.size, body.framed) == ("csv", len(BODY), True)
    report = client.open(REQUEST, body)
    assert (report.fields, report.total) == (FIELDS, 1)
    assert report.frame.collect().rows() == [("1", "Complaint", "High St")]


def test_what_is_asked_is_what_the_vendor_describes(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on("/getreport", whole(BODY))
    connect().fetch(REQUEST, tmp_path / "body")
    (asked,) = server.asked_for("/getreport")
    assert asked.method == "POST"
    assert asked.query == {"db": "council"}
    assert asked.headers["authorization"] == "Bearer t-one"
    assert asked.form == {
        "ReportId": "50521",
        "FromTime": "2026-11-22T00:00:00.000",
        "UntilTime": "2026-11-22T23:59:59.999",
        "Format": "csv",
        "CSVHeader": "true",
        "CSVFooter": "true",
        "CSVFields": ",".join(FIELDS),
    }


def test_by_get_the_same_is_asked_and_the_token_stays_in_the_header(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on("/getreport", whole(BODY))
    connect(icasework_method="GET").fetch(REQUEST, tmp_path / "body")
    (asked,) = server.asked_for("/getreport")
    assert (asked.method, asked.form) == ("GET", {})
    assert asked.query["ReportId"] == "50521"
    assert "t-one" not in asked.query.values()


def test_production_names_no_account(server: FakeServer, connect: Connects, tmp_path: Path) -> None:
    server.on("/getreport", whole(BODY))
    connect(icasework_environment="production").fetch(REQUEST, tmp_path / "body")
    assert [one.query for one in server.asked] == [{}, {}]


def test_the_report_host_may_be_another(connect: Connects, tmp_path: Path) -> None:
    with FakeServer() as reports:
        reports.on("/getreport", whole(BODY))
        client = connect(icasework_reports_url=reports.url)
        assert len(client.hosts) == 2
        client.fetch(REQUEST, tmp_path / "body")
        assert len(reports.asked) == 1


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_clock_change_days_ask_for_their_whole_civil_day(
    server: FakeServer, connect: Connects, tmp_path: Path, day: str
) -> None:
    server.on("/getreport", whole(BODY))
    connect().fetch(ReportRequest("icasework/tasks", ReportDay.parse(day), FIELDS), tmp_path / "body")
    form = server.asked_for("/getreport")[0].form
    assert (form["FromTime"], form["UntilTime"]) == (f"{day}T00:00:00.000", f"{day}T23:59:59.999")
    assert form["ReportId"] == "50523"


STALE = {
    "401": whole(b"", "401 Unauthorized"),
    "400": whole(b"", "400 Bad Request", {"X-Application-Error-Info": "invalid_token"}),
}


@pytest.mark.parametrize("stale", STALE.values(), ids=STALE)
def test_a_stale_token_is_renewed_once(
    server: FakeServer, connect: Connects, tmp_path: Path, stale: Reply
) -> None:
    server.on("/getreport", stale, whole(BODY))
    connect().fetch(REQUEST, tmp_path / "body")
    told = [one.headers["authorization"] for one in server.asked_for("/getreport")]
    assert told == ["Bearer t-one", "Bearer t-two"]


@pytest.mark.parametrize("stale", STALE.values(), ids=STALE)
def test_a_fresh_token_that_is_refused_too_is_permanent(
    server: FakeServer, connect: Connects, tmp_path: Path, stale: Reply
) -> None:
    server.on("/getreport", stale)
    with pytest.raises(Permanent, match=r"icasework/cases 2026-11-22: .*API key's right"):
        connect().fetch(REQUEST, tmp_path / "body")
    assert len(server.asked_for("/getreport")) == 2
    assert len(server.asked_for("/token")) == 2


def test_threads_with_a_stale_token_renew_it_once(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    client = connect()
    server.on("/getreport", *[Reply(STALE["401"].raw, wait=0.05)] * 4, whole(BODY))
    requests = [
        ReportRequest("icasework/cases", day, FIELDS)
        for day in span(ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-04"))
    ]
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda one: client.fetch(one, tmp_path / str(one.day)), requests))
    assert {body.size for body in bodies} == {len(BODY)}
    assert len(server.asked_for("/token")) == 2


def test_another_refusal_tells_code_message_feed_day_and_what_to_do(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    headers = {"X-Application-Error-Code": "50002", "X-Application-Error-Info": "Unable to identify report"}
    server.on("/getreport", whole(b"", "400 Bad Request", headers))
    with pytest.raises(Refused) as error:
        connect().fetch(REQUEST, tmp_path / "body")
    assert str(error.value) == (
        f"icasework/cases 2026-11-22: icasework getreport was refused by {server.url} "
        "(400: 50002 Unable to identify report). To do: check the report's id in "
        "CASEHOUSE_ICASEWORK_REPORTS, and in iCasework that the report is set up for the REST API"
    )
    assert len(server.asked_for("/getreport")) == 1


@pytest.mark.parametrize(
    "bad",
    [
        whole(b"<h1>busy</h1>", "503 Service Unavailable"),
        whole(b"", "429 Too Many Requests"),
        HANG_UP,
        cut(BODY, 30),
        chunked(BODY, at=60),
        gzipped(BODY, share=0.5),
    ],
)
def test_what_may_pass_is_tried_again_and_else_transient(
    server: FakeServer, connect: Connects, tmp_path: Path, bad: Reply
) -> None:
    server.on("/getreport", bad, whole(BODY))
    assert connect().fetch(REQUEST, tmp_path / "body").size == len(BODY)
    server.on("/getreport", bad)
    with pytest.raises(Transient, match=r"icasework/cases 2026-11-22.*tried 2 times.*casehouse doctor"):
        connect().fetch(REQUEST, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_close_delimited_body_that_is_cut_cannot_be_opened(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on("/getreport", until_close(BODY[:-10]))
    client = connect()
    body = client.fetch(REQUEST, tmp_path / "body")
    assert not body.framed
    with pytest.raises(Unverified, match=r"icasework/cases 2026-11-22: the row count is missing"):
        client.open(REQUEST, body)


NO_REPORTS = [
    (whole(b""), "csv", Unverified, "answered with nothing.*CASEHOUSE_ICASEWORK_ACCOUNT"),
    (whole(b"\r\n"), "xml", Unverified, "answered with nothing"),
    (whole(b""), "json", Unverified, "CASEHOUSE_ICASEWORK_FORMAT=csv"),
    (whole(HTML), "csv", Unverified, r"a web page in place of a report \(Sign in\)"),
    (whole(HTML), "xml", Unverified, "a web page in place of a report"),
    (whole(HTML), "json", Unverified, "a web page in place of a report"),
    (whole(b"<Cases />"), "csv", Permanent, "xml came back where csv"),
    (whole(b"[]"), "csv", Permanent, "json came back where csv"),
    (whole(BODY), "xml", Permanent, "csv came back where xml"),
]


@pytest.mark.parametrize("case", NO_REPORTS, ids=lambda case: f"{case[1]}: {case[3]}")
def test_a_good_status_with_no_report_is_an_error(
    server: FakeServer,
    connect: Connects,
    tmp_path: Path,
    case: tuple[Reply, str, type[CasehouseError], str],
) -> None:
    reply, body_format, error, said = case
    server.on("/getreport", reply)
    with pytest.raises(error, match=said) as raised:
        connect(icasework_format=body_format).fetch(REQUEST, tmp_path / "body")
    assert str(raised.value).startswith("icasework/cases 2026-11-22: ")
    assert "S3CRET" not in str(raised.value)
    assert len(server.asked_for("/getreport")) == 1


def test_without_a_count_the_day_opens_only_where_the_council_said_so(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on("/getreport", whole(BODY.replace(b"Rows,1\r\n", b"")))
    client = connect(icasework_reconcile="none")
    report = client.open(REQUEST, client.fetch(REQUEST, tmp_path / "body"))
    assert report.total is None


def test_a_feed_without_report_id_names_the_setting(connect: Connects, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CASEHOUSE_ICASEWORK_REPORTS"):
        connect(icasework_reports={"tasks": 1}).fetch(REQUEST, tmp_path / "body")


def test_a_sandbox_that_does_not_run_is_said_to_be_missing(connect: Connects, tmp_path: Path) -> None:
    with FakeServer() as gone:
        url = gone.url
    with pytest.raises(Transient, match="casehouse sandbox"):
        connect(icasework_environment="sandbox", icasework_base_url=url).fetch(REQUEST, tmp_path / "body")


@pytest.mark.parametrize(
    "bad", [HANG_UP, whole(b"", "503 Busy"), Reply(b"SSH-2.0-nonsense\r\n\r\n", keep=False)]
)
def test_a_sandbox_that_answers_is_not_said_to_be_missing(
    server: FakeServer, connect: Connects, tmp_path: Path, bad: Reply
) -> None:
    server.on("/getreport", bad)
    with pytest.raises(Transient) as error:
        connect(icasework_environment="sandbox").fetch(REQUEST, tmp_path / "body")
    assert "casehouse sandbox" not in str(error.value)
    assert "casehouse doctor" in str(error.value)


def test_an_address_that_is_none_names_its_settings(connect: Connects, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"cannot be sent.*CASEHOUSE_ICASEWORK_BASE_URL"):
        connect(icasework_base_url="http://a..b").fetch(REQUEST, tmp_path / "body")


def test_closing_the_source_ends_every_fetch_at_once(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    """Those that stream, those that wait to try again, and those that wait for another's token."""
    server.on("/token", Reply(b"", wait=20))
    waits = connect(icasework_read_seconds=30, icasework_max_wait_seconds=30)
    days = list(span(ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-04")))
    began = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        fetches = [
            pool.submit(waits.fetch, ReportRequest("icasework/cases", day, FIELDS), tmp_path / str(day))
            for day in days
        ]
        time.sleep(0.15)
        waits.close()
        waits.close()
        told = [fetch.exception() for fetch in fetches]
    assert time.perf_counter() - began < 2
    assert all(isinstance(error, Transient) and "closed" in str(error) for error in told)
    assert {str(day) for day in days} == {error.day for error in told if isinstance(error, Transient)}
    assert len(server.asked) == 1


def test_doctor_can_ask_for_access_and_the_time(server: FakeServer, connect: Connects) -> None:
    client = connect()
    assert client.hosts == (server.url,)
    assert client.prove_access() == "a token was obtained"
    server.on("/", whole(b"", "404 Not Found", {"Date": "Mon, 23 Nov 2026 05:01:30 GMT"}))
    assert client.server_clock(server.url) == 90
    server.on("/", whole(b""))
    assert client.server_clock(server.url) is None
    server.on("/", HANG_UP)
    with pytest.raises(Transient, match="cannot be reached"):
        client.server_clock(server.url)


def test_nothing_secret_is_logged_or_raised(
    server: FakeServer, connect: Connects, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    echo = b"<p class='leading-text'>no access for t-two, access_token=t-one</p>"
    server.on("/getreport", whole(b"", "503 Busy"), HANG_UP, STALE["401"], whole(echo, "400 Bad Request"))
    client, said = connect(), []
    for kind in (Transient, Refused):
        with pytest.raises(kind) as error:
            client.fetch(REQUEST, tmp_path / "body")
        said.append(f"{error.value} {error.value!r} {error.getrepr(chain=True, style='native')}")
    everything = " ".join([caplog.text, *said])
    assertions = [one.form["assertion"] for one in server.asked_for("/token")]
    for secret in (SECRET, "t-one", "t-two", "t-three", *assertions):
        assert secret not in everything
