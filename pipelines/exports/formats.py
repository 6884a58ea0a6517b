"""Tables as CSV, JSON and Parquet files. The same tables give the same bytes. Excel's: workbook.py."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.exports.document import Document
    from pipelines.exports.table import Table

# What a spreadsheet begins a formula with; in some countries' Excel the wide forms do, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PHONE = re.compile(r"\+[0-9 ]+")  # begins as a formula does, and is no more than a number


def write_csv(table: Table, path: Path) -> None:
    """Write a table for Excel and programs alike: UTF-8 with BOM, a header of names, CRLF, ISO times.

    A text that Excel would take for a formula gets an apostrophe before it; a telephone number does not.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in table.fields])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig"))


def write_parquet(table: Table, document: Document, path: Path) -> None:
    """Write a typed table; whether it is complete stands in the file's metadata."""
    metadata = {"casehouse.export": document.name, "casehouse.complete": str(document.is_complete).lower()}
    content = io.BytesIO()
    table.frame.write_parquet(content, compression="zstd", metadata=metadata)
    path.write_bytes(content.getvalue())  # its error says what is wrong with the disk; polars' does not


def write_json(document: Document, path: Path) -> None:
    """Write all tables in one object; amounts are texts, since a number would not keep them exact."""
    told: dict[str, Any] = {
        "export": document.name,
        "title": document.title,
        "from": str(document.proof.period.first),
        "to": str(document.proof.period.last),
        "complete": document.is_complete,
        **({"warning": document.warning} if document.warning else {}),
    }
    for table in document.tables:
        names = [field.name for field in table.fields]
        told[table.name] = [
            {name: _plain(value) for name, value in zip(names, row, strict=True)} for row in table.rows
        ]
    path.write_bytes(as_json(told))


def as_json(told: object) -> bytes:
    """Write plain values as JSON for people and programs."""
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) and not _PHONE.fullmatch(value) else value
    return str(_plain(value)).lower() if isinstance(value, bool) else str(_plain(value))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
