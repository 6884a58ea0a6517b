"""The feed views of the catalogue: typed, described, reading the lake's files where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.warehouse.statements import (
    Sql,
    glob_of,
    identifier,
    listed,
    literal,
    render,
    sections,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.contracts.contract import Column
    from pipelines.feeds import Feed
    from pipelines.lake import Lake

REPORT_DATE = "London day of the report."


def statements_for(feed: Feed, lake: Lake, *, has_files: bool) -> Iterator[Sql]:
    """Yield what makes a feed's view with its comments; without files it is typed and empty."""
    sql = sections("feed")
    view = identifier(feed.source, feed.name)
    yield render(sql["schema"], schema=identifier(feed.source))
    if has_files:
        files = literal(_glob(lake, feed))
        yield render(sql["view"], view=view, files=files, fields=_fields(feed, sql["field"]))
    else:
        yield render(sql["empty_view"], view=view, fields=_empty_fields(feed, sql["empty_field"]))
    comment = literal(f"{feed.description} Feed {feed.key}, one file per London day.")
    yield render(sql["comment_on_view"], view=view, comment=comment)
    for name, told in _comments(feed):
        yield render(sql["comment_on_column"], view=view, column=identifier(name), comment=literal(told))


def _glob(lake: Lake, feed: Feed) -> str:
    """Match the files of a feed, and nothing whose date the view could not read."""
    folder = str((lake.root / "lake" / feed.key).resolve())
    return glob_of(folder, "report_date=????-??-??/part.parquet")


def _fields(feed: Feed, template: Sql) -> Sql:
    return listed(
        [
            render(template, name=_literal_name(column), type=literal(type_name(column.dtype)))
            for column in feed.contract.columns
        ]
    )


def _literal_name(column: Column) -> Sql:
    identifier(column.name)  # the same rule for names, wherever they stand
    return literal(column.name)


def _empty_fields(feed: Feed, template: Sql) -> Sql:
    return listed(
        [
            render(template, name=identifier(column.name), type=type_name(column.dtype))
            for column in feed.contract.columns
        ]
    )


def _comments(feed: Feed) -> Iterator[tuple[str, str]]:
    for column in feed.contract.columns:
        yield column.name, f"{column.description} Privacy: {column.privacy}."
    yield "report_date", f"{REPORT_DATE} Privacy: public."
