"""The score of one drill, the scorecard of all, and what makes a drill green.

A drill is green only when everything it must show was seen: nothing is green for want of evidence. Rows that
nobody counted are not nought.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from pipelines.tables import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100
ITSELF = "by itself"
NOTHING_TO_DETECT = "nothing to detect"


@dataclass
class Score:
    """What a drill has shown so far.

    `detected` says how soon (seconds, or ticks of a sensor), `alert` what the person on call read, `repaired`
    by which command or by itself. `wrong` are promises that were not kept, `seen` what else was seen.
    """

    drill: str
    detected: str = ""
    alert: str = ""
    repaired: str = ""
    rows_told: int = 0
    rows_lost: int | None = None
    rows_doubled: int | None = None
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def expect(self, holds: object, otherwise: str) -> None:
        """Note what was not as it must be, unless it is."""
        if not holds:
            self.wrong.append(otherwise)

    def saw(self, words: str) -> None:
        """Note something worth telling that decides nothing."""
        self.seen.append(words)

    @property
    def faults(self) -> list[str]:
        """Everything that keeps the drill from being green."""
        shown = {"detected": self.detected, "alert": self.alert, "repaired": self.repaired}
        found = [*self.wrong, *(f"nothing was seen of: {name}" for name, words in shown.items() if not words)]
        if self.rows_lost is None:
            found.append("the rows were not counted")
        elif not self.rows_told:
            found.append("the vendor holds no row that could have been lost")
        if self.rows_lost:
            found.append(f"{self.rows_lost} rows lost")
        if self.rows_doubled:
            found.append(f"{self.rows_doubled} rows too many")
        return found

    @property
    def is_green(self) -> bool:
        """Whether all that the drill must show was seen."""
        return not self.faults

    def told(self) -> dict[str, Any]:
        """Return the score as JSON takes it."""
        return {**asdict(self), "wrong": self.faults, "is_green": self.is_green}


def scorecard(scores: Sequence[Score]) -> Table:
    """Return the scores as a table that can be read at 100 columns; of an alert its first line, the title."""
    table = Table(header_style="bold", width=WIDTH, pad_edge=False, show_lines=True)
    table.add_column("drill", no_wrap=True)
    table.add_column("detected in", width=8)
    table.add_column("alert", ratio=1, overflow="fold")
    table.add_column("repaired", width=20, overflow="fold")
    table.add_column("rows lost", width=9, justify="right")
    table.add_column("", no_wrap=True)
    for score in scores:
        lost = "not counted" if score.rows_lost is None else f"{score.rows_lost:,} of {score.rows_told:,}"
        table.add_row(
            plain(score.drill),
            plain(score.detected or "-"),
            plain(score.alert.partition("\n")[0] or "-"),
            plain(score.repaired or "-"),
            plain(lost),
            Text("green", "green") if score.is_green else Text("RED", "bold red"),
        )
    return table
