from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pipelines.sandbox.server import SandboxThread
from tests.sandbox.caller import Caller, HandClock
from tests.sandbox.fake_council import FakeCouncil

if TYPE_CHECKING:
    import httpx

    from pipelines.sandbox.council import Council
    from pipelines.sandbox.state import Dials, SandboxConfig


def test_faults_are_ordered_told_and_taken_away_over_http(
    caller: Caller, http: httpx.Client, sandbox: SandboxThread
) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    token = caller.token()
    wish = {"fault": "status", "status": 503, "calls": 2, "feed": "cases", "day": "2026-11-02"}
    ordered = http.post(url, json=wish)
    assert ordered.status_code == 201
    assert caller.report(token=token).status_code == 503
    assert caller.report(50522, token=token).status_code == 200
    (told,) = http.get(url).json()
    assert {
        **wish,
        "id": ordered.json()["id"],
        "system": None,
        "operation": None,
        "left": 1,
        "met": 1,
    } == told
    assert http.delete(f"{url}/{told['id']}").json() == {"cleared": 1}
    assert caller.report(token=token).status_code == 200
    for _ in range(3):
        http.post(url, json={"fault": "empty", "calls": None})
    assert http.delete(url, params={"id": "4"}).json() == {"cleared": 1}
    http.post(url, json={"fault": "empty", "feed": "tasks"})
    assert http.delete(url, params={"feed": "tasks"}).json() == {"cleared": 1}
    assert http.delete(url, params={"feed": "tasks"}).json() == {"cleared": 0}
    assert http.delete(url).json() == {"cleared": 2}
    assert http.get(url).json() == []


def test_a_slip_in_taking_faults_away_takes_none(http: httpx.Client, sandbox: SandboxThread) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    sandbox.faults.add("empty", feed="cases")
    for query in ("?number=1", "?feeds=cases", "?feed=letters", "?id=1&day=2026-11-02", "?id="):
        answer = http.delete(url + query)
        assert answer.status_code == 400
        assert answer.json()["wrong"]
    for unknown in (f"{url}/7", f"{url}?id=7", f"{url}?id=1&feed=tasks"):
        assert http.delete(unknown).status_code == 404
    assert http.get(f"{sandbox.url}/_sandbox/requests?feeds=cases").status_code == 400
    assert len(sandbox.faults.told()) == 1


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"fault":"meteor"}', b'{"fault":"status","status":1}', b"\xff"]
)
def test_a_wrong_order_says_what_is_wrong(http: httpx.Client, sandbox: SandboxThread, body: bytes) -> None:
    answer = http.post(f"{sandbox.url}/_sandbox/faults", content=body)
    assert answer.status_code == 400
    assert answer.json()["wrong"]
    assert http.delete(f"{sandbox.url}/_sandbox/faults?id=x").status_code == 400


def test_calls_are_logged_with_their_window_and_without_secrets(
    caller: Caller, http: httpx.Client, sandbox: SandboxThread
) -> None:
    token = caller.token()
    caller.report(50523, token=token)
    caller.post("getreport", token, ReportId="50521", FromTime="soon", access_token=token)
    sandbox.faults.add("status", status=500)
    caller.get("getcasedetails", token, CaseId="7", Key="k", Signature="s")
    log = http.get(f"{sandbox.url}/_sandbox/requests").json()
    assert log["count"] == 4
    first, report, wrong, details = log["calls"]
    assert (first["operation"], first["status"], first["feed"], first["first"]) == ("token", 200, None, None)
    assert report["operation"] == "getreport"
    assert report["method"] == "POST"
    assert report["path"] == "/icasework/getreport"
    assert report["at"] == "2026-11-23T08:00:00+00:00"
    assert (report["feed"], report["first"], report["last"]) == ("tasks", "2026-11-02", "2026-11-02")
    assert report["params"]["FromTime"] == "2026-11-02T00:00:00.000"
    assert (wrong["feed"], wrong["first"], wrong["status"]) == ("cases", None, 400)
    assert (details["faults"], details["status"]) == (["status"], 500)
    kept = [name.lower() for entry in sandbox.calls._entries for name in entry.call.params]
    assert "reportid" in kept
    assert not {"access_token", "assertion", "key", "signature"} & set(kept)
    text = http.get(f"{sandbox.url}/_sandbox/requests").text
    assert token not in text
    for name in ("access_token", "assertion", "Signature", '"Key"'):
        assert name not in text


