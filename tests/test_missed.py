"""When a missed day is tried again: whatever the outage, all heals and nothing storms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.days import ReportDay, span
from pipelines.errors import CasehouseError, ContractDrift, Permanent, Transient
from pipelines.lake import Failure
from pipelines.load import made_with
from pipelines.missed import (
    Bounds,
    Launch,
    Look,
    Memory,
    SourceMemory,
    Watch,
    _runs,
    due_until,
    recall,
    remembered,
)
from tests.plain_source import PARCELS

if TYPE_CHECKING:
    from pipelines.lake import Lake

FIRST = ReportDay.parse("2026-11-01")
BEGIN = datetime(2026, 11, 9, 6, 30, tzinfo=UTC)
BOUNDS = Bounds(days=5, runs=2, days_per_run=3)


@dataclass
class Notes:
    """What of a lake is looked at: days that are there, attempts that failed. In memory: walks are long."""

    loaded: set[ReportDay] = field(default_factory=set)
    failed: dict[ReportDay, Failure] = field(default_factory=dict)

    def days(self, _feed: str) -> list[ReportDay]:
        return sorted(self.loaded)

    def failures(self, _feed: str) -> dict[ReportDay, Failure]:
        return dict(self.failed)


class Walk:
    """One feed's days and its source's moods, looked at every so many minutes."""

    def __init__(self) -> None:
        self.notes, self.now = Notes(), BEGIN
        self.errors: dict[str, CasehouseError] = {}
        self.outage: CasehouseError | None = None
        self.memory: str | None = None
        self.made_with = made_with(PARCELS.contract)
        self.settings_changed_at: datetime | None = None
        self.asked: list[str] = []
        self.asked_at: list[datetime] = []

    def look(self) -> Look:
        memory = recall(self.memory)
        due, changed_at = due_until(self.now, 5), self.settings_changed_at
        watch = Watch(cast("Lake", self.notes), [PARCELS], FIRST, due, self.now, (), changed_at)
        look = watch.look(memory, BOUNDS)
        self.memory = remembered(memory)
        return look

    def step(self, minutes: int = 5) -> Look:
        look = self.look()
        for launch in look.launches:
            self.load(launch)
        self.now += timedelta(minutes=minutes)
        return look

    def load(self, launch: Launch) -> None:
        for _, day in launch.cells:
            self.asked.append(str(day))
            self.asked_at.append(self.now)
            error = self.outage or self.errors.get(str(day))
            earlier = self.notes.failed.pop(day, None)
            if error is None:
                self.notes.loaded.add(day)
            else:
                tries = earlier.attempts + 1 if earlier else 1
                self.notes.failed[day] = Failure(error.kind, str(error), self.now, tries, self.made_with)

    def missing(self, at: datetime | None = None) -> set[ReportDay]:
        return set(span(FIRST, due_until(at or self.now, 5))) - self.notes.loaded


@pytest.fixture
def walk() -> Walk:
    return Walk()


def test_the_first_look_asks_for_the_oldest_day_then_the_rest_flows_within_bounds(walk: Walk) -> None:
    launched = [walk.step().launches for _ in range(5)]
    ends = [[(str(one.first)[-2:], str(one.last)[-2:]) for one in launches] for launches in launched]
    assert ends == [[("01", "01")], [("02", "04"), ("05", "06")], [("07", "08")], [], []]


def test_a_day_counts_as_missed_an_hour_after_the_nightly_run() -> None:
    def due(text: str) -> str:
        return str(due_until(datetime.fromisoformat(text), 5))

    assert due("2026-11-09T05:59:00+00:00") == "2026-11-07"
    assert due("2026-11-09T06:00:00+00:00") == "2026-11-08"
    assert due("2026-07-09T04:59:00+00:00") == "2026-07-07"  # summer time
    assert due("2026-07-09T05:00:00+00:00") == "2026-07-08"
    assert due("2026-10-25T05:59:00+00:00") == "2026-10-23"  # the clocks went back this night
    assert due("2026-10-25T06:00:00+00:00") == "2026-10-24"
    assert due("2026-03-29T04:59:00+00:00") == "2026-03-27"  # and forward this one
    assert due("2026-03-29T05:00:00+00:00") == "2026-03-28"
    assert str(due_until(datetime.fromisoformat("2026-11-09T23:59:00+00:00"), 23)) == "2026-11-07"
    assert str(due_until(datetime.fromisoformat("2026-11-10T00:00:00+00:00"), 23)) == "2026-11-08"


@given(
    outages=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), max_size=3),
    minutes=st.sampled_from([5, 30, 60]),
)
@settings(deadline=None, max_examples=30)
def test_whatever_the_outages_all_heals_and_a_silent_source_is_hardly_asked(
    outages: list[tuple[int, int]], minutes: int
) -> None:
    walk = Walk()
    for hours_up, hours_down in outages:
        for _ in range(hours_up * 60 // minutes):
            walk.step(minutes)
        walk.outage = Transient("resting")
        before = len(walk.asked)
        for _ in range(hours_down * 60 // minutes):
            walk.step(minutes)
        # One lot may be under way when it begins; afterwards one day, at most every four hours.
        assert len(walk.asked) - before <= BOUNDS.days + 3 + hours_down / 4
        walk.outage = None
    for _ in range(30 * 60 // minutes):
        walk.step(minutes)
    assert walk.missing(walk.now - timedelta(hours=5)) == set()
    assert walk.notes.failed == {}


def test_while_a_source_is_silent_it_is_asked_for_one_day_ever_more_rarely(walk: Walk) -> None:
    walk.outage = Transient("resting")
    for _ in range(3 * 288):
        walk.step()
    waits = [later - earlier for earlier, later in pairwise(walk.asked_at)]
    assert [wait.total_seconds() / 60 for wait in waits[:4]] == [15, 60, 240, 240]
    assert len(walk.asked_at) <= 4 + 3 * 6


def test_days_that_failed_in_an_outage_wait_no_longer_once_it_is_over(walk: Walk) -> None:
    walk.outage = Transient("resting")
    for _ in range(4 * 288):
        walk.step()
    walk.outage = None
    began = walk.now
    while walk.missing():
        walk.step()
    assert walk.now - began <= timedelta(hours=4, minutes=30)


def test_a_single_day_that_fails_again_and_again_waits_longer_and_holds_nothing_up(walk: Walk) -> None:
    walk.errors["2026-11-03"] = Transient("timed out")
    for _ in range(3 * 288):
        walk.step()
    assert walk.missing() == {ReportDay.parse("2026-11-03")}
    assert walk.asked.count("2026-11-03") <= 7
    assert walk.notes.failed[ReportDay.parse("2026-11-03")].attempts >= 5


@pytest.mark.parametrize("error", [Permanent("gone"), ContractDrift("other fields")])
def test_other_failures_wait_for_a_person(walk: Walk, error: CasehouseError) -> None:
    walk.errors["2026-11-01"] = error
    for _ in range(3 * 288):
        look = walk.step()
    assert walk.asked.count("2026-11-01") == 1
    assert look.waiting == {(PARCELS.key, FIRST): error.kind}
    assert walk.missing() == {FIRST}


def test_a_refused_key_costs_a_day_at_a_time_not_all_at_once(walk: Walk) -> None:
    walk.outage = Permanent("the key is refused")
    for _ in range(288):
        walk.step()
    assert len(walk.asked_at) <= 9


def test_runs_that_leave_no_trace_are_not_sent_again_and_again(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[Launch] = []
    monkeypatch.setattr(walk, "load", launched.append)
    for _ in range(288):
        walk.step()
    assert len(launched) <= 9
    assert len({launch.first for launch in launched}) > 1  # a day that kills its run holds up no other


@pytest.mark.parametrize("error", [Transient("timed out"), Permanent("the key is refused")])
def test_a_day_that_kills_its_run_after_it_had_failed_holds_up_no_other(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, error: CasehouseError
) -> None:
    made = Failure(error.kind, str(error), BEGIN - timedelta(days=9), 1, walk.made_with)
    walk.notes.failed[FIRST] = made
    walk.settings_changed_at = BEGIN
    load, launched = walk.load, list[Launch]()

    def kill(launch: Launch) -> None:
        launched.append(launch)
        if FIRST not in dict(launch.cells).values():
            load(launch)

    monkeypatch.setattr(walk, "load", kill)
    for _ in range(288):
        walk.step()
    assert walk.missing() == {FIRST}
    assert sum(launch.first == FIRST for launch in launched) <= 5


def test_a_contract_that_changed_on_disk_since_this_process_began_is_tried_once(walk: Walk) -> None:
    # Runs read the files anew and note what they were made with; whoever looks still has the old ones.
    walk.errors["2026-11-01"] = ContractDrift("other fields")
    walk.notes.failed[FIRST] = Failure("drift", "other fields", BEGIN, 1, "the contract of last night")
    walk.made_with = "the contract as it stands on disk"
    for _ in range(288):
        look = walk.step()
    assert walk.asked.count("2026-11-01") == 1
    assert look.waiting == {(PARCELS.key, FIRST): "drift"}


def test_a_file_of_settings_from_the_future_lets_nothing_go(walk: Walk) -> None:
    walk.errors["2026-11-01"] = ContractDrift("other fields")
    walk.settings_changed_at = BEGIN + timedelta(days=2)
    for _ in range(288):
        walk.step()
    assert walk.asked.count("2026-11-01") == 1


def test_a_note_of_a_day_that_is_not_over_launches_nothing(walk: Walk) -> None:
    for _ in range(6):
        walk.step()
    later = ReportDay.yesterday(BEGIN).plus(30)
    walk.notes.failed[later] = Failure("permanent", "the day is not over yet", BEGIN, 1, "other")
    assert (walk.look().launches, walk.look().open_days) == ([], 0)


def test_what_is_remembered_may_be_lost(walk: Walk) -> None:
    memory: Memory = {"depot": SourceMemory(sent=[("a/b", "2026-11-01")], sent_at=BEGIN, silent=2)}
    assert recall(remembered(memory)) == memory
    assert recall("{") == recall(None) == {}
    assert recall('{"depot": {"silent": "two"}}') == {}
    for _ in range(9):
        walk.memory = None
        walk.step()
    assert walk.missing() == set()


def test_feeds_that_lack_the_same_days_share_their_runs() -> None:
    cells = [(feed, FIRST.plus(number)) for number in (0, 1, 2, 4) for feed in ("a/b", "a/c")]
    cells.append(("a/d", FIRST))
    found = [(one.feeds, str(one.first)[-2:], str(one.last)[-2:]) for one in _runs(cells, 30)]
    assert found == [(("a/d",), "01", "01"), (("a/b", "a/c"), "01", "03"), (("a/b", "a/c"), "05", "05")]
