"""Comparison: which rows of a day were added, changed or are gone between two of its files.

Rows that stand in both files cancel out first, as often as they stand in both. What is left is paired by the
contract's row key, in the order of the files: a pair is a changed row, the rest of the old file is gone, the
rest of the new one added. Without a row key nothing can be paired. The order of rows and the body they came
in make no difference. Exact at any size, a few columns at a time, so that a large day fits into memory twice
by its widest columns only. What is done with the answer is not decided here (see revisions.py).

A personal value leaves the lake by no line of a comparison, not even as a digest: a surname or a birth date
is guessed from its digest in minutes, and a keyed digest would be one more personal value, with a key to
keep. Such a cell is told as different, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.contracts.contract import Column, Contract

Kind = Literal["added", "changed", "gone"]

# So many cells are compared at a time: a small day at once, a large one a column or two after the other.
_CELLS_AT_A_TIME = 4_000_000
_SAME, _ROW = "the same row", "the row"  # beside the contract's columns, none of which has a blank


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One revised row, or one cell of a changed row.

    `key` names the row by the public columns of its key, None where there are none. `old` and `new` are cells
    as text, None for an empty one; of a cell that is not public neither is told and `withheld` is true.
    """

    kind: Kind
    key: str | None = None
    column: str | None = None
    old: str | None = None
    new: str | None = None
    withheld: bool = False


@dataclass(frozen=True)
class Difference:
    """Rows added, changed and gone, which are whole; the lines, which may be cut; columns one file lacks."""

    added: int
    changed: int
    gone: int
    lines: tuple[Line, ...]
    is_cut: bool
    uncompared: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both files hold the same rows."""
        return not (self.added or self.changed or self.gone)


def compare(before: Path, after: Path, contract: Contract, most_lines: int) -> Difference:
    """Compare two files of one day; `most_lines` bounds the lines, never the counts."""
    pair = _Files(before, after)
    columns = [column for column in contract.columns if column.name in pair.shared]
    keys = [column for column in columns if column.name in contract.row_key]
    left = _without_what_stands_in_both(pair, [column.name for column in columns])
    old, new = left.filter(~pl.col("is_new")), left.filter("is_new")
    if keys and len(keys) == len(contract.row_key):
        matches, old, new = _paired(pair, old, new, [column.name for column in keys])
    else:
        matches, keys = pl.DataFrame({"row": [], "row_new": []}, schema=_PAIRS), []
    teller = _Teller(pair, columns, keys, most_lines)
    lines = [
        *teller.rows("gone", old["row"]),
        *teller.cells(matches),
        *teller.rows("added", new["row"]),
    ]
    return Difference(
        added=new.height,
        changed=matches.height,
        gone=old.height,
        lines=tuple(lines[:most_lines]),
        is_cut=len(lines) > most_lines,
        uncompared=tuple(sorted(pair.unshared)),
    )


_PAIRS = {"row": pl.Int64(), "row_new": pl.Int64()}


class _Files:
    """The old file's rows and after them the new one's, numbered through, read by column."""

    def __init__(self, before: Path, after: Path) -> None:
        self._paths = (before, after)
        schemas = [pl.read_parquet_schema(path) for path in self._paths]
        self.shared = {name for name, dtype in schemas[0].items() if schemas[1].get(name) == dtype}
        self.unshared = (set(schemas[0]) | set(schemas[1])) - self.shared
        self.heights = [
            pl.scan_parquet(path, glob=False, hive_partitioning=False).select(pl.len()).collect().item()
            for path in self._paths
        ]

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """Return columns of both files, one below the other."""
        return pl.concat(
            [
                pl.read_parquet(path, columns=list(names), glob=False, hive_partitioning=False)
                for path in self._paths
            ]
        ).select(names)

    def blocks(self, names: Sequence[str]) -> Iterator[Sequence[str]]:
        """Part the names into as many at a time as fit into memory well."""
        width = max(1, _CELLS_AT_A_TIME // max(1, sum(self.heights)))
        for start in range(0, len(names), width):
            yield names[start : start + width]


def _without_what_stands_in_both(pair: _Files, names: Sequence[str]) -> pl.DataFrame:
    """Find the rows, numbered through both files, that one holds more often than the other."""
    numbers = pl.int_range(sum(pair.heights), dtype=pl.Int64, eager=True)
    same = pl.zeros(len(numbers), dtype=pl.Int64, eager=True)
    for block in pair.blocks(names):
        frame = pair.read(block).with_columns(same.alias(_SAME), numbers.alias(_ROW))
        # The first row like this one stands for all that are alike, so far as they were compared.
        same = frame.select(pl.col(_ROW).first().over([_SAME, *block])).to_series()
    rows = pl.DataFrame({"row": numbers, _SAME: same})
    rows = rows.with_columns(is_new=pl.col("row") >= pair.heights[0])
    rows = rows.with_columns(
        nth=pl.int_range(pl.len()).over([_SAME, "is_new"]),
        in_both=pl.min_horizontal(pl.col("is_new").sum(), (~pl.col("is_new")).sum()).over(_SAME),
    )
    return rows.filter(pl.col("nth") >= pl.col("in_both")).select("row", "is_new")


def _paired(
    pair: _Files, old: pl.DataFrame, new: pl.DataFrame, names: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Pair rows of the same key, the first with the first; return pairs, old ones and new ones left."""
    keys = pair.read(names)
    labels = [f"key_{number}" for number in range(len(names))]

    def keyed(rows: pl.DataFrame) -> pl.DataFrame:
        cells = keys[rows["row"]].rename(dict(zip(names, labels, strict=True)))
        return rows.select("row").hstack(cells).with_columns(nth=pl.int_range(pl.len()).over(labels))

    left, right, on = keyed(old), keyed(new), [*labels, "nth"]
    matches = left.join(right, on=on, how="inner", nulls_equal=True, suffix="_new")
    return (
        matches.select(*_PAIRS).sort("row_new"),
        left.join(right, on=on, how="anti", nulls_equal=True).select("row").sort("row"),
        right.join(left, on=on, how="anti", nulls_equal=True).select("row").sort("row"),
    )


