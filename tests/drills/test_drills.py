"""A drill that is green has shown what it must; anything else, however it came about, is red."""

from __future__ import annotations

import io
import json
import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from rich.console import Console

from assets.drills.command import drill as command
from assets.drills.command import tell
from assets.drills.counting import count
from assets.drills.door import Door
from assets.drills.drill import Drill
from assets.drills.playing import play, play_all
from assets.drills.register import DRILLS
from assets.drills.score import ITSELF, WIDTH, Score
from pipelines.days import ReportDay
from pipelines.errors import Permanent, Transient
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import load_settings
from tests.drills.in_process import Blind, InProcess, stage_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assets.drills.stage import Stage
    from pipelines.lake import Lake

QUICK = ("key-revoked", "web-page", "corrupted-file", "clock-skew", "truncated-bodies")
DAY = ReportDay.parse("2026-09-15")
TASKS = "icasework/tasks"


@pytest.fixture
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.mark.parametrize("name", QUICK)
def test_a_short_drill_is_green(name: str, sandbox: SandboxThread, tmp_path: Path) -> None:
    score = play(DRILLS[name], tmp_path, partial(stage_with, InProcess, sandbox))
    assert score.faults == []
    assert score.is_green
    assert score.rows_told > 0
    assert score.rows_lost == 0


@pytest.mark.parametrize("name", ["key-revoked", "corrupted-file"])
def test_a_product_that_notices_nothing_is_red(name: str, sandbox: SandboxThread, tmp_path: Path) -> None:
    score = play(DRILLS[name], tmp_path, partial(stage_with, Blind, sandbox))
    assert not score.is_green
    assert "status 0, not 1" in " ".join(score.faults)


def shown(stage: Stage) -> None:
    """Show all that a drill must show."""
    stage.score.detected, stage.score.alert, stage.score.repaired = "1.0 s", "it broke", ITSELF
    stage.load((TASKS, DAY))
    stage.count([(TASKS, DAY)])


def named(play: object) -> Drill:
    return Drill("made-up", "", "", (), play)  # type: ignore[arg-type]  # what a broken drill may be


def test_rows_that_the_vendor_has_and_we_lack_make_a_drill_red(
    sandbox: SandboxThread, tmp_path: Path
) -> None:
    def loses(stage: Stage) -> None:
        shown(stage)
        stage.count([(TASKS, DAY.plus(1))])

    opening = partial(stage_with, InProcess, sandbox)
    (tmp_path / "green").mkdir()
    (tmp_path / "red").mkdir()
    assert play(named(shown), tmp_path / "green", opening).is_green
    score = play(named(loses), tmp_path / "red", opening)
    lost = Door(sandbox.port).rows(TASKS, DAY.plus(1))
    assert lost > 0
    assert score.faults == [f"{lost} rows lost"]


def test_a_drill_that_shows_nothing_breaks_off_or_never_starts_is_red(
    sandbox: SandboxThread, tmp_path: Path
) -> None:
    def breaks(_: Stage) -> None:
        raise ValueError("Fred Bloggs")

    opening = partial(stage_with, InProcess, sandbox)
    silent = play(named(lambda _: None), tmp_path, opening)
    assert silent.faults == [
        "nothing was seen of: detected",
        "nothing was seen of: alert",
        "nothing was seen of: repaired",
        "the rows were not counted",
    ]
    broken = play(named(breaks), tmp_path, opening)
    assert "the drill broke off: unforeseen ValueError" in broken.faults[0]
    assert "Fred" not in str(broken.told())

    def closed(_: Path, __: Score) -> object:
        raise Transient("the sandbox did not come up")

    never = play(named(shown), tmp_path, closed)  # type: ignore[arg-type]  # it never opens
    assert not never.is_green
    assert "the sandbox did not come up" in never.faults[0]


def test_a_folder_to_keep_is_never_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "made-up").mkdir()
    with pytest.raises(Permanent, match="is there already"):
        list(play_all([named(shown)], tmp_path))


