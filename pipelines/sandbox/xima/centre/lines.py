"""What the centre's calls are about and the numbers on either side of them. Content, and how it is written.

All numbers lie in the ranges that Ofcom keeps for drama; those of strangers in other ones than the council's
customers have, so that a number which fits a case is a customer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.sandbox.council.services import TEAMS

if TYPE_CHECKING:
    from pipelines.sandbox.council.callers import Caller
    from pipelines.sandbox.council.dice import Dice

# Each service has a line of its own; two answer theirs elsewhere, unseen by the reports' service user.
_UNSEEN_TEAMS = ("ASC", "CHILD")
_SWITCHBOARD = "CRTeam"  # answers for the teams without a line
_LINES = (
    "CRTeam",
    "CTAX",
    "WASTE",
    "HWAYS",
    "PARKS",
    "PARKING",
    "PLAN",
    "REPAIRS",
    "TENANCY",
    "HOMELESS",
    "SEND",
)
SKILLS: tuple[str, ...] = tuple(TEAMS[code].name for code in _LINES)
UNSEEN_SKILLS: tuple[str, ...] = tuple(TEAMS[code].name for code in _UNSEEN_TEAMS)
UNSEEN_AGENTS = ("Mel Carraway(301)", "Sam Ludlow(302)", "Petra Novak(303)")

# How often strangers ring each line, in the lines' order.
_ASKED_FOR = (0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7, 7, 7, 8, 8, 9, 10)

MAIN_NUMBER = "03069 990100"
ANONYMOUS = "Anonymous"
_BACK_OFFICES = tuple(str(number) for number in range(310, 330))
_STRANGERS = ("0113 496 0", "0161 496 0", "0191 498 0", "029 2018 0")
_WITHHELD, _AS_SHOWN = 60, 700  # per thousand


def skill_of(team: str) -> int:
    """Return the number of the line that answers for a team."""
    return _LINES.index(team if team in _LINES else _SWITCHBOARD)


def asked_for(dice: Dice) -> int:
    """Throw the line that a stranger rings."""
    return dice.pick(_ASKED_FOR)


def line(skill: int) -> str:
    """Return the number that callers of a line dial."""
    return f"03069 9901{skill + 1:02}"


def account_code(skill: int, dice: Dice) -> str:
    """Throw one of a line's account codes: digits, the first of them often 0."""
    return f"{100 * (skill + 1) + dice.pick((1, 1, 1, 2, 2, 3)):04}"


def extension(agent: str) -> str:
    """Return the number in an agent's brackets."""
    return agent.rpartition("(")[2].removesuffix(")")


def back_office(dice: Dice) -> str:
    """Throw an extension that is no agent's."""
    return dice.pick(_BACK_OFFICES)


def number_of(caller: Caller | None, dice: Dice) -> str:
    """Return a customer's number as the case shows it, or for None a stranger's."""
    if caller is None:
        return f"{dice.pick(_STRANGERS)}{dice.below(1000):03}"
    numbers = [number for number in (caller.phone, caller.mobile) if number]
    return dice.pick(numbers)


def shown(number: str, dice: Dice) -> str | None:
    """Return how the centre sees a caller's number: mostly as it is, respelt, or withheld in two ways."""
    if dice.chance(_WITHHELD):
        return dice.pick((ANONYMOUS, None))
    if dice.chance(_AS_SHOWN):
        return number
    home = f"0{number[3:].lstrip()}" if number.startswith("+44") else number
    return dice.pick((f"+44 {home[1:]}", f"+44{home[1:]}".replace(" ", ""), home.replace(" ", "")))
