"""Queries for the customer card see no special column, by whatever way they ask, and read nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.errors import Permanent
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, run_query
from pipelines.warehouse.guarded import Guarded, guarded
from pipelines.warehouse.statements import Sql
from tests.contact_centre import DAY, case, load

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "Cant de l'ocell"


@pytest.fixture(scope="module")
def secretive(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One case whose special columns hold a canary."""
    lake = Lake(tmp_path_factory.mktemp("secretive") / "data")
    load(lake, DAY, cases=[case(1, customer_notes=CANARY, customer_language=CANARY)])
    build(lake, FEEDS, since=DAY, until=DAY)
    return lake


@pytest.fixture
def guard(secretive: Lake) -> Iterator[Guarded]:
    with guarded(secretive) as opened:
        yield opened


def test_the_canary_is_in_the_catalogue(secretive: Lake) -> None:
    found = run_query(secretive, "SELECT customer_notes, customer_language FROM marts.cases_current")
    assert found.rows() == [(CANARY, CANARY)]


@pytest.mark.parametrize("column", ["customer_notes", "customer_language"])
@pytest.mark.parametrize(
    "asked",
    [
        "SELECT {} FROM marts.cases_current",
        "SELECT {} FROM icasework.cases",
        'SELECT "{}" AS team FROM icasework.cases',
        "SELECT c.{} FROM icasework.cases AS c",
        "SELECT c['{}'] FROM icasework.cases AS c",
        "SELECT struct_extract(c, '{}') FROM icasework.cases AS c",
        "SELECT (SELECT max({}) FROM marts.case_history)",
        "SELECT case_id FROM marts.cases_current WHERE {} = 'x'",
        "SELECT case_id FROM marts.cases_current ORDER BY {}",
        "WITH c AS (FROM icasework.cases) SELECT {} FROM c",
        "SELECT * REPLACE ({} AS team) FROM icasework.cases",
    ],
)
def test_asking_for_a_special_column_is_refused_by_its_class(guard: Guarded, asked: str, column: str) -> None:
    with pytest.raises(Permanent, match=r"special|never") as error:
        guard.frame(guard.judge(asked.format(column)).sql)
    assert CANARY not in str(error.value)


@pytest.mark.parametrize(
    "asked",
    [
        "FROM marts.cases_current",
        "FROM marts.case_history",
        "SELECT c FROM icasework.cases AS c",
        "SELECT unnest(c) FROM icasework.cases AS c",
        "SELECT columns(*)::VARCHAR FROM icasework.cases",
        "SELECT columns('customer_.*') FROM icasework.cases",
        "SELECT to_json(c) FROM icasework.cases AS c",
        "SELECT list(c) FROM marts.cases_current AS c",
        "SELECT * EXCLUDE (team) FROM icasework.cases",
        "FROM (UNPIVOT (SELECT columns(*)::VARCHAR FROM icasework.cases) ON columns(*))",
    ],
)
def test_asking_for_everything_brings_no_special_value(guard: Guarded, asked: str) -> None:
    assert CANARY not in str(guard.engine.execute(guard.judge(asked).sql).fetchall())


@pytest.mark.parametrize(
    "asked",
    [
        "FROM casehouse.icasework.cases",
        "FROM casehouse.marts.cases_current",
        "FROM memory.icasework.cases",
        "FROM x.casehouse.icasework.cases",
        "SELECT (SELECT max(customer_notes) FROM casehouse.icasework.cases)",
        "SELECT 1 UNION ALL SELECT 2 FROM casehouse.icasework.cases",
        "FROM read_parquet('{month}')",
        "FROM '{month}'",
        'WITH "{month}" AS (SELECT 1) FROM "{month}"',
        "FROM parquet_scan(['{month}'])",
        "FROM glob('*')",
        "FROM read_text('/etc/hostname')",
        "FROM query('FROM casehouse.icasework.cases')",
        "FROM query_table('casehouse.icasework.cases')",
        "FROM duckdb_views()",
        "FROM duckdb_views",
        "FROM information_schema.tables",
        "FROM made.members",
        "FROM Made.members",
        "FROM Casehouse.icasework.cases",
        "FROM cases",
        "FROM (DESCRIBE icasework.cases)",
        "FROM (SUMMARIZE icasework.cases)",
        "FROM (SHOW TABLES)",
        "FROM json_execute_serialized_sql('x')",
    ],
)
def test_reading_anything_else_is_refused(secretive: Lake, guard: Guarded, asked: str) -> None:
    (month,) = secretive.root.glob("monthly/icasework/cases/*.parquet")
    with pytest.raises(Permanent, match=r"refused|cannot be read"):
        guard.judge(asked.format(month=month))


