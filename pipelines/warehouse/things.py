"""Tables that say which row of a feed tells the latest state of each thing, and which row each change of it.

Only places of rows are kept (report day and row), with the thing's key: the cells stay in the monthly files.
A mart joins the feed's view with one of these tables and reads no more columns than its query wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.warehouse.monthly import read_from
from pipelines.warehouse.statements import Sql, identifier, listed, literal, render, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.feeds import Feed

WITH_VERSIONS = ("icasework/cases",)  # the feeds whose past states a mart shows

_PLACE = {
    "report_date": "London day of the report that tells it.",
    "report_row": "Place of the row in that day's file, from 1.",
}
_VERSIONS = {
    "version_number": "Number of the change, from 1.",
    "valid_to": "Report day of the next change; empty while there is none.",
}


def statements_for(feed: Feed, files: Sequence[Path]) -> Iterator[Sql]:
    """Yield what makes and describes the tables of a feed; nothing for one whose rows are no states."""
    if not feed.contract.key:
        return
    sql = sections("latest")
    view = identifier(feed.source, feed.name)
    keys = listed([identifier(column.name) for column in feed.contract.key])
    latest = identifier("ops", f"latest_{feed.source}_{feed.name}")
    yield render(sql["latest"], table=latest, view=view, keys=keys)
    yield from _comments(
        feed, latest, "One row per thing of {}: the row that tells its latest state.", _PLACE
    )
    if feed.key in WITH_VERSIONS:
        versions = identifier("ops", f"versions_{feed.source}_{feed.name}")
        rows = render(sql["rows"], files=read_from(files)) if files else render(sql["no_rows"], view=view)
        yield render(sql["versions"], table=versions, keys=keys, rows=rows)
        told = "One row per thing of {} and change: the row that tells it. Rows without news are left out."
        yield from _comments(feed, versions, told, _PLACE | _VERSIONS)


def _comments(feed: Feed, table: Sql, told: str, columns: dict[str, str]) -> Iterator[Sql]:
    sql = sections("feed")
    yield render(sections("latest")["comment_on_table"], table=table, comment=literal(told.format(feed.key)))
    for name, meaning in (
        {column.name: column.description for column in feed.contract.key} | columns
    ).items():
        yield render(sql["comment_on_column"], view=table, column=identifier(name), comment=literal(meaning))
