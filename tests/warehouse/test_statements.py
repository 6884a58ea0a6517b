"""Names, literals and paths go into DDL quoted or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import Permanent
from pipelines.feeds import FEEDS
from pipelines.warehouse import statements
from pipelines.warehouse.catalogue import TABLES
from pipelines.warehouse.query import open_engine
from pipelines.warehouse.statements import Sql, glob_of, identifier, literal, render, sections, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_engine(tmp_path_factory.mktemp("spill")) as connection:
        yield connection


@settings(max_examples=200, deadline=None)
@given(text=TEXT)
def test_any_text_comes_back_from_its_literal(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    assert engine.execute(render(Sql("SELECT {{text}}"), text=literal(text))).fetchone() == (text,)


def test_a_literal_refuses_a_zero_byte() -> None:
    with pytest.raises(Permanent):
        literal("a\0b")


@pytest.mark.parametrize("name", ["", "Case", "case id", 'a"b', "a.b", "1st", "a;drop", "naïve", "a\n"])
def test_only_snake_case_is_a_name(name: str) -> None:
    with pytest.raises(Permanent, match="snake_case"):
        identifier("icasework", name)


def test_names_are_quoted_even_when_they_are_words_of_sql() -> None:
    assert identifier("select", "table") == '"select"."table"'


def test_a_template_and_its_parts_must_fit() -> None:
    assert render(Sql("{{a}} {b} {{a}}"), a=Sql("1")) == "1 {b} 1"
    with pytest.raises(KeyError):
        render(Sql("{{a}}"))
    with pytest.raises(KeyError):
        render(Sql("{{a}}"), a=Sql("1"), b=Sql("2"))


def test_parts_are_not_rendered_again() -> None:
    assert render(Sql("{{a}}{{b}}"), a=Sql("{{b}}"), b=Sql("x")) == "{{b}}x"


@settings(max_examples=50, deadline=None)
@given(name=st.text("ab[]*!-^{}'\" ", min_size=1, max_size=12))
def test_a_folder_is_globbed_as_it_is_named(
    engine: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("glob") / name
    (folder / "one").mkdir(parents=True)
    (folder / "one" / "part.parquet").touch()
    pattern = glob_of(str(folder), "*/part.parquet")
    found = engine.execute("SELECT file FROM glob($pattern)", {"pattern": pattern}).fetchall()
    assert [Path(path) for (path,) in found] == [folder / "one" / "part.parquet"]


def test_every_type_of_every_contract_has_a_name(engine: duckdb.DuckDBPyConnection) -> None:
    for feed in FEEDS.values():
        for column in feed.contract.columns:
            type_of = render(Sql("SELECT typeof(CAST(NULL AS {{type}}))"), type=type_name(column.dtype))
            assert engine.execute(type_of).fetchone() == (type_name(column.dtype),)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Permanent, match="no type for"):
        type_name(pl.Categorical())


def test_an_unknown_file_of_statements_is_named() -> None:
    with pytest.raises(Permanent, match=r"warehouse/nothing\.sql"):
        sections("nothing")


def test_every_file_of_statements_says_what_it_is() -> None:
    files = [statements.FOLDER / "feed.sql", *(statements.FOLDER / "ops").glob("*.sql")]
    assert len(files) == 1 + len(TABLES)
    for path in files:
        assert path.read_text(encoding="utf-8").startswith("-- "), path
