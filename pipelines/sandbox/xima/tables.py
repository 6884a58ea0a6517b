"""The reports' rows and totals, made from the centre's calls and cards: plain values, no wire format.

All reports of a timeframe agree by construction: agent summary and account usage count the very calls that
the call records list. Time cards alone cut a call at the timeframe's edges, so their talking time of one day
may differ from the calls', which belong wholly to the day they began in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipelines.demonstration import XIMA_AGENTS
from pipelines.sandbox.xima.centre.centre import by_agent
from pipelines.sandbox.xima.centre.times import Span, london

if TYPE_CHECKING:
    from pipelines.sandbox.xima.centre import Call, Card
    from pipelines.sandbox.xima.centre.centre import WorkingDay
    from pipelines.sandbox.xima.parameters import Asked
    from pipelines.sandbox.xima.reports import Report

Value = str | int | float | None
Row = tuple[Value, ...]


class Summed(NamedTuple):
    """A summary item's value, and whether it is a time, which the vendor's label does not tell (SEED)."""

    value: int | float
    is_time: bool = False


@dataclass
class Gathered:
    """What a report is made from, working day by working day: the calls or the cards it covers."""

    asked: Asked
    calls: list[Call] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)

    def add(self, report: Report, day: WorkingDay, span: Span) -> None:
        """Add what a report covers of a working day, as asked; every agent has every skill (GUESS)."""
        if report.name == "time_cards":
            self._add_cards(day, span)
        else:
            self._add_calls(day, span)

    def _add_calls(self, day: WorkingDay, span: Span) -> None:
        agents, skills = self.asked.agents, self.asked.skills
        self.calls += (
            call
            for call in day.calls(span)
            if (agents is None or call.agent in agents) and (skills is None or call.skill in skills)
        )

    def _add_cards(self, day: WorkingDay, span: Span) -> None:
        agents = self.asked.agents
        self.cards += (card for card in day.cards(span) if agents is None or card.agent in agents)


Table = tuple[Iterable[Row], Sequence[Summed]]


def table(report: Report, gathered: Gathered) -> Table:
    """Return a report's rows in its columns' order, and its summary items in theirs."""
    return _TABLES[report.name](gathered)


def _call_records(gathered: Gathered) -> Table:
    calls = sorted(gathered.calls, key=lambda call: (call.start, call.number))
    lengths = [call.lengths for call in calls]
    totals = [sum(part) for part in zip(*lengths, strict=True)] or [0, 0, 0, 0]
    duration = sum(call.duration for call in calls)
    return map(_record, calls), (
        Summed(len(calls)),
        *(Summed(total, is_time=True) for total in (*totals, duration)),
        _average_talking(calls),
    )


def _record(call: Call) -> Row:
    return (
        call.number,
        stamp(call.start),
        stamp(call.end),
        call.direction,
        call.outcome,
        call.calling,
        call.called,
        call.skill,
        call.agent,
        call.account_code,
        *call.lengths,
        call.duration,
    )


def _agent_summary(gathered: Gathered) -> Table:
    by_name: dict[str, list[Call]] = {agent: [] for agent in gathered.asked.agents or XIMA_AGENTS}
    for call in gathered.calls:
        if call.agent is not None:
            by_name[call.agent].append(call)
    counts = [_counts(calls) for calls in by_name.values()]
    totals = [sum(part) for part in zip(*counts, strict=True)]
    made = [call for calls in by_name.values() for call in calls]
    rows = [
        (agent, *_counts(calls), _talking(calls), _average_talking(calls).value)
        for agent, calls in by_name.items()
    ]
    return rows, (
        Summed(len(rows)),
        *map(Summed, totals),
        Summed(round(len(made) / len(rows), 1)),  # SEED shows one decimal of a whole number
        Summed(_talking(made), is_time=True),
        _average_talking(made),
    )


def _counts(calls: Sequence[Call]) -> tuple[int, int, int, int]:
    directions = [call.direction for call in calls]
    inbound, outbound = directions.count("Inbound"), directions.count("Outbound")
    return inbound, outbound, len(calls) - inbound - outbound, len(calls)


def _time_cards(gathered: Gathered) -> Table:
    cards = sorted(gathered.cards, key=by_agent)
    times = [_times(card) for card in cards]
    totals = [sum(part) for part in zip(*times, strict=True)] or [0] * 7
    return map(_card, cards), (Summed(len(cards)), *(Summed(total, is_time=True) for total in totals))


def _card(card: Card) -> Row:
    shift = (None, None) if card.shift is None else (stamp(card.shift.start), stamp(card.shift.end))
    return (card.agent, *shift, stamp(card.session.start), stamp(card.session.end), *_times(card))


def _times(card: Card) -> tuple[int, ...]:
    parts = (card.on_break, card.do_not_disturb, card.talking, card.hold, card.wrap_up)
    return (card.session.length, *parts, card.idle)


def _account_usage(gathered: Gathered) -> Table:
    by_code: dict[str, list[Call]] = {}
    for call in gathered.calls:
        if call.account_code is not None:
            by_code.setdefault(call.account_code, []).append(call)
    rows = [(code, len(calls), _talking(calls)) for code, calls in sorted(by_code.items())]
    made = [call for calls in by_code.values() for call in calls]
    return rows, (Summed(len(rows)), Summed(len(made)), Summed(_talking(made), is_time=True))


def _talking(calls: Iterable[Call]) -> int:
    return sum(call.lengths.talking for call in calls)


def _average_talking(calls: Sequence[Call]) -> Summed:
    """Return the mean talking time of the calls in which somebody talked.

    SEED: in the vendor's example the divisor is not the number of calls; which it is, is a GUESS.
    """
    talked = sum(call.lengths.talking > 0 for call in calls)
    return Summed(_talking(calls) // max(talked, 1), is_time=True)


def stamp(at: int) -> str:
    """Write an instant as timeframes are echoed, in London's offset, milliseconds dropped (GUESS)."""
    return london(at).isoformat()


_TABLES: dict[str, Callable[[Gathered], Table]] = {
    "calls": _call_records,
    "agent_summary": _agent_summary,
    "time_cards": _time_cards,
    "account_usage": _account_usage,
}
