"""A case's life with dates, people and a subject: a shape from the wheel, made into this one case.

Nothing here knows what a report looks like; `case_rows` and `part_rows` write plans down. A plan holds the
whole life, future included: who asks says how much of it has happened (`told_by`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.intake import FIRST_CASE, HOUR, Intake, stamp
from pipelines.sandbox.council.kinds import Kind, Sender
from pipelines.sandbox.council.lives import Act
from pipelines.sandbox.council.officers import appoint
from pipelines.sandbox.council.people import COUNCILLORS, MEMBERS_OF_PARLIAMENT, REFERENCES, People
from pipelines.sandbox.council.register import Register
from pipelines.sandbox.council.wheel import Wheel
from pipelines.sandbox.council.words import DAYTIME_METHODS, E_MAIL, EVENING_METHODS, ONLINE_FORM, PHONE, POST
from pipelines.sandbox.council.workdays import Workdays

if TYPE_CHECKING:
    from datetime import date

    from pipelines.sandbox.council.intake import Batch
    from pipelines.sandbox.council.lives import Life, Step
    from pipelines.sandbox.council.officers import Officer
    from pipelines.sandbox.council.people import Person

DAY_STARTS, DAY_LENGTH = 9 * HOUR, 7 * HOUR  # officers begin a day's work on a case from nine to four
ANONYMOUS, HAS_PARENT = 60, 150  # per thousand of the cases that can be
PARTS_PER_CASE = 64  # no life has so many steps, letters, tasks or remedies: their numbers never meet
CHANGES_OFFICER = frozenset({Act.ASSIGN, Act.REASSIGN, Act.ESCALATE})


class Plan:
    """One case. `created` and the `stamps` of its steps, in order, are London wall-clock times.

    The first stamp is a second after `created`: a live server touches a new case once itself (CODE/live).
    """

    def __init__(self, world: World, case_id: int, batch: Batch) -> None:
        place = case_id - batch.first_case
        self.world = world
        self.case_id = case_id
        self.batch = batch
        self.life: Life = world.wheel.life(batch, place)
        self.kind: Kind = self.life.kind
        dice = Dice(world.seed, Stream.CASE, case_id)
        second = batch.second(place, dice.below(1 << 30))
        self.created = batch.stamp(second)
        self.stamps = self._stamp(second + 1, dice)
        self.topic = dice.pick(self.kind.topics)
        self.subject = dice.pick(self.topic.subjects)
        self.triage: Officer = dice.pick(world.staff[self.kind.triage])
        self._first_choice: str = self._choose_method(dice)
        self.handlers = self._hand_round(dice)
        # `case_rows` keeps here the row as it was at receipt, and the last one it wrote.
        self.opened_row: tuple[str, ...] | None = None
        self.kept_row: tuple[int, tuple[str, ...]] | None = None

    def told_by(self, cutoff: str) -> int:
        """Return how many steps have happened at the wall-clock text `cutoff`, that second included."""
        return bisect_right(self.stamps, cutoff)

    def told_before(self, first: str) -> int:
        """Return how many steps happened before the wall-clock text `first`."""
        return bisect_left(self.stamps, first)

    def day(self, step: int) -> str:
        """Return the day of a step as `YYYY-MM-DD`."""
        return self.stamps[step][:10]

    def working_day(self, age: int) -> str:
        """Return working day `age` of the case's life as `YYYY-MM-DD`."""
        return self.world.workdays.text(self.batch.base + age)

    def due_day(self, step: Step) -> str:
        """Return the day by which a step's stage is due: its target in working days after the day of receipt.

        Cases that come in at night or on a quiet day are taken up on the first of those days already, so the
        first stage, counted from there, is due a day earlier. Later stages begin when an officer says so.
        """
        head_start = 1 if step.stage == 1 and not self.batch.is_daytime else 0
        return self.working_day(step.due - head_start)

    def dice(self, stream: Stream) -> Dice:
        """Return this case's throws for one purpose."""
        return Dice(self.world.seed, stream, self.case_id)

    def part_dice(self, stream: Stream, number: int) -> Dice:
        """Return the throws for one purpose of the case's part `number` (a step, a letter ...)."""
        return Dice(self.world.seed, stream, self.case_id * PARTS_PER_CASE + number)

    @property
    def ordinal(self) -> int:
        """The case's place among all cases, from 0."""
        return self.case_id - FIRST_CASE

    @cached_property
    def person(self) -> Person | None:
        """The customer, None for an anonymous case."""
        world = self.world
        number = world.party(self.kind, self.case_id)
        if number is None:
            return None
        if self.kind.sender is Sender.COUNCILLOR:
            return world.people.member(number)
        if self.kind.sender is Sender.PARLIAMENT:
            return world.people.parliamentarian(number)
        return world.people.customer(number, world.register.home(number))

    @cached_property
    def method(self) -> str:
        """How the case came in; nobody writes e-mail without an address or rings without a number."""
        person, choice = self.person, self._first_choice
        if self.external_id:
            return ONLINE_FORM
        if choice == E_MAIL and (person is None or not person.email):
            return ONLINE_FORM
        if choice == PHONE and (person is None or not (person.phone or person.mobile)):
            return POST
        return choice

    @property
    def external_id(self) -> str:
        """The reference of the web form that opened the case, "" for nearly all."""
        return self.world.register.external_id(self.ordinal) if self._is_known_customer else ""

    @property
    def parent_id(self) -> int | None:
        """An earlier case of the same customer that this one was linked to, None for nearly all."""
        if not self.dice(Stream.RETURN).chance(HAS_PARENT) or not self._is_known_customer:
            return None
        earlier = self.world.register.earlier(self.ordinal)
        if earlier is None:
            return None
        case_id = FIRST_CASE + earlier
        batch = self.world.intake.find(case_id, self.batch.day)
        if batch is None:
            return None
        kind = self.world.wheel.life(batch, case_id - batch.first_case).kind
        return case_id if self.world.is_known(kind, earlier) else None

    @property
    def _is_known_customer(self) -> bool:
        return self.world.is_known(self.kind, self.ordinal)

    def _stamp(self, second: int, dice: Dice) -> tuple[str, ...]:
        stamps = [self.batch.stamp(second)]
        today = self.batch.text
        for step in self.life.steps[1:]:
            day = self.working_day(step.day)
            if day == today:
                second = max(second + 45, DAY_STARTS) + dice.below(600)
            else:
                today, second = day, DAY_STARTS + dice.below(DAY_LENGTH)
            stamps.append(stamp(day, second))
        return tuple(stamps)

    def _choose_method(self, dice: Dice) -> str:
        if self.batch.is_quiet_day:
            return ONLINE_FORM
        return dice.pick(DAYTIME_METHODS if self.batch.is_daytime else EVENING_METHODS)

    def _hand_round(self, dice: Dice) -> tuple[Officer, ...]:
        """Return who holds the case after each step."""
        team = self.world.staff[self.topic.team]
        holder = self.triage
        holders = []
        for step in self.life.steps:
            if step.act in CHANGES_OFFICER:
                # An escalated case goes to the team's manager or the deputy, who stand first.
                holder = team[dice.below(2)] if step.act is Act.ESCALATE else dice.pick(team)
            holders.append(holder)
        return tuple(holders)


