"""The rows of a Xima report as frames of strings: cells joined by column key, durations cross-checked.

A compiled reader takes the rows a few thousand at a time. It takes nothing but text in text columns and whole
numbers in the others; rows in which anything is otherwise are read again one by one, each cell as it is
spelled: `14.0` stays that, `true` is no 1, and a text stays a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import polars as pl
import pyarrow as pa
from pyarrow import json as arrow_json

from pipelines.errors import Permanent, Unverified
from pipelines.sources.read_ahead import read_ahead
from pipelines.sources.received import ASK_AGAIN
from pipelines.sources.xima.dialect import DURATION, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Rows of a piece: fewer cost time in every call, more cost memory.
PIECE_ROWS = 8192
_VALUES = "values"
_BRACE = ord("{")
# A cell's parts (SEED): text is not shown in another way; a report that does so is read row by row.
_TEXT = [("value", pa.string())]
_WHOLE = [("value", pa.int64()), ("formattedValue", pa.string())]
_NO_CELL = msgspec.Raw(b"null")


class Column(msgspec.Struct, frozen=True):
    """One column as the report tells it."""

    key: str
    title: str
    format: str

    @property
    def field(self) -> str:
        """The wire name that contracts pin."""
        return f"{self.title} [{self.format}]"

    @property
    def is_whole(self) -> bool:
        """Whether its cells should hold whole numbers."""
        return self.format in {NUMBER, DURATION}


class _Piece(NamedTuple):
    """Some rows, unread, and how many come before them."""

    before: int
    rows: Sequence[msgspec.Raw]


class _Cell(msgspec.Struct, frozen=True, rename="camel"):
    """One cell, its parts as they are spelled."""

    value: msgspec.Raw = _NO_CELL
    formatted_value: msgspec.Raw = _NO_CELL


class _Row(msgspec.Struct, frozen=True):
    values: dict[str, _Cell | None]


def read_rows(columns: Sequence[Column], rows: Sequence[msgspec.Raw]) -> Iterator[pl.DataFrame]:
    """Yield the rows in order as frames of strings, one column a field, null where a cell has no value.

    A duration that is not shown as what it is becomes a text that says so, such as `12673424 (shown as
    3:31:12)`, which no decoder takes for a number. Raises Permanent naming the row that is not built as a row
    or has a cell of no column. Of a cell that stands twice in a row the last counts.
    """
    reader = _Reader(columns)
    pieces = (_Piece(at, rows[at : at + PIECE_ROWS]) for at in range(0, len(rows), PIECE_ROWS))
    return map(reader.read, pieces) if len(rows) <= PIECE_ROWS else read_ahead(reader.read, pieces)


def to_batch(frame: pl.DataFrame) -> pa.RecordBatch:
    """Hand a frame over to Arrow."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return (
        table.cast(pa.schema([(name, pa.string()) for name in frame.columns]))
        .combine_chunks()
        .to_batches()[0]
    )


