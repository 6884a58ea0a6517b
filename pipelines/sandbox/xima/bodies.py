"""A report as JSON bytes: members, their order and their forms as in the vendor's example (SEED).

Durations are milliseconds, shown as H:MM:SS with what is finer dropped. Text has no formattedValue. Summary
items call everything a NUMBER, times too. Without blanks between members (GUESS: the example is laid out for
reading).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipelines.sandbox.xima.reports import SKIN

if TYPE_CHECKING:
    from pipelines.sandbox.xima.dialect import XimaDialect
    from pipelines.sandbox.xima.reports import Report
    from pipelines.sandbox.xima.tables import Row, Summed, Table, Value

ROWS_AT_ONCE = 200
_HOUR, _MINUTE, _SECOND = 3_600_000, 60_000, 1000

Cell = dict[str, Any]
Edit = Callable[[dict[str, Cell], int], None]  # changes a row's cells, by key; told the row's 1-based number
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Column:
    """A column as it is announced: cells stand under `key`, whatever its place."""

    key: str
    title: str
    format: str


@dataclass
class Sheet:
    """A report about to be written: faults change columns and summary at once, cells later by `edits`."""

    columns: list[Column]
    summary: list[dict[str, Any]]
    rows: Iterable[Row]
    edits: list[Edit] = field(default_factory=list)


def sheet(report: Report, made: Table) -> Sheet:
    """Return a report's table under its titles."""
    rows, totals = made
    return Sheet(
        [Column(str(place), title, kind) for place, (title, kind) in enumerate(report.columns)],
        [summary_item(title, total) for title, total in zip(report.summary, totals, strict=True)],
        rows,
    )


def clock(value: int) -> str:
    """Write milliseconds as H:MM:SS, truncated: 12673424 is 3:31:13 (SEED)."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    return f"{sign}{value // _HOUR}:{value % _HOUR // _MINUTE:02}:{value % _MINUTE // _SECOND:02}"


def summary_item(title: str, total: Summed) -> dict[str, Any]:
    """Write a summary item."""
    shown = clock(int(total.value)) if total.is_time else str(total.value)
    return {"title": title, "value": total.value, "formattedValue": shown, "format": "NUMBER"}


def cell(value: Value, kind: str, dialect: XimaDialect) -> Cell | None:
    """Write a cell in a column's format; None when it has no value and is left out."""
    if value is None:
        return None if dialect.empty_cell == "absent" else {"value": None}
    if kind == "STRING":
        return {"value": str(value)}
    shown = clock(value) if kind == "DURATION" and isinstance(value, int) else str(value)
    return {"value": value, "formattedValue": shown}


def json_chunks(
    made: Sheet, report: Report, *, execution: str, echo: Mapping[str, str], dialect: XimaDialect
) -> Iterator[bytes]:
    """Write the report, some rows at a time."""
    head = {
        "reportId": report.number,
        "executionId": execution,
        "title": report.title,
        "timeframe": dict(echo),
        "skin": SKIN,
        "columns": [vars(column) for column in made.columns],
        "dataFlag": "INCLUDED",
        "summaryItems": made.summary,
    }
    yield f'{_dumps(head)[:-1]},"rows":['.encode()
    plain = [(str(place), kind) for place, (_, kind) in enumerate(report.columns)]
    kinds = {column.key: column.format for column in made.columns}
    written = [(key, kinds.get(key, kind)) for key, kind in plain]
    rows = enumerate(iter(made.rows), start=1)
    separator = ""
    while some := list(islice(rows, ROWS_AT_ONCE)):
        texts = [_row(row, number, written, made.edits, dialect) for number, row in some]
        yield (separator + ",".join(texts)).encode()
        separator = ","
    yield b'],"charts":{"type":"CHARTS","rows":[]}}'


def _row(
    row: Row, number: int, columns: Sequence[tuple[str, str]], edits: Sequence[Edit], dialect: XimaDialect
) -> str:
    values = {
        key: written
        for (key, kind), value in zip(columns, row, strict=True)
        if (written := cell(value, kind, dialect)) is not None
    }
    for edit in edits:
        edit(values, number)
    return _dumps({"values": values})
