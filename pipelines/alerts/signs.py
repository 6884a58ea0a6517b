"""Signs: what is seen to be wrong at one moment, before anybody decides whether to tell it.

A sign's key names the incident that it belongs to: many days and feeds of one cause share one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pipelines.days import ReportDay

    Days = Mapping[str, frozenset[ReportDay]]  # of each feed

MOST_FEEDS = 4
MOST_RANGES = 3


@dataclass(frozen=True)
class Sign:
    """One thing that is wrong now: a kind of kinds.py, what it is about, why, which feeds and days.

    `since` is when it is known to have begun, None for the moment it is first seen; `todo` is the next step
    where the fault itself names one, else the kind's own is told.
    """

    kind: str
    subject: str
    why: str
    days: Days = field(default_factory=dict)
    since: datetime | None = None
    todo: str = ""

    @property
    def key(self) -> str:
        """What makes two signs one incident."""
        return f"{self.kind}/{self.subject}"


def merge(signs: Iterable[Sign]) -> list[Sign]:
    """Make one sign of those that share a key: days of both, reasons of both, the earlier beginning."""
    merged: dict[str, Sign] = {}
    for sign in signs:
        other = merged.get(sign.key)
        merged[sign.key] = sign if other is None else _joined(other, sign)
    return list(merged.values())


def _joined(one: Sign, other: Sign) -> Sign:
    days = dict(one.days)
    for feed, held in other.days.items():
        days[feed] = days.get(feed, frozenset()) | held
    beginnings = [since for since in (one.since, other.since) if since]
    return replace(
        one,
        why="; ".join(dict.fromkeys((one.why, other.why))),
        days=days,
        since=min(beginnings, default=None),
        todo=one.todo or other.todo,
    )


def tell_days(days: Iterable[ReportDay]) -> str:
    """Tell days as ranges, the first few of them: `2026-11-18 to 2026-11-20, 2026-11-22`."""
    ordered = sorted(set(days))
    breaks = [0, *(n for n, (a, b) in enumerate(pairwise(ordered), 1) if a.plus(1) != b), len(ordered)]
    ranges = [(ordered[first], ordered[last - 1]) for first, last in pairwise(breaks) if first < last]
    told = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    left = sum((last.date - first.date).days + 1 for first, last in ranges[MOST_RANGES:])
    return ", ".join([*told[:MOST_RANGES], *([f"and {left} days more"] if left else [])])


def tell_scope(days: Days) -> str:
    """Tell feeds and days in one line: all feeds of the same days together, no long lists."""
    if not days:
        return ""
    groups: dict[frozenset[ReportDay], list[str]] = {}
    for feed in sorted(days):
        groups.setdefault(days[feed], []).append(feed)
    if len(groups) > MOST_RANGES:
        groups = {frozenset(day for held in days.values() for day in held): sorted(days)}
    told = []
    for held, feeds in groups.items():
        named = ", ".join(feeds[:MOST_FEEDS])
        if len(feeds) > MOST_FEEDS:
            named = f"{len(feeds)} feeds ({named}, ...)"
        told.append(f"{named}: {tell_days(held)}")
    return "; ".join(told)