@dataclass(frozen=True)
class _Teller:
    """Makes lines of rows by their numbers; one more than wanted is made, to see that there are more."""

    pair: _Files
    columns: Sequence[Column]
    keys: Sequence[Column]
    most: int

    def rows(self, kind: Kind, rows: pl.Series) -> list[Line]:
        """Tell whole rows by their key."""
        return [Line(kind, key) for key in self._keys(rows.head(self.most + 1))]

    def cells(self, matches: pl.DataFrame) -> list[Line]:
        """Tell the cells in which paired rows differ, row by row; each pair differs in one at least."""
        first = matches.head(self.most + 1)
        keys = self._keys(first["row_new"])
        told: list[tuple[int, int, Line]] = []
        columns = {column.name: (number, column) for number, column in enumerate(self.columns)}
        for block in self.pair.blocks(list(columns) if first.height else ()):
            cells = self.pair.read(block)
            old, new = cells[first["row"]], cells[first["row_new"]]
            for number, column in (columns[name] for name in block):
                before, after = old[column.name], new[column.name]
                told += [
                    (at, number, _line(column, keys[at], before[at], after[at]))
                    for at in before.ne_missing(after).arg_true()
                ]
        return [line for _, _, line in sorted(told, key=lambda one: one[:2])]

    def _keys(self, rows: pl.Series) -> list[str | None]:
        public = [column.name for column in self.keys if column.privacy == "public"]
        if not public or rows.is_empty():
            return [None] * len(rows)
        return [
            ", ".join(f"{name}={_text(cell)}" for name, cell in zip(public, row, strict=True))
            for row in self.pair.read(public)[rows].iter_rows()
        ]


def _line(column: Column, key: str | None, old: object, new: object) -> Line:
    if column.privacy != "public":
        return Line("changed", key, column.name, withheld=True)
    return Line("changed", key, column.name, _text(old), _text(new))


def _text(cell: Any) -> str | None:  # noqa: ANN401 - a cell of any column
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell.isoformat() if isinstance(cell, (datetime, date)) else str(cell)
