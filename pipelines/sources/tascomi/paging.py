"""A whole list, page by page, each record once, although others work in the table meanwhile.

Pages are places in a list that moves: a record that leaves draws all later ones forward, across the edge of a
page and past a reader going forward; one that joins pushes them back, past a reader going backward. Ids only
grow, so sorted by id no new record moves an old one. A list that only loses records is therefore read whole
from its last page to its first, and one that only gains from its first to its last. Both ways are gone, and
again until two agree with each other and with the list's own count. When they never do, each record that only
some of the readings saw is asked for by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from pipelines.errors import Unverified
from pipelines.sources.tascomi.dialect import BY_ID

if TYPE_CHECKING:
    from pipelines.sources.tascomi.bodies import Page
    from pipelines.sources.writing import Record

ReadPage = Callable[[int], "Page"]
IsListed = Callable[[str], bool]  # reads one record anew: whether it still belongs to the list

MOST_READINGS = 6


@dataclass(frozen=True)
class Whole:
    """Every record that was on a list throughout, each once, by id; and the list's own count at the end."""

    rows: list[Record]
    total: int


@dataclass
class _Reading:
    """One way through the pages: the records by id, and every count the list told meanwhile."""

    rows: dict[str, Record] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)
    per_page: int = 0

    def take(self, page: Page) -> bool:
        """Keep a page's records; tell whether any of them is new."""
        before = len(self.rows)
        self.rows |= {_id_of(row): row for row in page.rows}
        self.totals.append(page.total)
        self.per_page = page.per_page or self.per_page
        return len(self.rows) > before

    @property
    def pages(self) -> int:
        """How many pages the list had when it was last looked at."""
        return ceil(self.totals[-1] / self.per_page) if self.per_page else 0

    @property
    def agrees(self) -> bool:
        """Whether the list's own count stayed, and is that of the records."""
        return set(self.totals) == {len(self.rows)}


def read_whole(read_page: ReadPage, is_listed: IsListed) -> Whole:
    """Read a list until nothing can be missing.

    Raises Unverified when the list's own count cannot be reached.
    """
    readings: list[_Reading] = []
    while len(readings) < MOST_READINGS:
        pages = readings[-1].pages if readings else 0
        backward = len(readings) % 2 == 1
        reading = _backward(read_page, pages) if backward else _forward(read_page)
        readings.append(reading)
        if reading.agrees and (reading.pages <= 1 or _same(readings[-2:])):
            return Whole(_in_order(reading.rows), reading.totals[-1])
    return _settled(readings, is_listed)


def _forward(read_page: ReadPage) -> _Reading:
    reading, number = _Reading(), 1
    while reading.take(read_page(number)) and number < reading.pages:
        number += 1
    return reading


def _backward(read_page: ReadPage, pages: int) -> _Reading:
    reading = _Reading()
    for number in range(max(pages, 1), 0, -1):
        reading.take(read_page(number))
    return reading


def _same(readings: list[_Reading]) -> bool:
    first, last = readings[0], readings[-1]
    return first is not last and first.rows.keys() == last.rows.keys()


def _settled(readings: list[_Reading], is_listed: IsListed) -> Whole:
    """Put all readings together; what only some saw, and may have left, is asked for."""
    merged: dict[str, Record] = {}
    for reading in readings:
        merged |= reading.rows
    seen_always = set.intersection(*(set(reading.rows) for reading in readings))
    kept = {number: row for number, row in merged.items() if number in seen_always or is_listed(number)}
    least = min(total for reading in readings for total in reading.totals)
    if len(kept) < least:
        raise Unverified(
            "Tascomi's list cannot be proved whole",
            why=f"it counts {least} records at least, and {len(kept)} were found in {len(readings)} readings",
            todo="run it again; if it stays so, ask the vendor whether this table can be sorted by id",
        )
    return Whole(_in_order(kept), readings[-1].totals[-1])


def _in_order(rows: Mapping[str, Record]) -> list[Record]:
    return [rows[number] for number in sorted(rows, key=_rank)]


def sort_by(rows: Iterable[Record], sort: str) -> list[Record]:
    """Return the records by a column, descending after a minus: nothing first, then numbers, then text."""
    name = sort.removeprefix("-")
    return sorted(rows, key=lambda row: _rank(row.get(name)), reverse=sort.startswith("-"))


def _rank(value: str | None) -> tuple[int, int, str]:
    if value is None:
        return (0, 0, "")
    is_number = value.isascii() and value.isdecimal()
    return (1, int(value), "") if is_number else (2, 0, value.casefold())


def _id_of(row: Record) -> str:
    number = row.get(BY_ID)
    if not number:
        raise Unverified(
            "Tascomi's list cannot be proved whole",
            why=f"a record came without its {BY_ID}",
            todo="have the right to view this field given to the API key",
        )
    return number