@pytest.mark.parametrize(
    "asked",
    [
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "DELETE FROM card.numbers",
        "CREATE TABLE t AS SELECT 1",
        "COPY icasework.cases TO 'x.csv'",
        "PRAGMA database_list",
        "ATTACH 'x.duckdb'",
        "SET VARIABLE a = 1",
        "PIVOT icasework.cases ON team USING count(*)",
        "SELECT * FROM",
    ],
)
def test_what_is_not_one_query_is_refused(guard: Guarded, asked: str) -> None:
    with pytest.raises(Permanent):
        guard.judge(asked)


def test_a_query_that_changes_something_on_the_way_is_refused(guard: Guarded) -> None:
    guard.execute(Sql("CREATE TABLE card.numbers AS SELECT 1 AS e164"))
    with pytest.raises(Permanent, match="more than read"):
        guard.judge("WITH gone AS (DELETE FROM card.numbers RETURNING *) FROM gone")


@pytest.mark.parametrize(
    "asked",
    [
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        "SELECT a.range * b.range AS x FROM range(1000000) AS a, range(1000000) AS b",
    ],
)
def test_a_query_without_end_is_stopped_and_the_next_one_answers(secretive: Lake, asked: str) -> None:
    with guarded(secretive, seconds=0.3) as guard:
        question = guard.judge(asked)
        with pytest.raises(Permanent, match=r"stopped after 0\.3 s"):
            guard.execute(Sql(f"CREATE TABLE made.x AS {question.sql}"))
        assert guard.frame(guard.judge("SELECT 1 AS one").sql).rows() == [(1,)]


@pytest.mark.parametrize(
    "end", ["", ";", " ; ", ";;", "; -- £ done;", "/* ; */ ; /* £ */\n--x\n", " -- done;"]
)
def test_what_stands_behind_a_query_is_taken_off(guard: Guarded, end: str) -> None:
    question = guard.judge(f"SELECT '£;' AS text{end}")
    assert guard.frame(Sql(f"FROM ({question.sql}\n)")).rows() == [("£;",)]


def test_spilling_is_bounded_and_settings_stay_as_they_are(guard: Guarded) -> None:
    told = guard.judge("SELECT current_setting('max_temp_directory_size') AS most")
    assert guard.frame(told.sql).item() == "18.6 GiB"
    with pytest.raises(Permanent):
        guard.judge("SET max_temp_directory_size = '1TB'")


def test_capitals_mean_nothing(guard: Guarded) -> None:
    asked = guard.judge("WITH Known AS (FROM Marts.CASES_current) SELECT Case_ID FROM known")
    assert guard.frame(asked.sql).rows() == [(1,)]


def test_what_a_card_needs_is_let_in(guard: Guarded) -> None:
    asked = guard.judge(
        "-- $not_a_parameter\n"
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < $most),\n"
        "known AS (SELECT case_id, customer_id FROM marts.cases_current)\n"
        "SELECT known.case_id, count(*) AS many FROM known, n, unnest([1, 2]), range(2)\n"
        "LEFT JOIN ops.calendar ON false WHERE $most > 0 GROUP BY ALL;"
    )
    assert asked.parameters == {"most"}
    assert guard.frame(asked.sql, {"most": 3}).rows() == [(1, 12)]
