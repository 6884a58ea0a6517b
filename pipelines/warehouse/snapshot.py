"""Several questions to one state of the catalogue, for what has to add up across them.

`run_query` opens the catalogue for each question, and a rebuild may swap it between two of them.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import Permanent
from pipelines.warehouse.query import connect, told_in_one_line
from pipelines.warehouse.statements import sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from pipelines.lake import Lake


@dataclass(frozen=True)
class Snapshot:
    """The catalogue as it was when it was opened."""

    engine: duckdb.DuckDBPyConnection

    def ask(self, file: str, section: str, **values: object) -> pl.DataFrame:
        """Return the answer to a section of `warehouse/<file>.sql`; raise Permanent in one line.

        Its parameters are the values, by name. Instants come in London time.
        """
        sql = sections(file)[section]
        try:
            frame: pl.DataFrame = self.engine.sql(sql, params=values).pl()
        except duckdb.Error as error:
            why = told_in_one_line(error, sql)
            raise Permanent(
                "the catalogue cannot answer", why=why, todo="run `casehouse rebuild` and try again"
            ) from None
        return frame


@contextmanager
def snapshot(lake: Lake) -> Iterator[Snapshot]:
    """Open the catalogue of a lake for several questions; raise Permanent when there is none."""
    with closing(connect(lake)) as engine:
        yield Snapshot(engine)
