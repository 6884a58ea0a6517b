"""One query, one answer or one line that says what is wrong, and no cell's value in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from pipelines.errors import Permanent
from pipelines.lake import Lake
from pipelines.warehouse import connect, run_queries, run_query
from tests.plain_source import PARCELS, PlainSource, fill, parcel
from tests.warehouse.loaded import SECRET_VALUE, load, rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay


@pytest.fixture
def loaded(lake: Lake, days: list[ReportDay]) -> Lake:
    source = fill(PlainSource(), days)
    source.rows[str(days[0])] = [parcel(1, label=SECRET_VALUE, scanned="2026-07-01T00:30:00")]
    load(lake, days, source)
    rebuild(lake, days)
    return lake


def test_without_a_catalogue_it_says_what_to_run(lake: Lake) -> None:
    with pytest.raises(Permanent, match=r"there is no catalogue yet.*casehouse rebuild"):
        run_query(lake, "select 1")


def test_an_answer_is_a_frame(loaded: Lake) -> None:
    answer = run_query(loaded, "select status, count(*) as days from ops.completeness group by status")
    assert answer.schema == {"status": pl.String, "days": pl.Int64}
    assert answer.rows() == [("verified", 5)]


def test_the_types_of_the_contract_come_through(loaded: Lake) -> None:
    answer = run_query(loaded, "select * exclude (report_date, report_row) from depot.parcels")
    london = PARCELS.contract.polars_schema | {"scanned_at": pl.Datetime("us", "Europe/London")}
    assert answer.schema == london


def test_a_limit_cuts(loaded: Lake) -> None:
    every = "select parcel_id from depot.parcels order by all"
    assert run_query(loaded, every).height == 13
    assert run_query(loaded, every, limit=4).rows() == run_query(loaded, every).rows()[:4]


def test_queries_share_one_catalogue_and_take_the_parameters_they_name(
    loaded: Lake, days: list[ReportDay]
) -> None:
    queries = {
        "of_day": "select count(*) from depot.parcels where report_date = $day",
        "since": "select count(*) from depot.parcels where report_date > $day and report_date < $end",
        "all": "select count(*) from depot.parcels",
    }
    told = run_queries(loaded, queries, {"day": days[1].date, "end": days[4].date})
    assert {name: answer.item() for name, answer in told.items()} == {"of_day": 3, "since": 6, "all": 13}
    with pytest.raises(KeyError):
        run_queries(loaded, queries, {"day": days[1].date})
    with pytest.raises(Permanent, match="refused"):
        run_queries(loaded, {"bad": "drop view depot.parcels"}, {})


def test_what_a_frame_cannot_hold_comes_as_text(loaded: Lake) -> None:
    answer = run_query(
        loaded,
        "select interval 26 hours as a, [1, 2] as b, {'x': interval 1 day} as \"C c\", 5::variant as d,"
        " null as e, sum(parcel_id) as f, map {'k': 1} as g, '101'::bit as h from depot.parcels",
    )
    assert answer.rows() == [("26:00:00", "[1, 2]", "{'x': 1 day}", "5", None, 25, "{k=1}", "101")]
    assert answer.write_csv().startswith("a,b,C c,d,e,f,g,h\n")


def test_two_composed_columns_of_one_name_are_refused(loaded: Lake) -> None:
    with pytest.raises(Permanent, match="one name"):
        run_query(loaded, "select [1] as a, [2] as a")


@pytest.mark.parametrize(
    "sql",
    [
        "describe depot.parcels",
        "show all tables",
        "summarize depot.parcels",
        "explain select 1",
        "explain analyze select 1",
        "explain (format json) from depot.parcels",
        "pragma version",
        "from depot.parcels",
        "values (1)",
        "/* why */ with a as (select 1) select * from a",
        "pivot depot.parcels on is_fragile using count(*) group by report_date",
        "(pivot depot.parcels on is_fragile)",
        "explain pivot depot.parcels on is_fragile",
        "select 1; select 2;",
    ],
)
def test_every_kind_of_statement_has_an_answer(loaded: Lake, sql: str) -> None:
    assert run_query(loaded, sql).columns != []
    assert run_query(loaded, sql, limit=3).height <= 3


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("selec 1", "syntax error"),
        ("select nothing from depot.parcels", "nothing"),
        ("select * from depot.letters", "letters"),
        ("select * from undefined_name", "undefined_name"),
        ("delete from ops.receipts", "read-only"),
        ("create table depot.mine (a int)", "read-only"),
        ("explain", "syntax error"),
        ("", "no statement"),
        ("-- a remark", "no statement"),
    ],
)
def test_a_wrong_query_is_one_clear_line(loaded: Lake, sql: str, told: str) -> None:
    with pytest.raises(Permanent, match=told) as caught:
        run_query(loaded, sql)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("install httpfs", "INSTALL"),
        ("load icu", "LOAD"),
        ("copy ops.receipts to 'DIR/stolen.csv'", "COPY"),
        ("copy (pivot depot.parcels on label) to 'DIR/stolen.csv'", "COPY"),
        ("explain analyze copy ops.receipts to 'DIR/stolen.csv'", "EXPLAIN"),
        ("explain (analyze) copy ops.receipts to 'DIR/stolen.csv'", "EXPLAIN"),
        ("explain analyze copy (pivot depot.parcels on label) to 'DIR/stolen.csv'", "EXPLAIN"),
        ("select 1; copy ops.receipts to 'DIR/stolen.csv'", "COPY"),
        ("export database 'DIR/stolen'", "EXPORT"),
        ("attach 'DIR/stolen.duckdb'", "ATTACH"),
        ("create temp table mine as from depot.parcels", "CREATE"),
        ("drop view depot.parcels", "DROP"),
        ("set allowed_directories = ['/']", "SET"),
        ("use memory", "USE"),
        ("call pragma_version()", "CALL"),
        ("begin", "BEGIN"),
        ("pragma threads = 1", "PRAGMA"),
    ],
)
def test_a_statement_that_does_more_than_read_is_refused(loaded: Lake, sql: str, word: str) -> None:
    before = sorted(loaded.root.rglob("*"))
    with pytest.raises(Permanent, match=f"begins with {word} is refused.*read-only") as caught:
        run_query(loaded, sql.replace("DIR", str(loaded.root)))
    assert "\n" not in str(caught.value)
    assert "SELECT" in caught.value.todo
    assert sorted(loaded.root.rglob("*")) == before


@pytest.mark.parametrize(
    "sql",
    ["from 'FILE'", "select * from read_text('FILE')", "from read_parquet('FILE')", "from glob('DIR/*')"],
)
def test_files_outside_the_data_directory_are_not_read(loaded: Lake, tmp_path: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("hush-hush")
    with pytest.raises(Permanent, match="files of the data directory") as caught:
        run_query(loaded, sql.replace("FILE", str(secret)).replace("DIR", str(tmp_path)))
    assert "hush-hush" not in str(caught.value)


def test_files_of_the_data_directory_can_be_read(loaded: Lake) -> None:
    every = f"select count(*) from read_parquet('{loaded.root}/lake/depot/parcels/*/part.parquet')"  # noqa: S608
    assert run_query(loaded, every).item() == 13


def test_the_doors_cannot_be_opened_again(loaded: Lake) -> None:
    with closing(connect(loaded)) as engine:
        for statement in ("set enable_external_access = true", "set allowed_directories = ['/']"):
            with pytest.raises(duckdb.InvalidInputException, match="locked"):
                engine.execute(statement)


def test_a_data_directory_behind_a_link_can_be_read(
    loaded: Lake, tmp_path: Path, days: list[ReportDay]
) -> None:
    link = Lake(tmp_path / "link")
    link.root.symlink_to(loaded.root)
    every = "select count(*) from depot.parcels"
    assert run_query(link, every).item() == 13
    rebuild(link, days)
    assert run_query(link, every).item() == run_query(loaded, every).item() == 13


def test_a_lake_that_was_moved_asks_for_a_rebuild(loaded: Lake, tmp_path: Path) -> None:
    moved = Lake(tmp_path / "moved")
    loaded.root.rename(moved.root)
    with pytest.raises(Permanent, match="casehouse rebuild"):
        run_query(moved, "select count(*) from depot.parcels")


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(label as integer) from depot.parcels",
        "select cast(label as date) from depot.parcels",
        "select strptime(label, '%Y') from depot.parcels",
        "select label::json from depot.parcels",
        "select label::uuid from depot.parcels",
        "select label::boolean from depot.parcels",
        "select label::interval from depot.parcels",
        "select error(label) from depot.parcels",
        "select label::integer[] from depot.parcels",
        "select json_extract(label, '$.a') from depot.parcels",
        "select parcel_id * 9000000000000000000 from depot.parcels",
        "select (parcel_id + 70000)::smallint from depot.parcels",
        "select regexp_matches('a', '(' || label) from depot.parcels",
        "select unhex(label) from depot.parcels",
        "select * from read_csv((select label from depot.parcels where label like 'Z%'))",
    ],
)
def test_an_error_that_a_row_causes_does_not_quote_it(loaded: Lake, sql: str) -> None:
    with pytest.raises(Permanent) as caught:
        run_query(loaded, sql)
    assert "Zebedee" not in str(caught.value)
    assert "Hara" not in str(caught.value)
    assert "70001" not in str(caught.value)
    assert "Error" in str(caught.value)


def test_an_error_that_a_row_causes_names_the_column(loaded: Lake) -> None:
    with pytest.raises(Permanent, match="Conversion Error casting label"):
        run_query(loaded, "select cast(label as integer) from depot.parcels")


def test_a_wrong_constant_of_the_query_is_shown(loaded: Lake) -> None:
    with pytest.raises(Permanent, match='out of range: "2026-02-30"'):
        run_query(loaded, "select * from depot.parcels where report_date = '2026-02-30'")


def test_instants_are_shown_in_london_time(loaded: Lake) -> None:
    (row,) = run_query(
        loaded,
        "select scanned_at::text, scanned_at::date::text from depot.parcels where month(scanned_at) = 7",
    ).rows()
    assert row == ("2026-07-01 00:30:00+01", "2026-07-01")


def month_files(lake: Lake) -> list[Path]:
    return sorted((lake.root / "monthly").rglob("*.parquet"))


def test_a_damaged_monthly_file_is_named_when_a_query_meets_it(loaded: Lake, days: list[ReportDay]) -> None:
    (path,) = month_files(loaded)
    path.write_bytes(b"PAR1 no longer a file PAR1 and so on")
    with pytest.raises(Permanent, match=path.name) as caught:
        run_query(loaded, "select count(label) from depot.parcels")
    assert "casehouse rebuild --afresh" in caught.value.todo
    rebuild(loaded, days, afresh=True)
    assert run_query(loaded, "select count(label) from depot.parcels").item() == 13


def test_a_monthly_file_that_is_gone_asks_for_a_rebuild(loaded: Lake, days: list[ReportDay]) -> None:
    for path in month_files(loaded):
        path.unlink()
    with pytest.raises(Permanent, match="casehouse rebuild"):
        run_query(loaded, "select count(*) from depot.parcels")
    rebuild(loaded, days)
    assert run_query(loaded, "select count(*) from depot.parcels").item() == 13


def test_a_feed_whose_files_are_gone_is_empty_after_a_rebuild(loaded: Lake, days: list[ReportDay]) -> None:
    for day in days:
        loaded.path("depot/parcels", day).unlink()
    rebuild(loaded, days)
    assert run_query(loaded, "select count(*) from depot.parcels").item() == 0


def test_a_connection_is_ready_for_polars(loaded: Lake) -> None:
    with closing(connect(loaded)) as engine:
        frame = engine.sql("select report_date, is_fragile from depot.parcels").pl()
    assert frame.shape == (13, 2)
