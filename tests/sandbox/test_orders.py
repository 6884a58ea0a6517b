"""The book of faults: which calls an order meets, how it is counted, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from pipelines.sandbox.calls import Call
from pipelines.sandbox.menu import catalogue
from pipelines.sandbox.orders import FaultBook

CASES = Call("icasework", "getreport", "POST", {}, "cases", date(2026, 11, 2), date(2026, 11, 4))
TOKEN = Call("icasework", "token", "POST")


def names(book: FaultBook, call: Call) -> list[str]:
    """Take what meets the call, as a server does that sees every fault change something."""
    hits = book.take(call, "answer") or [*book.take(call, "table"), *book.take(call, "wire")]
    for hit in hits:
        hit.struck = True
    book.settle(hits)
    return [hit.fault.fault for hit in hits]


def test_a_fault_meets_only_the_calls_it_names() -> None:
    for wish, meets in (
        ({}, True),
        ({"operation": "getreport"}, True),
        ({"operation": "token"}, False),
        ({"operation": "getcases"}, False),
        ({"system": "icasework"}, True),
        ({"system": "xima"}, False),
        ({"feed": "cases"}, True),
        ({"feed": "tasks"}, False),
        ({"day": "2026-11-02"}, True),
        ({"day": "2026-11-04"}, True),
        ({"day": "2026-11-05"}, False),
        ({"feed": "cases", "day": "2026-11-01"}, False),
    ):
        book = FaultBook()
        book.order({"fault": "status", **wish})
        assert bool(book.take(CASES, "answer")) is meets, wish


def test_a_feed_or_day_never_meets_the_token() -> None:
    book = FaultBook()
    book.add("status", feed="cases")
    book.add("hang_up", day="2026-11-02")
    book.add("footer_missing")
    book.add("expired_token")
    assert names(book, TOKEN) == []
    assert names(book, replace(CASES, bears_token=True, feed="tasks", first=None)) == ["expired_token"]


def test_a_fault_counts_down_and_is_reported() -> None:
    book = FaultBook()
    number = book.add("status", status=503, feed="cases", calls=2)
    assert [names(book, CASES) for _ in range(3)] == [["status"], ["status"], []]
    (told,) = book.told()
    assert told == {
        "id": number, "fault": "status", "status": 503, "calls": 2, "left": 0, "met": 2,
        "system": None, "operation": None, "feed": "cases", "day": None,
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
    book.add("bad_value", column="CaseDetails.Rating", calls=1)
    book.add("html", calls=1)
    assert names(book, CASES) == ["html"]
    assert names(book, CASES) == ["footer_wrong", "bad_value", "cut"]
    assert names(book, CASES) == ["gzip_half"]


def test_spent_faults_do_not_pile_up() -> None:
    book = FaultBook()
    for _ in range(300):
        book.add("empty", calls=1)
        names(book, CASES)
    assert len(book.told()) <= 101


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"fault": "meteor"},
        {"fault": "status", "status": 200},
        {"fault": "status", "colour": "red"},
        {"fault": "column_renamed", "column": "x"},
        {"fault": "bad_value", "column": "Task.Type", "share": 2},
        {"fault": "bad_value", "column": "Task.Type", "share": 0.5, "row": 1},
        {"fault": "bad_value", "column": "Task.Colour"},
        {"fault": "column_dropped", "column": "Task.Type", "feed": "cases"},
        {"fault": "column_moved", "column": ""},
        {"fault": "column_renamed", "column": "Task.Type", "to": "Task.Type"},
        {"fault": "footer_wrong", "off_by": 0},
        {"fault": "footer_wrong", "operation": "getcases"},
        {"fault": "expired_token", "operation": "token"},
        {"fault": "status", "feed": "letters"},
        {"fault": "status", "feed": "icasework/cases"},
        {"fault": "status", "operation": "getreports"},
        {"fault": "status", "operation": "token", "feed": "cases"},
        {"fault": "status", "operation": "token", "day": "2026-11-02"},
        {"fault": "too_many_requests", "retry_after": 86_401},
        {"fault": "hold", "seconds": 0},
        {"fault": "cut", "seconds": 3},
        {"fault": "cut", "end": "never"},
        {"fault": "cut", "framing": "odd"},
        {"fault": "empty", "calls": 0},
        {"fault": "empty", "day": "tomorrow"},
        [],
    ],
)
def test_a_wrong_order_is_refused(wish: object) -> None:
    with pytest.raises(ValidationError):
        FaultBook().order(wish)


def test_the_catalogue_tells_every_fault_with_its_options() -> None:
    found = {entry["fault"]: entry for entry in catalogue()}
    assert len(found) == 25
    assert all(entry["what"] and entry["operations"] for entry in found.values())
    assert {"framing", "after", "whole_lines", "end", "seconds"} <= set(found["cut"]["options"])
    assert found["too_many_requests"]["options"]["retry_after"]["maximum"] == 86_400
    assert found["footer_wrong"]["operations"] == ["getreport"]
    assert found["timed_out"]["operations"] == ["historic-data"]
    assert found["bad_value"]["operations"] == ["getreport", "historic-data"]
    assert found["rows_untold"]["operations"] == ["getreport", "historic-data"]
    assert {"as", "row", "share"} <= set(found["cell_missing"]["options"])


def test_a_fault_that_changed_nothing_is_given_back() -> None:
    book = FaultBook()
    book.add("footer_wrong", calls=1)
    taken = book.take(CASES, "table")
    assert book.take(CASES, "table") == []  # two calls at once never share one
    book.settle(taken)
    assert [order["met"] for order in book.told()] == [0]
    assert names(book, CASES) == ["footer_wrong"]
    assert [(order["met"], order["left"]) for order in book.told()] == [(1, 0)]


def test_orders_are_taken_away_by_number_or_feed() -> None:
    book = FaultBook()
    first = book.add("empty", feed="cases")
    book.add("empty", feed="tasks")
    book.add("empty")
    assert book.clear(first, "tasks") == 0
    assert book.clear(feed="tasks") == 1
    assert book.clear(first) == 1
    assert book.clear() == 1
