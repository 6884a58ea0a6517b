"""The calls of one working day: when they come in, who answers them and for how long.

A call goes to the agent who has waited longest; nobody free, and it is abandoned. It lies, wrap-up included,
in one stretch of the agent's session without a pause, so an agent's calls never overlap one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines.demonstration import XIMA_DESK
from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.xima.centre import lines
from pipelines.sandbox.xima.centre.rota import working_day
from pipelines.sandbox.xima.centre.times import MINUTE, SECOND, Span, london

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from pipelines.sandbox.council.callers import Caller
    from pipelines.sandbox.xima.centre.rota import Duty

HALF_HOUR = 30 * MINUTE
OPENS, CLOSES = 8, 20  # o'clock on a working day; at other times the desk helps out

# How a day's calls spread over its half-hours, from midnight; on quiet days and on others.
_NIGHT = (3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4)
_PROFILE = (
    *_NIGHT, 8, 14, 50, 85, 115, 125, 120, 110, 100, 90, 80, 75, 75, 80, 80, 75, 70, 65, 60, 50, 35, 25,
    20, 15, 12, 10, 8, 8, 8, 8, 14, 14, 16, 18,
)  # fmt: skip
_QUIET_PROFILE = (
    *_NIGHT, 5, 6, 10, 20, 30, 35, 35, 35, 30, 30, 25, 20, 20, 15, 15, 15, 12, 12, 10, 10, 10, 8,
    8, 8, 8, 6, 6, 6, 6, 6, 12, 12, 14, 16,
)  # fmt: skip
_WEEKDAY_SHARE = (1250, 1050, 1000, 950, 850, 260, 180)  # per thousand, Monday to Sunday
_BANK_HOLIDAY_SHARE = 150
_MONDAY_MORNING = 1300  # per thousand of the half-hours before noon
_MORNING, _NOON = 14, 24  # half-hours after midnight

_ROOM_FOR_CALLS = 1 << 14  # more than a day's calls can be: throws of two days never meet
_SHORTEST = 90 * SECOND  # nobody begins a call with less time than this before a pause
_KNOWN, _ACCOUNTED, _CALL_BACK_ACCOUNTED = 560, 330, 600  # per thousand
_GIVEN_UP, _TRANSFERRED, _NOBODY_HOME, _HELD, _WRAPPED = 30, 70, 250, 240, 720

Direction = Literal["Inbound", "Outbound", "Internal"]
Outcome = Literal["Answered", "Abandoned", "Transferred", "Unanswered"]


class Lengths(NamedTuple):
    """How long the parts of a call take, in milliseconds; the first three add up to whole seconds."""

    ringing: int = 0
    hold: int = 0
    talking: int = 0
    wrap_up: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call. Ringing comes first; hold interrupts the talking half-way; wrap-up follows the end.

    `calling` is None when withheld, `skill` for calls that no line took, `agent` when nobody answered.
    """

    number: str
    start: int
    direction: Direction
    outcome: Outcome
    calling: str | None
    called: str
    skill: str | None
    agent: str | None
    account_code: str | None
    lengths: Lengths

    @property
    def duration(self) -> int:
        """Ringing, hold and talking together."""
        lengths = self.lengths
        return lengths.ringing + lengths.hold + lengths.talking

    @property
    def end(self) -> int:
        """When it was hung up."""
        return self.start + self.duration

    def parts(self) -> tuple[tuple[Span, ...], Span, Span]:
        """Return when the agent talked, held and wrapped up."""
        lengths = self.lengths
        answered = self.start + lengths.ringing
        held = Span(answered + lengths.talking // 2, answered + lengths.talking // 2 + lengths.hold)
        talked = (Span(answered, held.start), Span(held.end, self.end))
        return talked, held, Span(self.end, self.end + lengths.wrap_up)


class _Seat:
    """An agent through one working day, asked about times that only go forward."""

    def __init__(self, duty: Duty) -> None:
        self.agent = duty.agent
        self.sessions = duty.sessions
        self.busy_until = 0
        self._free = list(duty.free())
        self._place = 0

    def room(self, at: int) -> int:
        """Return for how long a call that begins now may last, 0 when none may."""
        while self._place < len(self._free) and self._free[self._place].end <= at:
            self._place += 1
        if self._place == len(self._free) or at < self.busy_until or at < self._free[self._place].start:
            return 0
        left = self._free[self._place].end - at
        return left if left >= _SHORTEST else 0


class _Wish(NamedTuple):
    """Somebody wants to talk: a caller (`seat` None), or the agent in a seat. `is_open` tells the hours."""

    at: int
    seat: _Seat | None
    is_open: bool
    is_internal: bool = False


def calls(
    seed: int, day: date, staff: Sequence[Duty], callers: Sequence[Caller], *, volume: int, is_quiet: bool
) -> list[Call]:
    """Return the calls that begin on a working day, in order; `volume` come in on an average weekday."""
    seats = [_Seat(duty) for duty in staff]
    wishes = [*_arrivals(seed, day, volume, is_quiet=is_quiet), *_intentions(seed, day, seats)]
    wishes.sort(key=lambda wish: wish.at)
    made = []
    for number, wish in enumerate(wishes):
        dice = Dice(seed, Stream.CENTRE_CALLS, day.toordinal() * _ROOM_FOR_CALLS + number)
        writer = _Writer(f"{day:%Y%m%d}{number:05}", wish.at, callers, dice)
        call = _come_in(wish, seats, writer) if wish.seat is None else _go_out(wish, wish.seat, writer)
        if call is not None:
            made.append(call)
    return made


def _arrivals(seed: int, day: date, volume: int, *, is_quiet: bool) -> Iterator[_Wish]:
    """Yield when callers ring, half-hour by half-hour of real time: a day may have 46 or 50 of them."""
    dice = Dice(seed, Stream.CENTRE_VOLUME, day.toordinal())
    is_holiday = is_quiet and day.weekday() < len(_WEEKDAY_SHARE) - 2
    share = _BANK_HOLIDAY_SHARE if is_holiday else _WEEKDAY_SHARE[day.weekday()]
    calls_today = volume * share * dice.between(90, 110) // 100
    profile = _QUIET_PROFILE if is_quiet else _PROFILE
    total = sum(profile)
    span = working_day(day)
    for at in range(span.start, span.end, HALF_HOUR):
        clock = london(at)
        place = clock.hour * 2 + clock.minute // 30
        weight = profile[place]
        if day.weekday() == 0 and not is_quiet and _MORNING <= place < _NOON:
            weight = weight * _MONDAY_MORNING // 1000
        whole, rest = divmod(calls_today * weight // total, 1000)
        is_open = not is_quiet and OPENS <= clock.hour < CLOSES
        for _ in range(whole + dice.chance(rest)):
            yield _Wish(at + dice.below(HALF_HOUR // SECOND) * SECOND, None, is_open)


def _intentions(seed: int, day: date, seats: Iterable[_Seat]) -> Iterator[_Wish]:
    """Yield when agents mean to ring somebody: customers back, or colleagues."""
    for place, seat in enumerate(seats):
        if seat.agent == XIMA_DESK:
            continue
        dice = Dice(seed, Stream.CENTRE_VOLUME, -(day.toordinal() * _ROOM_FOR_CALLS + place))
        start, end = seat.sessions[0].start, seat.sessions[-1].end
        for number in range(dice.between(4, 9)):
            at = start + dice.below((end - start) // SECOND) * SECOND
            is_decent = OPENS <= london(at).hour < CLOSES  # nobody rings a customer back at night
            yield _Wish(at, seat, is_open=is_decent, is_internal=number % 3 == 2 or not is_decent)  # noqa: PLR2004 - every third


class _Writer:
    """Writes one call down: its number, its time, its throws, and who may have rung."""

    def __init__(self, number: str, at: int, callers: Sequence[Caller], dice: Dice) -> None:
        self.number = number
        self.at = at
        self.dice = dice
        self.caller = dice.pick(callers) if callers and dice.chance(_KNOWN) else None
        self.skill = lines.asked_for(dice) if self.caller is None else lines.skill_of(self.caller.team)

    def inbound(self, agent: str | None, outcome: Outcome, lengths: Lengths) -> Call:
        """Write a call from outside, on the line it came in by."""
        dice = self.dice
        is_accounted = agent is not None and dice.chance(_ACCOUNTED)
        return Call(
            self.number,
            self.at,
            "Inbound",
            outcome,
            lines.shown(lines.number_of(self.caller, dice), dice),
            lines.line(self.skill),
            lines.SKILLS[self.skill],
            agent,
            lines.account_code(self.skill, dice) if is_accounted else None,
            lengths,
        )

    def outgoing(self, agent: str, outcome: Outcome, lengths: Lengths, *, is_internal: bool) -> Call:
        """Write a call that an agent made: back to a customer, or to an office of the council."""
        dice = self.dice
        is_accounted = not is_internal and dice.chance(_CALL_BACK_ACCOUNTED)
        return Call(
            self.number,
            self.at,
            "Internal" if is_internal else "Outbound",
            outcome,
            lines.extension(agent) if is_internal else lines.MAIN_NUMBER,
            lines.back_office(dice) if is_internal else lines.number_of(self.caller, dice),
            None,
            agent,
            lines.account_code(self.skill, dice) if is_accounted else None,
            lengths,
        )


def _come_in(wish: _Wish, seats: Iterable[_Seat], writer: _Writer) -> Call:
    dice = writer.dice
    free = [seat for seat in seats if seat.room(wish.at)]
    helpers = [seat for seat in free if seat.agent != XIMA_DESK]
    if not helpers and not wish.is_open:
        helpers = free
    if not helpers or dice.chance(_GIVEN_UP):
        longest = 60 if helpers else 240
        return writer.inbound(None, "Abandoned", Lengths(dice.between(4, longest) * SECOND))
    seat = min(helpers, key=lambda seat: seat.busy_until)
    talking = dice.between(35 * SECOND, 240 * SECOND)
    if dice.chance(300):
        talking += dice.between(60 * SECOND, 600 * SECOND)
    lengths = _fitted(
        seat.room(wish.at),
        Lengths(
            ringing=dice.between(2 * SECOND, 25 * SECOND),
            hold=dice.between(10 * SECOND, 120 * SECOND) if dice.chance(_HELD) else 0,
            talking=talking,
            wrap_up=dice.between(5 * SECOND, 90 * SECOND) if dice.chance(_WRAPPED) else 0,
        ),
    )
    seat.busy_until = wish.at + sum(lengths)
    return writer.inbound(seat.agent, "Transferred" if dice.chance(_TRANSFERRED) else "Answered", lengths)


def _go_out(wish: _Wish, seat: _Seat, writer: _Writer) -> Call | None:
    dice = writer.dice
    room = seat.room(wish.at)
    if not room:
        return None
    if dice.chance(_NOBODY_HOME):
        outcome: Outcome = "Unanswered"
        lengths = Lengths(dice.between(8, 35) * SECOND)
    else:
        outcome = "Answered"
        longest = 180 if wish.is_internal else 300
        wrap_up = dice.between(5 * SECOND, 60 * SECOND) if dice.chance(_WRAPPED) else 0
        lengths = _fitted(
            room,
            Lengths(
                ringing=dice.between(2 * SECOND, 20 * SECOND),
                talking=dice.between(15 * SECOND, longest * SECOND),
                wrap_up=0 if wish.is_internal else wrap_up,
            ),
        )
    seat.busy_until = wish.at + sum(lengths)
    return writer.outgoing(seat.agent, outcome, lengths, is_internal=wish.is_internal)


def _fitted(room: int, wanted: Lengths) -> Lengths:
    """Shorten a call to what there is room for, and its end to a whole second."""
    hold = min(wanted.hold, (room - wanted.ringing) // 4)
    talking = min(wanted.talking, room - wanted.ringing - hold)
    talking -= (wanted.ringing + hold + talking) % SECOND
    wrap_up = min(wanted.wrap_up, room - wanted.ringing - hold - talking)
    return Lengths(wanted.ringing, hold, talking, wrap_up)
