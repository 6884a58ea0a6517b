"""Faults on order as Xima's calls meet them: those of every system, and those of its own reports."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError

from pipelines.sandbox.menu import read_fault
from tests.sandbox.xima.caller import agents, body, rows, shown_ms, timeframe, told_in, totals

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread
    from tests.sandbox.caller import HandClock
    from tests.sandbox.xima.caller import XimaCaller

DAY = "2026-11-18"
SENT = body(timeframe(DAY))


def spoilt(
    xima: SandboxThread, asker: XimaCaller, report: str, fault: str, **options: object
) -> dict[str, Any]:
    """Return a report spoilt by one fault, which must count as met."""
    number = xima.faults.add(fault, calls=1, **options)
    told = asker.day(report, DAY)
    assert [order["met"] for order in xima.faults.told() if order["id"] == number] == [1]
    return told


def test_faults_of_every_system_meet_xima(xima: SandboxThread, asker: XimaCaller) -> None:
    good = told_in(asker.send("calls", SENT).content)
    for wish, status, header in (
        ({"fault": "status", "status": 509}, 509, None),
        ({"fault": "too_many_requests", "retry_after": 3}, 429, "3"),
        ({"fault": "empty"}, 200, None),
        ({"fault": "html"}, 200, None),
    ):
        xima.faults.order({**wish, "calls": 1, "system": "xima"})
        answer = asker.send("calls", SENT)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (status, header)
        assert answer.content[:1] in {b"", b"<"}
    xima.faults.add("hang_up", operation="historic-data", calls=1)
    assert asker.raw("calls", SENT) == b""
    xima.faults.add("cut", feed="calls", after=200, framing="close", calls=1)
    cut = asker.raw("calls", SENT).partition(b"\r\n\r\n")[2]
    assert (len(cut), good.startswith(told_in(cut))) == (200, True)
    xima.faults.add("cut", feed="calls", day=DAY, end="reset", calls=1)
    with pytest.raises(httpx.ReadError):
        asker.send("calls", SENT)
    xima.faults.add("gzip_half", feed="calls", calls=1)
    with pytest.raises(EOFError):
        gzip.decompress(asker.raw("calls", SENT).partition(b"\r\n\r\n")[2])
    xima.faults.add("hold", seconds=0.02, calls=1)
    assert told_in(asker.send("calls", SENT).content) == good
    assert all(order["left"] == 0 for order in xima.faults.told())


def test_a_fault_for_one_system_leaves_the_other_alone(xima: SandboxThread, asker: XimaCaller) -> None:
    xima.faults.add("status", system="icasework")
    xima.faults.add("status", feed="tasks")
    xima.faults.add("column_added", column="New", system="icasework")
    assert asker.send("calls", SENT).status_code == 200
    xima.faults.add("bad_value", column="Agent", feed="calls", calls=1)
    assert asker.send("time_cards", SENT).status_code == 200
    assert b"not-a-value" in asker.send("calls", SENT).content


def test_a_total_may_be_wrong_or_missing(xima: SandboxThread, asker: XimaCaller) -> None:
    good = totals(asker.day("calls", DAY))
    wrong = spoilt(xima, asker, "calls", "summary_wrong")
    assert totals(wrong) == {**good, "Calls": good["Calls"] + 1}
    wrong = spoilt(xima, asker, "calls", "summary_wrong", title="Total Talking", off_by=-5000)
    (item,) = (item for item in wrong["summaryItems"] if item["title"] == "Total Talking")
    assert item["value"] == good["Total Talking"] - 5000
    assert shown_ms(item["formattedValue"]) == item["value"] // 1000 * 1000
    without = totals(spoilt(xima, asker, "calls", "summary_missing", title="Calls"))
    assert [*without] == [title for title in good if title != "Calls"]
    assert spoilt(xima, asker, "calls", "summary_missing")["summaryItems"] == []
    several = [xima.faults.add("summary_wrong", title=title, calls=1) for title in ("Calls", "Total Hold")]
    assert len(several) == len(good.items() - totals(asker.day("calls", DAY)).items())


def test_columns_may_be_renamed_retyped_dropped_added_and_moved(
    xima: SandboxThread, asker: XimaCaller
) -> None:
    good = asker.day("account_usage", DAY)
    key, title, kind = "key", "title", "format"
    plain = good["columns"]
    renamed = spoilt(xima, asker, "account_usage", "column_renamed", column="Calls", to="Count")
    assert renamed["columns"] == [plain[0], {**plain[1], title: "Count"}, plain[2]]
    retyped = spoilt(xima, asker, "account_usage", "column_retyped", column="Talking")
    assert retyped["columns"] == [*plain[:2], {**plain[2], kind: "STRING"}]
    assert retyped["rows"][0]["values"]["2"] == {"value": str(good["rows"][0]["values"]["2"]["value"])}
    dropped = spoilt(xima, asker, "account_usage", "column_dropped", column="Calls")
    assert dropped["columns"] == [plain[0], plain[2]]
    assert [*dropped["rows"][0]["values"]] == ["0", "2"]
    added = spoilt(xima, asker, "account_usage", "column_added", column="New", value="x", at=0)
    assert added["columns"] == [{key: "3", title: "New", kind: "STRING"}, *plain]
    assert added["rows"][0]["values"]["3"] == {"value": "x"}
    moved = spoilt(xima, asker, "account_usage", "column_moved", column="Talking", at=0)
    assert moved["columns"] == [plain[2], *plain[:2]]
    assert moved["rows"] == good["rows"]  # keys stay with their columns
    assert rows(moved) == rows(good)


def test_cells_may_lack_a_value_or_hold_a_bad_one(xima: SandboxThread, asker: XimaCaller) -> None:
    good = asker.day("calls", DAY)
    place, column = "12", "Talking"

    def cells(**options: object) -> list[Any]:
        told = spoilt(xima, asker, "calls", column=column, **options)  # type: ignore[arg-type]
        return [row["values"].get(place) for row in told["rows"]]

    before = [row["values"][place] for row in good["rows"]]
    assert cells(fault="cell_missing", row=2) == [before[0], None, *before[2:]]
    assert cells(fault="cell_missing", **{"as": "null"}) == [{"value": None}] * len(before)
    assert cells(fault="cell_missing", share=0.5)[:4] == [before[0], None, before[2], None]
    bad = {"value": "not-a-value", "formattedValue": "not-a-value"}
    assert cells(fault="bad_value", row=1) == [bad, *before[1:]]
    assert cells(fault="bad_value", row=1, value=1.5)[0] == {"value": 1.5, "formattedValue": "1.5"}
    assert cells(fault="bad_value", row=1, value=True)[0]["value"] is True
    shown = cells(fault="shown_wrong", row=1)
    assert shown[0]["value"] == before[0]["value"]
    assert shown_ms(shown[0]["formattedValue"]) == before[0]["value"] // 1000 * 1000 + 1000
    number = spoilt(xima, asker, "account_usage", "shown_wrong", column="Calls", row=1)
    cell = number["rows"][0]["values"]["1"]
    assert cell["formattedValue"] == str(cell["value"] + 1)
    text = spoilt(xima, asker, "calls", "bad_value", column="Start Time", row=1, value="soon")
    assert text["rows"][0]["values"]["1"] == {"value": "soon"}


@pytest.mark.parametrize(
    "wish",
    [
        {"fault": "shown_wrong", "column": "Agent"},
        {"fault": "cell_missing", "column": "Agent", "row": 9999},
        {"fault": "column_moved", "column": "Call ID", "at": 0},
        {"fault": "column_retyped", "column": "Call ID", "to": "STRING"},
        {"fault": "summary_wrong", "title": "Agents"},
        {"fault": "column_renamed", "column": "Shift End", "to": "End"},
        {"fault": "timed_out", "day": "2026-11-19"},
    ],
)
def test_a_fault_that_changed_nothing_is_not_counted(
    xima: SandboxThread, asker: XimaCaller, wish: dict[str, object]
) -> None:
    good = told_in(asker.send("calls", SENT).content)
    xima.faults.order({**wish, "calls": 1})
    assert told_in(asker.send("calls", SENT).content) == good
    assert [order["met"] for order in xima.faults.told()] == [0]


def test_faults_of_the_report_wait_for_a_call_that_goes_well(xima: SandboxThread, asker: XimaCaller) -> None:
    xima.faults.add("summary_missing", calls=1)
    xima.faults.add("timed_out", calls=1)
    assert asker.send("calls", b"{").status_code == 400
    assert asker.send("ZZ99ZZ99", SENT).status_code == 404
    assert [order["met"] for order in xima.faults.told()] == [0, 0]


@pytest.mark.parametrize(
    "wish",
    [
        {"fault": "timed_out", "feed": "cases"},
        {"fault": "timed_out", "system": "icasework"},
        {"fault": "timed_out", "polls": -1},
        {"fault": "footer_wrong", "feed": "calls"},
        {"fault": "footer_wrong", "system": "xima"},
        {"fault": "expired_token", "operation": "historic-data"},
        {"fault": "status", "operation": "historic-data", "feed": "cases"},
        {"fault": "status", "operation": "historic-data", "system": "icasework"},
        {"fault": "status", "system": "switchboard"},
        {"fault": "summary_wrong", "off_by": 0},
        {"fault": "summary_wrong", "title": "Total Colour"},
        {"fault": "summary_wrong", "title": "Agents", "feed": "calls"},
        {"fault": "column_retyped", "column": "CaseDetails.CaseId"},
        {"fault": "column_renamed", "column": "Talking", "to": "Talk", "system": "icasework"},
        {"fault": "cell_missing", "column": "Talking", "as": "zero"},
        {"fault": "cell_missing", "column": "Talking", "row": 1, "share": 0.5},
        {"fault": "shown_wrong", "column": "Talking", "feed": "agent_summary"},
    ],
)
def test_an_order_that_could_never_do_anything_is_refused(wish: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read_fault(wish)


def test_a_run_that_times_out_is_collected_with_the_same_bytes(
    xima: SandboxThread, asker: XimaCaller, clock: HandClock
) -> None:
    today = body(timeframe("2026-11-23"))
    xima.faults.add("timed_out", polls=2, calls=1, feed="calls")
    first = asker.send("calls", today)
    assert (first.status_code, first.json()["status"]) == (202, 202)
    as_of_then = asker.send("calls", today + b" ")  # other bytes are another run, and no fault is left for it
    assert as_of_then.status_code == 200
    clock.forward(minutes=30)
    assert [asker.send("calls", today).status_code for _ in range(2)] == [202, 202]
    result = asker.send("calls", today)
    assert result.status_code == 200
    assert rows(result.json()) == rows(as_of_then.json())  # what the run saw when it began
    again = asker.send("calls", today).json()  # the result was collected: this is another run
    assert again["executionId"] != result.json()["executionId"]
    assert len(again["rows"]) > len(result.json()["rows"])


def test_each_run_times_out_by_itself_and_reports_do_not_mix(xima: SandboxThread, asker: XimaCaller) -> None:
    xima.faults.add("timed_out", polls=0)
    for report in ("calls", "time_cards"):
        answers = [asker.send(report, SENT) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 200, 202, 200]
        assert answers[1].json()["rows"] == answers[3].json()["rows"] != []
    interleaved = [asker.send(report, SENT).status_code for report in ("calls", "time_cards") * 2]
    assert interleaved == [202, 202, 200, 200]
    xima.faults.clear()
    assert asker.ask("agent_summary", timeframe(DAY), agents()).status_code == 200


def test_a_run_is_remembered_for_a_while_only(
    xima: SandboxThread, asker: XimaCaller, clock: HandClock
) -> None:
    xima.faults.add("timed_out", polls=1000, calls=1)
    assert asker.send("calls", SENT).status_code == 202
    clock.forward(minutes=59)
    assert asker.send("calls", SENT).status_code == 202
    clock.forward(minutes=2)
    assert asker.send("calls", SENT).status_code == 200


@pytest.mark.parametrize(
    ("report", "counted"),
    [("calls", "Calls"), ("time_cards", "Sessions"), ("account_usage", "Account Codes")],
)
def test_rows_are_untold_and_the_totals_are_those_of_the_others(
    xima: SandboxThread, asker: XimaCaller, report: str, counted: str
) -> None:
    whole = asker.day(report, DAY)
    told = spoilt(xima, asker, report, "rows_untold", share=0.5, feed=report)
    assert totals(told)[counted] == len(rows(told)) <= len(rows(whole))
    assert totals(told)["Total Talking"] < totals(whole)["Total Talking"]
    assert rows(asker.day(report, DAY)) == rows(whole)
