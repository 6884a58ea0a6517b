"""The dictionary's entries, read from a catalogue: its views, their columns, and an example of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines.warehouse import run_queries
from pipelines.warehouse.statements import identifier, render, sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from pipelines.lake import Lake

SCHEMAS = ("marts", "icasework", "xima", "tascomi", "ops")  # what analysts want first
LONGEST_EXAMPLE = 60
DATA_DIR = "/srv/casehouse"  # stands for the folder that the examples were made in


@dataclass(frozen=True)
class Entry:
    """One column; `source_field` is empty for what no report has, `example` where there never is a value."""

    name: str
    type: str
    meaning: str
    privacy: str
    source_field: str
    is_required: bool
    example: str


@dataclass(frozen=True)
class View:
    """One view or table of the catalogue."""

    schema: str
    name: str
    meaning: str
    entries: tuple[Entry, ...]

    @property
    def key(self) -> str:
        """Its name in a query."""
        return f"{self.schema}.{self.name}"


def read_views(lake: Lake) -> list[View]:
    """Read every view of a lake's catalogue, marts first; the examples are the lake's own values.

    So the lake should be an invented one.
    """
    sql = sections("dictionary")
    told = run_queries(lake, {"views": sql["views"], "columns": sql["columns"]}, {})
    keys = [(schema, name) for schema, name, _ in told["views"].iter_rows()]
    rows = run_queries(
        lake,
        {f"{schema}.{name}": render(sql["examples"], view=identifier(schema, name)) for schema, name in keys},
        {},
    )
    examples = {key: _examples(frame, str(lake.root.resolve())) for key, frame in rows.items()}
    views = [
        View(
            schema, name, meaning or "", _entries(told["columns"], schema, name, examples[f"{schema}.{name}"])
        )
        for schema, name, meaning in told["views"].iter_rows()
    ]
    return sorted(views, key=lambda view: (_place(view.schema), view.name))


def _entries(columns: pl.DataFrame, schema: str, view: str, examples: Mapping[str, str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            name=row["column_name"],
            type=row["data_type"],
            meaning=row["meaning"],
            privacy=row["privacy"],
            source_field=row["source_field"] or "",
            is_required=row["is_required"],
            example=examples[row["column_name"]],
        )
        for row in columns.iter_rows(named=True)
        if (row["schema_name"], row["view_name"]) == (schema, view)
    )


def _place(schema: str) -> tuple[int, str]:
    return SCHEMAS.index(schema) if schema in SCHEMAS else len(SCHEMAS), schema


def _examples(frame: pl.DataFrame, folder: str) -> dict[str, str]:
    """Take the fullest row, so that examples fit each other, and from others what is empty there."""
    rows = frame.to_dicts()
    fullest = max(rows, key=lambda row: sum(value is not None for value in row.values()), default={})
    return {
        name: _text(next((row[name] for row in (fullest, *rows) if row.get(name) is not None), None), folder)
        for name in frame.columns
    }


def _text(value: object, folder: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(" ")
    text = " ".join(str(value).replace(folder, DATA_DIR).split())
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 1]}…"
