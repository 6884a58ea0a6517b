"""Following a backfill: what its runs tell, in whatever order and however often, ends in loaded or failed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from assets.backfill import (
    FINISH_SECONDS,
    PARTITIONS,
    PATIENCE_SECONDS,
    STARTED_HERE,
    Course,
    Wanted,
    cancel_abandoned,
    follow,
    only_missing,
)
from assets.client import DagsterClient, Happened, Run
from pipelines.days import ReportDay, span
from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.lake import Lake

FEED = "icasework/tasks"
DAYS = ("2026-09-01", "2026-09-02")
CELLS = [(FEED, day) for day in DAYS]
WANTED = Wanted({FEED: tuple(span(*map(ReportDay.parse, DAYS)))})
ONE = Run("one", "STARTED", (FEED,), *DAYS, will_retry=None, parent=None)
NOTHING = Happened("1", (), (), "", ())


def told(*loaded: tuple[str, str], failed: Mapping[str, str] | None = None, why: str = "") -> Happened:
    steps = (("icasework__tasks", failed, "some days failed"),) if failed is not None else ()
    return replace(NOTHING, materialised=loaded, step_failures=steps, run_failure=why)


@dataclass
class Look:
    """What Dagster answers at one look."""

    runs: tuple[Run, ...] = ()
    logs: dict[str, Happened] = field(default_factory=dict)
    status: str = "REQUESTED"
    error: Exception | None = None


class Script:
    """A Dagster that answers look after look; the last one again and again."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)
        self.now = 0.0
        self.asked = 0

    def backfill_status(self, _: str) -> tuple[str, str]:
        if self.asked and len(self.looks) > 1:
            self.looks.pop(0)
        self.asked += 1
        if self.looks[0].error:
            raise self.looks[0].error
        return self.looks[0].status, "because"

    def runs_of_backfill(self, _: str) -> list[Run]:
        return list(self.looks[0].runs)

    def read_log(self, run: str, _: str | None) -> Happened:
        return self.looks[0].logs.get(run, NOTHING)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def follow(self) -> Course:
        client = cast("DagsterClient", self)
        looks = follow(client, "b", WANTED, check=lambda: None, pause=self.pause, clock=lambda: self.now)
        return list(looks)[-1]


DIED = replace(ONE, status="FAILURE")
RETRY = replace(ONE, id="two", parent="one")


def test_a_run_whose_retry_is_not_decided_yet_stays_open() -> None:
    script = Script(
        Look((ONE,), {"one": told(CELLS[0])}),
        Look((DIED,), {"one": told(why="its process died")}),
        Look((replace(DIED, will_retry=True),)),
        Look((replace(DIED, will_retry=True), RETRY)),
        Look(
            (replace(DIED, will_retry=True), replace(RETRY, status="SUCCESS")),
            {"two": told(*CELLS)},
        ),
    )
    course = script.follow()
    assert course.loaded == set(CELLS)
    assert not course.failed
    assert course.runs == 2


def test_where_dagster_never_decides_the_backfills_end_does() -> None:
    script = Script(
        Look((ONE,), {"one": told(why="its process died")}),
        Look((DIED,)),
        Look((DIED,), status="COMPLETED_FAILED"),
    )
    # The reason was read in an earlier look than the end.
    assert script.follow().failed == {cell: f"{cell[0]} {cell[1]}: its process died" for cell in CELLS}


def test_a_retry_that_fails_as_well_is_the_end() -> None:
    gone = replace(DIED, will_retry=True)
    script = Script(
        Look((gone,), {"one": told(CELLS[0], why="its process died")}),
        Look((gone, replace(RETRY, status="FAILURE", will_retry=False)), {"two": told(why="it died again")}),
    )
    course = script.follow()
    assert course.loaded == {CELLS[0]}
    assert course.failed == {CELLS[1]: f"{FEED} {DAYS[1]}: it died again"}


def test_a_day_that_a_later_run_names_as_failed_counts_as_failed() -> None:
    gone = replace(DIED, will_retry=True)
    refused = {DAYS[0]: f"{FEED} {DAYS[0]}: no total came"}
    script = Script(
        Look((gone,), {"one": told(CELLS[0])}),
        Look(
            (gone, replace(RETRY, status="FAILURE", will_retry=False)),
            {"two": told(CELLS[1], failed=refused)},
        ),
    )
    course = script.follow()
    assert course.loaded == {CELLS[1]}
    assert course.failed == {CELLS[0]: refused[DAYS[0]]}


