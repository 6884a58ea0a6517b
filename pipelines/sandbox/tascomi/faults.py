"""Faults on order that only Tascomi can meet: somebody else works in a table while it is paged through."""

from __future__ import annotations

from typing import Literal

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.systems import BY_SYSTEM


class RowsShift(Fault):
    """Before a page after the first is read, a colleague deletes, saves or makes a record of the table.

    `delete` takes the first record listed away. `save` saves the first one listed anew, so that it leaves a
    list of the day on which it was last changed; in a list of today an older record joins. `create` makes
    another one like the last one listed.
    """

    stage = "table"
    group = "shift"
    operations = frozenset({BY_SYSTEM["tascomi"].reporting})
    fault: Literal["rows_shift"] = "rows_shift"
    how: Literal["delete", "save", "create"] = "delete"
