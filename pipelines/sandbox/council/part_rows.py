"""A plan written down as the rows of the five narrow reports.

Every writer takes a span of the case's steps: `before` were told before the window began, `told` by its end.
The caller asks only about cases with a step in the window (`before` < `told`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pipelines.sandbox.council import words
from pipelines.sandbox.council.case_changes import money, yes
from pipelines.sandbox.council.case_rows import row as case_row
from pipelines.sandbox.council.dice import Stream
from pipelines.sandbox.council.lives import Act
from pipelines.sandbox.council.plan import PARTS_PER_CASE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.sandbox.council.lives import Letter, Remedy, Step, Task
    from pipelines.sandbox.council.people import Person
    from pipelines.sandbox.council.plan import Plan

Row = tuple[str, ...]

E_MAIL_SHARE = 780  # per thousand letters to people who have an e-mail address


def cases(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the case as it stood at the end of the window."""
    del before
    return [case_row(plan, told)]


def correspondence(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the letters sent in the window."""
    letters = enumerate(plan.life.letters)
    return [
        _letter(plan, number, letter, plan.person)
        for number, letter in letters
        if before <= letter.sent.place < told and plan.person is not None and is_sent(plan, letter)
    ]


def tasks(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the tasks opened or done in the window, as they stood at its end."""
    return [
        _task(plan, number, task, told)
        for number, task in enumerate(plan.life.tasks)
        if before <= task.opened.place < told or before <= task.done.place < told
    ]


def classifications(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the classifications a case with news had at the end of the window."""
    del before
    return [
        (
            *_key(plan),
            *theme(plan, number, step),
            plan.handlers[step.place].name,
            plan.stamps[step.place],
        )
        for number, step in enumerate(plan.life.themes)
        if step.place < told
    ]


def redress(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the redress a case with news had at the end of the window."""
    del before
    remedies = enumerate(plan.life.redress)
    return [_payment(plan, number, remedy, told) for number, remedy in remedies if remedy.agreed.place < told]


def corrective_actions(plan: Plan, before: int, told: int) -> list[Row]:
    """Write the corrective actions a case with news had at the end of the window."""
    del before
    remedies = enumerate(plan.life.actions)
    return [_action(plan, number, remedy, told) for number, remedy in remedies if remedy.agreed.place < told]


WRITERS: Mapping[str, Callable[[Plan, int, int], list[Row]]] = MappingProxyType(
    {
        "cases": cases,
        "correspondence": correspondence,
        "tasks": tasks,
        "classifications": classifications,
        "redress": redress,
        "corrective_actions": corrective_actions,
    }
)


def theme(plan: Plan, number: int, step: Step) -> tuple[str, str]:
    """Return group and title of a case's classification; those given with a response name a cause."""
    start = plan.dice(Stream.THEMES).below(60) + number
    if step.act is Act.RESPOND:
        return "Cause", words.CAUSES[start % len(words.CAUSES)]
    return plan.topic.group, plan.topic.titles[start % len(plan.topic.titles)]


def is_sent(plan: Plan, letter: Letter) -> bool:
    """Tell whether a letter of the life was really sent: the automatic one answers online forms only."""
    if not letter.is_automatic:
        return True
    return plan.method == words.ONLINE_FORM and plan.person is not None and bool(plan.person.email)


def part_id(plan: Plan, letter: str, number: int) -> str:
    """Return the id of part `number` of a case, such as T104332."""
    return f"{letter}{plan.case_id * PARTS_PER_CASE + number}"


def _key(plan: Plan) -> tuple[str, str]:
    return str(plan.case_id), plan.kind.name


def _letter(plan: Plan, number: int, letter: Letter, person: Person) -> Row:
    dice = plan.part_dice(Stream.LETTERS, number)
    sent = letter.sent
    by_mail = bool(person.email) and (letter.is_automatic or dice.chance(E_MAIL_SHARE))
    subject = words.LETTER_SUBJECTS[letter.title].format(
        case=plan.case_id, kind=plan.kind.name.lower(), subject=plan.subject
    )
    postal = "\n".join(part for part in (person.address, person.town, person.postcode) if part)
    return (
        *_key(plan),
        part_id(plan, "L", number),
        letter.title,
        "Email" if by_mail else "Post",
        f"{plan.kind.prefix}-{words.LETTER_TEMPLATES[letter.title]}",
        subject,
        person.salutation,
        person.email if by_mail else postal,
        plan.kind.stages[sent.stage - 1].name,
        plan.day(sent.place),
        plan.stamps[sent.place],
        "System" if letter.is_automatic else plan.handlers[sent.place].name,
    )


def _task(plan: Plan, number: int, task: Task, told: int) -> Row:
    dice = plan.part_dice(Stream.TASKS, number)
    opened, done = task.opened, task.done
    holder = plan.handlers[opened.place]
    description = dice.pick(words.TASK_DETAILS).format(subject=plan.subject, officer=plan.triage.name)
    is_done = done.place < told
    closing = ("", "", "", "")
    if is_done:
        in_target = yes(done.day <= task.due)
        closing = (plan.day(done.place), plan.stamps[done.place], plan.handlers[done.place].name, in_target)
    return (
        *_key(plan),
        part_id(plan, "T", number),
        task.title,
        description,
        _task_status(done, is_done=is_done),
        plan.kind.stages[opened.stage - 1].name,
        holder.name,
        holder.user_id,
        holder.team.name,
        plan.stamps[opened.place],
        plan.working_day(task.due),
        *closing,
    )


def _task_status(done: Step, *, is_done: bool) -> str:
    if not is_done:
        return "Open"
    return "Cancelled" if done.act is Act.WITHDRAW else "Completed"


def _payment(plan: Plan, number: int, remedy: Remedy, told: int) -> Row:
    dice = plan.part_dice(Stream.REDRESS, number)
    is_paid = remedy.done is not None and remedy.done.place < told
    holder = plan.handlers[remedy.agreed.place]
    return (
        *_key(plan),
        part_id(plan, "R", number),
        dice.pick(words.REDRESS_TYPES),
        dice.pick(words.REDRESS_REASONS),
        money(dice.pick(words.REDRESS_PENCE)),
        "GBP",
        "Paid" if is_paid else "Agreed",
        holder.team.name,
        holder.name,
        plan.day(remedy.agreed.place),
        plan.day(remedy.done.place) if remedy.done is not None and is_paid else "",
    )


def _action(plan: Plan, number: int, remedy: Remedy, told: int) -> Row:
    dice = plan.part_dice(Stream.ACTIONS, number)
    kind, description = dice.pick(words.ACTIONS)
    holder = plan.handlers[remedy.agreed.place]
    done = ("Open", "", "")
    if remedy.done is not None and remedy.done.place < told:
        done = ("Completed", plan.day(remedy.done.place), yes(remedy.done.day <= remedy.due))
    status, completed, in_target = done
    return (
        *_key(plan),
        part_id(plan, "A", number),
        kind,
        description,
        holder.name,
        holder.team.name,
        status,
        plan.day(remedy.agreed.place),
        plan.working_day(remedy.due),
        completed,
        in_target,
    )
