"""Where a feed's day stands below the data directory: the one spelling of a partition's folder and file.

What is in the file, and how it comes there, is not told here (see lake.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay

PARTITION = "report_date="
PART = "part.parquet"


def partition_file(root: Path, feed: str, day: ReportDay) -> Path:
    """Say where the good rows of a day stand."""
    return root / "lake" / feed / f"{PARTITION}{day}" / PART
