"""Lists: filters that must all hold, one sort, one page.

A date given for a date and time means the whole day (CODE); that several filters mean AND, and that a filter
or sort by no column is refused, are GUESSES.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sandbox.tascomi.judging import Row, Wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.sandbox.tascomi.tables import Table

SORT, PAGE = "sort", "page"
_DATE, _SECOND = len("2026-11-22"), len("2026-11-22 00:00:00")
_LONGEST_PAGE = 9


@dataclass(frozen=True)
class Wanted:
    """A list that is asked for: filters by column, what it is sorted by, and which page, from 1."""

    filters: Mapping[str, str]
    sort: str = ""
    page: int = 1

    def holds(self, table: Table, row: Row) -> bool:
        """Whether a row passes every filter."""
        return all(_passes(table[name].kind, row[name], asked) for name, asked in self.filters.items())

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in the order asked for; in whatever order they are kept when none is."""
        name = self.sort.removeprefix("-")
        if not name:
            return list(rows)
        return sorted(rows, key=lambda row: _rank(row[name]), reverse=self.sort.startswith("-"))


def read_wanted(table: Table, params: Mapping[str, str]) -> Wanted:
    """Read the parameters of a list; raise Wrong naming the one that cannot be understood."""
    filters = {name: text for name, text in params.items() if name not in {SORT, PAGE}}
    sort = params.get(SORT, "")
    for name in filters:
        if name not in table:
            raise Wrong(name, "There is no such field.")
    if sort and sort.removeprefix("-") not in table:
        raise Wrong(SORT, "There is no such field.")
    return Wanted(filters, sort, _page(params.get(PAGE, "1")))


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_PAGE and int(text)):
        raise Wrong(PAGE, "A page is a number from 1 on.")
    return int(text)


def _passes(kind: str, value: str | None, asked: str) -> bool:
    if value is None or not asked:
        return value is None and not asked
    if kind == "moment":
        return value[:_DATE] == asked if len(asked) == _DATE else value[:_SECOND] == asked
    if kind == "flag":
        return value == {"true": "t", "false": "f"}.get(asked, asked)
    return value == asked


def _rank(value: str | None) -> tuple[int, int, str]:
    """Order nothing first, then numbers by their size, then text whatever its case (CODE for the case)."""
    if value is None:
        return (0, 0, "")
    if value.isascii() and value.isdecimal():
        return (1, int(value), "")
    return (2, 0, value.casefold())
