"""Rows counted twice over: what the vendor says it holds, and what really stands in the lake's files.

Not by receipts: they are the product's own word. Every cell is read, so that a file which only claims its
rows does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from assets.drills.door import Door
    from pipelines.days import ReportDay
    from pipelines.lake import Lake


@dataclass(frozen=True)
class Counted:
    """Of some days: rows that the vendor holds, those of them that are not here, and those too many."""

    told: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.told + other.told, self.lost + other.lost, self.doubled + other.doubled)


def count(door: Door, lake: Lake, cells: Iterable[tuple[str, ReportDay]]) -> Counted:
    """Count feeds' days; a day's own surplus never makes up for another's want."""
    counted = Counted()
    for feed, day in cells:
        told = door.rows(feed, day)
        held = _rows(lake.path(feed, day)) + _rows(lake.quarantine_path(feed, day))
        counted += Counted(told, max(0, told - held), max(0, held - told))
    return counted


def _rows(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        return pl.read_parquet(path, hive_partitioning=False).height
    except pl.exceptions.PolarsError:
        return 0  # damaged: nobody can read a row of it
