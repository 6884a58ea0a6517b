"""Every promise of the contact centre's marts holds on good data, and breaks when it is broken.

A mutation spoils the data of a table, or a mart itself, in the way that the promise is there to notice.
"""

# ruff: noqa: S608 - what is put into statements are names of feeds, told here

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import load_settings
from pipelines.warehouse import build, run_query, run_sql_tests
from pipelines.warehouse.statements import FOLDER
from tests.warehouse.centre_tables import MARTS, healthy, rows, text

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# Test: statements that spoil tables, or (mart, text of it, what to write instead).
MUTATIONS: dict[str, list[str | tuple[str, str, str]]] = {
    "calls_with_negative_times": [
        "UPDATE xima.calls SET ended_at = started_at - INTERVAL 1 SECOND WHERE call_id LIKE '%-1'",
        "UPDATE xima.calls SET hold_ms = -1 WHERE call_id LIKE '%-1'",
    ],
    "calls_whose_parts_differ_from_their_length": ["UPDATE xima.calls SET call_ms = call_ms + 1"],
    "calls_outside_their_day": [
        "UPDATE xima.calls SET report_date = report_date + 1",
        "UPDATE xima.calls SET started_at = started_at + INTERVAL 1 DAY WHERE call_id LIKE '%-1'",
    ],
    "calls_told_twice": ["UPDATE xima.calls SET call_id = '7' WHERE call_id LIKE '%-1'"],
    "call_volumes_that_lose_calls": [
        ("call_volumes", "WHERE direction = 'Inbound'", "WHERE direction = 'Inbound' AND ring_ms > 5000"),
        ("call_volumes", "WHERE direction = 'Inbound'", "WHERE direction <> 'Internal'"),
        ("call_volumes", "count(*) FILTER (WHERE outcome = 'Abandoned')", "count(*)"),
        ("call_volumes", "AND ring_ms <= 20000", "OR ring_ms <= 20000"),
    ],
    "call_volumes_of_a_wrong_number_of_half_hours": [
        ("call_volumes", "TIMESTAMP)) - INTERVAL 30", "TIMESTAMP)) - INTERVAL 60"),
        (
            "call_volumes",
            "timezone('Europe/London', CAST(report_date + 1 AS TIMESTAMP))",
            "timezone('Europe/London', CAST(report_date AS TIMESTAMP)) + INTERVAL 24 HOUR",
        ),
        ("call_volumes", "WHERE feed = 'xima/calls'", "WHERE feed = 'xima/none'"),
    ],
    "time_cards_with_negative_times": [
        "UPDATE xima.time_cards SET idle_ms = -1",
        "UPDATE xima.time_cards SET session_end_at = session_start_at - INTERVAL 1 SECOND",
    ],
    "time_cards_that_overlap": ["INSERT INTO xima.time_cards FROM xima.time_cards LIMIT 1"],
    "time_cards_outside_their_day": [
        "UPDATE xima.time_cards SET session_end_at = session_end_at + INTERVAL 25 HOUR",
        "UPDATE xima.time_cards SET session_start_at = session_start_at - INTERVAL 1 SECOND",
    ],
    "agent_days_longer_than_the_day": [
        "UPDATE xima.time_cards SET logged_in_ms = logged_in_ms + 1",
        "INSERT INTO xima.time_cards FROM xima.time_cards",
        ("agent_days", "    ) // 3600000", "    ) // 3600000 - 1"),
    ],
    "agent_days_whose_parts_differ": ["UPDATE xima.time_cards SET break_ms = break_ms + 1"],
    "agent_summaries_that_differ_from_calls": [
        "UPDATE xima.agent_summary SET talk_ms = talk_ms - 1",
        "UPDATE xima.agent_summary SET total_calls = 0",
        "UPDATE xima.calls SET agent = 'Ben Holloway(202)'",
        "UPDATE xima.calls SET direction = 'Internal'",
    ],
    "account_usage_that_differs_from_calls": [
        "UPDATE xima.account_usage SET talk_ms = talk_ms - 1",
        "UPDATE xima.account_usage SET calls = calls + 1",
        "DELETE FROM xima.account_usage",
        "UPDATE xima.calls SET account_code = NULL",
    ],
    "marts_that_differ_from_the_sources_totals": [
        "UPDATE ops.controls SET value = value + 1 WHERE feed = 'xima/calls' AND title = 'Total Hold'",
        "UPDATE xima.time_cards SET logged_in_ms = logged_in_ms - 1",
        "DELETE FROM xima.account_usage",
    ],
    "contacts_that_count_a_call_twice": [
        (
            "contacts",
            "row_number() OVER (PARTITION BY met.report_date, met.call_id ORDER BY met.case_id) = 1",
            "true",
        ),
        ("contacts", "LEFT JOIN ops.call_numbers", "INNER JOIN ops.call_numbers"),
        (
            "contacts",
            "    WHERE calls.direction <> 'Internal'\n)",
            "    WHERE calls.direction = 'Inbound'\n)",
        ),
    ],
    "contacts_that_meet_without_a_number": [
        ("contacts", "met.customer_e164,", "nullif(met.customer_e164, '+447700900123') AS customer_e164,"),
        ("contacts", "met.previous_call_at,", "met.started_at AS previous_call_at,"),
    ],
    "contacts_settled_in_silence": [
        ("contacts", "met.customers_with_number > 1", "met.customers_with_number > 2"),
    ],
    "contacts_whose_calls_do_not_add_up": [
        "UPDATE ops.case_calls SET case_calls = case_calls + 1",
        "DELETE FROM ops.case_calls",
        ("contacts", "AND cases.received_date <= numbers.call_date", ""),
        ("contacts", "cases.last_date >= numbers.call_date", "cases.last_date > numbers.call_date"),
    ],
    "rows_of_the_centre_that_were_not_received": [
        *(
            f"DELETE FROM xima.{feed} WHERE report_row = 1"
            for feed in ("calls", "agent_summary", "time_cards", "account_usage")
        ),
        "INSERT INTO xima.calls FROM xima.calls LIMIT 1",
        "UPDATE ops.receipts SET rows_good = 0 WHERE feed = 'xima/account_usage'",
        "DELETE FROM ops.receipts WHERE feed = 'xima/calls'",
    ],
    "phones_in_another_form": [
        "UPDATE ops.phones SET e164 = '020 7946 0123'",
        "INSERT INTO ops.phones FROM ops.phones",
    ],
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return healthy(tmp_path_factory.mktemp("centre"))


def offenders(
    engine: duckdb.DuckDBPyConnection, promise: str, mutation: str | tuple[str, str, str] = ""
) -> int:
    """Count what a promise finds once the tables or a mart are spoilt, and mend them again."""
    engine.begin()
    try:
        if isinstance(mutation, str):
            engine.execute(mutation)
        else:
            mart, before, instead = mutation
            query = text("marts", mart)
            assert before in query, before
            engine.execute(f"CREATE OR REPLACE VIEW marts.{mart} AS {query.replace(before, instead)}")
        return len(rows(engine, text("tests", promise)))
    finally:
        engine.rollback()


def test_every_promise_about_the_contact_centre_has_its_mutations() -> None:
    found = {path.stem for path in (FOLDER / "tests").glob("*.sql")}
    about = {
        name
        for name in found
        if any(table in text("tests", name) for table in ("xima.", "ops.phones"))
        or any(f"marts.{mart}" in text("tests", name) for mart in MARTS)
    }
    assert about == set(MUTATIONS)


@pytest.mark.parametrize("promise", MUTATIONS)
def test_good_data_breaks_no_promise(promise: str, engine: duckdb.DuckDBPyConnection) -> None:
    assert offenders(engine, promise) == 0


@pytest.mark.parametrize(
    ("promise", "mutation"),
    [(promise, mutation) for promise, mutations in MUTATIONS.items() for mutation in mutations],
)
def test_a_broken_promise_is_seen(
    promise: str, mutation: str | tuple[str, str, str], engine: duckdb.DuckDBPyConnection
) -> None:
    assert offenders(engine, promise, mutation) > 0


def test_what_the_sandbox_sends_keeps_every_promise(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "data")
    with SandboxThread() as sandbox:
        urls = {
            "icasework_base_url": sandbox.icasework_url,
            "xima_base_url": sandbox.xima_url,
            "tascomi_base_url": sandbox.tascomi_url,
        }
        settings = load_settings(data_dir=lake.root, **urls)
        days = list(span(ReportDay.parse("2026-10-24"), ReportDay.parse("2026-10-26")))
        for feed in FEEDS.values():
            with closing(connect(feed.source, settings)) as source:
                policy = policy_for(feed.key, settings)
                outcomes = list(ingest_days(feed, days, source=source, lake=lake, policy=policy))
            assert [outcome.error for outcome in outcomes] == [None] * len(days)
    build(lake, FEEDS, since=days[0], until=days[-1])
    found = {verdict.name: verdict.offending for verdict in run_sql_tests(lake)}
    assert {name: found[name] for name in MUTATIONS} == dict.fromkeys(MUTATIONS, 0)
    assert run_query(lake, "select count(*) from marts.contacts where case_id is not null").item() > 0
