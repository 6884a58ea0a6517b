"""What a colleague does to a table while somebody pages through it, as the fault on order says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.sandbox.tascomi.faults import RowsShift
from pipelines.sandbox.tascomi.office import API_USER, COLLEAGUE
from pipelines.sandbox.tascomi.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pipelines.sandbox.orders import Hit
    from pipelines.sandbox.tascomi.judging import Row
    from pipelines.sandbox.tascomi.listing import Wanted
    from pipelines.sandbox.tascomi.office import Office


def shift(office: Office, table: str, wanted: Wanted, hits: Iterable[Hit], *, now: datetime) -> None:
    """Do what the fault taken says, before the page is read; mark it as struck when a record changed.

    What the interface itself made is left alone: only other people's records are deleted or saved.
    """
    for hit in hits:
        if isinstance(hit.fault, RowsShift) and wanted.page > 1:
            hit.struck = _shift(office, table, wanted, hit.fault.how, now)


def _shift(office: Office, table: str, wanted: Wanted, how: str, now: datetime) -> bool:
    listed = office.matching(table, wanted)
    row = listed[-1] if listed and how == "create" else _others(listed)
    if how == "save" and wanted.filters.get("last_updated") == str(now.date()):
        row = _others([one for one in office.rows(table) if not wanted.holds(TABLES[table], one)])
    if row is None:
        return False
    number = str(row["id"])
    if how == "delete":
        office.delete(table, number, by=COLLEAGUE, now=now)
    elif how == "save":
        office.update(table, number, {}, by=COLLEAGUE, now=now)
    else:
        columns = TABLES[table]
        copy = {name: value for name, value in row.items() if not columns[name].is_servers}
        office.create(table, copy, by=COLLEAGUE, now=now)
    return True


def _others(rows: list[Row]) -> Row | None:
    theirs = (row for row in rows if row["creation_user_id"] != API_USER)
    return min(theirs, key=lambda row: int(row["id"] or 0), default=None)
