"""Who works when: shifts by week, and what a day makes of them: log-ins, breaks, absences.

A working day of the centre runs from seven in the morning to seven: every shift, the night's included, lies
inside one of them, so each can be made without the others. The desk that answers out of hours is logged in
round the clock, without a shift, and changes over at seven.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines.demonstration import XIMA_AGENTS, XIMA_DESK
from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.xima.centre.times import MINUTE, SECOND, Span, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

AGENTS = tuple(agent for agent in XIMA_AGENTS if agent != XIMA_DESK)
CHANGE_OVER = 7 * 60  # minutes after midnight
THURSDAY, SATURDAY = 3, 5
_NIGHTS = (0, 1)  # places in the rota
WEEK = 7

ABSENT, LATE, CUT_OFF = 40, 60, 50  # per thousand shifts
_ROOM = 64  # more than there are agents: throws of two days never meet


class Shift(NamedTuple):
    """Minutes after midnight, London wall-clock time; those of the next day are 1,440 and more."""

    start: int
    end: int


EARLY = Shift(7 * 60 + 30, 15 * 60 + 30)
MIDDLE = Shift(9 * 60, 17 * 60)
LATER = Shift(12 * 60, 20 * 60)
WEEKEND = Shift(8 * 60 + 30, 16 * 60 + 30)
NIGHT = Shift(22 * 60, 30 * 60)

PauseKind = Literal["break", "do not disturb"]


class Pause(NamedTuple):
    """A time in which a logged-in agent takes no calls."""

    kind: PauseKind
    span: Span


@dataclass(frozen=True)
class Duty:
    """One agent's day: the shift by rota (None for the desk), the sessions, and the pauses inside them."""

    agent: str
    shift: Span | None
    sessions: tuple[Span, ...]
    pauses: tuple[Pause, ...] = ()

    def free(self) -> Iterator[Span]:
        """Yield the spans in which calls may be taken, in order."""
        for session in self.sessions:
            start = session.start
            for _, span in self.pauses:
                if session.start <= span.start < session.end:
                    yield Span(start, span.start)
                    start = span.end
            yield Span(start, session.end)


def working_day(day: date) -> Span:
    """Return the centre's working day that begins on `day`."""
    return Span(instant(day, CHANGE_OVER), instant(day + timedelta(days=1), CHANGE_OVER))


def duties(seed: int, day: date, *, is_quiet: bool) -> list[Duty]:
    """Return who is there on a working day, in the order of the agents, the desk last.

    `is_quiet` tells a weekend or a bank holiday. Agents who are absent or off are left out.
    """
    week = (day.toordinal() - 1) // WEEK
    found = []
    for number, agent in enumerate(AGENTS):
        shift = _shift((number + week) % len(AGENTS), day.weekday(), is_quiet=is_quiet)
        dice = Dice(seed, Stream.CENTRE_ROTA, day.toordinal() * _ROOM + number)
        if shift is not None and not dice.chance(ABSENT):
            found.append(_worked(agent, Span(instant(day, shift.start), instant(day, shift.end)), dice))
    return [*found, Duty(XIMA_DESK, None, (working_day(day),))]


def _shift(place: int, weekday: int, *, is_quiet: bool) -> Shift | None:
    """Return the shift of a place in the rota; everyone moves on by one place each Monday.

    Places 0 and 1 share the week's nights; who had the last one is off on Monday. Places 2 and 3 have a
    weekend, 4 to 7 come early, the others late.
    """
    shifts = {0: NIGHT, 1: NIGHT, 2: MIDDLE, 3: MIDDLE, 4: EARLY, 5: EARLY, 6: EARLY, 7: EARLY}
    works = {0: weekday <= THURSDAY, 1: weekday > THURSDAY, 2: weekday > 0, 3: weekday < THURSDAY}
    if is_quiet and place not in _NIGHTS:
        shifts = {2: WEEKEND, 3: WEEKEND}
        works = {2: weekday == SATURDAY, 3: True}
        return shifts.get(place) if works.get(place) else None
    return shifts.get(place, LATER) if works.get(place, True) else None


def _worked(agent: str, shift: Span, dice: Dice) -> Duty:
    late = dice.chance(LATE)
    log_in = shift.start + (dice.between(180, 1500) if late else dice.between(-240, 60)) * SECOND
    log_out = shift.end + dice.between(-60, 300) * SECOND
    sessions: tuple[Span, ...] = (Span(log_in, log_out),)
    if dice.chance(CUT_OFF):
        lost = log_in + (log_out - log_in) // SECOND * dice.between(250, 750) // 1000 * SECOND
        sessions = (Span(log_in, lost), Span(lost + dice.between(40, 400) * SECOND, log_out))
    return Duty(agent, shift, sessions, tuple(_inside(_pauses(shift, dice), sessions)))


def _pauses(shift: Span, dice: Dice) -> list[Pause]:
    """Return two short breaks, lunch (on a night: the meal), and now and then a time not to be disturbed."""
    planned = [
        Pause("break", _pause(shift, dice.between(95, 115), 15, dice)),
        Pause("break", _pause(shift, dice.between(200, 270), dice.pick((30, 30, 30, 45)), dice)),
        Pause("break", _pause(shift, dice.between(365, 390), 15, dice)),
    ]
    for _ in range(dice.below(3)):
        span = _pause(shift, dice.between(20, 450), dice.between(3, 9), dice)
        if not any(span.within(other.span).length for other in planned):
            planned.append(Pause("do not disturb", span))
    return sorted(planned, key=lambda pause: pause.span.start)


def _pause(shift: Span, after: int, minutes: int, dice: Dice) -> Span:
    start = shift.start + after * MINUTE + dice.below(MINUTE)
    return Span(start, start + minutes * MINUTE + dice.between(-45 * SECOND, 75 * SECOND))


def _inside(pauses: Iterable[Pause], sessions: Iterable[Span]) -> Iterator[Pause]:
    """Yield the parts of the pauses for which the agent was logged in."""
    spans = tuple(sessions)
    for pause in pauses:
        for session in spans:
            part = pause.span.within(session)
            if part.length:
                yield Pause(pause.kind, part)
