"""The guesses about Xima's wire that a person may turn: what no public source shows.

Recorded facts stand in the code that writes them, and so do the guesses that are behaviour rather than a
value; each is marked GUESS where it stands. The larger ones: stamps are text in the form of the timeframe's
echo, in London's offset; a call belongs to the timeframe it began in, a session is cut at the timeframe's
edges; without a filter a report covers everything that the service user may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class XimaDialect:
    """The guesses that a test or a person may set otherwise.

    `empty_cell` is how a cell without a value comes: its key `absent` from the row's values, or its value
    `null`. `longest_days` bounds a timeframe, in days. A run that timed out is remembered for `run_seconds`,
    and `runs_kept` of them at most.
    """

    empty_cell: Literal["absent", "null"] = "absent"
    longest_days: int = 366
    run_seconds: int = 3600
    runs_kept: int = 1000
