"""What may be written: fields held against a table's columns, as strictly as a server would.

The first fault found is told, with the name of its field and never its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.sandbox.tascomi.tables import Column, Table

Given = Mapping[str, str | None]
Row = dict[str, str | None]
IsThere = Callable[[str, str], bool]  # whether a table has a live row of this id

NOW = "now"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_FLAGS = {"t": "t", "f": "f", "true": "t", "false": "f"}


class Wrong(Exception):
    """A field that cannot be written; `field` names it, the text says what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def judge(table: Table, given: Given, *, is_new: bool, moment: str, is_there: IsThere) -> Row:
    """Return the values as they are kept, empty ones as None; raise Wrong for the first that is not good."""
    for name in given:
        if name not in table:
            raise Wrong(name, "There is no such field.")
        if table[name].is_servers:
            raise Wrong(name, "This field cannot be written.")
    kept = {name: _keep(name, table[name], value or None, moment, is_there) for name, value in given.items()}
    for name, column in table.items():
        is_empty = kept.get(name) is None
        if column.is_mandatory and is_empty and (is_new or name in kept):
            raise Wrong(name, "This field is required.")
    return kept


def _keep(name: str, column: Column, value: str | None, moment: str, is_there: IsThere) -> str | None:
    if value is None:
        return None
    match column.kind:
        case "link":
            if not is_there(column.table, value):
                raise Wrong(name, f"There is no such record in {column.table}.")
        case "flag":
            if value.lower() not in _FLAGS:
                raise Wrong(name, "This field is either t or f.")
            return _FLAGS[value.lower()]
        case "moment":
            return moment if value == NOW else _moment(name, value)
        case "text":
            if len(value) > column.longest:
                raise Wrong(name, f"This field holds at most {column.longest} characters.")
    return value


def _moment(name: str, value: str) -> str:
    """Take a date or a date and time; it is kept with a time (CODE: 2020-08-19 00:00:00)."""
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError  # noqa: TRY301 - one way out for a wrong form and an impossible date
        return str(datetime.fromisoformat(value))
    except ValueError:
        raise Wrong(name, "This field is no date, and no date and time.") from None
