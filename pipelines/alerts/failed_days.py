"""Signs of days that failed, from the lake's own notes of failed attempts.

A vendor that is down for twelve feeds is one sign; drift and violations are kept apart by feed, since each
has a report of its own to mend. Reasons are those of the errors, which never hold a cell's value.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pipelines.alerts.kinds import failure_kind
from pipelines.alerts.signs import Sign
from pipelines.errors import NEXT_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.days import ReportDay
    from pipelines.lake import Failure, Lake

MOST_REASONS = 3
DATA = "the data directory"
_NUMBERS = re.compile(r"\d+")


def failed_days(lake: Lake, feeds: Iterable[str]) -> Iterator[Sign]:
    """Yield a sign for each cause: a kind of failure of one source, or of one feed."""
    causes: dict[tuple[str, str], list[tuple[str, ReportDay, Failure]]] = defaultdict(list)
    for feed in feeds:
        for day, failure in lake.failures(feed).items():
            kind = failure_kind(failure.kind)
            subject = {"feed": feed, "source": feed.partition("/")[0], "thing": DATA}[kind.about]
            causes[kind.name, subject].append((feed, day, failure))
    for (kind_name, subject), found in causes.items():
        days: dict[str, set[ReportDay]] = defaultdict(set)
        for feed, day, _ in found:
            days[feed].add(day)
        reasons, todo = _reasons(found)
        yield Sign(
            kind_name,
            subject,
            reasons,
            {feed: frozenset(held) for feed, held in days.items()},
            since=min(failure.attempted_at for _, _, failure in found),
            todo=todo,
        )


def _reasons(found: Iterable[tuple[str, ReportDay, Failure]]) -> tuple[str, str]:
    """Tell the commonest reasons with their counts, and the next step that the commonest names.

    Reasons that differ only in numbers, or in the report they name, are one reason.
    """
    counts: Counter[str] = Counter()
    first: dict[str, tuple[str, str]] = {}
    for feed, day, failure in found:
        told, _, todo = failure.message.removeprefix(f"{feed} {day}: ").partition(NEXT_STEP)
        name = re.compile(rf"\b({feed}|{feed.partition('/')[2]})\b")
        alike = _NUMBERS.sub("0", name.sub("", told).replace(str(day), ""))
        counts[alike] += 1
        first.setdefault(alike, (told, todo))
    ranked = [alike for alike, _ in counts.most_common()]
    several = len(ranked) > 1
    lines = [first[one][0] + (f" ({_days(counts[one])})" if several else "") for one in ranked[:MOST_REASONS]]
    if len(ranked) > MOST_REASONS:
        lines.append(f"and {len(ranked) - MOST_REASONS} other reasons")
    return "; ".join(lines), first[ranked[0]][1]


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
