"""How the status of a day is shown wherever one is: its colour, its sign, what it means; and which is worse.

Colours are those of Okabe and Ito, told apart by people who see red and green alike, and they differ in
lightness for grey printers; each has a sign besides. What gives a day its status is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_INK, _PAPER = "#222222", "#ffffff"


@dataclass(frozen=True)
class Sign:
    """A status as it is shown: `ink` is the sign's own colour on `colour`."""

    colour: str
    mark: str
    meaning: str
    ink: str = _INK


SIGNS: Mapping[str, Sign] = {
    "verified": Sign("#5a9bc9", "\N{CHECK MARK}", "complete by the source's own totals"),
    "revised": Sign("#7ccdb3", "\N{PLUS-MINUS SIGN}", "complete, and changed by a re-pull"),
    "quarantined": Sign("#b9dbf1", "\N{MIDDLE DOT}", "complete, some rows set aside"),
    "held": Sign("#f0e442", "!", "complete, but a re-pull that gave far fewer rows was held back"),
    "unverified": Sign("#e69f00", "?", "loaded without every total that the source should tell"),
    "missing": Sign("#dde1e6", "\N{EN DASH}", "never loaded"),
    "failed": Sign("#c24a00", "\N{MULTIPLICATION SIGN}", "asked for, not loaded", _PAPER),
}
"""Every status, the best first."""

COMPLETE = frozenset({"verified", "revised", "quarantined", "held"})
WORST_LAST = tuple(SIGNS)
