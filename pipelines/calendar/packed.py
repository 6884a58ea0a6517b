"""Fifty thousand receipts in a few hundred kilobytes: by column, told once where they repeat, deflated.

`page.js` reads what is written here. The JSON is

    {since, days, digest_bytes, statuses, marks, texts, runbooks, feeds: [{key, status, origin, ...}]}

with a column of each feed as one entry a day from `since`: a list, or {"runs": [value, times, ...]} where
that is shorter. `good` is null where there is no receipt; what one tells besides then repeats the day before.
Texts are places in `texts`, in which a cell's own day, the next day and feed are marks; instants are minutes
after the UTC midnight of the cell's own day. Digests, which nothing makes shorter, stand apart as bytes.
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
DIGEST_BYTES = 6
MOST_WORDS = 150_000  # signs of failures' and revisions' words that differ
UNTOLD = "Its words are left out here for room; the catalogue has them."
_ONE_DAY = timedelta(days=1)
_CONTROLS = dict.fromkeys(range(32), " ")
_PLAIN = ("origin", "contract", "version")
_WINDOW = ("window_from", "window_until")


class _Texts:
    """The texts there are, each told once. Words beyond `room` signs are told as UNTOLD; facts always fit."""

    def __init__(self, room: int) -> None:
        self.places: dict[str, int] = {}
        self.room = room

    def fact(self, text: str | None) -> int | None:
        """Return the place of a text that speaks of no day."""
        return None if text is None else self.places.setdefault(text, len(self.places))

    def window(self, cell: Cell, text: str | None) -> int | None:
        """Return the place of one end of what a cell's day asked for."""
        return None if text is None else self.fact(_marked(cell, text))

    def words(self, cell: Cell, text: str | None) -> int | None:
        """Return the place of somebody's sentences about a cell, while there is room for more."""
        if text is None:
            return None
        marked = _marked(cell, text)
        if marked not in self.places:
            if len(marked) > self.room:
                return self.fact(UNTOLD)
            self.room -= len(marked)
        return self.fact(marked)


def pack(calendar: Calendar) -> str:
    """Return every cell with its receipt as base64 of deflated JSON, the same for the same calendar."""
    texts = _Texts(MOST_WORDS)
    # Words of the newest days are taken first: those are what somebody must act on.
    newest_first = sorted((cell for cell in calendar.cells if cell.message or cell.revisions), key=_age)
    for cell in newest_first:
        texts.words(cell, cell.message)
        texts.words(cell, _why(cell))
    told = {
        "since": str(calendar.since),
        "days": (calendar.until - calendar.since).days + 1,
        "digest_bytes": DIGEST_BYTES,
        "statuses": list(SIGNS),
        "marks": [sign.mark for sign in SIGNS.values()],
        "runbooks": RUNBOOKS,
        "feeds": [{"key": feed, **_columns(cells, texts)} for feed, cells in calendar.feeds.items()],
        "texts": list(texts.places),
    }
    content = json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(content, 9)).decode()


def digests(calendar: Calendar) -> str:
    """Return the first DIGEST_BYTES of every answer's digest as base64, cell after cell; noughts for none."""
    blank = "00" * DIGEST_BYTES
    signs = "".join((cell.body or blank)[: len(blank)] for cell in calendar.cells)
    return base64.b64encode(bytes.fromhex(signs)).decode()


def _age(cell: Cell) -> tuple[int, str]:
    return -cell.day.toordinal(), cell.feed


def _columns(cells: Sequence[Cell], texts: _Texts) -> dict[str, Any]:
    statuses = list(SIGNS)
    columns: dict[str, Iterable[int | None]] = {
        "status": (statuses.index(cell.status) for cell in cells),
        **{name: _carried([texts.fact(getattr(cell, name)) for cell in cells]) for name in _PLAIN},
        **{name: _carried([texts.window(cell, getattr(cell, name)) for cell in cells]) for name in _WINDOW},
        "good": (cell.rows_good for cell in cells),
        "aside": (cell.rows_quarantined for cell in cells),
        "untold": (_untold(cell) for cell in cells),
        "kind": [texts.fact(cell.kind) for cell in cells],
        "message": [texts.words(cell, cell.message) for cell in cells],
        "attempted": (_minutes(cell.day, cell.attempted_at) for cell in cells),
        **_revision_columns(cells, texts),
    }
    return {name: _shorter(list(column)) for name, column in columns.items()}


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
    """Return the source's total beyond the rows there are: nought where they agree, None where not told."""
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


def _carried(column: list[int | None]) -> list[int | None]:
    """Repeat the value before where there is none, so that a run goes on."""
    carried: list[int | None] = []
    for value in column:
        carried.append(carried[-1] if value is None and carried else value)
    return carried


def _shorter(column: list[int | None]) -> Any:  # noqa: ANN401 - JSON of two shapes
    runs = [part for value, members in groupby(column) for part in (value, sum(1 for _ in members))]
    return {"runs": runs} if len(runs) < len(column) else column
