"""The faults that spoil a report of Xima's before it is written.

Keys stay with their columns, whatever is dropped, added or moved: who joins cells by key is not misled, who
goes by position is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pipelines.sandbox.faults import (
    BadValue,
    CellFault,
    ColumnAdded,
    ColumnDropped,
    ColumnFault,
    ColumnMoved,
    ColumnRenamed,
    RowsUntold,
)
from pipelines.sandbox.xima.bodies import Cell, Column, clock, summary_item
from pipelines.sandbox.xima.faults import CellMissing, ColumnRetyped, ShownWrong, SummaryMissing, SummaryWrong
from pipelines.sandbox.xima.tables import Summed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.sandbox.orders import Hit
    from pipelines.sandbox.xima.bodies import Sheet
    from pipelines.sandbox.xima.tables import Gathered

_T = TypeVar("_T")


def tamper(sheet: Sheet, hits: Iterable[Hit]) -> None:
    """Spoil the sheet as the faults say, and mark each hit that shows, some only as rows are written.

    Columns are dropped first: a fault in a column that does not come back shows nowhere.
    """
    for hit in sorted(hits, key=lambda hit: not isinstance(hit.fault, ColumnDropped)):
        match hit.fault:
            case SummaryWrong() | SummaryMissing():
                _spoil_summary(sheet, hit)
            case ColumnAdded():
                _add(sheet, hit.fault, hit)
            case ColumnFault():
                found = [column for column in sheet.columns if column.title == hit.fault.column]
                for column in found:
                    _spoil_column(sheet, hit, hit.fault, column)


def thin(gathered: Gathered, hits: Iterable[Hit]) -> None:
    """Leave out the calls or cards that are not told, before rows and totals are made of the others."""
    for hit in hits:
        if isinstance(hit.fault, RowsUntold):
            before = len(gathered.calls) + len(gathered.cards)
            gathered.calls = _told(gathered.calls, hit.fault)
            gathered.cards = _told(gathered.cards, hit.fault)
            hit.struck = len(gathered.calls) + len(gathered.cards) < before


def _told(made: list[_T], fault: RowsUntold) -> list[_T]:
    return [one for number, one in enumerate(made, start=1) if not fault.leaves_out(number)]


def _spoil_summary(sheet: Sheet, hit: Hit) -> None:
    match hit.fault:
        case SummaryWrong(title=title, off_by=off_by):
            titles = [item["title"] for item in sheet.summary]
            place = 0 if title is None else titles.index(title) if title in titles else len(titles)
            if place < len(titles):
                item = sheet.summary[place]
                total = Summed(item["value"] + off_by, is_time=":" in item["formattedValue"])
                sheet.summary[place] = summary_item(item["title"], total)
                hit.struck = True
        case SummaryMissing(title=title):
            kept = [item for item in sheet.summary if title not in (None, item["title"])]
            hit.struck = len(kept) < len(sheet.summary)
            sheet.summary = kept


def _add(sheet: Sheet, fault: ColumnAdded, hit: Hit) -> None:
    key = str(1 + max((int(column.key) for column in sheet.columns), default=-1))
    at = len(sheet.columns) if fault.at is None else fault.at
    sheet.columns.insert(at, Column(key, fault.column, "STRING"))
    sheet.edits.append(lambda values, _: values.update({key: {"value": fault.value}}))
    hit.struck = True


def _spoil_column(sheet: Sheet, hit: Hit, fault: ColumnFault, column: Column) -> None:
    place = sheet.columns.index(column)
    before = list(sheet.columns)
    match fault:
        case ColumnRenamed(to=title):
            sheet.columns[place] = replace(column, title=title)
        case ColumnRetyped(to=kind):
            sheet.columns[place] = replace(column, format=kind)
        case ColumnMoved(at=at):
            sheet.columns.remove(column)
            sheet.columns.insert(at, column)
        case ColumnDropped():
            sheet.columns.remove(column)
            sheet.edits.append(lambda values, _: _drop(values, column.key))
        case CellFault():
            sheet.edits.append(lambda values, number: _spoil_cell(values, number, hit, fault, column))
    hit.struck = hit.struck or sheet.columns != before


def _drop(values: dict[str, Cell], key: str) -> None:
    values.pop(key, None)


def _spoil_cell(values: dict[str, Cell], number: int, hit: Hit, fault: CellFault, column: Column) -> None:
    if not fault.meets_row(number):
        return
    before = values.get(column.key)
    after = _spoilt(before, fault, column)
    if after == before:
        return
    hit.struck = True
    if after is None:
        del values[column.key]
    else:
        values[column.key] = after


def _spoilt(cell: Cell | None, fault: CellFault, column: Column) -> Cell | None:
    match fault:
        case BadValue(value=value):
            shown = {} if column.format == "STRING" else {"formattedValue": str(value)}
            return {"value": value, **shown}
        case CellMissing(form="absent"):
            return None
        case CellMissing():
            return {"value": None}
        case ShownWrong() if cell is not None and isinstance(value := cell["value"], int):
            shown_next = clock(value + 1000) if column.format == "DURATION" else str(value + 1)
            return {**cell, "formattedValue": shown_next}
    return cell
