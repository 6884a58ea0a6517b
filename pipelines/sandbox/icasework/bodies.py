"""A report's table as CSV, XML or JSON bytes, piece by piece, and the escaping that the case calls share.

XML and JSON follow the recorded answers down to their line ends; CSV was never seen, and what is guessed of
it stands in the dialect.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipelines.sandbox.icasework.dialect import Dialect
    from pipelines.sandbox.icasework.tampering import Chunk, Table

XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
_SPECIAL = re.compile(r"[&<>\r\n]")


def csv_chunks(
    table: Table, dialect: Dialect, *, delimiter: str = ",", header: bool = False, footer: bool = False
) -> Iterator[bytes]:
    """Write CSV: RFC 4180 quoting where a value needs it, header and footer only when asked for."""
    if header:
        yield _csv_lines([table.columns], delimiter, dialect.csv_line_end)
    rows = 0
    for chunk in table.chunks:
        yield _csv_lines(chunk, delimiter, dialect.csv_line_end)
        rows += len(chunk)
    if footer and table.footer_off is not None:
        count = rows + table.footer_off
        yield (dialect.csv_footer.format(rows=count, delimiter=delimiter) + dialect.csv_line_end).encode()


def _csv_lines(chunk: Chunk, delimiter: str, line_end: str) -> bytes:
    """Write rows a column at a time: most columns of a chunk need no quotes, and one look tells (2 x csv)."""
    quoted = re.compile(f'[\r\n"{re.escape(delimiter)}]')
    columns = [_where(quoted, column, _csv_quoted) for column in zip(*chunk, strict=True)]
    if len(columns) == 1:  # an empty line would be no row at all
        columns = [[cell or '""' for cell in columns[0]]]
    return "".join([delimiter.join(row) + line_end for row in zip(*columns, strict=True)]).encode()


def _csv_quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _where(special: re.Pattern[str], column: Sequence[str], change: Callable[[str], str]) -> Sequence[str]:
    """Return a column with the cells changed that hold something special; most columns hold none."""
    if not special.search("".join(column)):
        return column
    return [change(cell) if special.search(cell) else cell for cell in column]


def xml_chunks(table: Table, root: str, row: str) -> Iterator[bytes]:
    """Write XML: root, one element a row, flat children named with the dotted column (CODE/live).

    An empty value is an open and a close tag, an empty report the root alone, line ends are CRLF.
    """
    chunks = iter(table.chunks)
    first = next((chunk for chunk in chunks if chunk), None)
    if first is None:
        yield f"{XML_HEAD}<{root} />\r\n".encode()
        return
    case = xml_row(row, table.columns)
    yield f"{XML_HEAD}<{root}>\r\n".encode()
    yield _xml_rows(case, first)
    for chunk in chunks:
        yield _xml_rows(case, chunk)
    yield f"</{root}>\r\n".encode()


def xml_row(row: str, columns: Sequence[str]) -> str:
    """Return a row's template: one %s a column, in order."""
    cells = "".join(f"<{name}>%s</{name}>\r\n" for name in (name.replace("%", "%%") for name in columns))
    return f"<{row}>\r\n{cells}</{row}>\r\n"


def _xml_rows(case: str, chunk: Chunk) -> bytes:
    columns = [_where(_SPECIAL, column, xml_text) for column in zip(*chunk, strict=True)]
    return "".join([case % row for row in zip(*columns, strict=True)]).encode()


def xml_text(text: str) -> str:
    """Escape element text; line ends inside become CRLF as recorded, which every parser reads as one LF."""
    if not _SPECIAL.search(text):
        return text
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = escaped.replace("\r\n", "\n").replace("\r", "&#13;")
    return lines.replace("\n", "\r\n")


def xml_attribute(text: str) -> str:
    """Escape a value for double quotes; a line end is written as a reference, or a parser would blank it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return escaped.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def json_chunks(table: Table, dialect: Dialect) -> Iterator[bytes]:
    """Write a JSON array of flat objects, every value text, in the recorded layout (CODE/live).

    A report without rows is no JSON at all (CODE: a client catches that); its bytes are the dialect's.
    """
    template = json_template(table.columns)
    opening = "[\r\n"
    for chunk in table.chunks:
        if chunk:
            yield (opening + "\n,\r\n".join([json_object(template, row) for row in chunk])).encode()
            opening = "\n,\r\n"
        else:
            yield b""
    yield (dialect.json_empty if opening == "[\r\n" else "\n]").encode()


def json_template(columns: Iterable[str]) -> str:
    """Return a flat object's template: a key a line, one %s for each value."""
    keys = (encode_basestring(name).replace("%", "%%") for name in columns)
    return "{\r\n" + ",\r\n".join(f"{key}: %s" for key in keys) + "\r\n}"


def json_object(template: str, row: Iterable[str]) -> str:
    """Write one row as a flat object."""
    return template % tuple(map(encode_basestring, row))
