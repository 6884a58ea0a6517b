"""The officers of each team: a name, a user name and a job title, the same for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.names import names
from pipelines.sandbox.council.people import ascii_letters
from pipelines.sandbox.council.services import TEAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.sandbox.council.services import Team

TEAM_SIZE = 6


@dataclass(frozen=True, eq=False, slots=True)
class Officer:
    """A member of staff; `user_id` is unique and there is one object for each."""

    name: str
    user_id: str
    job: str
    team: Team


def appoint(seed: int) -> Mapping[str, tuple[Officer, ...]]:
    """Fill every team with officers, its manager first."""
    stock = names(seed)
    dice = Dice(seed, Stream.OFFICER)
    taken: set[str] = set()
    staff: dict[str, tuple[Officer, ...]] = {}
    for code, team in TEAMS.items():
        officers = []
        for place in range(TEAM_SIZE):
            first = dice.pick(stock.women if dice.chance(550) else stock.men)
            last = dice.pick(stock.surnames)
            user_id = stem = (ascii_letters(first)[:1] + ascii_letters(last)).upper()
            number = 2
            while user_id in taken:
                user_id = f"{stem}{number}"
                number += 1
            taken.add(user_id)
            job = f"{team.name} Manager" if place == 0 else team.job
            officers.append(Officer(f"{first} {last}", user_id, job, team))
        staff[code] = tuple(officers)
    return staff
