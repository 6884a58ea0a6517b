"""A report's rows and columns, and the faults that spoil them before they are written in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.sandbox.faults import (
    BadValue,
    ColumnAdded,
    ColumnDropped,
    ColumnMoved,
    ColumnRenamed,
    RowsUntold,
)
from pipelines.sandbox.icasework.faults import FooterMissing, FooterWrong

if TYPE_CHECKING:
    from pipelines.sandbox.orders import Hit

Row = tuple[str, ...]
Chunk = Sequence[Row]
_Edit = Callable[[Row, int], Row]  # a row and its 1-based number


@dataclass(frozen=True)
class Table:
    """Columns and chunks of rows in their order; `footer_off` spoils the count, None leaves it out.

    How it will be written decides which faults can be seen: `has_header` and `has_footer` tell of CSV's two
    lines, `names_rows` that every row carries its columns' names, as in XML and JSON.
    """

    columns: tuple[str, ...]
    chunks: Iterable[Chunk]
    footer_off: int | None = 0
    has_header: bool = False
    has_footer: bool = False
    names_rows: bool = False


def tamper(table: Table, hits: Iterable[Hit]) -> Table:
    """Return the table as the faults leave it, and mark each hit that shows, some only as rows are read.

    Columns are dropped first: a fault in a column that does not come back shows nowhere.
    """
    for hit in sorted(hits, key=lambda hit: not isinstance(hit.fault, ColumnDropped)):
        table = _spoilt(table, hit)
    return table


def _spoilt(table: Table, hit: Hit) -> Table:
    match hit.fault:
        case FooterWrong(off_by=off_by) if table.has_footer:
            hit.struck = True
            return replace(table, footer_off=off_by)
        case FooterMissing() if table.has_footer:
            hit.struck = True
            return replace(table, footer_off=None)
        case RowsUntold() as fault:
            return _thinned(table, fault, hit)
        case ColumnAdded(value=value) as fault:
            at = len(table.columns) if fault.at is None else min(fault.at, len(table.columns))
            columns = _put(table.columns, at, fault.column)
            return _edited(table, columns, lambda row, _: _put(row, at, value), hit)
        case ColumnRenamed() | ColumnDropped() | ColumnMoved() | BadValue() as fault:
            if fault.column in table.columns:
                return _spoilt_column(table, fault, table.columns.index(fault.column), hit)
    return table


def _spoilt_column(
    table: Table, fault: ColumnRenamed | ColumnDropped | ColumnMoved | BadValue, index: int, hit: Hit
) -> Table:
    columns = table.columns
    match fault:
        case ColumnRenamed():
            renamed = _put(_without(columns, index), index, fault.to)
            shows = table.has_header or table.names_rows
            return _edited(table, renamed, lambda row, _: row, hit) if shows else table
        case ColumnDropped():
            return _edited(table, _without(columns, index), lambda row, _: _without(row, index), hit)
        case ColumnMoved():
            at = min(fault.at, len(columns) - 1)
            moved = _put(_without(columns, index), at, columns[index])
            return _edited(table, moved, lambda row, _: _put(_without(row, index), at, row[index]), hit)
        case BadValue():
            value = str(fault.value)

            def spoil(row: Row, number: int) -> Row:
                return _put(_without(row, index), index, value) if fault.meets_row(number) else row

            return _edited(table, columns, spoil, hit)


def _thinned(table: Table, fault: RowsUntold, hit: Hit) -> Table:
    def chunks() -> Iterable[Chunk]:
        number = 0
        for chunk in table.chunks:
            told = [row for at, row in enumerate(chunk, start=number + 1) if not fault.leaves_out(at)]
            hit.struck = hit.struck or len(told) < len(chunk)
            yield told
            number += len(chunk)

    return replace(table, chunks=chunks())


def _put(row: Row, at: int, value: str) -> Row:
    return (*row[:at], value, *row[at:])


def _without(row: Row, index: int) -> Row:
    return row[:index] + row[index + 1 :]


def _edited(table: Table, columns: Row, edit: _Edit, hit: Hit) -> Table:
    """Return the table with other columns and every row edited; the hit counts once either can be seen."""
    renamed = columns != table.columns
    hit.struck = renamed and table.has_header

    def chunks() -> Iterable[Chunk]:
        number = 0
        for chunk in table.chunks:
            edited = [edit(row, number + offset) for offset, row in enumerate(chunk, start=1)]
            hit.struck = hit.struck or (renamed and table.names_rows and bool(chunk)) or edited != list(chunk)
            yield edited
            number += len(chunk)

    return replace(table, columns=columns, chunks=chunks())
