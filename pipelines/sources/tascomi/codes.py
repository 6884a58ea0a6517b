"""Codes and places by what people call them, as the ids that Tascomi's records hold; asked once each.

What was found is remembered as long as the object lives; what was not is asked for again, since it may have
been added meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import Permanent
from pipelines.sources.tascomi import dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.sources.tascomi.client import TascomiClient
    from pipelines.sources.writing import Record


class Ambiguous(Permanent):
    """Several rows in use go by one name: no fault of the settings, but of these rows."""

    kind = "ambiguous"


class Codes:
    """Looks ids up in the live tables; for one thread, like the client it asks."""

    def __init__(self, client: TascomiClient) -> None:
        settings = client.settings
        self._client = client
        self._named_by = dict(dialect.NAMED_BY) | {dialect.USERS: settings.tascomi_officer_column}
        self._street_text = settings.tascomi_street_text
        self._found: dict[tuple[str, str, str], str] = {}

    def find(self, table: str, code: str) -> str | None:
        """Return the id of the row that a code names, None when no row in use has it.

        Raises Ambiguous when several have; and whatever the client's `search` does.
        """
        column = self._named_by.get(table, dialect.CODE)
        code = code.strip()
        return self._look_up(table, column, code) if code else None

    def location(self, *, uprn: str | None = None, usrn: str | None = None) -> str | None:
        """Return the id of a property by its UPRN or of a street by its USRN; None when there is none.

        A street is the one row of its USRN whose text says STREET RECORD (SEED; the text is a setting). When
        both are given the property counts. Raises as `find` does.
        """
        number = _plain(uprn)
        if number:
            return self._look_up(dialect.LOCATIONS, dialect.UPRN, number)
        number = _plain(usrn)
        return self._look_up(dialect.LOCATIONS, dialect.USRN, number) if number else None

    def _look_up(self, table: str, column: str, name: str) -> str | None:
        key = (table, column, name)
        if key not in self._found:
            rows = [row for row in self._client.search(table, {column: name}) if _is_in_use(row)]
            if column == dialect.USRN:
                rows = [row for row in rows if self._is_street(row)]
            found = _only(table, column, rows)
            if found is None:
                return None
            self._found[key] = found
        return self._found[key]

    def _is_street(self, row: Record) -> bool:
        return self._street_text.casefold() in (row.get(dialect.PLACE_TEXT) or "").casefold()


def _plain(number: str | None) -> str:
    """Drop the zeros that some systems fill up with."""
    return (number or "").strip().lstrip("0")


def _is_in_use(row: Record) -> bool:
    return row.get(dialect.CEASED) != dialect.TRUE and row.get(dialect.ENABLED) != dialect.FALSE


def _only(table: str, column: str, rows: Iterable[Record]) -> str | None:
    """Return the one row's id; of an address's several rows the approved one counts."""
    rows = list(rows)
    if len(rows) > 1:
        rows = [row for row in rows if row.get(dialect.PLACE_STATUS) == dialect.APPROVED] or rows
    if len(rows) > 1:
        raise Ambiguous(
            f"{len(rows)} rows in use of Tascomi's {table} have the same {column}",
            why="which of them is meant cannot be known",
            todo="have all but one of them ceased in Tascomi, or name another in the template",
        )
    return rows[0][dialect.BY_ID] if rows else None
