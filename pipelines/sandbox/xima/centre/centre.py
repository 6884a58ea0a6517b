"""The contact centre as reports ask it: the calls that began in a span of time, and the agents' time in it.

A span is put together from working days; each is made from the seed and its date alone and kept a while.

Cost, on one core of a small machine: a working day of some 230 calls is made in about 6 ms (25 ms when its
cases are not yet made) and takes some 85 kB while it is kept; with the dial at its end, half a second.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipelines.sandbox.council.workdays import Workdays
from pipelines.sandbox.xima.centre.rota import AGENTS, CHANGE_OVER, Duty, duties
from pipelines.sandbox.xima.centre.times import Span, instant, london
from pipelines.sandbox.xima.centre.traffic import Call, calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from pipelines.sandbox.council.callers import Caller

CALLS_PER_CASE = 15, 4  # fifteen callers for every four cases that come in
BUSIEST = 3_500  # calls on an average weekday, however large the council; its agents take some 800 of them
DAYS_KEPT = 64
NEWS_DAYS = timedelta(days=2)  # people ring about cases with news of that day or the two before


class Phonebook(Protocol):
    """What the centre wants of the council: who may ring about cases with news in those days."""

    def callers(self, first: date, last: date) -> Sequence[Caller]:
        """List the callers."""


class Card(NamedTuple):
    """The part of an agent's session that lies in a span, and what became of its time, in milliseconds.

    `shift` is the rota's, not cut; None for the desk. Ringing counts as idle time.
    """

    agent: str
    shift: Span | None
    session: Span
    on_break: int
    do_not_disturb: int
    talking: int
    hold: int
    wrap_up: int

    @property
    def idle(self) -> int:
        """What is left of the session."""
        busy = self.on_break + self.do_not_disturb + self.talking + self.hold + self.wrap_up
        return self.session.length - busy


class WorkingDay:
    """One working day: who was there, and the calls in the order they began."""

    def __init__(self, staff: Sequence[Duty], made: Sequence[Call]) -> None:
        self._staff = staff
        self._calls = made
        self._by_agent: dict[str | None, list[Call]] = {}
        for call in made:
            self._by_agent.setdefault(call.agent, []).append(call)

    def calls(self, span: Span) -> Iterator[Call]:
        """Yield the calls that began in a span; each belongs wholly to it, however late it ended."""
        return (call for call in self._calls if span.start <= call.start < span.end)

    def cards(self, span: Span) -> Iterator[Card]:
        """Yield the sessions' parts inside a span; calls and pauses are cut at its edges too."""
        for duty in self._staff:
            for session in duty.sessions:
                part = session.within(span)
                if part.length:
                    yield self._card(duty, part)

    def _card(self, duty: Duty, part: Span) -> Card:
        talking = hold = wrap_up = 0
        for call in self._by_agent.get(duty.agent, ()):
            talked, held, wrapped = call.parts()
            talking += sum(spell.within(part).length for spell in talked)
            hold += held.within(part).length
            wrap_up += wrapped.within(part).length
        paused = {"break": 0, "do not disturb": 0}
        for pause in duty.pauses:
            paused[pause.kind] += pause.span.within(part).length
        return Card(
            duty.agent, duty.shift, part, paused["break"], paused["do not disturb"], talking, hold, wrap_up
        )


class Centre:
    """One invented contact centre. The same seed, dial, opening day and council give the same calls for ever.

    It opens at seven on the day the council opens; before that nobody is there.
    """

    def __init__(self, seed: int, cases_per_day: int, opened: date, council: Phonebook) -> None:
        times, over = CALLS_PER_CASE
        self._seed = seed
        self._volume = min(cases_per_day * times // over, BUSIEST)
        self._opened = opened
        self._council = council
        self._workdays = Workdays(opened.year)
        self._day = lru_cache(maxsize=DAYS_KEPT)(self._make)

    def working_days(self, span: Span) -> Iterator[WorkingDay]:
        """Yield the working days that touch a span, in order, each made when its turn comes."""
        span = span.within(Span(instant(self._opened, CHANGE_OVER), span.end))
        if not span.length:
            return
        day, last = london(span.start).date(), london(span.end - 1).date()
        if span.start < instant(day, CHANGE_OVER):
            day -= timedelta(days=1)
        while day <= last:
            yield self._day(day)
            day += timedelta(days=1)

    def _make(self, day: date) -> WorkingDay:
        is_quiet = not self._workdays.is_working(day)
        staff = duties(self._seed, day, is_quiet=is_quiet)
        callers = self._council.callers(day - NEWS_DAYS, day)
        made = calls(self._seed, day, staff, callers, volume=self._volume, is_quiet=is_quiet)
        return WorkingDay(staff, made)


def by_agent(card: Card) -> tuple[int, int]:
    """Return where a card stands among others: by the agents' order, the desk last, then by time."""
    place = AGENTS.index(card.agent) if card.agent in AGENTS else len(AGENTS)
    return place, card.session.start
