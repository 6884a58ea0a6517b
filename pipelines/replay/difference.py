"""What would change of one day: its rows, its columns and how many of its cells; never a value.

Cells are compared row by row where both files came from the same body, whose rows have numbers: a row that
leaves the quarantine moves no other. Files of two bodies are told apart by their counts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from pipelines.load import ROW_NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.receipts import Receipt


@dataclass(frozen=True)
class Difference:
    """How a day derived again differs from the day as it stands, `before` None where none stands.

    Columns are warehouse names; `cells` counts the changed cells of columns that are in both with one type,
    None where the rows cannot be matched.
    """

    before: Receipt | None
    after: Receipt
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    cells: Mapping[str, int] | None = None

    def __str__(self) -> str:
        """Tell it in a line."""
        told = [self._rows()]
        told += [
            f"columns {what}: {', '.join(names)}"
            for what, names in (("added", self.added), ("gone", self.gone), ("of another type", self.retyped))
            if names
        ]
        if self.before is not None and self.cells is None:
            told.append("another body, so cells are not compared")
        elif self.cells:
            told.append(
                f"cells changed: {', '.join(f'{name} {count}' for name, count in self.cells.items())}"
            )
        if self.before is not None and self._is_same_data():
            told.append("the same cells, another receipt (contract or product version)")
        return "; ".join(told)

    def _rows(self) -> str:
        after = f"{self.after.rows_good} good, {self.after.rows_quarantined} in quarantine"
        if self.before is None:
            return f"new: {after}"
        was = (self.before.rows_good, self.before.rows_quarantined)
        if was == (self.after.rows_good, self.after.rows_quarantined):
            return f"rows: {after}, as before"
        return f"rows: {was[0]} good, {was[1]} in quarantine; then {after}"

    def _is_same_data(self) -> bool:
        before, after = self.before, self.after
        return (
            before is not None
            and (before.rows_good, before.rows_quarantined) == (after.rows_good, after.rows_quarantined)
            and not (self.added or self.gone or self.retyped)
            and self.cells == {}
        )


def compare(feed: str, day: ReportDay, before: Receipt | None, lake: Lake, derived: Lake) -> Difference:
    """Compare a day's files in two lakes; `before` is the receipt of the first, None where it has none."""
    after = derived.check(feed, day)
    if before is None:
        return Difference(None, after)
    old, new = lake.path(feed, day), derived.path(feed, day)
    was, now = pl.read_parquet_schema(old), pl.read_parquet_schema(new)
    both = [name for name in now if name in was]
    return Difference(
        before,
        after,
        added=tuple(name for name in now if name not in was),
        gone=tuple(name for name in was if name not in now),
        retyped=tuple(name for name in both if was[name] != now[name]),
        cells=_cells(
            _Side(old, lake.quarantine_path(feed, day), before),
            _Side(new, derived.quarantine_path(feed, day), after),
            [name for name in both if was[name] == now[name]],
        ),
    )


@dataclass(frozen=True)
class _Side:
    good: Path
    aside: Path
    receipt: Receipt

    def numbers(self) -> pl.Series:
        """Return the number that each good row had in the body, in the order of the file."""
        every = pl.int_range(
            1, self.receipt.rows_good + self.receipt.rows_quarantined + 1, dtype=pl.Int64, eager=True
        )
        if not self.receipt.rows_quarantined:
            return every
        aside = pl.read_parquet(self.aside, columns=[ROW_NUMBER])[ROW_NUMBER]
        return every.filter(~every.is_in(aside.implode()))


def _cells(old: _Side, new: _Side, names: list[str]) -> dict[str, int] | None:
    """Count the cells that differ in rows good on both sides; a column at a time keeps memory flat."""
    if old.receipt.body_sha256 != new.receipt.body_sha256:
        return None
    was, now = old.numbers(), new.numbers()
    in_old, in_new = was.is_in(now.implode()), now.is_in(was.implode())
    changed = {}
    for name in names:
        one = pl.read_parquet(old.good, columns=[name])[name].filter(in_old)
        other = pl.read_parquet(new.good, columns=[name])[name].filter(in_new)
        if count := int(one.ne_missing(other).sum()):
            changed[name] = count
    return changed
