from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.days import ReportDay, span
from pipelines.errors import CasehouseError, Permanent, SettingsError, Transient, Unverified
from pipelines.settings import load_settings
from pipelines.sources.exchange import Refused
from pipelines.sources.report import ReportRequest
from pipelines.sources.xima.client import XimaReports
from tests.sources.conftest import NOW
from tests.sources.fake_server import HANG_UP, FakeServer, Reply, chunked, cut, gzipped, until_close, whole
from tests.sources.xima.conftest import DAY, EXAMPLE, REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Connects = Callable[..., XimaReports]

KEY = "the-key-of-the-service-user"
PATH = "/rest/api/v1/historic-data/LT39K5C5"
BODY = json.dumps(EXAMPLE).encode()
AGENT = "Amira Khan(201)"
TIMEFRAME = {
    "name": "Report Timeframe",
    "valueType": "REPORT_TIMEFRAME",
    "value": {"type": "REPORT_TIMEFRAME", "start": "2019-09-09T00:00:00.000-06:00", "zone": None},
}
OTHERS = [
    {
        "valueType": "PBX_USERS",
        "name": "Rows (Agent)",
        "value": {"pbxUsers": [{"key": AGENT}], "type": "PBX_USERS"},
    },
    {
        "name": "Skills",
        "valueType": "SKILLS",
        "value": {"type": "SKILLS", "skills": [{"key": "Zoë", "share": 1.0}]},
    },
]
RUNNING = whole(b"", "202 Accepted")


@pytest.fixture
def connect(server: FakeServer) -> Iterator[Connects]:
    opened: list[XimaReports] = []

    def open_client(**settings: object) -> XimaReports:
        told = {
            "xima_environment": "production",
            "xima_tenant": "council",
            "xima_key": KEY,
            "xima_base_url": server.url,
            "xima_attempts": 2,
            "xima_max_wait_seconds": 0,
            "xima_read_seconds": 1,
            "xima_parameters": {"agent_summary": [OTHERS[0], TIMEFRAME, OTHERS[1]], "calls": [TIMEFRAME]},
        }
        opened.append(XimaReports.from_settings(load_settings(**(told | settings)), clock=lambda: NOW))
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()


def test_a_days_report_is_fetched_and_opened(server: FakeServer, connect: Connects, tmp_path: Path) -> None:
    server.on(PATH, whole(BODY))
    client = connect()
    body = client.fetch(REQUEST, tmp_path / "body")
    assert (body.format, body.size, body.framed) == ("json", len(BODY), True)
    report = client.open(REQUEST, body)
    assert report.controls["Total Talking"] == 12673424
    assert report.frame.collect().rows() == [("Agent1(200)", "4", "6", "4", "14", "12673424", "1810489")]


def test_what_is_asked_is_what_the_vendor_describes(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on(PATH, whole(BODY))
    connect().fetch(REQUEST, tmp_path / "body")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("POST", PATH, {})
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body)["format"] == "json"


def test_only_the_timeframe_is_filled_in_and_all_else_is_sent_as_it_was_set(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on(PATH, whole(BODY))
    client = connect()
    client.fetch(REQUEST, tmp_path / "body")
    value = {
        "type": "REPORT_TIMEFRAME",
        "start": "2026-11-22T00:00:00.000+00:00",
        "zone": None,
        "end": "2026-11-22T23:59:59.999+00:00",
    }
    expected = [OTHERS[0], TIMEFRAME | {"value": value}, OTHERS[1]]
    told = server.asked[0].body
    assert (
        told
        == json.dumps(
            {"format": "json", "parameters": expected}, ensure_ascii=False, separators=(",", ":")
        ).encode()
    )
    client.fetch(REQUEST, tmp_path / "body")
    assert server.asked[1].body == told
    assert TIMEFRAME["value"] == {
        "type": "REPORT_TIMEFRAME",
        "start": "2019-09-09T00:00:00.000-06:00",
        "zone": None,
    }


@pytest.mark.parametrize(
    ("day", "window"),
    [
        ("2026-03-29", ("2026-03-29T00:00:00.000+00:00", "2026-03-29T23:59:59.999+01:00")),
        ("2026-10-25", ("2026-10-25T00:00:00.000+01:00", "2026-10-25T23:59:59.999+00:00")),
        ("2026-07-01", ("2026-07-01T00:00:00.000+01:00", "2026-07-01T23:59:59.999+01:00")),
    ],
)
def test_each_bound_has_its_own_offset_and_the_receipt_is_told_the_same(
    server: FakeServer, connect: Connects, tmp_path: Path, day: str, window: tuple[str, str]
) -> None:
    server.on("/rest/api/v1/historic-data/CL7RT2QP", whole(BODY))
    client = connect()
    request = ReportRequest("xima/calls", ReportDay.parse(day), ())
    client.fetch(request, tmp_path / "body")
    value = json.loads(server.asked[0].body)["parameters"][0]["value"]
    assert (value["start"], value["end"]) == client.window(request.day) == window


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        OTHERS,
        [TIMEFRAME, *OTHERS, TIMEFRAME],
        [{"name": "Report Timeframe", "valueType": "REPORT_TIMEFRAME"}],
        [{"name": "Report Timeframe", "valueType": "REPORT_TIMEFRAME", "value": AGENT}],
    ],
)
def test_parameters_without_just_one_timeframe_name_their_setting(
    connect: Connects, tmp_path: Path, parameters: list[Any]
) -> None:
    client = connect(xima_parameters={"agent_summary": parameters})
    with pytest.raises(SettingsError, match="CASEHOUSE_XIMA_PARAMETERS") as error:
        client.fetch(REQUEST, tmp_path / "body")
    assert str(error.value).startswith("xima/agent_summary 2026-11-22: ")
    assert AGENT not in str(error.value)


