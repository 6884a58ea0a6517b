"""Who is behind a case: somebody new, somebody who comes back, a household, a web form that opened two cases.

Customers are numbered by the case they first wrote in with. Everything follows from numbers by looking back,
never forward, so the past cannot change.
"""

from __future__ import annotations

import re

from pipelines.sandbox.council.dice import Dice, Stream

RETURNING, SHARING_A_HOME = 380, 120  # per thousand
REACH_DAYS = 45  # a returning customer comes back to a case of about so many days ago, or fewer
BLOCK = 8  # at most two cases of each run of eight come from one web form with a reference of its own
FORM_SHARE, FORM_PAIR_SHARE = 250, 400  # per thousand blocks
EXTERNAL_ID = re.compile(r"WEB-([0-9]{7,12})")


class Register:
    """Answers for case ordinals (0 is the council's first case) of one seed and dial."""

    def __init__(self, seed: int, cases_per_day: int) -> None:
        self._seed = seed
        self._reach = REACH_DAYS * cases_per_day

    def customer(self, ordinal: int) -> int:
        """Return the number of the customer behind a case: the ordinal of that customer's first case."""
        earlier = self.earlier(ordinal)
        while earlier is not None:
            ordinal, earlier = earlier, self.earlier(earlier)
        return ordinal

    def earlier(self, ordinal: int) -> int | None:
        """Return an earlier case of the same customer, None when the customer is new."""
        place, first, second = self._form(ordinal)
        if place == second:
            return ordinal - second + first
        dice = Dice(self._seed, Stream.RETURN, ordinal)
        return self._look_back(dice, ordinal) if dice.chance(RETURNING) else None

    def home(self, customer: int) -> int | None:
        """Return the customer in whose home this customer lives, None for a home of their own."""
        found = None
        dice = Dice(self._seed, Stream.NEIGHBOUR, customer)
        while dice.chance(SHARING_A_HOME):
            found = self._look_back(dice, customer)
            if found is None:
                return None
            customer = found
            dice = Dice(self._seed, Stream.NEIGHBOUR, customer)
        return found

    def external_id(self, ordinal: int) -> str:
        """Return the reference of the web form that opened a case, "" for nearly all."""
        place, first, second = self._form(ordinal)
        return f"WEB-{ordinal // BLOCK:07}" if place in (first, second) else ""

    def opened_by(self, external_id: str) -> list[int]:
        """Return the ordinals of the cases a web form may have opened; [] when it is no such reference."""
        match = EXTERNAL_ID.fullmatch(external_id)
        if match is None:
            return []
        start = int(match[1]) * BLOCK
        return [start + place for place in range(BLOCK) if self.external_id(start + place) == external_id]

    def _form(self, ordinal: int) -> tuple[int, int, int]:
        """Return the case's place in its block and the one or two places a web form opened there, or -1."""
        block, place = divmod(ordinal, BLOCK)
        dice = Dice(self._seed, Stream.EXTERNAL, block)
        if not dice.chance(FORM_SHARE):
            return place, -1, -1
        first = dice.below(BLOCK - 1)
        second = dice.between(first + 1, BLOCK - 1) if dice.chance(FORM_PAIR_SHARE) else -1
        return place, first, second

    def _look_back(self, dice: Dice, number: int) -> int | None:
        return number - 1 - dice.below(min(number, self._reach)) if number else None
