"""SQL tests pass on what the council sends, and every part of every one of them can fail."""

# ruff: noqa: S608 - what is put into statements are names of feeds, columns and stages, told here

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest

from pipelines.errors import Permanent
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.council.reports import BY_NAME
from pipelines.warehouse import build, catalogue_path, offending_rows, run_sql_tests, sql_tests
from pipelines.warehouse.definitions import MARTS, TESTS, definitions
from tests.plain_source import PlainSource
from tests.warehouse.casework import CASEWORK, rebuild_casework
from tests.warehouse.casework_tables import copied
from tests.warehouse.loaded import rebuild
from tests.warehouse.test_centre_promises import MUTATIONS as OF_THE_CENTRE

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.sandbox.council.council import Council

OF_CASEWORK = [test.name for test in sql_tests({"icasework"})]
PARTS = {
    "tasks": "task_id",
    "correspondence": "correspondence_id",
    "redress": "redress_id",
    "corrective_actions": "corrective_action_id",
}
FEEDS = ("cases", "classifications", *PARTS)

# Test: statements that spoil tables, or (mart, text of it, what to write instead); each must be noticed.
MUTATIONS: dict[str, list[str | tuple[str, str, str]]] = {
    "parts_without_a_case": [f"UPDATE icasework.{part} SET case_id = 9999999" for part in PARTS],
    "closed_cases_with_an_open_stage": [
        f"UPDATE icasework.cases SET stage{stage}_due_date = closed_date, stage{stage}_completed_date = NULL"
        for stage in (1, 2, 3, 4)
    ],
    "negative_durations": [
        "UPDATE icasework.cases SET closed_date = received_date - 1",
        "UPDATE icasework.cases SET stage1_completed_date = received_date - 1",
        "UPDATE icasework.tasks SET completed_at = created_at - INTERVAL 1 MINUTE",
        "UPDATE icasework.redress SET paid_date = agreed_date - 1",
        "UPDATE icasework.corrective_actions SET completed_date = raised_date - 1",
    ],
    "targets_judged_otherwise": [
        "UPDATE icasework.cases SET is_stage1_in_target = NOT is_stage1_in_target",
        "UPDATE icasework.cases SET stage1_due_date = stage1_completed_date - 1 WHERE is_stage1_in_target",
        ("case_targets", "ended_date <= stages.due_date", "ended_date < stages.due_date"),
    ],
    "told_twice_in_a_report": [
        *(f"INSERT INTO icasework.{feed} FROM icasework.{feed} LIMIT 1" for feed in ("cases", *PARTS)),
        """
        INSERT INTO icasework.correspondence
        SELECT * REPLACE (report_date + 1 AS report_date) FROM icasework.correspondence LIMIT 1""",
    ],
    "told_from_the_future": [
        "UPDATE icasework.cases SET received_date = report_date + 1",
        "UPDATE icasework.cases SET closed_date = report_date + 1",
        "UPDATE icasework.correspondence SET sent_date = report_date + 1",
        "UPDATE icasework.tasks SET created_at = created_at + INTERVAL 1 YEAR",
        "UPDATE icasework.redress SET paid_date = report_date + 1",
        "UPDATE icasework.corrective_actions SET raised_date = report_date + 1",
    ],
    "redress_paid_without_agreement": [
        "UPDATE icasework.redress SET agreed_date = NULL",
        "UPDATE icasework.redress SET amount_gbp = NULL",
    ],
    "rows_that_were_not_received": [
        *(f"DELETE FROM icasework.{feed} WHERE report_row = 1" for feed in FEEDS),
        *(f"INSERT INTO icasework.{feed} FROM icasework.{feed} LIMIT 1" for feed in FEEDS),
        "UPDATE ops.receipts SET rows_good = rows_good + 1 WHERE feed = 'icasework/redress'",
        "DELETE FROM ops.receipts WHERE feed = 'icasework/cases'",
    ],
    "history_that_does_not_join": [
        "DELETE FROM ops.versions_icasework_cases WHERE version_number = 2",
        "UPDATE ops.versions_icasework_cases SET valid_to = valid_to + 1",
        "DELETE FROM ops.versions_icasework_cases WHERE valid_to IS NULL",
        "DELETE FROM ops.latest_icasework_cases",
        """
        UPDATE ops.latest_icasework_cases AS latest
        SET report_date = first.report_date, report_row = first.report_row
        FROM ops.versions_icasework_cases AS first
        WHERE first.case_id = latest.case_id AND first.version_number = 1""",
    ],
    "volumes_that_do_not_add_up": [
        "DELETE FROM ops.receipts WHERE feed = 'icasework/cases' AND report_date > DATE '2026-11-10'",
        ("daily_volumes", "- coalesce(days.closed, 0)", ""),
        ("daily_volumes", "- coalesce(days.settled, 0)", ""),
        ("daily_volumes", "WHERE moved_date IS NOT NULL", "WHERE moved_date > DATE '2026-10-30'"),
        ("daily_volumes", "AND days.team IS NOT DISTINCT FROM spans.team", ""),
    ],
}