@pytest.mark.parametrize("status", ["CANCELED", "CANCELING", "FAILED"])
def test_a_backfill_that_somebody_cancelled_is_told(status: str) -> None:
    with pytest.raises(Permanent, match=f"{status.lower()} with 2 partitions untried"):
        Script(Look((ONE,)), Look((replace(ONE, status="CANCELING"),), status=status)).follow()


def test_questions_may_go_unanswered_for_minutes() -> None:
    silence = [Look(error=Transient("busy")) for _ in range(int(PATIENCE_SECONDS) - 10)]
    done = Look((replace(ONE, status="SUCCESS"),), {"one": told(*CELLS)})
    assert Script(Look((ONE,)), *silence, done).follow().loaded == set(CELLS)
    script = Script(Look((ONE,)), Look(error=Transient("busy")))
    with pytest.raises(Transient, match="busy"):
        script.follow()
    assert script.now >= PATIENCE_SECONDS


def test_a_backfill_that_nobody_takes_up_is_given_up() -> None:
    script = Script(Look())
    with pytest.raises(Permanent, match="no run of backfill b appeared within 5 minutes"):
        script.follow()
    assert PATIENCE_SECONDS < script.now < 2 * PATIENCE_SECONDS


def test_runs_may_end_after_their_last_day_but_not_for_ever() -> None:
    script = Script(
        Look((ONE,), {"one": told(*CELLS)}), Look((ONE,)), Look((replace(ONE, status="SUCCESS"),))
    )
    assert script.follow().ended
    script = Script(Look((ONE,), {"one": told(*CELLS)}))
    assert not script.follow().ended
    assert FINISH_SECONDS < script.now < 2 * FINISH_SECONDS


OURS = {**STARTED_HERE, PARTITIONS: "2"}


@pytest.mark.parametrize(
    ("tags", "runs", "is_cancelled"),
    [
        (OURS, [], True),
        (OURS, [ONE], True),
        (OURS, [replace(DIED, will_retry=True)], True),
        (OURS, [replace(ONE, status="SUCCESS", last=DAYS[0])], True),  # a second run was still to come
        (OURS, [replace(ONE, status="SUCCESS")], False),
        (OURS, [replace(DIED, will_retry=False)], False),
        ({}, [ONE], False),  # somebody launched it in the UI
    ],
)
def test_backfills_of_commands_that_are_gone_are_cancelled(
    tags: dict[str, str], runs: list[Run], *, is_cancelled: bool
) -> None:
    cancelled: list[str] = []

    class Client:
        def unfinished_backfills(self) -> dict[str, dict[str, str]]:
            return {"b": tags}

        def runs_of_backfill(self, _: str) -> list[Run]:
            return runs

        def cancel_backfill(self, backfill: str) -> None:
            cancelled.append(backfill)

    cancel_abandoned(cast("DagsterClient", Client()))
    assert cancelled == (["b"] if is_cancelled else [])


def test_what_is_missing_is_what_dagster_or_the_lake_lacks(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = list(span(ReportDay.parse("2026-09-01"), ReportDay.parse("2026-09-06")))
    loaded, failed, unseen, unloaded, gone, damaged = (str(day) for day in days)

    class Client:
        def partition_ranges(self, _: object) -> dict[str, list[tuple[str, str, str]]]:
            return {
                FEED: [
                    ("MATERIALIZED", loaded, loaded),
                    ("FAILED", failed, failed),
                    ("MATERIALIZED", gone, damaged),
                ]
            }

        def materialised(self, _: str, asked: list[str]) -> set[str]:
            assert asked == [unseen, unloaded]
            return {unseen}

    def receipt(_: Lake, __: str, day: ReportDay) -> Any:  # noqa: ANN401 - stands for a receipt
        if str(day) == damaged:
            raise Permanent("damaged")
        return None if str(day) == gone else object()

    monkeypatch.setattr(type(lake), "receipt", receipt)
    wanted = only_missing(Wanted({FEED: tuple(days)}), cast("DagsterClient", Client()), lake)
    assert [str(day) for day in wanted.days[FEED]] == [failed, unloaded, gone, damaged]
