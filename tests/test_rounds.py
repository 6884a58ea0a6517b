"""Days whose failure may pass are asked for again after the others, within bounds of number and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import ContractDrift, Permanent, SettingsError, Transient, Unverified
from pipelines.feeds import Policy
from pipelines.rounds import Rounds, ingest_in_rounds
from pipelines.settings import load_settings
from tests.plain_source import PARCELS, PlainSource, fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.errors import CasehouseError
    from pipelines.ingest import Outcome
    from pipelines.lake import Lake
    from pipelines.sources.report import Body, ReportRequest


@dataclass
class Resting(PlainSource):
    """Fails so many times for a day, then answers; every fetch takes some seconds of a clock of its own."""

    times: dict[str, int] = field(default_factory=dict)
    error: CasehouseError = field(default_factory=lambda: Transient("the source is resting"))
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    seconds: float = 1.0

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        self.now += self.seconds
        day = str(request.day)
        if self.times.get(day, 0) > 0:
            self.times[day] -= 1
            self.asked.append(day)
            raise type(self.error)(self.error.what)
        return super().fetch(request, into)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(lake: Lake, days: Sequence[ReportDay], source: Resting, rounds: Rounds) -> list[Outcome]:
    outcomes = ingest_in_rounds(
        PARCELS,
        days,
        source=source,
        lake=lake,
        policy=Policy(concurrency=1),
        rounds=rounds,
        sleep=source.sleep,
        elapsed=lambda: source.now,
    )
    return list(outcomes)


def resting(days: Sequence[ReportDay], **times: int) -> Resting:
    source = Resting(times={str(days[int(name[1:])]): count for name, count in times.items()})
    fill(source, days)
    return source


def test_a_day_that_failed_in_passing_comes_after_the_others(lake: Lake, days: list[ReportDay]) -> None:
    source = resting(days, d1=1, d3=2)
    outcomes = run(lake, days, source, Rounds(2, 30, 900))
    assert [outcome.day for outcome in outcomes] == [days[0], days[2], days[4], days[1], days[3]]
    assert not any(outcome.error for outcome in outcomes)
    assert source.slept == [30, 30]
    assert lake.failures(PARCELS.key) == {}
    assert not source.is_closed


def test_a_day_that_fails_each_time_is_told_once_and_last(lake: Lake, days: list[ReportDay]) -> None:
    source = resting(days, d0=9)
    outcomes = run(lake, days, source, Rounds(2, 0, 900))
    assert [outcome.day for outcome in outcomes] == [*days[1:], days[0]]
    assert [outcome.error is None for outcome in outcomes] == [True] * 4 + [False]
    assert source.asked.count(str(days[0])) == 3
    assert lake.failures(PARCELS.key)[days[0]].kind == "transient"


def test_the_rounds_of_a_run_are_one_attempt(lake: Lake, days: list[ReportDay]) -> None:
    # How long a day waits goes by its attempts: 15 minutes after the first run, and no four hours.
    for attempt in (1, 2):
        run(lake, days, resting(days, d0=9), Rounds(2, 0, 900))
        assert lake.failures(PARCELS.key)[days[0]].attempts == attempt


@pytest.mark.parametrize("kind", [Permanent, SettingsError, ContractDrift, Unverified])
def test_what_a_person_must_decide_is_asked_for_once(
    lake: Lake, days: list[ReportDay], kind: type[CasehouseError]
) -> None:
    source = resting(days, d2=9)
    source.error = kind("it stays so")
    outcomes = run(lake, days, source, Rounds(3, 30, 900))
    assert [outcome.day for outcome in outcomes] == days
    assert source.asked.count(str(days[2])) == 1
    assert source.slept == []


def test_rounds_end_when_their_seconds_are_spent(lake: Lake, days: list[ReportDay]) -> None:
    source = resting(days, d0=99, d1=99, d2=99)
    source.seconds = 40
    outcomes = run(lake, days, source, Rounds(10, 30, 100))
    assert [outcome.day for outcome in outcomes] == [days[3], days[4], days[0], days[1], days[2]]
    assert source.slept == [30]
    assert source.now <= 5 * 40 + 100 + 2 * 40  # a fetch under way, and one that was begun beside it


def test_a_day_that_was_loaded_as_the_seconds_ran_out_is_told_as_loaded(
    lake: Lake, days: list[ReportDay]
) -> None:
    source = resting(days, d0=1, d1=1, d2=1, d3=1, d4=1)
    source.seconds = 40
    outcomes = run(lake, days, source, Rounds(1, 0, 30))
    loaded = [outcome.day for outcome in outcomes if outcome.error is None]
    assert loaded
    assert loaded == lake.days(PARCELS.key)
    assert sorted(lake.failures(PARCELS.key)) == sorted(set(days) - set(loaded))
    assert len(outcomes) == len(days)
    assert source.is_closed


@pytest.mark.parametrize("rounds", [Rounds(0, 0, 900), Rounds(1, 30, 30), Rounds(1, 0, 0)])
def test_no_round_is_begun_for_which_there_is_no_room(
    lake: Lake, days: list[ReportDay], rounds: Rounds
) -> None:
    source = resting(days, d0=1)
    outcomes = run(lake, days, source, rounds)
    assert sum(outcome.error is not None for outcome in outcomes) == 1
    assert source.slept == []


def test_the_settings_say_how_often_and_how_long() -> None:
    assert Rounds.from_settings(load_settings()) == Rounds(1, 30, 900)
    told = {"day_retries": 0, "day_retry_wait_seconds": 1, "retry_budget_seconds": 2}
    assert Rounds.from_settings(load_settings(**told)) == Rounds(0, 1, 2)
