"""What the stand-in answers to whom: the documented shape, and every refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.demonstration import XIMA_AGENTS, XIMA_REPORTS
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import SandboxConfig
from pipelines.sandbox.xima.dialect import XimaDialect
from tests.sandbox.caller import HandClock
from tests.sandbox.xima.caller import XimaCaller, agents, body, shown_ms, skills, timeframe, told_in

if TYPE_CHECKING:
    import httpx


DAY = timeframe("2026-11-18")
MEMBERS = (
    "reportId", "executionId", "title", "timeframe", "skin", "columns", "dataFlag", "summaryItems", "rows",
    "charts",
)  # fmt: skip
EXAMPLE_COLUMNS = [
    ("0", "Agent", "STRING"),
    ("1", "Inbound Calls", "NUMBER"),
    ("2", "Outbound Calls", "NUMBER"),
    ("3", "Internal Calls", "NUMBER"),
    ("4", "Total Calls", "NUMBER"),
    ("5", "Total Talking", "DURATION"),
    ("6", "Avg Talking", "DURATION"),
]
EXAMPLE_SUMMARY = [
    ("Agents", int),
    ("Total Inbound Calls", int),
    ("Total Outbound Calls", int),
    ("Total Internal Calls", int),
    ("Total Calls", int),
    ("Avg Total Calls", float),
    ("Total Talking", int),
    ("Avg Talking", int),
]


def test_the_agent_summary_has_the_shape_of_the_vendors_example(standing: XimaCaller) -> None:
    answer = standing.ask("LT39K5C5", DAY, agents())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    told = answer.json()
    assert tuple(told) == MEMBERS
    assert (told["reportId"], told["title"], told["skin"]) == (48, "Agent Talking Summary", "Avaya Default")
    assert len(told["executionId"].split("-")) == 5
    assert list(told["timeframe"].items()) == [
        ("type", "REPORT_TIMEFRAME"),
        ("start", "2026-11-18T00:00:00+00:00"),
        ("end", "2026-11-18T23:59:59+00:00"),
    ]
    assert [tuple(column.items()) for column in told["columns"]] == [
        (("key", key), ("title", title), ("format", kind)) for key, title, kind in EXAMPLE_COLUMNS
    ]
    assert (told["dataFlag"], told["charts"]) == ("INCLUDED", {"type": "CHARTS", "rows": []})
    assert [(item["title"], type(item["value"])) for item in told["summaryItems"]] == EXAMPLE_SUMMARY
    assert {tuple(item) for item in told["summaryItems"]} == {("title", "value", "formattedValue", "format")}
    assert {item["format"] for item in told["summaryItems"]} == {"NUMBER"}
    for row, agent in zip(told["rows"], XIMA_AGENTS, strict=True):
        assert list(row) == ["values"]
        assert list(row["values"]) == ["0", "1", "2", "3", "4", "5", "6"]
        assert row["values"]["0"] == {"value": agent}
        for key in "123456":
            assert list(row["values"][key]) == ["value", "formattedValue"]
            assert type(row["values"][key]["value"]) is int


@pytest.mark.parametrize("report", sorted(XIMA_REPORTS))
def test_cells_follow_their_columns_format(standing: XimaCaller, report: str) -> None:
    told = standing.day(report, "2026-11-18")
    assert told["rows"]
    kinds = {column["key"]: column["format"] for column in told["columns"]}
    assert list(kinds) == [str(place) for place in range(len(kinds))]
    for row in told["rows"]:
        for key, cell in row["values"].items():
            if kinds[key] == "STRING":
                assert list(cell) == ["value"]
                assert isinstance(cell["value"], str)
            elif kinds[key] == "NUMBER":
                assert cell["formattedValue"] == str(cell["value"])
            else:
                assert shown_ms(cell["formattedValue"]) == cell["value"] // 1000 * 1000


def test_a_cell_without_a_value_is_left_out_or_null(http: httpx.Client, standing: XimaCaller) -> None:
    told = standing.day("calls", "2026-11-18")
    abandoned = next(row for row in told["rows"] if row["values"]["4"]["value"] == "Abandoned")
    assert "8" not in abandoned["values"]
    config = SandboxConfig(xima_dialect=XimaDialect(empty_cell="null"))
    with SandboxThread(config, clock=HandClock()) as other:
        again = XimaCaller(http, other.xima_url).day("calls", "2026-11-18")
    cells = next(row for row in again["rows"] if row["values"]["0"] == abandoned["values"]["0"])
    assert cells["values"]["8"] == {"value": None}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer other", "Basic eDp5", "sandbox-xima-key"])
def test_without_the_key_nothing_is_told(standing: XimaCaller, authorization: str) -> None:
    answer = standing.send("calls", body(DAY), Authorization=authorization)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/json")
    assert answer.json()["status"] == 401


def test_a_key_that_is_no_text_is_refused_too(http: httpx.Client, standing: XimaCaller) -> None:
    head = {b"Authorization": b"Bearer \xff\xfe", b"Content-Type": b"application/json"}
    assert http.post(standing.url("calls"), content=body(DAY), headers=head).status_code == 401


def test_a_refreshed_key_kills_the_old_one_at_once(
    http: httpx.Client, xima: SandboxThread, asker: XimaCaller
) -> None:
    door = f"{xima.url}/_sandbox/xima/refresh-key"
    fresh = http.post(door).json()["key"]
    assert asker.ask("calls", DAY).status_code == 401
    asker.key = fresh
    assert asker.ask("calls", DAY).status_code == 200
    assert http.post(door, json={"key": "sandbox-xima-key"}).json() == {"key": "sandbox-xima-key"}
    assert asker.ask("calls", DAY).status_code == 401
    wishes: list[object] = [{"key": ""}, {"key": "a b"}, {"keys": "x"}, []]
    for wrong in wishes:
        assert http.post(door, json=wrong).status_code == 400
    assert fresh not in http.get(f"{xima.url}/_sandbox/requests").text


def test_other_methods_types_and_places_are_refused(http: httpx.Client, standing: XimaCaller) -> None:
    head = {"Authorization": f"Bearer {standing.key}"}
    got = http.get(standing.url("calls"), headers=head)
    assert (got.status_code, got.headers["Allow"]) == (405, "POST")
    assert standing.send("calls", body(DAY), **{"Content-Type": "text/plain"}).status_code == 415
    assert standing.ask("ZZ99ZZ99", DAY).status_code == 404
    assert http.post(f"{standing.base}/rest/api/v2/historic-data/x", headers=head).status_code == 404
    assert standing.send("calls", body(DAY), **{"Content-Type": "application/json; charset=utf-8"}).is_success


def changed(parameter: dict[str, Any], **other: object) -> dict[str, Any]:
    return {**parameter, **other}


def framed(**bounds: object) -> dict[str, Any]:
    return changed(DAY, value={**DAY["value"], **bounds})


MALFORMED: list[tuple[str, bytes]] = [
    ("no JSON", b"{"),
    ("no text", b"\xff"),
    ("no body", b""),
    ("no object", b"[]"),
    ("too deep", b"[" * 5000),
    ("no format", json.dumps({"parameters": [DAY]}).encode()),
    ("another format", json.dumps({"format": "csv", "parameters": [DAY]}).encode()),
    ("no parameters", json.dumps({"format": "json"}).encode()),
    ("parameters of text", json.dumps({"format": "json", "parameters": ["x"]}).encode()),
    ("no timeframe", body()),
    ("twice", body(DAY, DAY)),
    ("unknown name", body(DAY, changed(DAY, name="Colour"))),
    ("another valueType", body(changed(DAY, valueType="PBX_USERS"))),
    ("no valueType", body({"name": DAY["name"], "value": DAY["value"]})),
    ("another type inside", body(framed(type="DATE_RANGE"))),
    ("no value", body({"name": DAY["name"], "valueType": DAY["valueType"]})),
    ("no offset", body(framed(start="2026-11-18T00:00:00.000"))),
    ("no time", body(framed(start="2026-11-18"))),
    ("no such date", body(framed(start="2026-11-31T00:00:00.000+00:00"))),
    ("before the calendar", body(framed(start="0001-01-01T00:00:00.000+14:00"))),
    ("no text in it", body(framed(end=5))),
    ("end before start", body(framed(end="2026-11-17T23:59:59.999+00:00"))),
    ("far too long", body(framed(start="2020-01-01T00:00:00.000+00:00"))),
    ("no such agent", body(DAY, agents("Nobody Known(999)"))),
    ("no agents", body(DAY, changed(agents(), value={"type": "PBX_USERS", "pbxUsers": []}))),
    ("agents of text", body(DAY, changed(agents(), value={"type": "PBX_USERS", "pbxUsers": ["x"]}))),
    ("no such skill", body(DAY, skills("Juggling"))),
]


@pytest.mark.parametrize("sent", [sent for _, sent in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_what_is_malformed_is_refused(standing: XimaCaller, sent: bytes) -> None:
    answer = standing.send("calls", sent)
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert "Nobody Known" not in answer.text


def test_the_agent_summary_needs_its_agents(standing: XimaCaller) -> None:
    assert standing.ask("agent_summary", DAY).status_code == 400
    assert standing.ask("time_cards", DAY).status_code == 200


UNSEEN = [agents("Amira Khan(201)", "Sam Ludlow(302)"), skills("Children's Safeguarding")]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_who_may_not_be_seen_is_forbidden(standing: XimaCaller, unseen: dict[str, Any]) -> None:
    assert standing.ask("calls", DAY, unseen).status_code == 403


def test_a_timeframe_comes_back_as_sent_but_for_its_milliseconds(standing: XimaCaller) -> None:
    sent = framed(start="2026-11-17T23:30:00.250-00:30", end="2026-11-18T12:00:00Z")
    echo = standing.ask("calls", sent).json()["timeframe"]
    assert (echo["start"], echo["end"]) == ("2026-11-17T23:30:00-00:30", "2026-11-18T12:00:00Z")


@pytest.mark.parametrize("report", sorted(XIMA_REPORTS))
def test_another_sandbox_on_another_day_answers_the_same_but_for_the_execution(
    http: httpx.Client, standing: XimaCaller, clock: HandClock, report: str
) -> None:
    sent = body(DAY, agents())
    clock.forward(days=40)
    with SandboxThread(clock=clock) as other:
        XimaCaller(http, other.xima_url).day("calls", "2026-11-25")  # whatever was asked for before
        again = XimaCaller(http, other.xima_url).send(report, sent)
    assert told_in(again.content) == told_in(standing.send(report, sent).content)


def test_every_run_is_an_execution_of_its_own(standing: XimaCaller) -> None:
    one, two = (standing.ask("calls", DAY) for _ in range(2))
    assert one.json()["executionId"] != two.json()["executionId"]
    assert told_in(one.content) == told_in(two.content)


def test_a_day_that_is_not_over_grows(asker: XimaCaller, clock: HandClock) -> None:
    early = asker.day("calls", "2026-11-23")
    clock.forward(hours=4)
    late = asker.day("calls", "2026-11-23")
    assert early["rows"] == late["rows"][: len(early["rows"])] != late["rows"]
    assert asker.day("time_cards", "2026-11-24")["rows"] == asker.day("calls", "2026-11-24")["rows"] == []


def test_calls_are_logged_with_their_days_and_without_the_key(
    http: httpx.Client, xima: SandboxThread, asker: XimaCaller
) -> None:
    asker.ask("time_cards", timeframe("2026-10-25", "2026-10-26"), agents())
    asker.send("time_cards", b"{")
    first, second = http.get(f"{xima.url}/_sandbox/requests?feed=time_cards").json()["calls"]
    assert (first["system"], first["operation"], first["status"]) == ("xima", "historic-data", 200)
    assert (first["first"], first["last"]) == ("2026-10-25", "2026-10-26")
    assert "2026-10-25T00:00:00.000+01:00" in first["params"]["Report Timeframe"]
    assert (second["status"], second["first"]) == (400, None)
    assert asker.key not in http.get(f"{xima.url}/_sandbox/requests").text
