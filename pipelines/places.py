"""Where a feed's day stands below the data directory, and how a staged file comes to stand in its place.

What is in the files, and when they are promoted, is not told here (see lake.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay

PARTITION = "report_date="
PART = "part.parquet"


def partition_file(root: Path, feed: str, day: ReportDay) -> Path:
    """Say where the good rows of a day stand."""
    return root / "lake" / feed / f"{PARTITION}{day}" / PART


def promote(staged: Path, target: Path) -> None:
    """Rename a flushed file of the same disk into its place, so that neither is lost in a power cut."""
    is_new = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    # The council's own group may read, nobody else: the lake holds personal data.
    staged.chmod(0o640)
    staged.replace(target)
    # The inner folder first: the disk then has nothing left to do for the outer one.
    sync(target.parent)
    if is_new:
        sync(target.parent.parent)


def sync(path: Path) -> None:
    """Flush a file, or a directory so that a rename in it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
