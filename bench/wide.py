"""The report the measurements read: forty columns of mixed types, as many rows as asked, made without files.

A contract for it, and writers of its body as CSV with a footer, CSV without one, and XML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.contracts.columns import Day, Flag, Instant, Money, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.feeds import Feed
from pipelines.sources.dialect import ICASEWORK

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = 40


def _field(number: int, **checks: Any) -> Any:  # noqa: ANN401 - stands where pandera expects any field
    return wire(f"Wide.Field{number:02d}", f"Field {number}.", **checks)


class Wide(Rows):
    """One invented row: eight whole numbers, four instants, five days, five flags, three sums, texts."""

    f00: Whole = _field(0, required=True, ge=0)
    f01: Day = _field(1)
    f02: Instant = _field(2)
    f03: Flag = _field(3)
    f04: Money = _field(4, ge=0)
    f05: Text = _field(5)
    f06: Text = _field(6)
    f07: Text = _field(7)
    f08: Whole = _field(8, ge=0)
    f09: Day = _field(9)
    f10: Instant = _field(10)
    f11: Flag = _field(11)
    f12: Money = _field(12, ge=0)
    f13: Text = _field(13)
    f14: Text = _field(14)
    f15: Text = _field(15)
    f16: Whole = _field(16, ge=0)
    f17: Day = _field(17)
    f18: Text = _field(18)
    f19: Flag = _field(19)
    f20: Money = _field(20, ge=0)
    f21: Text = _field(21)
    f22: Text = _field(22)
    f23: Text = _field(23)
    f24: Whole = _field(24)
    f25: Day = _field(25)
    f26: Text = _field(26)
    f27: Flag = _field(27)
    f28: Text = _field(28)
    f29: Text = _field(29)
    f30: Text = _field(30)
    f31: Text = _field(31)
    f32: Whole = _field(32)
    f33: Day = _field(33)
    f34: Text = _field(34)
    f35: Flag = _field(35)
    f36: Text = _field(36)
    f37: Text = _field(37)
    f38: Text = _field(38)
    f39: Text = _field(39)


WIDE = Feed(Contract("bench/wide", Wide), ICASEWORK)


def _cells(column: pl.DataType, number: int) -> pl.Expr:
    """Spell one column's cells from the row number, as the vendor would; one text in ten is empty."""
    mixed = (pl.col("row") * (2 * number + 7919)) % 100_003
    match column:
        case pl.Int64():
            return (pl.col("row") * 7 + number).cast(pl.String)
        case pl.Date():
            return (pl.lit("2020-01-01").str.to_date() + pl.duration(days=mixed % 2000)).dt.to_string(
                "%Y-%m-%d"
            )
        case pl.Datetime():
            start = pl.lit("2026-04-01T00:00:00").str.to_datetime("%Y-%m-%dT%H:%M:%S")
            return (start + pl.duration(seconds=mixed * 97)).dt.to_string("%Y-%m-%dT%H:%M:%S")
        case pl.Boolean():
            return pl.when(mixed % 2 == 0).then(pl.lit("Yes")).otherwise(pl.lit("No"))
        case pl.Decimal():
            return pl.format("{}.{}", mixed % 500, pl.lit("50"))
        case _:
            spelling = "Item {}, see note" if number % 8 == 7 else "Item {}"  # an eighth is quoted
            text = pl.format(spelling, mixed % 97)
            return pl.when(mixed % 10 > 0).then(text).otherwise(None)


def frame(rows: int, first: int = 0) -> pl.DataFrame:
    """Make rows `first` to `first + rows` as wire text."""
    columns = WIDE.contract.columns
    return pl.select(pl.int_range(first, first + rows).alias("row")).select(
        _cells(column.dtype, number).alias(column.wire) for number, column in enumerate(columns)
    )


def write_csv(path: Path, rows: int, *, footer: bool) -> None:
    """Write the report as CSV, in pieces so that making it needs little memory."""
    piece = 250_000
    with path.open("wb") as file:
        for first in range(0, rows, piece):
            part = frame(min(piece, rows - first), first)
            part.write_csv(file, include_header=first == 0, line_terminator="\n")
        if footer:
            file.write(f"Rows,{rows}\n".encode())


def write_xml(path: Path, rows: int) -> None:
    """Write the report as XML: a root, an element a row, flat children."""
    names = WIDE.contract.wire_fields
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<Rows>\n')
        for row in frame(rows).iter_rows():
            cells = "\n".join(f"<{name}>{cell}</{name}>" for name, cell in zip(names, row, strict=True))
            file.write(f"<Row>\n{cells}\n</Row>\n")
        file.write("</Rows>\n")
