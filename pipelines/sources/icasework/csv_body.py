"""A CSV report on disk as a raw frame: header first, row count last, rows never all in memory.

The count is read from the file's end and cut off in place, which takes no time at any size; what remains is
scanned lazily. So a body is opened once. That every row has its fields is proved apart (see separators.py).
The other formats have modules of their own.
"""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import Permanent, Unverified
from pipelines.sources.icasework.dialect import FOOTER
from pipelines.sources.icasework.separators import refuse_short_rows
from pipelines.sources.received import ASK_AGAIN
from pipelines.sources.report import MOST_CUT_BYTES, RawReport

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from pipelines.sources.report import Body

_PIECE_BYTES = 256 << 10


def open_csv(body: Body, *, may_lack_total: bool) -> RawReport:
    """Return the header's fields, a lazy frame of strings (empty is null) and the footer's count.

    A body that cannot be a whole report raises Unverified, and so does a row of too few fields or an empty
    line among the rows. Left to the reader of the frame, because only a full scan can tell: a row of too many
    fields and text that is not UTF-8, for which polars raises.
    """
    fields = _read_header(body.path)
    if not fields:
        raise Unverified("the CSV body has no header", why=f"{body.size} bytes", todo=ASK_AGAIN)
    with body.path.open("r+b") as file:
        total, end = _read_footer(file, is_framed=body.framed, is_wide=len(fields) > 1)
        if total is None and not may_lack_total:
            raise Unverified(
                "the row count is missing at the end of the CSV body, so it may be cut",
                todo=f"{ASK_AGAIN}; if it never writes a count, see CASEHOUSE_ICASEWORK_RECONCILE",
            )
        if not body.framed and _count_quotes(file, end) % 2:
            raise Unverified("the CSV body ends inside a quoted cell", todo=ASK_AGAIN)
        file.truncate(end)
    refuse_short_rows(body.path, fields=len(fields), rows=total)
    return RawReport(fields, _scan(body.path, fields), total)


def _read_header(path: Path) -> tuple[str, ...]:
    # Bytes that are no text are let through, so that only those of the header itself are judged here.
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            fields = tuple(next(csv.reader(file, strict=True), ()))
        "".join(fields).encode()
    except UnicodeEncodeError:
        raise Permanent("the CSV header is not UTF-8 text", todo=ASK_AGAIN) from None
    except csv.Error:
        raise Unverified("the CSV header cannot be read", todo=ASK_AGAIN) from None
    return fields


def _read_footer(file: BinaryIO, *, is_framed: bool, is_wide: bool) -> tuple[int | None, int]:
    """Return the count on the last line, None where it holds none, and the offset where the rows end.

    A bare number that no line end follows may be the first digits of a row that was cut: it counts only when
    the protocol itself proved that the body had ended. Empty lines at the end, before the count and after it,
    are no rows, unless the report has a single field.
    """
    size = file.seek(0, os.SEEK_END)
    tail_start = max(size - MOST_CUT_BYTES, 0)
    file.seek(tail_start)
    tail = file.read()
    line_end = len(tail.rstrip(b"\r\n"))
    line_start = tail.rfind(b"\n", 0, line_end) + 1
    line = tail[line_start:line_end]
    match = FOOTER.fullmatch(line)
    is_cut_row = b"," not in line and line_end == len(tail) and not is_framed
    if match is None or is_cut_row or tail_start + line_start == 0:
        return None, tail_start + _end_of_rows(tail, is_wide=is_wide)
    return int(match["rows"]), tail_start + _end_of_rows(tail[:line_start], is_wide=is_wide)


def _end_of_rows(tail: bytes, *, is_wide: bool) -> int:
    """Return where the last line that is not empty ends, its line end included."""
    line_end = len(tail.rstrip(b"\r\n"))
    return (tail.find(b"\n", line_end) + 1 or len(tail)) if is_wide else len(tail)


def _count_quotes(file: BinaryIO, end: int) -> int:
    """Count the quotes before `end`: odd means that what looked like the last line is inside a cell.

    polars notices an open quote only mostly. It is worth the reading only where the body's end is not proved
    by the protocol: a body that was cut inside an address can end in a line that looks like a count.
    """
    piece = bytearray(_PIECE_BYTES)
    view = memoryview(piece)
    quotes, left = 0, end
    file.seek(0)
    while left > 0:
        got = file.readinto(view[: min(left, _PIECE_BYTES)])  # type: ignore[attr-defined]
        if not got:
            break
        quotes += piece.count(b'"', 0, got)
        left -= got
    return quotes


def _scan(path: Path, fields: tuple[str, ...]) -> pl.LazyFrame:
    # The header is skipped, not matched: its names were read by the rules of RFC 4180, and are the schema.
    return pl.scan_csv(
        path,
        has_header=False,
        skip_rows=1,
        schema=dict.fromkeys(fields, pl.String()),
        null_values=[""],
        glob=False,
    )
