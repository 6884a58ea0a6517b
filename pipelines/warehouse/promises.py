"""Run the SQL tests of `warehouse/tests/`: each is a query for the rows that break a promise.

They run on the catalogue as it stands. What they return are the data's faults, not the program's: a count is
told, and the rows only to whoever asks for them, for they may hold what the privacy classes guard.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import Permanent
from pipelines.warehouse.definitions import TESTS, applying, definitions
from pipelines.warehouse.query import connect, run_query, told_in_one_line
from pipelines.warehouse.statements import render, sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from pipelines.lake import Lake
    from pipelines.warehouse.definitions import Definition


@dataclass(frozen=True)
class Verdict:
    """What one SQL test found: how many rows break its promise, or why it could not be asked."""

    name: str
    description: str
    offending: int = 0
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Nothing breaks the promise."""
        return self.problem is None and not self.offending

    def __str__(self) -> str:
        """One line for a person."""
        rows = "row" if self.offending == 1 else "rows"
        return f"{self.name}: {self.problem or f'{self.offending} {rows}'}. {self.description}"


def sql_tests(sources: Iterable[str]) -> list[Definition]:
    """Return the tests that can be asked where these sources have feeds, by name."""
    return sorted(applying(TESTS, set(sources)), key=lambda test: test.name)


def run_sql_tests(lake: Lake) -> Iterator[Verdict]:
    """Yield the verdict of every test that applies to the feeds of a lake's catalogue.

    Raises Permanent when the catalogue cannot be opened.
    """
    with closing(connect(lake)) as engine:
        sources = {row[0] for row in engine.execute(sections("ops/feeds")["sources"]).fetchall()}
        for test in sql_tests(sources):
            yield _judge(engine, test)


def offending_rows(lake: Lake, name: str, *, limit: int | None = None) -> pl.DataFrame:
    """Return the rows that break one test's promise; raise Permanent listing the tests when it is none."""
    found = definitions(TESTS).get(name)
    if found is None:
        raise Permanent(f"{name!r} is not a SQL test", todo=f"use one of {', '.join(definitions(TESTS))}")
    return run_query(lake, found.sql, limit=limit)


def _judge(engine: duckdb.DuckDBPyConnection, test: Definition) -> Verdict:
    try:
        row = engine.execute(render(sections("mart")["count"], query=test.sql)).fetchone()
    except duckdb.Error as error:
        return Verdict(test.name, test.description, problem=f"cannot be asked ({told_in_one_line(error)})")
    return Verdict(test.name, test.description, offending=int(row[0]) if row else 0)