def test_the_log_can_be_narrowed_and_cleared(
    caller: Caller, http: httpx.Client, sandbox: SandboxThread
) -> None:
    url = f"{sandbox.url}/_sandbox/requests"
    caller.report(50523)
    caller.report(50524)
    assert len(http.get(url, params={"operation": "getreport"}).json()["calls"]) == 2
    assert [call["feed"] for call in http.get(url, params={"feed": "tasks"}).json()["calls"]] == ["tasks"]
    assert sandbox.calls.told("token")["count"] == 4
    http.delete(url)
    assert http.get(url).json() == {"count": 0, "calls": []}


def test_dials_make_another_council_and_another_time(http: httpx.Client, clock: HandClock) -> None:
    made: list[tuple[int, int]] = []

    def make(_: SandboxConfig, dials: Dials) -> Council:
        made.append((dials.seed, dials.cases_per_day))
        return cast("Council", FakeCouncil(rows=dials.cases_per_day))

    with SandboxThread(clock=clock, council_factory=make) as sandbox:
        url = f"{sandbox.url}/_sandbox/dials"
        caller = Caller(http, sandbox.icasework_url, clock)
        assert caller.report(50524).text.endswith("Rows,40\r\n")
        assert http.post(url, json={"cases_per_day": 15}).json()["seed"] == 2026
        assert caller.report(50524).text.endswith("Rows,15\r\n")
        http.post(url, json={"seed": 7, "clock_offset_seconds": 7200})
        assert caller.ask_token().status_code == 400
        http.post(url, json={"clock_offset_seconds": 0})
        assert caller.report(50524).status_code == 200
        assert made == [(2026, 40), (2026, 15), (7, 15)]
        assert http.post(url, json={"cases_per_day": 9}).status_code == 400
        assert http.post(url, json={"colour": "red"}).status_code == 400
        for offset in ("1e9", "-1e9", "NaN", "Infinity", "315360001"):
            body = f'{{"clock_offset_seconds": {offset}}}'
            assert http.post(url, content=body).status_code == 400
        told = http.get(url).json()
        assert told == {"seed": 7, "cases_per_day": 15, "clock_offset_seconds": 0}


def test_the_door_tells_how_the_sandbox_is_set_up_but_no_secret(
    http: httpx.Client, sandbox: SandboxThread
) -> None:
    answer = http.get(f"{sandbox.url}/_sandbox")
    assert answer.json()["accounts"] == {"sandbox": ["sandbox-key"]}
    assert answer.json()["environment"] == "uat"
    assert answer.json()["reports"]["50521"] == "cases"
    assert answer.json()["xima_reports"]["LT39K5C5"] == "agent_summary"
    options = {entry["fault"]: entry["options"] for entry in answer.json()["faults_to_order"]}
    assert options["footer_wrong"]["off_by"]["default"] == 1
    assert "sandbox-secret" not in answer.text
    assert "sandbox-xima-key" not in answer.text


def test_rows_are_counted_past_every_fault_and_a_slip_is_told(
    http: httpx.Client, sandbox: SandboxThread, council: FakeCouncil
) -> None:
    url = f"{sandbox.url}/_sandbox/rows"
    sandbox.faults.add("status", status=503)
    asked = {"feed": "cases", "day": "2026-11-02"}
    assert http.get(url, params=asked).json() == {"rows": council.rows}
    assert http.get(url, params={**asked, "day": "2026-11-01"}).json() == {"rows": 0}
    for wrong in ({"day": "soon"}, {"day": ""}, {"feed": "letters"}, {"calls": "1"}):
        answer = http.get(url, params={**asked, **wrong})
        assert answer.status_code == 400
        assert answer.json()["wrong"]