def test_a_feed_that_is_not_set_names_the_setting(connect: Connects, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CASEHOUSE_XIMA_REPORTS"):
        connect(xima_reports={}).fetch(REQUEST, tmp_path / "body")
    with pytest.raises(SettingsError, match="CASEHOUSE_XIMA_PARAMETERS"):
        connect(xima_parameters={}).fetch(REQUEST, tmp_path / "body")


REFUSALS = [
    ("400 Bad Request", r"400: Bad Request.*CASEHOUSE_XIMA_PARAMETERS.*Request Details"),
    ("401 Unauthorized", r"401: Unauthorized.*CASEHOUSE_XIMA_KEY.*refreshing it in Xima kills the old one"),
    ("403 Forbidden", r"403: Forbidden.*agent or group.*CASEHOUSE_XIMA_PARAMETERS.*service user's rights"),
    ("404 Not Found", r"404: Not Found.*CASEHOUSE_XIMA_REPORTS"),
    ("405 Method Not Allowed", "CASEHOUSE_XIMA_BASE_URL"),
    ("302 Found", "CASEHOUSE_XIMA_BASE_URL"),
    ("201 Created", "CASEHOUSE_XIMA_BASE_URL"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case[0])
def test_a_refusal_is_permanent_and_says_what_to_do(
    server: FakeServer, connect: Connects, tmp_path: Path, case: tuple[str, str]
) -> None:
    status, said = case
    echo = json.dumps({"message": f"no access to {AGENT} with {KEY}"}).encode()
    server.on(PATH, whole(echo, status))
    with pytest.raises(Refused, match=said) as error:
        connect().fetch(REQUEST, tmp_path / "body")
    assert str(error.value).startswith("xima/agent_summary 2026-11-22: xima report agent_summary was refused")
    assert len(server.asked) == 1
    assert AGENT not in str(error.value)
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    "bad",
    [
        whole(b"", "429 Too Many Requests"),
        whole(b"", "500 Internal Server Error"),
        whole(b"", "503 Service Unavailable"),
        whole(b"", "509 Bandwidth Limit Exceeded"),
        HANG_UP,
        cut(BODY, 30),
        chunked(BODY, at=60),
        gzipped(BODY, share=0.5),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_bytes_and_else_transient(
    server: FakeServer, connect: Connects, tmp_path: Path, bad: Reply
) -> None:
    server.on(PATH, bad, whole(BODY))
    assert connect().fetch(REQUEST, tmp_path / "body").size == len(BODY)
    assert len({one.body for one in server.asked}) == 1
    server.on(PATH, bad)
    with pytest.raises(Transient, match=r"xima/agent_summary 2026-11-22.*tried 2 times.*casehouse doctor"):
        connect().fetch(REQUEST, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_bandwidth_limit_is_told_by_its_name(server: FakeServer, connect: Connects, tmp_path: Path) -> None:
    server.on(PATH, whole(b"", "509 X"))
    with pytest.raises(Transient, match="509: Bandwidth Limit Exceeded"):
        connect().fetch(REQUEST, tmp_path / "body")


def test_a_report_that_goes_on_is_asked_for_again_with_the_same_bytes(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on(PATH, *[RUNNING] * 4, whole(BODY))
    body = connect(xima_timeout_polls=4, xima_attempts=1).fetch(REQUEST, tmp_path / "body")
    assert body.size == len(BODY)
    assert len(server.asked) == 5
    assert len({one.body for one in server.asked}) == 1
    assert "T23:59:59.999+00:00" in server.asked[0].body.decode()


def test_a_report_that_never_finishes_is_transient(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on(PATH, RUNNING)
    with pytest.raises(
        Transient, match=r"did not finish \(202: the run timed out and goes on; asked 4 times"
    ):
        connect(xima_timeout_polls=3).fetch(REQUEST, tmp_path / "body")
    assert len(server.asked) == 4
    assert not (tmp_path / "body").exists()
    with pytest.raises(Transient, match="asked 1 time"):
        connect(xima_timeout_polls=0).fetch(REQUEST, tmp_path / "body")


def test_every_poll_has_all_the_tries_of_a_call(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    busy = whole(b"", "503 Busy")
    server.on(PATH, busy, RUNNING, busy, RUNNING, HANG_UP, whole(BODY))
    assert connect(xima_timeout_polls=2).fetch(REQUEST, tmp_path / "body").size == len(BODY)
    server.on(PATH, RUNNING, busy, busy, whole(BODY))
    with pytest.raises(Transient, match="503: "):
        connect(xima_timeout_polls=2).fetch(REQUEST, tmp_path / "body")
    server.on(PATH, RUNNING, whole(b"", "401 Unauthorized"))
    with pytest.raises(Refused, match="CASEHOUSE_XIMA_KEY"):
        connect().fetch(REQUEST, tmp_path / "body")


def test_a_late_report_says_when_to_ask_again(server: FakeServer, connect: Connects, tmp_path: Path) -> None:
    at_once = whole(b"", "202 Accepted", {"Retry-After": "0"})
    server.on(PATH, at_once, whole(BODY))
    connect(xima_max_wait_seconds=30).fetch(REQUEST, tmp_path / "body")
    server.on(PATH, whole(b"", "202 Accepted", {"Retry-After": "600"}))
    with pytest.raises(Transient, match=r"asks to wait 600 s.*202"):
        connect(xima_max_wait_seconds=30).fetch(REQUEST, tmp_path / "body")
    assert len(server.asked) == 3


NO_REPORTS: list[tuple[Reply, type[CasehouseError], str]] = [
    (whole(b"", "204 No Content"), Unverified, r"answered with nothing.*status 204"),
    (whole(b""), Unverified, r"answered with nothing.*status 200, 0 bytes"),
    (whole(b" \r\n"), Unverified, "answered with nothing"),
    (until_close(b""), Unverified, "answered with nothing"),
    (whole(b"<!DOCTYPE html><title>S3CRET</title>"), Unverified, "a web page in place of a report"),
    (whole(b"<a>S3CRET</a>"), Unverified, "something else in place of a report"),
    (whole(b"Agent,Calls\nS3CRET,1\n"), Unverified, "something else in place of a report"),
]


@pytest.mark.parametrize("case", NO_REPORTS, ids=lambda case: case[2])
def test_a_good_status_with_no_report_is_an_error(
    server: FakeServer, connect: Connects, tmp_path: Path, case: tuple[Reply, type[CasehouseError], str]
) -> None:
    reply, kind, said = case
    server.on(PATH, reply)
    with pytest.raises(kind, match=said) as error:
        connect().fetch(REQUEST, tmp_path / "body")
    assert str(error.value).startswith("xima/agent_summary 2026-11-22: ")
    assert "S3CRET" not in str(error.value)
    assert len(server.asked) == 1


def test_a_close_delimited_body_that_is_cut_cannot_be_opened(
    server: FakeServer, connect: Connects, tmp_path: Path
) -> None:
    server.on(PATH, until_close(BODY[:-10]))
    client = connect()
    body = client.fetch(REQUEST, tmp_path / "body")
    assert not body.framed
    with pytest.raises(Unverified, match=r"xima/agent_summary 2026-11-22: the JSON body is cut"):
        client.open(REQUEST, body)


def test_a_sandbox_that_does_not_run_is_said_to_be_missing(connect: Connects, tmp_path: Path) -> None:
    with FakeServer() as gone:
        url = gone.url
    with pytest.raises(Transient, match="casehouse sandbox"):
        connect(xima_environment="sandbox", xima_base_url=url).fetch(REQUEST, tmp_path / "body")


def test_what_cannot_be_sent_names_its_settings(connect: Connects, tmp_path: Path) -> None:
    for wrong in ({"xima_base_url": "http://a..b"}, {"xima_key": f"{KEY}\nsecond line"}):
        with pytest.raises(
            Permanent, match=r"cannot be sent.*CASEHOUSE_XIMA_BASE_URL.*CASEHOUSE_XIMA_KEY"
        ) as error:
            connect(**wrong).fetch(REQUEST, tmp_path / "body")
        assert KEY not in str(error.value)


@pytest.mark.parametrize("reply", [Reply(b"", wait=20), RUNNING, whole(b"", "503 Busy")])
def test_closing_the_source_ends_every_fetch_at_once(
    server: FakeServer, connect: Connects, tmp_path: Path, reply: Reply
) -> None:
    server.on("/rest/api/v1/historic-data/CL7RT2QP", reply)
    client = connect(xima_read_seconds=30, xima_max_wait_seconds=30)
    days = list(span(ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-03")))
    began = time.perf_counter()
    with ThreadPoolExecutor(3) as pool:
        fetches = [
            pool.submit(client.fetch, ReportRequest("xima/calls", day, ()), tmp_path / str(day))
            for day in days
        ]
        time.sleep(0.15)
        client.close()
        client.close()
        told = [fetch.exception() for fetch in fetches]
    assert time.perf_counter() - began < 2
    assert all(isinstance(error, Transient) and "closed" in str(error) for error in told)


def test_doctor_can_try_the_key_without_running_a_report(server: FakeServer, connect: Connects) -> None:
    calls = "/rest/api/v1/historic-data/CL7RT2QP"
    settings = {"xima_reports": {"calls": "CL7RT2QP", "agent_summary": "LT39K5C5"}}
    for path in (calls, PATH):
        server.on(path, whole(b"", "400 Bad Request"))
    told = connect(**settings).prove_access()
    assert told == "the key was not refused for calls, agent_summary; none of them was run"
    assert "not tried" in connect(xima_reports={}).prove_access()
    assert [(one.path, one.method) for one in server.asked] == [(calls, "POST"), (PATH, "POST")]
    for asked in server.asked:
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(asked.body)
    server.on(PATH, whole(b"", "404 Not Found"))
    with pytest.raises(Refused, match=r"xima report agent_summary.*CASEHOUSE_XIMA_REPORTS"):
        connect(**settings).prove_access()
    server.on(calls, whole(b"", "401 Unauthorized"))
    with pytest.raises(Refused, match="CASEHOUSE_XIMA_KEY"):
        connect(**settings).prove_access()
    with pytest.raises(SettingsError, match="CASEHOUSE_XIMA_PARAMETERS"):
        connect(**settings, xima_parameters={"calls": OTHERS}).prove_access()


def test_doctor_can_ask_for_the_time(server: FakeServer, connect: Connects) -> None:
    client = connect()
    assert client.hosts == (server.url,)
    assert client.origin.startswith("production council at 127.0.0.1:")
    server.on("/", whole(b"", "404 Not Found", {"Date": "Mon, 23 Nov 2026 05:01:30 GMT"}))
    assert client.server_clock(server.url) == 90
    server.on("/", HANG_UP)
    with pytest.raises(Transient, match="cannot be reached"):
        client.server_clock(server.url)


def test_nothing_secret_or_personal_is_logged_or_raised(
    server: FakeServer, connect: Connects, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    echo = json.dumps({"message": f"{AGENT} key={KEY} Bearer {KEY}"}).encode()
    server.on(
        PATH, whole(echo, "503 Busy"), RUNNING, HANG_UP, whole(echo, "202 Accepted"), whole(echo, "403 No")
    )
    client = connect()
    with pytest.raises(Refused) as error:
        client.fetch(REQUEST, tmp_path / "body")
    said = f"{error.value} {error.value!r} {error.getrepr(chain=True, style='native')}"
    assert "did not finish (202" in caplog.text
    for secret in (KEY, AGENT, "Amira", "Zoë"):
        assert secret not in said + caplog.text
    assert REQUEST.day == DAY
