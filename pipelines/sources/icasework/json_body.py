"""A JSON report on disk as a raw frame: an array of flat objects whose values are text or null.

The array is parted into its objects without reading them, and these are read a few thousand at a time, so
that memory holds the mapped file and one batch. A number or a truth value is an error and not its spelling:
which digits the server meant is not ours to choose. JSON carries no row count.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from pipelines.errors import Permanent, Unverified
from pipelines.sources.json_file import read_json
from pipelines.sources.received import ASK_AGAIN
from pipelines.sources.report import RawReport
from pipelines.sources.spool import BATCH_ROWS, batch_of, spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from pipelines.sources.report import Body, ReportRequest

# Control characters, quotes and backslashes: the reader takes no such names, and no report has them.
_UNNAMEABLE = re.compile(r'[\x00-\x1f"\\]')


def open_json(request: ReportRequest, body: Body) -> RawReport:
    """Return the first object's keys, a lazy frame of strings (empty is null) and no count.

    Every object must have the first one's keys; Permanent names the row and the field that is otherwise. What
    is no JSON array raises Unverified. An empty array shows no fields: those asked for are returned.

    Of a field that stands twice in a row other than the first, the last counts, as readers of JSON have it:
    looking for such rows would cost half as much again as reading them all.
    """
    rows = _part(body)
    if not rows:
        return RawReport(
            request.fields, pl.LazyFrame(schema=dict.fromkeys(request.fields, pl.String())), None
        )
    fields = _keys(rows[0])
    return RawReport(fields, spool(body, fields, _batches(fields, rows)), None)


def _part(body: Body) -> list[msgspec.Raw]:
    """Return the array's objects, unread."""
    try:
        return read_json(body, list[msgspec.Raw])
    except msgspec.ValidationError:
        fault = Unverified(
            "the JSON body is cut or not well-formed", why="it is not an array", todo=ASK_AGAIN
        )
    raise fault


def _keys(row: msgspec.Raw) -> tuple[str, ...]:
    fault = ""
    try:
        pairs = json.loads(bytes(row).decode(), object_pairs_hook=tuple)
    except UnicodeDecodeError:
        pairs, fault = None, "is not UTF-8 text"
    except ValueError:
        pairs = None
    if fault or not isinstance(pairs, tuple) or not pairs:
        raise Permanent(f"row 1 of the JSON body {fault or 'is not an object with fields'}", todo=ASK_AGAIN)
    keys = tuple(str(key) for key, _ in pairs)
    if len(set(keys)) < len(keys):
        raise Permanent("a field stands twice in row 1 of the JSON body", todo=ASK_AGAIN)
    if _UNNAMEABLE.search("".join(keys)):
        raise Permanent("row 1 of the JSON body has a field whose name is no name", todo=ASK_AGAIN)
    return keys


def _batches(fields: tuple[str, ...], rows: Sequence[msgspec.Raw]) -> Iterator[pa.RecordBatch]:
    decode = _decoder(fields).decode
    left = iter(rows)
    done = 0
    while batch := list(islice(left, BATCH_ROWS)):
        cells: list[tuple[str | None, ...]] = []
        fault = ""
        try:
            cells.extend(msgspec.structs.astuple(decode(row)) for row in batch)
        except UnicodeDecodeError:
            fault = "not UTF-8 text"
        except msgspec.DecodeError as error:
            # Types and field names: this library's messages hold no values.
            fault = str(error)
        if fault:
            raise Permanent(
                f"row {done + len(cells) + 1} of the JSON body is not as the first row",
                why=fault,
                todo=ASK_AGAIN,
            )
        done += len(batch)
        yield batch_of(fields, ([cell or None for cell in column] for column in zip(*cells, strict=True)))


@lru_cache(maxsize=32)
def _decoder(fields: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    cells = [(f"cell_{place}", str | None, msgspec.field(name=name)) for place, name in enumerate(fields)]
    row = msgspec.defstruct("Row", cells, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(row)