class World:
    """All that the plans of one council share."""

    def __init__(self, seed: int, cases_per_day: int, opened: date) -> None:
        self.seed = seed
        self.workdays = Workdays(opened.year)
        self.intake = Intake(seed, cases_per_day, opened, self.workdays)
        self.wheel = Wheel(seed)
        self.register = Register(seed, cases_per_day)
        self.people = People(seed)
        self.staff = appoint(seed)

    def party(self, kind: Kind, case_id: int) -> int | None:
        """Return who is behind a case, by number among those of its sender; None for an anonymous case."""
        if kind.sender is Sender.COUNCILLOR:
            return Dice(self.seed, Stream.RETURN, case_id).below(COUNCILLORS)
        if kind.sender is Sender.PARLIAMENT:
            return Dice(self.seed, Stream.RETURN, case_id).below(MEMBERS_OF_PARLIAMENT)
        ordinal = case_id - FIRST_CASE
        return None if self.is_anonymous(kind, ordinal) else self.register.customer(ordinal)

    def reference(self, kind: Kind, case_id: int) -> str:
        """Return the reference of a case's customer, "" for an anonymous case."""
        number = self.party(kind, case_id)
        return "" if number is None else str(REFERENCES[kind.sender] + number)

    def is_anonymous(self, kind: Kind, ordinal: int) -> bool:
        """Tell whether nobody knows who wrote in."""
        return kind.may_be_anonymous and Dice(self.seed, Stream.ANONYMOUS, ordinal).chance(ANONYMOUS)

    def is_known(self, kind: Kind, ordinal: int) -> bool:
        """Tell whether a case comes from a customer of the register: a member of the public with a name."""
        return kind.sender is Sender.PUBLIC and not self.is_anonymous(kind, ordinal)
