"""What a drill is: its name, what it plays, what must be seen, the commands it uses, and the play itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from assets.drills.stage import Stage


@dataclass(frozen=True)
class Drill:
    """One named failure. `play` notes on the stage's score what it saw; what it raises makes it red."""

    name: str
    plays: str
    must: str
    uses: tuple[str, ...]
    play: Callable[[Stage], None]
