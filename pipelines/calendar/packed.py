"""Fifty thousand receipts in a few hundred kilobytes: by column, told once where they repeat, deflated.

`page.js` reads what is written here. The JSON is

    {since, days, digits, statuses, marks, texts, runbooks, feeds: [{key, status, origin, ...}]}

with a column of each feed as one entry a day from `since`: a list, or {"runs": [value, times, ...]} where that
is shorter. Texts are places in `texts`, in which a cell's own day, the next day and feed are marks; instants
are minutes after the UTC midnight of the cell's own day; `body` is one string of `digits` signs a day.
"""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.calendar.gaps import RUNBOOKS
from pipelines.day_status import SIGNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from pipelines.calendar.cells import Calendar, Cell

DAY, NEXT_DAY, FEED = "\x01", "\x02", "\x03"
DIGITS = 12
MOST_WORDS = 150_000  # signs of failures' and revisions' words that differ
UNTOLD = "Its words are left out here for room; the catalogue has them."
_ONE_DAY = timedelta(days=1)
_CONTROLS = dict.fromkeys(range(32), " ")
_PLAIN = ("origin", "contract", "version", "window_from", "window_until")


class _Texts:
    """The texts there are, each told once. Words beyond `room` signs are told as UNTOLD; facts always fit."""

    def __init__(self, room: int) -> None:
        self.places: dict[str, int] = {}
        self.room = room

    def fact(self, cell: Cell, text: str | None) -> int | None:
        """Return the place of a text about a cell."""
        if text is None:
            return None
        return self.places.setdefault(_marked(cell, text), len(self.places))

    def words(self, cell: Cell, text: str | None) -> int | None:
        """Return the place of somebody's sentences about a cell, while there is room for more."""
        if text is None:
            return None
        marked = _marked(cell, text)
        if marked not in self.places:
            if len(marked) > self.room:
                return self.places.setdefault(UNTOLD, len(self.places))
            self.room -= len(marked)
        return self.places.setdefault(marked, len(self.places))


def pack(calendar: Calendar) -> str:
    """Return every cell with its receipt as base64 of deflated JSON; the same calendar gives the same text."""
    texts = _Texts(MOST_WORDS)
    # Words of the newest days are taken first: those are what somebody must act on.
    newest_first = sorted((cell for cell in calendar.cells if cell.message or cell.revisions), key=_age)
    for cell in newest_first:
        texts.words(cell, cell.message)
        texts.words(cell, _why(cell))
    told = {
        "since": str(calendar.since),
        "days": (calendar.until - calendar.since).days + 1,
        "digits": DIGITS,
        "statuses": list(SIGNS),
        "marks": [sign.mark for sign in SIGNS.values()],
        "runbooks": RUNBOOKS,
        "feeds": [{"key": feed, **_columns(cells, texts)} for feed, cells in calendar.feeds.items()],
        "texts": list(texts.places),
    }
    content = json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _age(cell: Cell) -> tuple[int, str]:
    return -cell.day.toordinal(), cell.feed


def _columns(cells: Sequence[Cell], texts: _Texts) -> dict[str, Any]:
    statuses = list(SIGNS)
    columns: dict[str, Iterable[int | None]] = {
        "status": (statuses.index(cell.status) for cell in cells),
        **{name: [texts.fact(cell, getattr(cell, name)) for cell in cells] for name in _PLAIN},
        "good": (cell.rows_good for cell in cells),
        "aside": (cell.rows_quarantined for cell in cells),
        "untold": (_untold(cell) for cell in cells),
        "kind": [texts.fact(cell, cell.kind) for cell in cells],
        "message": [texts.words(cell, cell.message) for cell in cells],
        "attempted": (_minutes(cell.day, cell.attempted_at) for cell in cells),
        **_revision_columns(cells, texts),
    }
    packed: dict[str, Any] = {name: _shorter(list(column)) for name, column in columns.items()}
    return packed | {"body": "".join((cell.body or "")[:DIGITS].ljust(DIGITS) for cell in cells)}


def _revision_columns(cells: Sequence[Cell], texts: _Texts) -> dict[str, Iterable[int | None]]:
    """Tell how often each day was revised, and of the last time how; the record holds the others."""
    last = [cell.revisions[-1] if cell.revisions else None for cell in cells]
    pairs = list(zip(cells, last, strict=True))
    return {
        "revisions": (len(cell.revisions) or None for cell in cells),
        "revised": (_minutes(cell.day, one.at if one else None) for cell, one in pairs),
        "added": (one.added if one else None for one in last),
        "changed": (one.changed if one else None for one in last),
        "gone": (one.gone if one else None for one in last),
        "kept": (int(one.kept) if one else None for one in last),
        "why": [texts.words(cell, _why(cell)) for cell in cells],
    }


def _why(cell: Cell) -> str | None:
    return (cell.revisions[-1].why or None) if cell.revisions else None


def _untold(cell: Cell) -> int | None:
    """Return the source's total beyond the rows there are, nought where they agree, None where it told none."""
    if cell.source_total is None or cell.rows_good is None or cell.rows_quarantined is None:
        return None
    return cell.source_total - cell.rows_good - cell.rows_quarantined


def _minutes(day: date, at: datetime | None) -> int | None:
    if at is None:
        return None
    return (at - datetime.combine(day, time.min, UTC)) // timedelta(minutes=1)


def _marked(cell: Cell, text: str) -> str:
    clean = text.translate(_CONTROLS)
    for said, mark in ((cell.feed, FEED), (str(cell.day), DAY), (str(cell.day + _ONE_DAY), NEXT_DAY)):
        clean = clean.replace(said, mark)
    return clean


def _shorter(column: list[int | None]) -> Any:  # noqa: ANN401 - JSON of two shapes
    runs = [part for value, members in groupby(column) for part in (value, sum(1 for _ in members))]
    return {"runs": runs} if len(runs) < len(column) else column
