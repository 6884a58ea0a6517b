"""Whatever comes and goes, in whatever order it is looked at: one alert an incident, and one end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipelines.alerts.incidents import Patience, Record, advance
from pipelines.alerts.sending import deliver
from pipelines.alerts.signs import Sign, merge, tell_days, tell_scope
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from pipelines.alerts.incidents import Note

START = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SETTLE = timedelta(minutes=5)
PATIENCE = Patience(SETTLE, {"transient": timedelta(minutes=60)})
FAULTS = [("transient", "icasework"), ("drift", "icasework/tasks"), ("volume", "xima"), ("disk", "data")]
DAYS = [ReportDay.parse("2026-11-20").plus(n) for n in range(3)]
ADDRESSES = ["1 (slack)", "2 (mailto)"]


class Killed(BaseException):
    """The process ends here."""


class Life(RuleBasedStateMachine):
    """Faults begin, grow and end; looks come at any distance, are killed anywhere, addresses fail."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.disk = msgspec.json.encode(Record())
        self.faults: dict[tuple[str, str], set[ReportDay]] = {}
        self.got: dict[str, Counter[tuple[str, int]]] = {address: Counter() for address in ADDRESSES}
        self.killed = 0
        self.down: set[str] = set()

    @rule(fault=st.sampled_from(FAULTS), days=st.sets(st.sampled_from(DAYS), min_size=1))
    def begin_or_grow(self, fault: tuple[str, str], days: set[ReportDay]) -> None:
        self.faults.setdefault(fault, set()).update(days)

    @rule(fault=st.sampled_from(FAULTS))
    def mend(self, fault: tuple[str, str]) -> None:
        self.faults.pop(fault, None)

    @rule(address=st.sampled_from(ADDRESSES))
    def turn_address(self, address: str) -> None:
        self.down ^= {address}

    @rule(minutes=st.sampled_from([0, 1, 4, 6, 61, 700]), dies_after=st.sampled_from([None, None, 0, 1, 2]))
    def look(self, minutes: int, dies_after: int | None) -> None:
        self.now += timedelta(minutes=minutes)
        record = msgspec.json.decode(self.disk, type=Record)
        signs = [
            Sign(kind, subject, "why", {"icasework/cases": frozenset(days)})
            for (kind, subject), days in self.faults.items()
        ]
        for change in advance(record, signs, self.now, PATIENCE):
            told = (change.event, change.incident.key)
            record.add_note(change.event, told, "info", self.now, ADDRESSES, incident=change.incident)
        self.save(record)
        left = dies_after

        def send_to(address: str, note: Note) -> str:
            nonlocal left
            if address in self.down:
                return "HTTP 500"
            self.got[address][note.event, note.incident] += 1
            if left is not None:
                left -= 1
                if left < 0:
                    raise Killed
            return ""

        senders = {address: (lambda note, to=address: send_to(to, note)) for address in ADDRESSES}
        try:
            deliver(record, senders, lambda: self.now, self.save)
        except Killed:
            self.killed += 1

    def save(self, record: Record) -> None:
        self.disk = msgspec.json.encode(record)

    @property
    def record(self) -> Record:
        return msgspec.json.decode(self.disk, type=Record)

    @invariant()
    def each_is_written_down_once(self) -> None:
        notes = Counter((note.event, note.incident) for note in self.record.notes)
        assert not notes or max(notes.values()) == 1
        for incident in self.record.incidents:
            assert notes["began", incident.number] == (incident.told_at is not None)
            assert notes["ended", incident.number] == (incident.ended_at is not None)
        living = Counter(one.key for one in self.record.incidents if one.ended_at is None)
        assert not living or max(living.values()) == 1

    @invariant()
    def only_a_kill_sends_again(self) -> None:
        again = sum(count - 1 for got in self.got.values() for count in got.values())
        assert again <= self.killed

    @invariant()
    def no_end_arrives_before_its_beginning(self) -> None:
        for got in self.got.values():
            assert all(("began", number) in got for event, number in got if event == "ended")

    def teardown(self) -> None:
        """In the end, with all addresses up, each has everything."""
        self.down.clear()
        for _ in range(3):
            self.look(700, None)
        wanted = {(note.event, note.incident) for note in self.record.notes}
        assert all(not note.waiting for note in self.record.notes)
        for got in self.got.values():
            assert set(got) == wanted


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


def looks(signs_by_minute: dict[int, bool], kind: str = "drift") -> list[tuple[int, str]]:
    """Look at the minutes given, the fault there or not, and tell what was to be told when."""
    record, told = Record(), list[tuple[int, str]]()
    for minute, there in signs_by_minute.items():
        signs = [Sign(kind, "x", "why")] if there else []
        changes = advance(record, signs, START + timedelta(minutes=minute), PATIENCE)
        told += [(minute, change.event) for change in changes]
    return told


def test_what_lasts_is_told_once_and_its_end_once() -> None:
    steady = {minute: minute < 30 for minute in range(60)}
    assert looks(steady) == [(5, "began"), (35, "ended")]


def test_a_source_that_could_not_answer_is_told_later_or_never() -> None:
    assert looks({minute: minute < 50 for minute in range(90)}, "transient") == []
    assert looks({minute: minute < 70 for minute in range(90)}, "transient") == [(60, "began"), (75, "ended")]


def test_what_flaps_is_one_incident_and_what_never_lasts_is_none() -> None:
    assert looks({minute: minute % 3 < 2 for minute in range(200)}) == [(6, "began")]
    assert looks({minute: minute % 20 == 0 for minute in range(200)}) == []


def test_an_hourly_look_tells_the_same() -> None:
    assert looks({0: True, 60: True, 120: False, 180: False}) == [(60, "began"), (180, "ended")]


def test_a_clock_that_is_put_back_ends_nothing() -> None:
    assert looks({0: True, 10: True, 20: False, 5: False, 21: True}) == [(10, "began")]


def test_days_are_told_as_ranges() -> None:
    first = ReportDay.parse("2026-02-27")
    assert tell_days([first]) == "2026-02-27"
    assert tell_days([first, first.plus(1), first.plus(2), first.plus(9)]) == (
        "2026-02-27 to 2026-03-01, 2026-03-08"
    )
    many = tell_days([first.plus(2 * n) for n in range(10)])
    assert many == "2026-02-27, 2026-03-01, 2026-03-03, and 7 days more"
    assert tell_days([]) == ""


def test_feeds_of_the_same_days_are_told_together() -> None:
    days = frozenset(DAYS)
    assert tell_scope({"a/x": days, "a/y": days}) == "a/x, a/y: 2026-11-20 to 2026-11-22"
    told = tell_scope({f"a/{n}": days for n in range(12)})
    assert told == "12 feeds (a/0, a/1, a/10, a/11, ...): 2026-11-20 to 2026-11-22"


def test_two_signs_of_one_incident_are_one() -> None:
    one = Sign("damaged", "a", "x", {"a/x": frozenset(DAYS[:1])}, since=START)
    other = Sign("damaged", "a", "y", {"a/x": frozenset(DAYS[1:2]), "a/y": frozenset(DAYS[:1])}, todo="t")
    (merged,) = merge([one, other])
    assert (merged.why, merged.since, merged.todo) == ("x; y", START, "t")
    assert merged.days == {"a/x": frozenset(DAYS[:2]), "a/y": frozenset(DAYS[:1])}
