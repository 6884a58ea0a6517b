"""A document as an Excel workbook: a sheet a table, then one on where the figures come from.

Texts are written as texts, never as formulas, whatever they begin with. Durations are real Excel durations
and dates real dates, so that they can be added up and filtered; totals are formulas that carry their result.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.utility import xl_range

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal
    from pathlib import Path

    from pipelines.exports.document import Document
    from pipelines.exports.table import Kind, Table

MOST_ROWS = 1_048_000  # of Excel's 1,048,576
MOST_LETTERS = 32_767
DAY_MS = 86_400_000
SOURCES = "Where figures come from"

_NUMBERS: dict[Kind, str] = {
    "text": "@",
    "whole": "#,##0",
    "duration_ms": "[h]:mm:ss",
    "hours": "#,##0.00",
    "money": "£#,##0.0000",
    "pounds": "£#,##0.00",
    "rate": "£0.00####",
    "date": "yyyy-mm-dd",
    "local": "yyyy-mm-dd hh:mm:ss",
    "instant": 'yyyy-mm-dd hh:mm:ss"Z"',
    "flag": "General",
}
_WIDTHS: dict[Kind, int] = {"text": 20, "local": 19, "instant": 20, "date": 11}
_OTHER_WIDTH, _SOURCE_WIDTH = 13, 22
_INK, _PAPER, _BAND, _WARNING = "#1F2A44", "#FFFFFF", "#E8ECF4", "#B00020"


def write_workbook(document: Document, path: Path) -> None:
    """Write a document; the same one gives the same bytes, so that it carries no time of writing."""
    for table in document.tables:
        if len(table.rows) > MOST_ROWS:
            raise Permanent(
                f"{len(table.rows)} rows are more than a sheet of Excel holds",
                todo="choose a shorter period, or --format csv or parquet",
            )
    # In memory the parts of the file get a fixed time; on disk they would get one of the local time zone.
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True})
    period = document.proof.period
    dated = datetime.combine(period.last.date, time())
    book.set_properties({"title": document.title, "subject": str(period), "created": dated})
    styles = _Styles(book)
    for table in document.tables:
        _Sheet(book, document, styles, table.title).write_table(table)
    _Sheet(book, document, styles, SOURCES).write_sources()
    book.close()
    path.write_bytes(body.getvalue())


class _Styles:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401 - the library is not typed
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": _INK})
        self.period = book.add_format({"font_size": 11, "font_color": "#5A6478"})
        self.warning = book.add_format({"bold": True, "font_color": _PAPER, "bg_color": _WARNING})
        self.note = book.add_format({"text_wrap": True, "valign": "top"})
        self.head = book.add_format(
            {
                "bold": True,
                "font_color": _PAPER,
                "bg_color": _INK,
                "text_wrap": True,
                "valign": "vcenter",
                "border": 1,
            }
        )
        self.label = book.add_format({"bold": True, "top": 2, "bg_color": _BAND})
        self.cells = {kind: book.add_format({"num_format": number}) for kind, number in _NUMBERS.items()}
        self.totals = {
            kind: book.add_format({"num_format": number, "bold": True, "top": 2, "bg_color": _BAND})
            for kind, number in _NUMBERS.items()
        }


class _Sheet:
    def __init__(self, book: Any, document: Document, styles: _Styles, name: str) -> None:  # noqa: ANN401 - as above
        self._document = document
        self._styles = styles
        self._sheet = book.add_worksheet(name)
        self._row = 0
        self._sheet.hide_gridlines(2)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_footer(f"&L{document.title}&CPage &P of &N&R{document.proof.period}")
        self._line(f"{document.title}: {name}", styles.title)
        self._line(f"{document.proof.period}, London days", styles.period)
        if document.warning:
            self._sheet.set_tab_color(_WARNING)
            self._line(document.warning, styles.warning)
        self._row += 1

    def write_table(self, table: Table) -> None:
        """Write headings that stay in sight, the rows, and a row of totals."""
        first = self._head([(field.title, _WIDTHS.get(field.kind, _OTHER_WIDTH)) for field in table.fields])
        self._sheet.freeze_panes(first, 1)
        self._sheet.repeat_rows(first - 1)
        for at, row in enumerate(table.rows, first):
            for column, (field, value) in enumerate(zip(table.fields, row, strict=True)):
                self._put(at, column, field.kind, value)
        after = first + len(table.rows)
        if table.rows:
            self._sheet.autofilter(first - 1, 0, after - 1, len(table.fields) - 1)
        self._write_totals(table, first, after)

    def write_sources(self) -> None:
        """Write the notes, the totals that were compared, and each day with its proof."""
        document = self._document
        made = f"Made by Casehouse {document.version}."
        for note in (*document.notes, made, *_chosen(document.parameters)):
            self._line(note, None)
        self._row += 1
        self._grid(
            ["Feed", "Total (times in ms)", "Told by the source", "Found here", "Equal on every day"],
            [(one.feed, one.title, one.told, one.found, one.is_equal) for one in document.controls],
        )
        self._row += 1
        days = list(document.sources())
        self._grid(
            [name.replace("_", " ").capitalize() for name in days[0]],
            [tuple(day.values()) for day in days],
        )

    def _line(self, text: str, style: Any) -> None:  # noqa: ANN401 - the library is not typed
        self._sheet.write_string(self._row, 0, text, style)
        self._row += 1

    def _head(self, columns: Sequence[tuple[str, int]]) -> int:
        """Write headings; return the row below them."""
        for column, (title, width) in enumerate(columns):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(self._row, column, title, self._styles.head)
        self._sheet.set_row(self._row, 30)
        self._row += 1
        return self._row

    def _grid(self, titles: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        self._head([(title, _SOURCE_WIDTH) for title in titles])
        for row in rows:
            for column, value in enumerate(row):
                self._put(self._row, column, _kind_of(value), value)
            self._row += 1

    def _write_totals(self, table: Table, first: int, after: int) -> None:
        self._sheet.write_string(after, 0, "Total", self._styles.label)
        for column, field in enumerate(table.fields):
            if field.is_totalled:
                found = _number(field.kind, table.total(field.name))
                cells = xl_range(first, column, max(first, after - 1), column)
                formula = f"=SUM({cells})" if table.rows else "=0"
                self._sheet.write_formula(after, column, formula, self._styles.totals[field.kind], found)
            elif column:
                self._sheet.write_blank(after, column, None, self._styles.label)

    def _put(self, row: int, column: int, kind: Kind, value: Any) -> None:  # noqa: ANN401 - whatever a table holds
        style = self._styles.cells[kind]
        if value is None:
            return
        if kind == "text":
            if len(value) > MOST_LETTERS:  # the library would cut it
                raise Permanent(
                    f"a text in row {row + 1} of {self._sheet.get_name()} is longer than a cell of Excel",
                    todo="choose --format csv, parquet or json",
                )
            self._sheet.write_string(row, column, value, style)
        elif kind == "flag":
            self._sheet.write_boolean(row, column, value, style)
        elif kind == "date":
            self._sheet.write_datetime(row, column, datetime.combine(value, time()), style)
        elif kind in {"local", "instant"}:
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            self._sheet.write_datetime(row, column, naive, style)
        else:
            self._sheet.write_number(row, column, _number(kind, value), style)


def _number(kind: Kind, value: Any) -> float | Decimal:  # noqa: ANN401 - whole or decimal
    """Return what stands in the file: durations as days, an amount in its own digits.

    A float would be written with 16 digits, 0.81 as 0.8100000000000001.
    """
    number: float | Decimal = value / DAY_MS if kind == "duration_ms" else value
    return number


def _kind_of(value: object) -> Kind:
    if isinstance(value, bool):
        return "flag"
    return "whole" if isinstance(value, int) else "text"


def _chosen(parameters: dict[str, Any]) -> Iterable[str]:
    return (f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in parameters.items())
