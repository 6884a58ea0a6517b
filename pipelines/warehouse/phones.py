"""Telephone numbers in one form, so that calls and cases can be joined: the table `ops.phones`.

SQL joins by this table and parses nothing; how a number is read is told in pipelines/telephone.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.telephone import READ_BY, e164
from pipelines.warehouse.statements import Sql, identifier, render, sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

    from pipelines.feeds import Feed

# The columns that hold numbers of people outside.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "xima/calls": ("caller_number", "called_number"),
    "icasework/cases": ("customer_phone", "customer_mobile"),
}


def fill(engine: duckdb.DuckDBPyConnection, feeds: Mapping[str, Feed], *, can_keep: bool) -> None:
    """Fill `ops.phones` from the feed views, parsing only what the previous catalogue does not hold.

    A number that no feed holds any more is not kept.
    """
    columns = list(_columns(feeds))
    if not columns:
        return
    sql = sections("ops/phones")
    engine.execute(render(sql["gather"], columns=Sql(" UNION ALL ".join(columns))))
    if can_keep:
        engine.execute(sql["keep"], {"read_by": READ_BY})
    engine.register("phones_read", read(row[0] for row in engine.execute(sql["unread"]).fetchall()))
    engine.execute(sql["fill"])
    engine.unregister("phones_read")


def read(numbers: Iterable[str]) -> pl.DataFrame:
    """Return numbers beside their international form, as the table holds them."""
    return pl.DataFrame(
        [(number, e164(number), READ_BY) for number in numbers],
        schema=dict.fromkeys(("written", "e164", "read_by"), pl.String),
        orient="row",
    )


def _columns(feeds: Mapping[str, Feed]) -> Iterator[Sql]:
    for key in COLUMNS.keys() & feeds.keys():
        view = identifier(feeds[key].source, feeds[key].name)
        for column in COLUMNS[key]:
            yield render(sections("ops/phones")["written"], column=identifier(column), view=view)
