"""How much is kept, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.raw.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "kept bodies"


def tell_kept(root: Path, feeds: Iterable[str], days: int) -> tuple[str, bool, str]:
    """Return the name of the finding, that it is well, and how much is kept below the data directory."""
    rooms = [Shelf(root, feed).measure() for feed in feeds]
    bodies, taken = sum(room.bodies for room in rooms), sum(room.room for room in rooms)
    wanted = f"kept for {days} days" if days else "none are to be kept"
    oldest = min((room.oldest for room in rooms if room.oldest is not None), default=None)
    if oldest is None:
        return NAME, True, f"none; {wanted}"
    since = oldest.astimezone(LONDON).date()
    return NAME, True, f"{bodies}, {tell_size(taken)}, the oldest of {since}; {wanted}"


def tell_size(size: int) -> str:
    """Write a number of bytes in KiB or MiB."""
    return f"{size / (1 << 10):.1f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"
