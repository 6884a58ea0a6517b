"""A report's rows and columns, and the faults that spoil them before they are written in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor

from pipelines.sandbox.faults import (
    AnyFault,
    BadValue,
    ColumnAdded,
    ColumnDropped,
    ColumnMoved,
    ColumnRenamed,
    FooterMissing,
    FooterWrong,
)

Row = tuple[str, ...]
Chunk = Sequence[Row]
_Edit = Callable[[Row, int], Row]  # a row and its 1-based number


@dataclass(frozen=True)
class Table:
    """Columns and chunks of rows in their order; `footer_off` spoils the count, None leaves it out."""

    columns: tuple[str, ...]
    chunks: Iterable[Chunk]
    footer_off: int | None = 0


def tamper(table: Table, faults: Iterable[AnyFault]) -> Table:
    """Return the table as the faults leave it; one that names a column not there changes nothing."""
    for fault in faults:
        table = _spoilt(table, fault)
    return table


def _spoilt(table: Table, fault: AnyFault) -> Table:
    match fault:
        case FooterWrong():
            return replace(table, footer_off=fault.off_by)
        case FooterMissing():
            return replace(table, footer_off=None)
        case ColumnAdded():
            at = len(table.columns) if fault.at is None else min(fault.at, len(table.columns))
            columns = _put(table.columns, at, fault.column)
            return _edited(table, columns, lambda row, _: _put(row, at, fault.value))
        case ColumnRenamed() | ColumnDropped() | ColumnMoved() | BadValue() if fault.column in table.columns:
            return _spoilt_column(table, fault, table.columns.index(fault.column))
        case _:
            return table


def _spoilt_column(
    table: Table, fault: ColumnRenamed | ColumnDropped | ColumnMoved | BadValue, index: int
) -> Table:
    columns = table.columns
    match fault:
        case ColumnRenamed():
            return replace(table, columns=_put(_without(columns, index), index, fault.to))
        case ColumnDropped():
            return _edited(table, _without(columns, index), lambda row, _: _without(row, index))
        case ColumnMoved():
            at = min(fault.at, len(columns) - 1)
            moved = _put(_without(columns, index), at, columns[index])
            return _edited(table, moved, lambda row, _: _put(_without(row, index), at, row[index]))
        case BadValue():
            return _edited(
                table,
                columns,
                lambda row, number: (
                    _put(_without(row, index), index, fault.value) if _is_bad(fault, number) else row
                ),
            )


def _is_bad(fault: BadValue, number: int) -> bool:
    if fault.row is not None:
        return number == fault.row
    if fault.share is not None:
        return floor(number * fault.share) > floor((number - 1) * fault.share)
    return True


def _put(row: Row, at: int, value: str) -> Row:
    return (*row[:at], value, *row[at:])


def _without(row: Row, index: int) -> Row:
    return row[:index] + row[index + 1 :]


def _edited(table: Table, columns: Row, edit: _Edit) -> Table:
    def chunks() -> Iterable[Chunk]:
        number = 0
        for chunk in table.chunks:
            yield [edit(row, number + offset) for offset, row in enumerate(chunk, start=1)]
            number += len(chunk)

    return replace(table, columns=columns, chunks=chunks())