@pytest.fixture
def own_lake(council_lake: Lake, tmp_path: Path) -> Lake:
    """Lend a copy of the council's lake that may be spoilt."""
    shutil.copytree(council_lake.root, tmp_path / "own")
    return Lake(tmp_path / "own")


def found(lake: Lake) -> dict[str, int]:
    return {verdict.name: verdict.offending for verdict in run_sql_tests(lake) if not verdict.problem}


def turn(lake: Lake, statement: str) -> None:
    """Change the catalogue behind Casehouse's back."""
    path = catalogue_path(lake)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as engine:
        engine.execute(statement)


def test_what_the_council_sends_keeps_every_promise(council_lake: Lake) -> None:
    assert found(council_lake) == dict.fromkeys(OF_CASEWORK, 0)


def test_an_empty_lake_keeps_every_promise(lake: Lake, council_days: list[ReportDay]) -> None:
    rebuild_casework(lake, council_days)
    assert found(lake) == dict.fromkeys(OF_CASEWORK, 0)


def test_every_promise_has_its_mutation() -> None:
    assert set(definitions(TESTS)) == set(MUTATIONS) | set(OF_THE_CENTRE)


@pytest.fixture(scope="module")
def tables(council_lake: Lake) -> duckdb.DuckDBPyConnection:
    return copied(council_lake)


@pytest.mark.parametrize("promise", MUTATIONS)
def test_the_tables_keep_every_promise_before_they_are_spoilt(
    promise: str, tables: duckdb.DuckDBPyConnection
) -> None:
    assert tables.execute(definitions(TESTS)[promise].sql).fetchall() == []


@pytest.mark.parametrize(
    ("promise", "mutation"),
    [(promise, mutation) for promise, mutations in MUTATIONS.items() for mutation in mutations],
)
def test_a_broken_promise_is_seen(
    promise: str, mutation: str | tuple[str, str, str], tables: duckdb.DuckDBPyConnection
) -> None:
    tables.begin()
    try:
        if isinstance(mutation, str):
            tables.execute(mutation)
        else:
            mart, before, instead = mutation
            query = definitions(MARTS)[mart].sql
            assert before in query, before
            tables.execute(f"CREATE OR REPLACE VIEW marts.{mart} AS {query.replace(before, instead)}")
        assert tables.execute(definitions(TESTS)[promise].sql).fetchall() != []
    finally:
        tables.rollback()


def test_what_the_source_sent_wrong_is_counted_and_shown(
    own_lake: Lake, council: Council, council_days: list[ReportDay]
) -> None:
    rebuild_casework(own_lake, council_days)  # its views name the files where they are now
    name, day, columns = "told_twice_in_a_report", council_days[-1], BY_NAME["tasks"].columns
    rows = [row for chunk in council.report("tasks", day.date, day.date) for row in chunk]
    source = PlainSource({str(day): [*rows, rows[0]]}, fields=tuple(columns), origin="council")
    (outcome,) = ingest_days(
        CASEWORK["icasework/tasks"], [day], source=source, lake=own_lake, policy=Policy()
    )
    assert outcome.changed
    rebuild_casework(own_lake, council_days)
    assert found(own_lake) == dict.fromkeys(OF_CASEWORK, 0) | {name: 1}
    assert offending_rows(own_lake, name).height == 1


def test_days_whose_cases_are_not_whole_are_not_judged(own_lake: Lake, council_days: list[ReportDay]) -> None:
    own_lake.path("icasework/cases", council_days[3]).unlink()
    rebuild_casework(own_lake, council_days)
    assert found(own_lake)["parts_without_a_case"] == 0


def test_a_test_that_cannot_be_asked_is_told_and_the_others_run(own_lake: Lake) -> None:
    turn(own_lake, "drop view marts.case_history")
    verdicts = {verdict.name: verdict for verdict in run_sql_tests(own_lake)}
    broken = verdicts["history_that_does_not_join"]
    assert not broken.passed
    assert "cannot be asked" in str(broken)
    assert "case_history" in str(broken)
    assert sorted(verdicts) == OF_CASEWORK


def test_tests_apply_where_their_source_has_feeds(lake: Lake, days: list[ReportDay]) -> None:
    of_no_feed = ["phones_in_another_form"]
    assert [test.name for test in sql_tests({"depot"})] == of_no_feed
    rebuild(lake, days)
    assert [verdict.name for verdict in run_sql_tests(lake)] == of_no_feed


def test_an_unknown_test_lists_the_known(lake: Lake, days: list[ReportDay]) -> None:
    build(lake, CASEWORK, since=days[0], until=days[-1])
    with pytest.raises(Permanent, match="negative_durations"):
        offending_rows(lake, "nothing")
