"""Rows that arrive in batches as one lazy frame: in memory when the body is small, else by way of the disk.

It serves the formats that polars cannot scan. Reading the batches is the business of their modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipelines.sources.report import Body

# Bodies up to this size are held as a frame: writing and scanning a file would cost more than the rows.
SMALL_BYTES = 8 << 20
# Rows of a batch, and of a row group: larger ones raise the memory of whoever scans the file, smaller ones
# cost time. Scanning Arrow's own file format took half as much memory again as Parquet's.
BATCH_ROWS = 2048


def batch_of(fields: Sequence[str], columns: Iterable[Iterable[str | None]]) -> pa.RecordBatch:
    """Return columns of text as one batch, in the order of the fields."""
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, list(fields))


def spool(body: Body, fields: Sequence[str], batches: Iterable[pa.RecordBatch]) -> pl.LazyFrame:
    """Return the batches, which hold the fields as text, as one lazy frame.

    A large body's file is replaced by the frame's, which is Parquet, once the last batch is written; an error
    raised by the batches leaves the body as it is.
    """
    schema = pa.schema([(name, pa.string()) for name in fields])
    if body.size <= SMALL_BYTES:
        frame = pl.from_arrow(pa.Table.from_batches(list(batches), schema))
        return frame.lazy() if isinstance(frame, pl.DataFrame) else frame.to_frame().lazy()
    beside = body.path.with_name(f"{body.path.name}.spool")
    try:
        with ParquetWriter(beside, schema, compression="lz4", write_statistics=False) as file:
            for group in _grouped(batches):
                file.write_table(pa.Table.from_batches(group, schema))
        beside.replace(body.path)
    finally:
        beside.unlink(missing_ok=True)
    return pl.scan_parquet(body.path, glob=False)


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Join small batches until they make a row group."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(one.num_rows for one in group) >= BATCH_ROWS:
            yield group
            group = []
    if group:
        yield group
