"""What the contact centre's marts answer, on rows written by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.days import ReportDay
from pipelines.feeds import FEEDS
from pipelines.warehouse import build, run_query
from tests.contact_centre import DAY, LONG_DAY, call, card, case, load, stamp, usage
from tests.warehouse.centre_tables import JOINED, MARTS, insert, join_calls_to_cases, rows, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from pipelines.lake import Lake

HOUR = 3_600_000


@pytest.fixture
def engine(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return tables(tmp_path)


def test_the_hour_that_comes_twice_has_two_instants_and_one_local_time(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    calls = [call("summer", day=LONG_DAY, at=1.5 * 3600), call("winter", day=LONG_DAY, at=2.5 * 3600)]
    insert(engine, "xima.calls", LONG_DAY.date, calls)
    told = rows(engine, "SELECT started_london, epoch(started_at) FROM marts.calls ORDER BY started_at")
    assert [local for local, _ in told] == [datetime(2026, 10, 25, 1, 30)] * 2  # noqa: DTZ001 - a wall clock's
    assert told[1][1] - told[0][1] == 3600
    slots = rows(engine, "SELECT count(*), sum(offered_calls), max(offered_calls) FROM marts.call_volumes")
    assert slots == [(50, 2, 1)]


def test_a_call_has_its_lengths_in_seconds_and_its_customer_on_either_side(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    calls = [
        call("in", caller="0161 496 0001", talk_ms=61_999),
        call("out", direction="Outbound", called="0161 496 0002", outcome="Unanswered", talk_ms=0),
        call("home", direction="Internal", caller="201", called="310"),
    ]
    insert(engine, "xima.calls", DAY.date, calls)
    asked = """
        SELECT call_id, customer_number, is_answered, CAST(talk_seconds AS VARCHAR)
        FROM marts.calls ORDER BY call_id"""
    assert rows(engine, asked) == [
        ("home", None, True, "60.000"),
        ("in", "0161 496 0001", True, "61.999"),
        ("out", "0161 496 0002", False, "0.000"),
    ]


def test_service_level_is_of_offered_calls_and_quiet_half_hours_have_none(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    calls = [
        call("1", ring_ms=20_000),
        call("2", ring_ms=20_001),
        call("3", outcome="Abandoned", talk_ms=0),
        call("4", outcome="Transferred", ring_ms=1_000),
        call("5", direction="Outbound"),
    ]
    insert(engine, "xima.calls", DAY.date, calls)
    asked = """
        SELECT offered_calls, answered_calls, answered_in_20s_calls, abandoned_calls, unanswered_calls,
            abandoned_share, service_level_share, CAST(average_answer_seconds AS VARCHAR)
        FROM marts.call_volumes WHERE half_hour_london = TIMESTAMP '2026-10-24 10:00:00'"""
    assert rows(engine, asked) == [(4, 3, 2, 1, 0, 0.25, 0.5, "13.667")]
    quiet = (
        "SELECT DISTINCT abandoned_share, service_level_share FROM marts.call_volumes WHERE offered_calls = 0"
    )
    assert rows(engine, quiet) == [(None, None)]


def days_of(engine: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    asked = """
        SELECT report_date, sessions, logged_in_ms, talk_ms, CAST(logged_in_hours AS DOUBLE)
        FROM marts.agent_days ORDER BY report_date"""
    return rows(engine, asked)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_an_agent_who_never_logs_out_works_as_long_as_the_day(
    day: str, hours: int, engine: duckdb.DuckDBPyConnection
) -> None:
    long = ReportDay.parse(day)
    insert(
        engine,
        "xima.time_cards",
        long.date,
        [card(0, 7 * 3600, day=long), card(7 * 3600, hours * 3600, day=long)],
    )
    assert days_of(engine) == [(long.date, 2, hours * HOUR, 0, hours)]
    assert rows(engine, "SELECT day_hours FROM marts.agent_days") == [(hours,)]


def test_hours_are_exact_and_halves_go_up(engine: duckdb.DuckDBPyConnection) -> None:
    odd = [18 * number + 9 for number in range(0, 400_000, 997)]  # each has half a millionth of an hour over
    cards = [card(0, 12 * 3600, agent=f"Agent {ms}", talk_ms=ms) for ms in odd]
    insert(engine, "xima.time_cards", DAY.date, cards)
    told = dict(rows(engine, "SELECT talk_ms, talk_hours FROM marts.agent_days"))
    millionth = Decimal("0.000001")
    assert told == {ms: (Decimal(ms) / HOUR).quantize(millionth, ROUND_HALF_UP) for ms in odd}


def test_a_session_that_was_not_cut_is_split_at_midnight_to_the_millisecond(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    night = card(22 * 3600, 32 * 3600, talk_ms=1_000_001)
    insert(engine, "xima.time_cards", DAY.date, [night])
    first, second = days_of(engine)
    assert first == (DAY.date, 1, 2 * HOUR, 200_000, 2)
    assert second == (LONG_DAY.date, 0, 8 * HOUR, 800_001, 8)
    assert rows(engine, "SELECT DISTINCT is_split FROM marts.agent_days") == [(True,)]


def test_a_session_that_two_reports_show_whole_counts_once(engine: duckdb.DuckDBPyConnection) -> None:
    night = card(22 * 3600, 32 * 3600)
    for day in (DAY, LONG_DAY):
        insert(engine, "xima.time_cards", day.date, [night])
    assert [told[2] for told in days_of(engine)] == [2 * HOUR, 8 * HOUR]


def test_a_session_over_the_end_of_summer_time_keeps_its_real_length(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    insert(engine, "xima.time_cards", DAY.date, [card(0, (24 + 25 + 1) * 3600)])
    assert [told[2] for told in days_of(engine)] == [24 * HOUR, 25 * HOUR, HOUR]


def test_a_session_that_ends_before_it_begins_is_shown_and_not_lost(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    wrong = card(3600, 3600) | {"session_end_at": stamp(DAY, 0), "logged_in_ms": 5}
    insert(engine, "xima.time_cards", DAY.date, [wrong])
    assert days_of(engine)[0][2] == 5


def contacts(engine: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    join_calls_to_cases(engine)
    return rows(engine, f"SELECT {columns} FROM marts.contacts ORDER BY started_at, call_id, case_id")  # noqa: S608


def test_a_call_meets_the_cases_that_show_its_number_however_it_is_written(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    insert(
        engine,
        "xima.calls",
        DAY.date,
        [call("1", caller="+442079460123"), call("2", caller="01632 960001", at=40_000)],
    )
    cases = [case(1, phone="020 7946 0123", mobile="(020) 7946 0123"), case(2, mobile="07700 900123")]
    insert(engine, "marts.cases_current", DAY.date, cases)
    assert contacts(engine, "call_id, case_id, is_ambiguous, is_case_open, case_calls, call_cases") == [
        ("1", 1, False, True, 1, 1),
        ("2", None, False, None, None, 0),
    ]


@pytest.mark.parametrize("caller", ["Anonymous", "", "201", "Withheld"])
def test_a_withheld_number_meets_nothing_though_cases_show_the_same_word(
    caller: str, engine: duckdb.DuckDBPyConnection
) -> None:
    insert(engine, "xima.calls", DAY.date, [call("1", caller=caller), call("2", caller=caller, at=40_000)])
    insert(engine, "marts.cases_current", DAY.date, [case(1, phone=caller)])
    asked = "customer_e164, case_id, is_repeat_contact, previous_call_at, customers_with_number, is_ambiguous"
    assert contacts(engine, asked) == [(None, None, False, None, 0, False)] * 2


def test_a_number_of_two_customers_is_settled_for_neither(engine: duckdb.DuckDBPyConnection) -> None:
    insert(engine, "xima.calls", DAY.date, [call("1")])
    number = "020 7946 0123"
    cases = [case(1, phone=number), case(2, phone=number), case(3, phone=number, customer_id="200001")]
    insert(engine, "marts.cases_current", DAY.date, cases)
    assert contacts(engine, "case_id, customer_id, is_ambiguous, customers_with_number, case_calls") == [
        (1, "200001", True, 2, 0),
        (2, "200002", True, 2, 0),
        (3, "200001", True, 2, 0),
    ]
    assert rows(engine, "SELECT count(*) FROM marts.contacts WHERE is_first_of_call") == [(1,)]


def test_a_case_is_met_from_its_receipt_until_the_window_after_its_closing(tmp_path: Path) -> None:
    engine = tables(tmp_path, window_days=7)
    insert(engine, "xima.calls", DAY.date, [call("1")])
    number = "020 7946 0123"
    told: dict[str, Any] = {
        "received today": {"received_date": DAY.date},
        "received tomorrow": {"received_date": LONG_DAY.date},
        "just closed": {"closed_date": DAY.plus(-7).date},
        "long closed": {"closed_date": DAY.plus(-8).date},
        "closed later": {"closed_date": DAY.plus(1).date},
    }
    cases = [
        case(at, phone=number, customer_id="200001", case_type=name, **cells)
        for at, (name, cells) in enumerate(told.items(), 1)
    ]
    insert(engine, "marts.cases_current", DAY.date, cases)
    assert contacts(engine, "case_type, is_case_open") == [
        ("received today", True),
        ("just closed", False),
        ("closed later", True),
    ]


def test_a_repeat_is_a_call_in_within_the_window_of_another(tmp_path: Path) -> None:
    engine = tables(tmp_path, window_days=2)
    for number, (after, direction) in enumerate(
        [(0, "Inbound"), (2, "Inbound"), (5, "Inbound"), (6, "Outbound")], 1
    ):
        day = DAY.plus(after)
        sides: dict[str, Any] = {"caller": "0161 496 0001", "called": "0161 496 0001"}
        insert(engine, "xima.calls", day.date, [call(str(number), day=day, direction=direction, **sides)])
    assert contacts(engine, "call_id, is_repeat_contact, previous_call_at IS NULL") == [
        ("1", False, True),
        ("2", True, False),
        ("3", False, False),
        ("4", False, False),
    ]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return tables(tmp_path_factory.mktemp("centre"), window_days=WINDOW)


NUMBERS = ["020 7946 0123", "07700 900123", "0161 496 0001", "Anonymous"]
WINDOW = 3
some_call = st.tuples(
    st.integers(0, 9),
    st.integers(0, 2),
    st.sampled_from(["Inbound", "Outbound", "Internal"]),
    st.integers(0, 3),
)
some_case = st.tuples(
    st.integers(-3, 6),  # received
    st.one_of(st.none(), st.integers(-3, 9)),  # closed
    st.integers(0, 3),  # phone
    st.integers(0, 3),  # mobile
    st.sampled_from(["", "200001", "200002"]),
)


@given(calls=st.lists(some_call, max_size=12), cases=st.lists(some_case, max_size=6))
@settings(max_examples=20, deadline=None)
def test_contacts_are_what_comparing_every_call_with_every_case_tells(
    joined: duckdb.DuckDBPyConnection,
    calls: list[tuple[int, int, str, int]],
    cases: list[tuple[int, int | None, int, int, str]],
) -> None:
    for table in ("xima.calls", "marts.cases_current", "ops.phones", *(f"ops.{name}" for name in JOINED)):
        joined.execute(f"DELETE FROM {table}")  # noqa: S608 - names of tables
    for day in {one[0] for one in calls}:
        rung = [
            call(
                str(number),
                day=DAY.plus(after),
                at=hour * 3600,
                direction=direction,
                caller=NUMBERS[at],
                called=NUMBERS[at],
            )
            for number, (after, hour, direction, at) in enumerate(calls)
            if after == day
        ]
        insert(joined, "xima.calls", DAY.plus(day).date, rung)
    shown = [
        case(number, phone=NUMBERS[phone], mobile=NUMBERS[mobile], customer_id=customer)
        | {
            "received_date": DAY.plus(received).date,
            "closed_date": "" if closed is None else DAY.plus(closed).date,
        }
        for number, (received, closed, phone, mobile, customer) in enumerate(cases, 1)
    ]
    insert(joined, "marts.cases_current", DAY.date, shown)
    asked = """
        call_id, customers_with_number, is_ambiguous, is_repeat_contact, epoch(previous_call_at), call_cases,
        case_id, coalesce(case_calls, 0)"""
    assert sorted(contacts(joined, asked), key=str) == sorted(compared(calls, cases), key=str)


def compared(
    calls: list[tuple[int, int, str, int]], cases: list[tuple[int, int | None, int, int, str]]
) -> Iterator[tuple[object, ...]]:
    """Tell the contacts by comparing every call with every case and every other call."""
    outside = [(str(number), *one) for number, one in enumerate(calls) if one[2] != "Internal"]

    def shows(at: int) -> list[int]:
        return [
            number for number, one in enumerate(cases, 1) if at in one[2:4] and NUMBERS[at] != "Anonymous"
        ]

    def owners(at: int) -> int:
        return len({cases[number - 1][4] or number for number in shows(at)})

    def met(after: int, at: int) -> list[int]:
        dates = {number: cases[number - 1][:2] for number in shows(at)}
        return [
            number
            for number, (received, closed) in dates.items()
            if received <= after and (closed is None or closed + WINDOW >= after)
        ]

    sure = [number for _, after, _, _, at in outside if owners(at) == 1 for number in met(after, at)]
    for name, after, hour, direction, at in outside:
        rung = [
            one[1:3]
            for one in outside
            if one[3] == "Inbound"
            and one[4] == at
            and NUMBERS[at] != "Anonymous"
            and one[1:3] < (after, hour)
        ]
        before = max(rung, default=None)
        is_repeat = direction == "Inbound" and before is not None and before[0] + WINDOW >= after
        before_at = DAY.plus(before[0]).start.timestamp() + before[1] * 3600 if before else None
        found = met(after, at)
        known = (name, owners(at), owners(at) > 1, is_repeat, before_at, len(found))
        if not found:
            yield (*known, None, 0)
        yield from ((*known, number, sure.count(number)) for number in found)


def test_on_a_real_catalogue_they_answer_and_keep_the_classes_of_what_they_show(lake: Lake) -> None:
    load(
        lake,
        DAY,
        calls=[call("1", agent="")],
        time_cards=[card(0, 60)],
        account_usage=[usage("0101", 1, 60_000)],
    )
    load(lake, DAY, cases=[case(1, phone="020 7946 0123")])
    build(lake, FEEDS, since=DAY, until=DAY, contact_window_days=9)
    counts = [run_query(lake, f"select count(*) from marts.{mart}").item() for mart in MARTS]  # noqa: S608
    assert dict(zip(MARTS, counts, strict=True)) == {
        "calls": 1,
        "call_volumes": 48,
        "agent_days": 1,
        "account_usage": 1,
        "contacts": 1,
    }
    assert run_query(lake, "select case_id, is_case_open from marts.contacts").rows() == [(1, True)]
    assert run_query(lake, "select contact_window_days from ops.settings").item() == 9
    classed = """
        select column_name, privacy from ops.columns
        where feed in ('marts/calls', 'marts/agent_days', 'marts/contacts') and privacy <> 'public'"""
    assert {name for name, _ in run_query(lake, classed).rows()} == {
        "agent",
        "caller_number",
        "called_number",
        "customer_number",
        "customer_e164",
        "customer_id",
    }
