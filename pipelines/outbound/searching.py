"""Searches in Tascomi that are believed only when what comes back is what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import Permanent
from pipelines.outbound.payload import same

if TYPE_CHECKING:
    from pipelines.outbound.ports import Tascomi
    from pipelines.sources.writing import Record


class Untrustworthy(Permanent):
    """Tascomi does not keep or find what casehouse must find again: nothing may be sent on such ground."""

    kind = "untrustworthy"


def found_by(tascomi: Tascomi, table: str, column: str, text: str) -> list[Record]:
    """Return the records whose column holds a text; raise Untrustworthy when others come back.

    A server that does not know a column may answer with every record: then nothing could be told from it.
    Capitals make no difference, as they may not to the server.
    """
    rows = tascomi.search(table, {column: text})
    wrong = [row for row in rows if not same((row.get(column) or "").casefold(), text.casefold())]
    if wrong:
        raise Untrustworthy(
            f"a search of {table} by {column} also returned records that do not have it",
            why=f"{len(wrong)} of {len(rows)}",
            todo=f"see that {table} has the column {column} and that it can be searched; correct its setting",
        )
    return rows


def id_of(record: Record) -> str:
    """Return a record's id; raise Untrustworthy for none, or the 0 that stands for no record (CODE)."""
    found = record.get("id")
    if not found or str(found) == "0":
        raise Untrustworthy("a record of Tascomi has no id", todo="ask the vendor; nothing more is sent")
    return str(found)
