"""Whether a record is one that was asked for: a server that filters by no such column gives every record.

Which would be taken for the one that was looked for. So every record that comes back is held against what was
asked; only names of columns are told, never values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import Permanent
from pipelines.sources.tascomi.dialect import FALSE, TRUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.sources.writing import Record

_DATE, _SECOND = len("2026-11-22"), len("2026-11-22 00:00:00")
_FLAGS = {"true": TRUE, "false": FALSE}


def is_match(row: Record, filters: Mapping[str, str]) -> bool:
    """Whether a record passes every filter; capitals make no difference, and a date stands for its day."""
    return all(_passes(row.get(name) or "", asked) for name, asked in filters.items())


def check_matches(what: str, rows: Iterable[Record], filters: Mapping[str, str]) -> None:
    """Raise Permanent naming the column by which the server did not filter."""
    for row in rows:
        for name, asked in filters.items():
            if name not in row:
                raise _not_filtered(what, name, "the records that came have no such column")
            if not _passes(row[name] or "", asked):
                raise _not_filtered(what, name, "records came that were not asked for")


def _passes(value: str, asked: str) -> bool:
    known = {asked.casefold(), _FLAGS.get(asked, asked)}
    return bool({value.casefold(), value[:_DATE], value[:_SECOND]} & known) if asked else not value


def _not_filtered(what: str, column: str, why: str) -> Permanent:
    return Permanent(
        f"{what}: the server does not filter by {column}",
        why=why,
        todo="see what the column is called at this site; four have settings, CASEHOUSE_TASCOMI_*_COLUMN",
    )
