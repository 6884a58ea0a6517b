"""The feed views of the catalogue: typed, described, reading the lake's days from monthly files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.warehouse.monthly import read_from
from pipelines.warehouse.statements import (
    Sql,
    identifier,
    listed,
    literal,
    render,
    sections,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.contracts.contract import Privacy
    from pipelines.feeds import Feed


@dataclass(frozen=True)
class ViewColumn:
    """One column of a view, as the data dictionary tells it; `wire` is None where no source has it."""

    name: str
    type: str
    is_required: bool | None
    privacy: Privacy
    description: str
    wire: str | None


def columns_of(feed: Feed) -> list[ViewColumn]:
    """Return the columns of a feed's view: those of its contract, and where in the lake a row stands."""
    return [
        *(
            ViewColumn(
                column.name,
                type_name(column.dtype),
                not column.nullable,
                column.privacy,
                column.description,
                column.wire,
            )
            for column in feed.contract.columns
        ),
        ViewColumn("report_date", "DATE", True, "public", "London day of the report.", None),
        ViewColumn(
            "report_row", "INTEGER", True, "public", "Place of the row in that day's file, from 1.", None
        ),
    ]


def statements_for(feed: Feed, files: Sequence[Path]) -> Iterator[Sql]:
    """Yield what makes a feed's view with its comments; without files it is typed and empty."""
    sql = sections("feed")
    view, columns = identifier(feed.source, feed.name), columns_of(feed)
    yield render(sql["schema"], schema=identifier(feed.source))
    if files:
        names = listed([identifier(column.name) for column in columns])
        yield render(sql["view"], view=view, files=read_from(files), columns=names)
    else:
        yield render(sql["empty_view"], view=view, fields=_empty_fields(columns, sql["empty_field"]))
    yield from comments(view, f"{feed.description} Feed {feed.key}, one report per London day.", columns)


def comments(view: Sql, description: str, columns: Sequence[ViewColumn]) -> Iterator[Sql]:
    """Yield what puts the descriptions on a view and its columns."""
    sql = sections("feed")
    yield render(sql["comment_on_view"], view=view, comment=literal(description))
    for column in columns:
        told = literal(f"{column.description} Privacy: {column.privacy}.")
        yield render(sql["comment_on_column"], view=view, column=identifier(column.name), comment=told)


def _empty_fields(columns: Sequence[ViewColumn], template: Sql) -> Sql:
    return listed(
        [render(template, name=identifier(column.name), type=Sql(column.type)) for column in columns]
    )
