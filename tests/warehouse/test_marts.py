"""Marts are what their headers say, on any lake, and every column has its meaning and its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from pipelines.contracts.contract import Privacy
from pipelines.errors import Permanent
from pipelines.feeds import FEEDS as ALL_FEEDS
from pipelines.warehouse import build, run_query
from pipelines.warehouse.definitions import MARTS, applying, definitions, parse
from tests.warehouse.casework import rebuild_casework
from tests.warehouse.loaded import rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.warehouse.definitions import Definition

HEADER = "-- One row per case.\n--\n"
QUERY = "\nSELECT case_id, case_type AS kind FROM icasework.cases;\n"
GOOD = HEADER + "-- case_id = icasework.cases.case_id\n-- kind [public]: Kind of case." + QUERY


def only(*marts: Definition) -> Mapping[str, Definition]:
    return {mart.name: mart for mart in marts}


def build_with(lake: Lake, days: list[ReportDay], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mart = parse(MARTS, "trial", text)
    monkeypatch.setattr("pipelines.warehouse.definitions.definitions", lambda _: only(mart))
    build(lake, ALL_FEEDS, since=days[0], until=days[-1])


def test_every_mart_is_made_on_an_empty_lake_and_on_a_full_one(
    lake: Lake, days: list[ReportDay], council_lake: Lake
) -> None:
    assert build(lake, ALL_FEEDS, since=days[0], until=days[-1]).marts == len(definitions(MARTS))
    for name in definitions(MARTS):
        count = f"select count(*) from marts.{name}"  # noqa: S608 - names from the files
        assert run_query(lake, count).item() == 0
    for mart in applying(MARTS, {"icasework"}):
        assert run_query(council_lake, f"select count(*) from {mart.view}").item() > 0  # noqa: S608 - as above


def test_the_types_are_the_same_with_files_and_without(
    lake: Lake, days: list[ReportDay], council_lake: Lake
) -> None:
    rebuild_casework(lake, days)
    told = "select * from ops.columns where feed like 'marts/%' order by all"
    assert run_query(lake, told).rows() == run_query(council_lake, told).rows()


def test_every_column_of_every_mart_is_described_and_classed(council_lake: Lake) -> None:
    real = run_query(
        council_lake,
        "select 'marts/' || table_name, column_name, data_type, comment from duckdb_columns()"
        " where schema_name = 'marts' order by table_name, column_index",
    ).rows()
    told = run_query(
        council_lake,
        "select feed, column_name, data_type, description || ' Privacy: ' || privacy || '.', privacy"
        " from ops.columns where feed like 'marts/%' order by feed, position",
    ).rows()
    assert [row[:4] for row in told] == real
    assert {row[4] for row in told} <= set(get_args(Privacy))
    silent = "select view_name from duckdb_views() where schema_name = 'marts' and comment is null"
    assert run_query(council_lake, silent).is_empty()


def test_no_mart_makes_a_personal_column_public(council_lake: Lake) -> None:
    lowered = run_query(
        council_lake,
        "select marts.feed, column_name from ops.columns as marts join ops.columns as feeds"
        " using (column_name) where marts.feed like 'marts/%' and feeds.feed not like 'marts/%'"
        " and feeds.privacy <> 'public' and marts.privacy = 'public'",
    )
    assert lowered.is_empty()


def test_what_is_taken_from_a_feed_keeps_class_and_source(council_lake: Lake) -> None:
    told = run_query(
        council_lake,
        "select privacy, wire_name from ops.columns"
        " where feed = 'marts/customers' and column_name = 'customer_name'",
    )
    assert told.rows() == [("personal", "MainParty.FullName")]


def test_marts_are_left_out_where_their_source_has_no_feeds(lake: Lake, days: list[ReportDay]) -> None:
    assert rebuild(lake, days).marts == 0
    assert applying(MARTS, {"depot"}) == []


def test_a_mart_follows_those_it_reads() -> None:
    names = [mart.name for mart in applying(MARTS, {feed.source for feed in ALL_FEEDS.values()})]
    assert sorted(names) == sorted(definitions(MARTS))
    assert names.index("cases_current") < names.index("case_targets") < names.index("daily_volumes")


def test_a_header_that_fits_makes_the_view_with_its_comments(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_with(lake, days, GOOD, monkeypatch)
    told = run_query(lake, "select column_name, comment from duckdb_columns() where table_name = 'trial'")
    assert told.rows() == [
        ("case_id", "The case's number in iCasework. Privacy: public."),
        ("kind", "Kind of case. Privacy: public."),
    ]
    comment = run_query(lake, "select comment from duckdb_views() where view_name = 'trial'").item()
    assert comment == "One row per case."


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("-- case_id = icasework.cases.case_id", "not documented: kind"),
        (
            "-- case_id = icasework.cases.case_id\n-- kind [public]: A.\n-- age [public]: B.",
            "documented but not there: age",
        ),
        (
            "-- kind [public]: A.\n-- case_id = icasework.cases.case_id",
            "in another order: kind where the view has case_id",
        ),
        ("-- icasework.cases.*\n-- kind [public]: A.", "documented but not there: is_advice"),
        ("-- case_id = icasework.letters.case_id", "icasework.letters, which there is not"),
        ("-- case_id = icasework.cases.number", "takes number from icasework.cases, which has none"),
    ],
)
def test_a_header_that_differs_from_its_view_fails_the_build_naming_both(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch, columns: str, told: str
) -> None:
    with pytest.raises(Permanent, match=r"warehouse/marts/trial\.sql") as caught:
        build_with(lake, days, HEADER + columns + QUERY, monkeypatch)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEADER + "-- case_id: The case." + QUERY, "describes a column in no known way"),
        (HEADER + "-- case_id [secret]: The case." + QUERY, "describes a column in no known way"),
        ("SELECT 1 AS one", "does not say what it is"),
        ("-- Only words.", "does not say what it is"),
        (HEADER + "-- a [public]: A.\nSELEC 1", "is not one query"),
        (HEADER + "-- a [public]: A.\nDROP TABLE ops.files", "is not one query"),
    ],
)
def test_a_file_that_is_no_definition_is_named(text: str, told: str) -> None:
    with pytest.raises(Permanent, match=r"warehouse/marts/trial\.sql") as caught:
        parse(MARTS, "trial", text)
    assert told in str(caught.value)


def test_a_query_that_does_not_bind_is_named(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Permanent, match=r"trial.sql cannot be made.*no_such_column"):
        build_with(lake, days, GOOD.replace("case_id, case_type", "no_such_column, case_type"), monkeypatch)


def test_a_mart_that_reads_an_unknown_one_is_named() -> None:
    mart = parse(MARTS, "trial", GOOD.replace("FROM icasework.cases", "FROM marts.nothing"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.warehouse.definitions.definitions", lambda _: only(mart))
        with pytest.raises(Permanent, match=r"reads marts\.nothing, which there is not"):
            applying(MARTS, {"icasework"})


def test_headers_continue_on_indented_lines() -> None:
    mart = parse(MARTS, "trial", HEADER + "-- a [public]: One\n--    and two." + QUERY)
    assert mart.columns[0].description == "One and two."
    assert mart.reads == {"icasework.cases"}
