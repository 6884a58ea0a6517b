"""Replace a file that others may be reading: written aside, flushed, renamed over the old one.

A kill at any moment leaves the old file; what it leaves beside it is swept by the next one. Only one process
at a time replaces: see `alone` in whole_files.py.
"""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ_ONLY = 0o444


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Lend a fresh path beside `target`; what is written there replaces it when the block ends well.

    Whoever replaces is `alone` with the target: what a killed one left beside it is removed.
    """
    for debris in target.parent.glob(f".{target.name}.*"):
        debris.unlink()
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        yield aside
        _promote(aside, target)
    finally:
        aside.unlink(missing_ok=True)
        write_ahead_log(aside).unlink(missing_ok=True)


def write_ahead_log(database: Path) -> Path:
    """Where DuckDB keeps what it has not yet written into the database."""
    return database.with_name(f"{database.name}.wal")


def _promote(aside: Path, target: Path) -> None:
    aside.chmod(READ_ONLY)
    _flush(aside)
    # The log of somebody's read-write session belongs to the old file and would make the new one
    # unopenable. It goes first, so that no reader ever finds it beside the new file, and once more
    # after, in case such a session has just written another.
    write_ahead_log(target).unlink(missing_ok=True)
    aside.replace(target)
    write_ahead_log(target).unlink(missing_ok=True)
    _flush(target.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