class _Reader:
    """Reads pieces of one report's rows; for use from several threads."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._fields = [_as_text(place, column) for place, column in enumerate(columns)]
        # Parts of a cell are told apart by name; what the compiled reader yields comes in this order.
        self._names = [name for place, column in enumerate(columns) for name in _parts(place, column)]
        cells = [(column.key, pa.struct(_WHOLE if column.is_whole else _TEXT)) for column in columns]
        self._shape = arrow_json.ParseOptions(
            explicit_schema=pa.schema([(_VALUES, pa.struct(cells))]), unexpected_field_behavior="error"
        )

    def read(self, piece: _Piece) -> pl.DataFrame:
        cells = self._compiled(piece)
        return (self._spelled(piece) if cells is None else cells).select(self._fields)

    def _compiled(self, piece: _Piece) -> pl.DataFrame | None:
        """Read the rows at once; None when one of them is not as expected."""
        # The compiled reader ends the process at a row that is no object, and believes any bytes to be UTF-8.
        if any(memoryview(row)[0] != _BRACE for row in piece.rows):
            return None
        content = b"\n".join(piece.rows)
        try:
            if not content.isascii():
                content.decode()
            # One block, and no thread of its own: there is nothing to read ahead.
            table = arrow_json.read_json(
                pa.BufferReader(content),
                read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(content) + 1),
                parse_options=self._shape,
            )
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        if table.num_rows != len(piece.rows) or table[_VALUES].null_count:
            return None
        flat = pl.from_arrow(table.flatten().flatten().rename_columns(self._names))
        return flat if isinstance(flat, pl.DataFrame) else flat.to_frame()

    def _spelled(self, piece: _Piece) -> pl.DataFrame:
        """Read the rows one by one, cells as they are spelled; raise what is wrong with one."""
        places = {column.key: _parts(place, column) for place, column in enumerate(self._columns)}
        cells: dict[str, list[str | None]] = {name: [] for name in self._names}
        for number, row in enumerate(piece.rows, piece.before + 1):
            values = _values_of(row, number)
            if not values.keys() <= places.keys():
                raise Permanent(f"row {number} of the report has a cell of no column", todo=ASK_AGAIN)
            for key, names in places.items():
                cell = values.get(key) or _Cell()
                # Of a text, how it is shown is not looked at, and was never seen.
                for name, part in zip(names, (cell.value, cell.formatted_value), strict=False):
                    cells[name].append(_spelling(part, number))
        return pl.DataFrame(cells, schema=dict.fromkeys(self._names, pl.String()))


def _parts(place: int, column: Column) -> tuple[str, ...]:
    """Name the columns that hold a column's values and, of whole numbers, how they are shown."""
    return (f"value {place}", f"shown {place}") if column.is_whole else (f"value {place}",)


def _values_of(row: msgspec.Raw, number: int) -> dict[str, _Cell | None]:
    try:
        return msgspec.json.decode(row, type=_Row).values
    except msgspec.ValidationError as error:
        # Names of parts and of types: this library's messages hold no values, and no keys of a mapping.
        fault: Permanent | Unverified = Permanent(
            f"row {number} of the report is not built as a row", why=str(error), todo=ASK_AGAIN
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fault = _not_well_formed(number)
    raise fault


def _spelling(part: msgspec.Raw, number: int) -> str | None:
    """Return a text's characters, None for null, anything else as it is spelled."""
    text = bytes(part)
    if text == b"null":
        return None
    if text.startswith((b"{", b"[")):
        raise Permanent(
            f"row {number} of the report has a cell that is neither text nor number", todo=ASK_AGAIN
        )
    if not text.startswith(b'"'):
        return text.decode()
    try:
        return msgspec.json.decode(text, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        fault = _not_well_formed(number)
    raise fault


def _not_well_formed(number: int) -> Unverified:
    return Unverified(f"row {number} of the report is not well-formed", todo=ASK_AGAIN)


def _as_text(place: int, column: Column) -> pl.Expr:
    """Make the expression of a column's text; of a duration that is not shown as what it is, telling both."""
    raw = pl.col(f"value {place}")
    value = raw.cast(pl.String)
    text = pl.when(value != "").then(value)
    if column.format != DURATION:
        return text.alias(column.field)
    shown = pl.col(f"shown {place}")
    number = raw.cast(pl.Int64, strict=False)
    is_otherwise = number.is_not_null() & shown.ne_missing(_clock(number))
    is_shown_alone = text.is_null() & (shown != "")
    told = pl.format("{} (shown as {})", text.fill_null("nothing"), shown.fill_null("nothing"))
    return pl.when(is_otherwise | is_shown_alone).then(told).otherwise(text).alias(column.field)


def _clock(milliseconds: pl.Expr) -> pl.Expr:
    """Show a duration as H:MM:SS, the rest cut off; null where it is negative, which no duration is."""
    seconds = milliseconds.cast(pl.UInt64, strict=False) // 1000
    # Looked up, since putting three numbers together for every cell costs three times as much.
    past_hour = pl.Series([f":{minute:02}:{second:02}" for minute in range(60) for second in range(60)])
    return (seconds // 3600).cast(pl.String) + pl.lit(past_hour).gather(seconds % 3600)