@pytest.mark.parametrize("feed", FEEDS)
def test_what_the_sandbox_says_it_holds_is_what_a_whole_answer_has(
    feed: str, the_vendor: SandboxThread, lake: Lake
) -> None:
    settings = load_settings(data_dir=lake.root, sandbox_port=the_vendor.port)
    found, day = FEEDS[feed], ReportDay.parse("2026-10-25")
    with closing(connect(found.source, settings)) as source:
        policy = policy_for(feed, settings)
        (outcome,) = ingest_days(found, [day], source=source, lake=lake, policy=policy)
    assert outcome.receipt
    door = Door(the_vendor.port)
    the_vendor.faults.add("empty")  # it tells past every fault
    counted = count(door, lake, [(feed, day)])
    the_vendor.faults.clear()
    assert (counted.told, counted.lost, counted.doubled) == (outcome.receipt.rows_good, 0, 0)


@pytest.fixture(scope="module")
def the_vendor() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


def test_a_surplus_never_makes_up_for_a_want(the_vendor: SandboxThread, lake: Lake) -> None:
    class Vendor(Door):
        def rows(self, feed: str, day: ReportDay) -> int:
            return super().rows(feed, day) + (2 if day == DAY else -2)

    settings = load_settings(data_dir=lake.root, sandbox_port=the_vendor.port)
    days = [DAY, DAY.plus(1)]
    with closing(connect("icasework", settings)) as source:
        policy = policy_for(TASKS, settings)
        assert all(
            one.receipt for one in ingest_days(FEEDS[TASKS], days, source=source, lake=lake, policy=policy)
        )
    counted = count(Vendor(the_vendor.port), lake, [(TASKS, day) for day in days])
    assert (counted.lost, counted.doubled) == (2, 2)
    lake.path(TASKS, DAY).write_bytes(b"PAR1 no more")
    assert count(Door(the_vendor.port), lake, [(TASKS, DAY)]).lost > 0


def test_the_door_says_when_nobody_answers_and_when_it_is_refused(the_vendor: SandboxThread) -> None:
    with pytest.raises(Permanent, match="refused GET"):
        Door(the_vendor.port).rows("icasework/nothing", DAY)
    with pytest.raises(Transient, match="does not answer"):
        Door(9).rows(TASKS, DAY)


def test_the_scorecard_is_read_at_a_hundred_columns_and_as_json() -> None:
    words = "icasework/tasks 2026-09-15: the source's row count differs [red]not markup[/] " * 4
    scores = [
        Score(name, "12.3 s", words, "casehouse backfill --missing", 1_234_567, 0, 0, 4.0) for name in DRILLS
    ]
    scores.append(Score("made-up", "", "", "", 5, 2, 1, 1.0, ["the last good day did not stay"], ["a thing"]))
    written = io.StringIO()
    tell(scores, Console(file=written, width=WIDTH))
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    assert all(name in text for name in DRILLS)
    assert "[red]not" in re.sub(r"\s+", " ", text)
    assert "RED made-up: the last good day did not stay" in text
    assert "RED made-up: 2 rows lost" in text
    assert f"{len(DRILLS)} of {len(DRILLS) + 1} drills green" in text
    assert json.loads(json.dumps(scores[-1].told()))["is_green"] is False


def test_the_command_lists_what_there_is_and_names_it_to_who_asks_for_another() -> None:
    said = CliRunner().invoke(command, ["--list", "--json"])
    assert [one["name"] for one in json.loads(said.output)] == list(DRILLS)
    assert all(one["plays"] and one["must"] and one["uses"] for one in json.loads(said.output))
    listed = CliRunner().invoke(command, ["--list"]).output
    assert all(name in listed for name in DRILLS)
    unknown = CliRunner().invoke(command, ["earthquake"])
    assert isinstance(unknown.exception, Permanent)
    assert "vendor-down" in str(unknown.exception)
