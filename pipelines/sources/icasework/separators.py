"""Does every CSV row have all its fields? Proved by counting separators, since polars fills a short row up.

A row of too many fields is refused by polars itself; so once there are as many separators outside quotes as
full rows have, no row can be short. Reading the rows is not done here (see csv_body.py).
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import Unverified
from pipelines.sources.received import ASK_AGAIN

if TYPE_CHECKING:
    from pathlib import Path

# A small body is counted in memory. A larger one is mapped, and what is mapped counts as the process's own:
# not more of it than scanning the rows takes anyway. Beyond that a body is counted piece by piece, at ten
# times the cost.
_PIECE_BYTES = 4 << 20
_MAPPED_BYTES = 448 << 20


def refuse_short_rows(path: Path, *, fields: int, rows: int | None) -> None:
    """Raise Unverified, without any cell, when a row has fewer fields than the header; an empty line is one.

    `rows` is the source's count, None where it gave none. Returns where the numbers differ and yet no row is
    short: then the count is wrong or a row too long, which whoever reads the rows will find. Quotes are taken
    to stand as RFC 4180 has them: around a cell, and doubled inside it.
    """
    if fields == 1:
        return
    try:
        lines = rows + 1 if rows is not None else _count_lines(path)
        is_proved = _count(path, ",") == lines * (fields - 1)
    except pl.exceptions.PolarsError:
        is_proved = False
    if not is_proved:
        _find_short_row(path, fields)


def _count_lines(path: Path) -> int:
    return _count(path, "\n") + (not _ends_with(path, "\n"))


def _count(path: Path, mark: str) -> int:
    """Count a character outside quotes."""
    left = path.stat().st_size
    if _PIECE_BYTES < left <= _MAPPED_BYTES:
        return _count_ended(path, mark) - (not _ends_with(path, mark))
    count, is_inside = 0, False
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            # An "x" at the end makes a rest that is no line of its own, whatever the piece ends with.
            count += _count_ended(b'"' * is_inside + piece + b"x", mark) - 1
            left -= len(piece)
            if left:
                is_inside ^= bool(piece.count(b'"') % 2)
    return count


def _count_ended(source: Path | bytes, mark: str) -> int:
    """Count the pieces that a character outside quotes ends, and a rest after the last.

    To polars these are lines, of which it only tells the number: without parsing, at the speed of memory.
    """
    lines = pl.scan_csv(
        source,
        has_header=False,
        separator="\x1f",
        eol_char=mark,
        schema={"line": pl.String()},
        glob=False,
    )
    return int(lines.select(pl.len()).collect().item())


def _ends_with(path: Path, mark: str) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == mark.encode()


def _find_short_row(path: Path, fields: int) -> None:
    """Read row by row, at leisure, and raise for the first that is short.

    The text is read as Latin-1, which no byte offends and in which separators and quotes stay what they are.
    """
    why = ""
    with path.open(encoding="latin-1", newline="\n") as file:
        rows = csv.reader(file)
        try:
            for number, row in enumerate(rows):
                if len(row) < fields:
                    why = f"row {number} has {len(row)} of the {fields} fields of the header"
                    break
        except csv.Error:
            why = f"the separators are not those of full rows of {fields} fields"
    if why:
        raise Unverified("a row of the CSV body has too few fields", why=why, todo=ASK_AGAIN)
