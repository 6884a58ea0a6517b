"""placeholder"""

from pathlib import Path


def measure_backfill(folder: Path, scale: int) -> None:
    """None."""
