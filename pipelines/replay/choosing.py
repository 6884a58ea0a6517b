"""Which kept body a day is derived from again, and which days cannot be.

A loaded day goes back to the body it came from. One whose last attempt failed is tried with the latest body,
which is most often the one that failed; not where the stored file itself was at fault. A body older than the
one that a day stands on is never taken: what the source said later counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.raw.shelf import Kept, Shelf
    from pipelines.receipts import Receipt


@dataclass(frozen=True)
class Choice:
    """What is replayed, what is passed over and why, and loaded or failed days without a kept body."""

    bodies: Mapping[ReportDay, Kept]
    passed_over: Mapping[ReportDay, str]
    without: Sequence[ReportDay]


def choose(
    shelf: Shelf, lake: Lake, origin: str, first: ReportDay | None = None, last: ReportDay | None = None
) -> Choice:
    """Choose a body for each day from `first` to `last`, None for no bound, of one account."""

    def is_asked(day: ReportDay) -> bool:
        return (first is None or first <= day) and (last is None or day <= last)

    bodies: dict[ReportDay, Kept] = {}
    passed_over: dict[ReportDay, str] = {}
    failed = lake.failures(shelf.feed)
    days = filter(is_asked, shelf.days())
    for day in days:
        has_failed = day in failed and failed[day].kind != Damaged.kind
        chosen = _choose_one(shelf.of(day), day, lake, shelf.feed, origin, has_failed=has_failed)
        if isinstance(chosen, str):
            passed_over[day] = chosen
        else:
            bodies[day] = chosen
    known = {*lake.days(shelf.feed), *failed}
    return Choice(bodies, passed_over, sorted(filter(is_asked, known - bodies.keys() - passed_over.keys())))


def _choose_one(
    kept: Sequence[Kept], day: ReportDay, lake: Lake, feed: str, origin: str, *, has_failed: bool
) -> Kept | str:
    """Return the body, or why there is none to take; `kept` comes the latest first."""
    if not kept:
        return "no kept file of the day can be read"
    ours = [one for one in kept if one.label.origin == origin]
    if not ours:
        return f"its kept body came from another account, {kept[0].label.origin}"
    standing = _standing(lake, feed, day)
    if standing is None:
        return ours[0]
    own = next((one for one in ours if one.label.sha256 == standing.body_sha256), None)
    if own is not None and not has_failed:
        return own
    since = own.label.fetched_at if own else _modified(lake, feed, day)
    later = [one for one in ours if one.label.fetched_at >= since]
    return later[0] if later else "its file came from a later body, which is not kept"


def _standing(lake: Lake, feed: str, day: ReportDay) -> Receipt | None:
    """Return the day's receipt; a file that cannot be read is no reason to leave the day as it is."""
    try:
        return lake.receipt(feed, day)
    except Damaged:
        return None


def _modified(lake: Lake, feed: str, day: ReportDay) -> datetime:
    """Tell when the day was published, which was after its body came."""
    return datetime.fromtimestamp(lake.path(feed, day).stat().st_mtime, UTC)
