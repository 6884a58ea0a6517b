"""The shape of a case's life, in working days from its first: steps, letters, tasks and what comes of them.

A life knows nothing of people, texts or dates; `plan` gives it those. Shapes are finite in number, so that
the cases with work on a given day can be named without looking at the others (see `wheel`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipelines.sandbox.council.kinds import UPHELD, Kind

if TYPE_CHECKING:
    from pipelines.sandbox.council.dice import Dice


class Act(StrEnum):
    """What happens to a case at a step."""

    RECEIVE = "receive"
    ACCEPT = "accept"
    REJECT = "reject"
    ASSIGN = "assign"
    PROGRESS = "progress"
    EXTEND = "extend"
    HOLD = "hold"
    REASSIGN = "reassign"
    WITHDRAW = "withdraw"
    RESPOND = "respond"
    ESCALATE = "escalate"
    CLOSE = "close"
    PAY = "pay"
    IMPROVE = "improve"
    SURVEY = "survey"


@dataclass(eq=False, slots=True)
class Step:
    """Something that happens on working day `day` of the case, in `stage` (1 to 4).

    `due` is the working day the stage becomes due and `target` the working days it may take (receipt,
    extension and escalation set them); `outcome` is the finding of a response; `place` is the position in the
    finished life.
    """

    day: int
    act: Act
    stage: int = 1
    due: int = 0
    target: int = 0
    outcome: str = ""
    place: int = -1


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter sent at a step."""

    sent: Step
    title: str
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A task opened at a step, done (or dropped) at a later one, due on working day `due`."""

    title: str
    opened: Step
    done: Step
    due: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """Money agreed, or an improvement promised, at a step and delivered at a later one (None: never)."""

    agreed: Step
    done: Step | None
    due: int = 0


@dataclass(frozen=True)
class Life:
    """A whole life: its kind, its steps in order, and what hangs on them, each in the order of its steps."""

    kind: Kind
    steps: tuple[Step, ...]
    letters: tuple[Letter, ...]
    tasks: tuple[Task, ...]
    themes: tuple[Step, ...]
    redress: tuple[Remedy, ...]
    actions: tuple[Remedy, ...]


def imagine(kind: Kind, dice: Dice) -> Life:
    """Throw a life of this kind."""
    return _Teller(kind, dice).tell()


@dataclass
class _Teller:
    """Tells one life: steps may be told out of order and are sorted at the end."""

    kind: Kind
    dice: Dice
    steps: list[Step] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    themes: list[Step] = field(default_factory=list)
    redress: list[Remedy] = field(default_factory=list)
    actions: list[Remedy] = field(default_factory=list)

    def tell(self) -> Life:
        target = self.kind.stages[0].target
        received = self.add(Step(0, Act.RECEIVE, due=target, target=target))
        self.letters.append(Letter(received, "Automatic acknowledgement", is_automatic=True))
        accept_day = self.dice.pick(self.kind.accept)
        if self.dice.chance(self.kind.odds.reject):
            self.turn_away(received, accept_day)
        else:
            self.take_on(received, accept_day)
        return self.bind()

    def add(self, step: Step) -> Step:
        self.steps.append(step)
        return step

    def turn_away(self, received: Step, day: int) -> None:
        rejected = self.add(Step(day, Act.REJECT))
        self.tasks.append(Task("Assess new case", received, rejected, 2))
        self.letters.append(Letter(rejected, "Unable to accept"))

    def take_on(self, received: Step, day: int) -> None:
        accepted = self.add(Step(day, Act.ACCEPT))
        self.tasks.append(Task("Assess new case", received, accepted, 2))
        self.letters.append(Letter(accepted, "Acknowledgement"))
        self.themes.append(accepted)
        if self.dice.chance(350):
            self.themes.append(accepted)
        assigned = self.add(Step(day + self.dice.pick((0, 0, 0, 1, 1, 2)), Act.ASSIGN))
        self.work(1, 0, assigned)

    def work(self, stage: int, start: int, assigned: Step) -> None:
        """Tell one stage from the day it starts to its end, and the next stage when there is one."""
        odds = self.kind.odds
        due = start + self.kind.stages[stage - 1].target
        if self.dice.chance(odds.withdraw):
            self.give_up(stage, assigned, max(due, assigned.day))
            return
        answer_day, due = self.pace(stage, start, due, assigned.day)
        if self.dice.chance(odds.reassign):
            self.add(Step(self.dice.between(assigned.day, answer_day), Act.REASSIGN, stage))
        last_opened = self.hand_over(stage, assigned, answer_day, due)
        outcome = self.dice.pick(self.kind.outcomes)
        responded = self.add(Step(answer_day, Act.RESPOND, stage, outcome=outcome))
        self.tasks.append(Task(self.kind.work[-1], last_opened, responded, max(last_opened.day, due)))
        self.letters.append(Letter(responded, "Response"))
        if outcome in UPHELD:
            self.themes.append(responded)
            self.put_right(stage, responded)
        self.finish(stage, responded)

    def pace(self, stage: int, start: int, due: int, earliest: int) -> tuple[int, int]:
        """Choose the day of the answer and the day it is due; tell of an extension or a holding letter."""
        target = due - start
        if self.dice.chance(self.kind.odds.extend):
            extended = due + max(5, target // 2)
            day = max(earliest, due - self.dice.between(1, 3))
            told = Step(day, Act.EXTEND, stage, due=extended, target=extended - start)
            self.letters.append(Letter(self.add(told), "Extension of time"))
            due, earliest = extended, told.day
        if self.dice.chance(self.kind.odds.late):
            day = max(due + 1 + min(self.dice.below(10), self.dice.below(25)), earliest)
            overdue = due + 1
            if self.dice.chance(800) and earliest < overdue < day:
                self.letters.append(Letter(self.add(Step(overdue, Act.HOLD, stage)), "Holding reply"))
            return day, due
        early = min(self.dice.below(10), self.dice.below(14))
        return max(earliest, due - target * early // 14), due

    def hand_over(self, stage: int, assigned: Step, answer_day: int, due: int) -> Step:
        """Pass the work from task to task until the last one; return the step that opens the last."""
        opened = assigned
        days = answer_day - assigned.day
        for number, title in enumerate(self.kind.work[:-1], start=1):
            day = assigned.day + days * number // len(self.kind.work)
            done = self.add(Step(day, Act.PROGRESS, stage))
            self.tasks.append(Task(title, opened, done, max(opened.day, min(due, opened.day + 4))))
            opened = done
        return opened

    def give_up(self, stage: int, assigned: Step, latest: int) -> None:
        withdrawn = self.add(Step(self.dice.between(assigned.day, latest), Act.WITHDRAW, stage))
        self.tasks.append(Task(self.kind.work[0], assigned, withdrawn, assigned.day + 4))
        self.letters.append(Letter(withdrawn, "Withdrawal confirmed"))

    def put_right(self, stage: int, responded: Step) -> None:
        if self.dice.chance(self.kind.odds.redress):
            paid = None
            if self.dice.chance(900):
                paid = self.add(Step(responded.day + self.dice.between(3, 18), Act.PAY, stage))
                self.letters.append(Letter(paid, "Payment advice"))
            self.redress.append(Remedy(responded, paid))
            if self.dice.chance(150):
                self.redress.append(Remedy(responded, paid))
        if self.dice.chance(self.kind.odds.actions):
            for _ in range(self.dice.pick((1, 1, 1, 2))):
                self.improve(stage, responded)

    def improve(self, stage: int, responded: Step) -> None:
        due = responded.day + self.dice.pick((10, 20, 30))
        done = None
        if self.dice.chance(880):
            day = due - self.dice.below(9) if self.dice.chance(720) else due + self.dice.between(1, 12)
            done = self.add(Step(day, Act.IMPROVE, stage))
        self.actions.append(Remedy(responded, done, due))

    def finish(self, stage: int, responded: Step) -> None:
        """Close the case, or take it to the next stage (which may open it again)."""
        closed_day = responded.day + self.dice.pick((0, 0, 0, 1, 2, 5))
        escalates = stage < len(self.kind.stages) and self.dice.chance(self.kind.odds.escalate)
        next_day = responded.day + self.dice.between(2, 22)
        if not escalates or next_day > closed_day:
            self.add(Step(closed_day, Act.CLOSE, stage))
        if escalates:
            target = self.kind.stages[stage].target
            escalated = self.add(Step(next_day, Act.ESCALATE, stage + 1, next_day + target, target))
            self.letters.append(Letter(escalated, "Next stage acknowledgement"))
            self.work(stage + 1, next_day, escalated)
        elif self.dice.chance(self.kind.odds.survey):
            self.add(Step(closed_day + self.dice.between(1, 9), Act.SURVEY, stage))

    def bind(self) -> Life:
        """Put the steps and all that hangs on them in order of time; equal days keep the order of telling."""
        self.steps.sort(key=lambda step: step.day)
        for place, step in enumerate(self.steps):
            step.place = place
        return Life(
            kind=self.kind,
            steps=tuple(self.steps),
            letters=tuple(sorted(self.letters, key=lambda letter: letter.sent.place)),
            tasks=tuple(sorted(self.tasks, key=lambda task: task.opened.place)),
            themes=tuple(sorted(self.themes, key=lambda step: step.place)),
            redress=tuple(sorted(self.redress, key=lambda remedy: remedy.agreed.place)),
            actions=tuple(sorted(self.actions, key=lambda remedy: remedy.agreed.place)),
        )
