"""Days that change after they were loaded, in minutes: `python -m assets.drills.late SANDBOX_PORT`, as JSON.

A night loads a day of which the vendors do not tell every row yet; the next one looks back; then the vendors
lose most of what they told, and a third night looks back. late_data.py starts it in a process of its own,
since it loads Dagster, and judges.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import dagster as dg

from assets.drills.counting import count
from assets.drills.door import Door
from assets.drills.house import House, MovedClock
from pipelines.days import ReportDay
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.revisions import read_revisions
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.revisions import Revision

LATE = ("icasework/tasks", "xima/calls")
DAY = ReportDay.parse("2026-09-07")
LATE_SHARE, LOST_SHARE = 0.1, 0.6


@dataclass
class Nights:
    """What came of three nights, in rows of the first day of all feeds together."""

    missing_after_first: int = 0
    missing_after_second: int = 0
    missing_after_third: int = 0
    added: int = 0
    held_back: int = 0
    told: str = ""
    why: str = ""


def play(port: int) -> Nights:
    """Play three nights."""
    settings, door, nights = load_settings(), Door(port), Nights()
    lake, cells = Lake(settings.data_dir), [(feed, DAY) for feed in LATE]
    with dg.DagsterInstance.get() as instance:
        house = House(settings, instance, MovedClock(DAY.start), {key: FEEDS[key] for key in LATE})
        _leave_untold(door, LATE_SHARE)
        house.night(DAY)
        nights.missing_after_first = count(door, lake, cells).lost
        door.clear()
        house.night(DAY.plus(1))
        nights.missing_after_second = count(door, lake, cells).lost
        _leave_untold(door, LOST_SHARE)
        house.night(DAY.plus(2))
        door.clear()
        nights.missing_after_third = count(door, lake, cells).lost
    revisions = [revision for feed in LATE for revision in read_revisions(lake.root, feed).get(DAY, [])]
    _tell(nights, revisions)
    return nights


def _leave_untold(door: Door, share: float) -> None:
    """Let the vendors not tell a share of the day's rows, their totals agreeing."""
    for feed in LATE:
        door.order("rows_untold", feed=feed.partition("/")[2], day=str(DAY), share=share, calls=None)


def _tell(nights: Nights, revisions: list[Revision]) -> None:
    grown = [one for one in revisions if not one.kept]
    held = [one for one in revisions if one.kept]
    nights.added, nights.held_back = sum(one.added for one in grown), len(held)
    nights.told = str(grown[0]) if grown else ""
    nights.why = str(held[0]) if held else ""


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(asdict(play(int(sys.argv[1]))))}\n")
