"""Rows that lead a careless join or count astray, loaded and built for real: what the marts say of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS
from pipelines.warehouse import build, run_query, run_sql_tests
from tests.contact_centre import call, case, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.lake import Lake

DAYS = list(span(ReportDay.parse("2020-12-21"), ReportDay.parse("2021-01-05")))
FIRST = DAYS[0]
SHARED = "020 7946 0123"


def christmas(day: int) -> ReportDay:
    return FIRST.plus(day - 21)


def rebuild(lake: Lake) -> None:
    build(lake, FEEDS, since=FIRST, until=DAYS[-1])


def told(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return run_query(lake, sql).rows()


def one_case(**cells: object) -> Mapping[str, object]:
    told: dict[str, Any] = {"received_date": FIRST.date, "stage1_due_date": christmas(30).date, **cells}
    return case(1, **told)


def test_a_customer_is_what_the_latest_case_says_empty_cells_too(lake: Lake) -> None:
    old = {
        "customer_address": "1 High Street",
        "customer_town": "Oldtown",
        "customer_email": "Old@Example.org",
    }
    new = {"customer_town": "Newtown", "customer_email": " "}
    rows = [case(1, **old), case(2, customer_id="200001", **new)]
    load(lake, FIRST, cases=rows)
    rebuild(lake)
    asked = "select customer_address, customer_town, customer_email, emails, cases from marts.customers"
    assert told(lake, asked) == [(None, "Newtown", " ", "[old@example.org]", 2)]


def test_two_people_with_one_telephone_stay_two_customers(lake: Lake) -> None:
    load(lake, FIRST, cases=[case(1, phone=SHARED), case(2, mobile="+44 20 7946 0123"), case(3, phone="")])
    rebuild(lake)
    assert told(lake, "select customer_id, phones from marts.customers order by all") == [
        ("200001", "[+442079460123]"),
        ("200002", "[+442079460123]"),
        ("200003", "[]"),
    ]


def test_half_a_number_joins_nobody(lake: Lake) -> None:
    load(lake, FIRST, cases=[case(1, phone="7946 0123"), case(2, phone="7946 0123")])
    load(lake, FIRST, calls=[call("1", day=FIRST, caller="7946 0123"), call("2", day=FIRST, caller=SHARED)])
    rebuild(lake)
    assert told(lake, "select call_id, customer_e164, case_id from marts.contacts order by all") == [
        ("1", None, None),
        ("2", "+442079460123", None),
    ]
    assert told(lake, "select distinct phones from marts.customers") == [("[]",)]


def test_a_case_that_is_opened_again_is_open_everywhere(lake: Lake) -> None:
    load(lake, christmas(22), cases=[one_case()])
    closed = christmas(23).date
    load(lake, christmas(23), cases=[one_case(closed_date=closed, stage1_completed_date=closed)])
    load(lake, christmas(24), cases=[one_case()])
    load(lake, christmas(31), cases=[])
    rebuild(lake)
    assert told(lake, "select is_open, closed_date from marts.cases_current") == [(True, None)]
    states = "select version_number, valid_from, valid_to, closed_date from marts.case_history order by all"
    assert told(lake, states) == [
        (1, christmas(22).date, christmas(23).date, None),
        (2, christmas(23).date, christmas(24).date, closed),
        (3, christmas(24).date, None, None),
    ]
    assert told(lake, "select event_type from marts.case_timeline") == [("received",)]
    targets = "select target_status, ended_date, working_days_used, working_days_left from marts.case_targets"
    # After the 21st: 22, 23, 24, 29, 30 and 31; the 28th stands in for Boxing Day.
    assert told(lake, targets) == [("breached", None, 6, -1)]
    last = f"select open, closed, overdue from marts.daily_volumes where volume_date = '{christmas(31)}'"  # noqa: S608
    assert told(lake, last) == [(1, 0, 1)]
    assert told(lake, "select sum(received), sum(closed), sum(breached) from marts.daily_volumes") == [
        (1, 0, 1)
    ]


def test_bank_holidays_are_no_working_days(lake: Lake) -> None:
    ended = {24: (3, "met"), 28: (3, "met"), 30: (5, "met"), 31: (6, "breached"), 33: (6, "breached")}
    rows = [one_case(case_id=day, closed_date=christmas(day).date) for day in ended]
    load(lake, christmas(33), cases=rows)
    rebuild(lake)
    targets = "select case_id, working_days_used, target_status, working_days_left from marts.case_targets"
    assert told(lake, f"{targets} order by case_id") == [
        (day, *judged, None) for day, judged in ended.items()
    ]


def test_of_two_rows_of_a_case_on_one_day_the_later_one_counts(lake: Lake) -> None:
    rows = [one_case(case_label="b"), one_case(case_label="a"), one_case(case_label="a")]
    load(lake, FIRST, cases=rows)
    load(lake, FIRST.plus(1), cases=[one_case(case_label="a")])
    rebuild(lake)
    current = "select case_label, report_date, report_row from marts.cases_current"
    assert told(lake, current) == [("a", FIRST.plus(1).date, 1)]
    states = (
        "select case_label, report_row, valid_from, valid_to from marts.case_history order by version_number"
    )
    assert told(lake, states) == [("b", 1, FIRST.date, FIRST.date), ("a", 2, FIRST.date, None)]
    at_its_end = f"select case_label from ({states}) where valid_from <= '{FIRST}'"  # noqa: S608
    assert told(lake, f"{at_its_end} and (valid_to is null or valid_to > '{FIRST}')") == [("a",)]


def redress(number: str, **cells: object) -> dict[str, object]:
    return {"case_id": 1, "redress_id": number, "redress_type": "Apology", "team": "Repairs", **cells}


def test_redress_without_an_amount_counts_and_is_worth_nothing(lake: Lake) -> None:
    agreed = {"agreed_date": date(2020, 12, 31)}
    rows = [
        redress("1", **agreed),
        redress("2", **agreed, amount_gbp="10.10", currency="GBP"),
        redress("3", amount_gbp="99.00", currency="GBP"),
        redress("4", **agreed, amount_gbp="0.20", currency="GBP", team=""),
    ]
    load(lake, DAYS[-2], redress=rows)
    paid = {"amount_gbp": "10.05", "currency": "GBP", "paid_date": DAYS[-1].date}
    load(lake, DAYS[-1], redress=[redress("2", **agreed, **paid)])
    rebuild(lake)
    assert told(lake, "from marts.redress_by_team order by team nulls first") == [
        (date(2020, 12, 1), None, "Apology", 1, Decimal("0.20"), 0, Decimal("0.00"), Decimal("0.20")),
        (date(2020, 12, 1), "Repairs", "Apology", 2, Decimal("10.05"), 1, Decimal("10.05"), Decimal("0.00")),
    ]
    events = "select part_id, event_type from marts.case_timeline order by all"
    assert told(lake, events) == [
        ("1", "redress agreed"),
        ("2", "redress agreed"),
        ("2", "redress paid"),
        ("4", "redress agreed"),
    ]


def test_a_summer_day_is_londons_and_not_utcs(lake: Lake) -> None:
    day = ReportDay.parse("2026-07-01")
    late, early = (
        day.hours * 3600 - 60,
        60,
    )  # the clock shows 23:59 and 00:01; both are June's last hour in UTC
    calls = [call("early", day=day, at=early, caller=SHARED), call("late", day=day, at=late, caller=SHARED)]
    load(lake, day, calls=calls)
    rows = [
        case(1, phone=SHARED, received_date=day.date),
        case(2, phone=SHARED, customer_id="200001", received_date=day.plus(1).date),
        case(3, phone=SHARED, customer_id="200001", closed_date=day.plus(-28).date),
        case(4, phone=SHARED, customer_id="200001", closed_date=day.plus(-29).date),
    ]
    for one in rows[2:]:
        one["received_date"] = day.plus(-60).date
    load(lake, day.plus(1), cases=rows)
    build(lake, FEEDS, since=day, until=day.plus(1))
    met = "select call_id, case_id, call_cases, case_calls from marts.contacts order by call_id, case_id"
    assert told(lake, met) == [("early", 1, 2, 2), ("early", 3, 2, 2), ("late", 1, 2, 2), ("late", 3, 2, 2)]
    halves = (
        "select half_hour_london::time::text, offered_calls from marts.call_volumes where offered_calls > 0"
    )
    assert told(lake, f"{halves} order by all") == [("00:00:00", 1), ("23:30:00", 1)]
    assert told(lake, "select distinct report_date from marts.call_volumes") == [(day.date,)]


def test_what_breaks_a_promise_is_told_and_hides_nothing(lake: Lake) -> None:
    load(
        lake,
        FIRST,
        cases=[one_case(closed_date=FIRST.plus(-3).date), case(2, team="Repairs", received_date=FIRST.date)],
    )
    load(lake, FIRST, tasks=[{"case_id": 9, "task_id": "1", "created_at": f"{FIRST}T10:00:00"}])
    load(lake, FIRST, calls=[call("1", day=FIRST), call("1", day=FIRST, at=40_000)])
    rebuild(lake)
    broken = {verdict.name: verdict.offending for verdict in run_sql_tests(lake) if not verdict.passed}
    assert broken == {
        "calls_told_twice": 1,
        "closed_cases_with_an_open_stage": 1,
        "negative_durations": 2,
        "parts_without_a_case": 1,
    }
    assert told(lake, "select count(*), count_if(is_first_of_call) from marts.contacts") == [(2, 1)]
