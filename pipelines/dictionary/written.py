"""The dictionary as files: a page to search and print, a workbook to filter."""

from __future__ import annotations

import io
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter

from pipelines.html_pages import open_templates
from pipelines.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.dictionary.entries import Entry, View
    from pipelines.lake import Lake

TEMPLATES = Path(__file__).parent
SCHEMA_NAMES = {
    "marts": "Marts: made for analysts",
    "icasework": "iCasework's reports, as they came",
    "xima": "Xima's reports, as they came",
    "tascomi": "Tascomi's tables: the records that each day changed last",
    "ops": "About the data: proof, completeness, this dictionary",
}
INVENTED = "(invented)"
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook knows no zones; fixed, so that bytes are
_HEADINGS = ("View", "Column", "Type", "Meaning", "Privacy", "Source field", "Required", "Invented example")
_WIDTHS = (30, 32, 26, 70, 10, 46, 10, 44)
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def dictionary_folder(lake: Lake) -> Path:
    """Where a lake's dictionary stands."""
    return lake.root / "dictionary"


def write_dictionary(views: Sequence[View], folder: Path) -> tuple[Path, Path]:
    """Write `dictionary.html` and `dictionary.xlsx`; return their paths. The same views give the same bytes.

    Raises Permanent when a file cannot be written.
    """
    page, book = folder / "dictionary.html", folder / "dictionary.xlsx"
    write_whole(page, as_html(views).encode())
    write_whole(book, as_workbook(views))
    return page, book


def example_of(entry: Entry) -> str:
    """Return a column's example; one that could be taken for a person's says that it is invented."""
    if not entry.example or entry.privacy == "public":
        return entry.example
    return f"{entry.example} {INVENTED}"


def as_html(views: Sequence[View]) -> str:
    """Return the dictionary as one page that needs no network; its few lines of script only search."""
    environment = open_templates(TEMPLATES)
    environment.filters["example"] = example_of
    schemas = [
        (schema, SCHEMA_NAMES.get(schema, schema), list(found))
        for schema, found in groupby(views, key=lambda view: view.schema)
    ]
    columns = sum(len(view.entries) for view in views)
    return environment.get_template("page.html.jinja").render(
        schemas=schemas, views=len(views), columns=columns
    )


def as_workbook(views: Sequence[View]) -> bytes:
    """Return the dictionary as XLSX: a sheet of columns to filter, a sheet of views."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        book.set_properties({"title": "Casehouse data dictionary", "created": _CREATED})
        head = book.add_format(
            {"bold": True, "bg_color": "#1f4e79", "font_color": "#ffffff", "valign": "top"}
        )
        cell = book.add_format({"text_wrap": True, "valign": "top"})
        rows = [
            (
                view.key,
                one.name,
                one.type,
                one.meaning,
                one.privacy,
                one.source_field,
                "yes" if one.is_required else "",
                example_of(one),
            )
            for view in views
            for one in view.entries
        ]
        _fill(book.add_worksheet("Columns"), (_HEADINGS, *rows), _WIDTHS, head, cell)
        told = [(view.key, str(len(view.entries)), view.meaning) for view in views]
        _fill(book.add_worksheet("Views"), (("View", "Columns", "Meaning"), *told), (34, 10, 120), head, cell)
    return content.getvalue()


def _fill(
    sheet: xlsxwriter.worksheet.Worksheet,
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    head: xlsxwriter.format.Format,
    cell: xlsxwriter.format.Format,
) -> None:
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    for number, row in enumerate(rows):
        for place, text in enumerate(row):
            sheet.write_string(number, place, text, cell if number else head)
    sheet.freeze_panes(1, 2 if len(widths) > 3 else 1)  # noqa: PLR2004 - the names stay in sight
    sheet.autofilter(0, 0, len(rows) - 1, len(widths) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
