"""The records that Tascomi keeps: what is in each table, by whom, and every write that was carried out.

Times are London wall-clock text without a zone (CODE); `last_updated` has a longer tail than the others
(CODE: clients cut it). Without a sort a table gives its rows as they were last written, not by id.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipelines.sandbox.tascomi.judging import judge
from pipelines.sandbox.tascomi.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pipelines.sandbox.tascomi.judging import Given, Row
    from pipelines.sandbox.tascomi.listing import Wanted

API_USER, COLLEAGUE = "1", "2"  # ids of users; records tell by whom they were made and changed
FIRST_ID = 34_607  # CODE: an id that was seen
_WRITES_KEPT = 100_000


@dataclass(frozen=True)
class Write:
    """One write that was carried out; `verb` is create, update or delete, `by` the id of a user."""

    number: int
    at: str
    table: str
    verb: str
    id: str
    by: str


class Office:
    """The tables of one site. Not for several threads at once: the server's loop is its only user."""

    def __init__(self, rows: Mapping[str, Iterable[Row]]) -> None:
        self._tables: dict[str, dict[str, Row]] = {
            table: {str(row["id"]): row for row in rows.get(table, ())} for table in TABLES
        }
        self._next = {
            table: max((int(number) for number in kept), default=FIRST_ID - 1) + 1
            for table, kept in self._tables.items()
        }
        self._requests = len(self._tables["complaints"])
        self._writes: deque[Write] = deque(maxlen=_WRITES_KEPT)
        self._written = 0

    def find(self, table: str, number: str) -> Row | None:
        """Return a record, None when there is none of this id."""
        return self._tables[table].get(number)

    def matching(self, table: str, wanted: Wanted) -> list[Row]:
        """Return every record that a list is about, in its order."""
        columns = TABLES[table]
        return wanted.sorted(row for row in self._tables[table].values() if wanted.holds(columns, row))

    def rows(self, table: str) -> list[Row]:
        """Return every record of a table."""
        return list(self._tables[table].values())

    def create(self, table: str, given: Given, *, by: str, now: datetime) -> Row:
        """Make a record and return it; raise Wrong naming a field that is not good."""
        kept = judge(TABLES[table], given, is_new=True, moment=_second(now), is_there=self._is_live)
        number = str(self._next[table])
        self._next[table] += 1
        row: Row = dict.fromkeys(TABLES[table]) | kept | {"id": number, "ceased": kept.get("ceased") or "f"}
        if table == "complaints":
            self._requests += 1
            row["complaint_number"] = request_number(self._requests)
            row["status"] = row["status"] or "Open"
            row["received_date"] = row["received_date"] or _second(now)
        row |= {"creation_user_id": by, "submit_date": _second(now)}
        return self._save(table, "create", row, by=by, now=now)

    def update(self, table: str, number: str, given: Given, *, by: str, now: datetime) -> Row | None:
        """Change a record and return it, None when there is none; raise Wrong naming a field."""
        row = self.find(table, number)
        if row is None:
            return None
        kept = judge(TABLES[table], given, is_new=False, moment=_second(now), is_there=self._is_live)
        return self._save(table, "update", row | kept, by=by, now=now)

    def delete(self, table: str, number: str, *, by: str, now: datetime) -> None:
        """Take a record away."""
        del self._tables[table][number]
        self._note(table, "delete", number, by, now)

    def told(self) -> dict[str, Any]:
        """Return how many writes there were, and those kept, oldest first."""
        return {"count": self._written, "writes": [asdict(write) for write in self._writes]}

    def _save(self, table: str, verb: str, row: Row, *, by: str, now: datetime) -> Row:
        number = str(row["id"])
        row |= {"last_updated": now.isoformat(" ", "microseconds"), "last_updated_by": by}
        self._tables[table].pop(number, None)
        self._tables[table][number] = row
        self._note(table, verb, number, by, now)
        return row

    def _note(self, table: str, verb: str, number: str, by: str, now: datetime) -> None:
        self._written += 1
        self._writes.append(Write(self._written, _second(now), table, verb, number, by))

    def _is_live(self, table: str, number: str) -> bool:
        row = self.find(table, number)
        return row is not None and row.get("ceased") != "t"


def request_number(count: int) -> str:
    """Write the number that people quote of a service request (GUESS)."""
    return f"SR-{count:06}"


def _second(now: datetime) -> str:
    return now.isoformat(" ", "seconds")
