"""Marts: the views of `warehouse/marts/`, made in the catalogue and held to what their headers say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import Permanent
from pipelines.warehouse.definitions import MARTS, Definition, ToldColumn, applying
from pipelines.warehouse.query import told_in_one_line
from pipelines.warehouse.statements import identifier, render, sections
from pipelines.warehouse.views import ViewColumn, columns_of, comments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.feeds import Feed


def create_marts(engine: duckdb.DuckDBPyConnection, feeds: Mapping[str, Feed]) -> dict[str, list[ViewColumn]]:
    """Make every mart whose feeds are known; return their columns by key, such as `marts/cases_current`.

    Raises Permanent naming the file and the columns when a header documents others than the view has.
    """
    known = {f"{feed.source}.{feed.name}": columns_of(feed) for feed in feeds.values()}
    made: dict[str, list[ViewColumn]] = {}
    engine.execute(sections("mart")["schema"])
    for mart in applying(MARTS, {feed.source for feed in feeds.values()}):
        view = identifier(MARTS, mart.name)
        try:
            engine.execute(render(sections("mart")["view"], view=view, query=mart.sql))
        except duckdb.Error as error:
            raise Permanent(
                f"{mart.file} cannot be made into a view", why=told_in_one_line(error), todo="correct it"
            ) from None
        documented = [column for told in mart.columns for column in _told(mart, told, known)]
        real = [(name, str(kind)) for name, kind, *_ in engine.execute(f"DESCRIBE {view}").fetchall()]
        _require_same(mart, [column.name for column in documented], [name for name, _ in real])
        columns = [replace(column, type=kind) for column, (_, kind) in zip(documented, real, strict=True)]
        for statement in comments(view, mart.description, columns):
            engine.execute(statement)
        known[mart.view] = made[f"{MARTS}/{mart.name}"] = columns
    return made


def _told(mart: Definition, told: ToldColumn, known: Mapping[str, list[ViewColumn]]) -> list[ViewColumn]:
    """Resolve one line of a header into columns; their types come from the view."""
    if told.view is None:
        return [ViewColumn(str(told.name), "", None, told.privacy or "special", told.description or "", None)]
    if told.view not in known:
        raise Permanent(f"{mart.file} takes columns from {told.view}, which there is not", todo="correct it")
    taken = [
        replace(column, is_required=None) for column in known[told.view] if told.source in (None, column.name)
    ]
    if not taken:
        raise Permanent(
            f"{mart.file} takes {told.source} from {told.view}, which has none", todo="correct it"
        )
    if told.name is None:
        return taken
    return [replace(taken[0], name=told.name, description=told.description or taken[0].description)]


def _require_same(mart: Definition, documented: list[str], real: list[str]) -> None:
    if documented == real:
        return
    silent = [name for name in real if name not in documented]
    missing = [name for name in documented if name not in real]
    parts = [
        f"{what}: {', '.join(names)}"
        for what, names in (("not documented", silent), ("documented but not there", missing))
        if names
    ]
    if not parts:
        moved = [
            f"{here} where the view has {there}"
            for here, there in zip(documented, real, strict=False)
            if here != there
        ]
        parts = [f"in another order: {'; '.join(moved)}"]
    raise Permanent(
        f"{mart.file} documents other columns than its view has",
        why="; ".join(parts),
        todo="correct its header",
    )
