"""Calendars made by hand, and the packed receipts read back as page.js reads them."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import random
import zlib
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.calendar.cells import Calendar, Cell
from pipelines.calendar.packed import DAY, FEED, NEXT_DAY, digests, pack
from pipelines.calendar.page import page
from pipelines.days import ReportDay
from pipelines.revisions import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST = date(2026, 11, 22)
NOW = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
CASES, CALLS = "icasework/cases", "xima/calls"
ONE_DAY = timedelta(days=1)
TEXTS = ("origin", "contract", "version", "window_from", "window_until", "kind", "message", "why")


def revised(
    at: datetime, added: int = 0, changed: int = 0, gone: int = 0, *, kept: bool = False, why: str = ""
) -> Revision:
    """Return a revision of some day."""
    return Revision("depot/parcels", ReportDay(LAST), at, added, changed, gone, kept=kept, why=why)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def a_cell(feed: str, day: date, status: str = "verified", **facts: object) -> Cell:
    """Return a cell with a receipt where its status has one."""
    proof: dict[str, Any] = {
        "origin": "production council",
        "window_from": f"{day}T00:00:00.000",
        "window_until": f"{day}T23:59:59.999",
        "source_total": None if status == "unverified" else 207,
        "rows_good": 204 if status == "quarantined" else 207,
        "rows_quarantined": 3 if status == "quarantined" else 0,
        "body": hashlib.sha256(f"{feed}{day}".encode()).hexdigest()[:12],
        "contract": "1e0a12065499727a",
        "version": "0.1.0",
    }
    failure: dict[str, Any] = {
        "kind": "drift",
        "message": f"{feed} {day}: the fields differ (missing: ward). To do: change the contract, then run"
        f" `casehouse ingest {feed} {day}`",
        "attempted_at": midnight(day) + timedelta(hours=26, minutes=14),
    }
    told = {"failed": failure, "missing": {}}.get(status, proof)
    return Cell(feed, day, status, **(told | dict[str, Any](facts)))


def a_calendar(
    days: int,
    troubled: Mapping[tuple[str, date], Mapping[str, Any]] | None = None,
    feeds: Sequence[str] = (CASES, CALLS),
) -> Calendar:
    """Return the days up to LAST, verified but for those given with what is to be other about their cell."""
    given = troubled or {}
    span = [LAST - timedelta(days=days - 1 - number) for number in range(days)]
    cells = {feed: [a_cell(feed, day, **given.get((feed, day), {})) for day in span] for feed in feeds}
    return Calendar(span[0], LAST, NOW - timedelta(hours=1), cells)


KEPT = revised(midnight(LAST - 2 * ONE_DAY), 0, 1, 150, kept=True, why="the source keeps 90 days")
TROUBLED: Mapping[tuple[str, date], Mapping[str, Any]] = {
    (CASES, LAST): {"status": "failed"},
    (CASES, LAST - ONE_DAY): {"status": "failed", "kind": "transient"},
    (CASES, LAST - 2 * ONE_DAY): {"status": "quarantined"},
    (CASES, LAST - 3 * ONE_DAY): {"revisions": [revised(midnight(LAST), 3, 1, 2), revised(NOW, 4, 5, 6)]},
    (CASES, LAST - 4 * ONE_DAY): {"revisions": [KEPT], "is_held": True},
    (CASES, LAST - 5 * ONE_DAY): {"status": "unverified"},
    (CASES, LAST - 6 * ONE_DAY): {"kind": "transient", "message": "the source answered 503"},
    **{
        (feed, LAST - number * ONE_DAY): {"status": "missing"}
        for feed in (CASES, CALLS)
        for number in (30, 31)
    },
}


@functools.cache
def ten_years() -> str:
    """Return the page of 3,650 days of 14 feeds: numbers as they come, every second day revised."""
    dice = random.Random(2026)  # noqa: S311 - invented numbers
    feeds = [f"source_{number % 3}/feed_{number}" for number in range(14)]
    troubled = {}
    for number, feed in enumerate(feeds):
        most = (20, 200, 2_000, 20_000)[number % 4]
        for back in range(3650):
            day, rows = LAST - back * ONE_DAY, dice.randrange(most)
            facts: dict[str, Any] = {"source_total": rows, "rows_good": rows}
            if back % 2:
                at = midnight(day) + timedelta(days=3, minutes=dice.randrange(120, 400))
                added, changed, gone = (dice.randrange(rows // 20 + 2) for _ in range(3))
                facts["revisions"] = [revised(at, added, changed, gone)]
            if dice.random() < 0.008:
                facts = {"status": dice.choice(["missing", "failed", "unverified", "quarantined"])}
            troubled[feed, day] = facts
    return page(a_calendar(3650, troubled, feeds), NOW)


def unpacked(calendar: Calendar) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the page knows of each feed and day; what a receipt tells only where there is one."""
    told = json.loads(zlib.decompress(base64.b64decode(pack(calendar))))
    bodies = base64.b64decode(digests(calendar))
    size, known = told["digest_bytes"], {}
    for place, feed in enumerate(told["feeds"]):
        columns = {name: spread(column) for name, column in feed.items() if name != "key"}
        assert {len(column) for column in columns.values()} == {told["days"]}
        for number in range(told["days"]):
            day = date.fromisoformat(told["since"]) + number * ONE_DAY
            facts = {name: column[number] for name, column in columns.items()}
            start = (place * told["days"] + number) * size
            facts["body"] = bodies[start : start + size].hex()
            for name in (
                "origin",
                "contract",
                "version",
                "window_from",
                "window_until",
                "kind",
                "message",
                "why",
            ):
                text = None if facts[name] is None else told["texts"][facts[name]]
                for mark, word in ((DAY, str(day)), (NEXT_DAY, str(day + ONE_DAY)), (FEED, feed["key"])):
                    text = text and text.replace(mark, word)
                facts[name] = text
            facts["status"] = told["statuses"][facts["status"]]
            known[feed["key"], str(day)] = facts
    return known


def spread(column: list[Any] | dict[str, list[Any]]) -> list[Any]:
    if isinstance(column, list):
        return column
    runs = column["runs"]
    return [value for value, times in zip(runs[::2], runs[1::2], strict=True) for _ in range(times)]
