"""Every drill there is, by name, in the order in which they are played: quick ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.plays import (
    clock_change,
    clock_skew,
    column_renamed,
    corrupted_file,
    disk_full,
    half_swapped,
    key_revoked,
    killed,
    late_data,
    truncated_bodies,
    vendor_down,
    web_page,
)
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assets.drills.drill import Drill

DRILLS: Mapping[str, Drill] = {
    play.DRILL.name: play.DRILL
    for play in (
        key_revoked,
        web_page,
        corrupted_file,
        clock_skew,
        truncated_bodies,
        column_renamed,
        clock_change,
        disk_full,
        half_swapped,
        late_data,
        vendor_down,
        killed,
    )
}


def drills_of(names: Iterable[str]) -> list[Drill]:
    """Return the named drills in the order asked for, or all; raise Permanent naming those there are."""
    asked = list(names)
    if unknown := [name for name in asked if name not in DRILLS]:
        raise Permanent(f"there is no drill {unknown[0]!r}", todo=f"use one of {', '.join(DRILLS)}")
    return [DRILLS[name] for name in asked] or list(DRILLS.values())
