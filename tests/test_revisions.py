"""A day that is asked for again: what changed is on record, what would take too much away is held back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.contracts.contract import Contract
from pipelines.days import ReportDay
from pipelines.feeds import Feed, Policy
from pipelines.ingest import Outcome, ingest_days
from pipelines.repulls import ShrinkGuard
from pipelines.revisions import held_back, read_records, read_revisions
from pipelines.sources.dialect import ICASEWORK
from tests.plain_source import Parcels, PlainSource, parcel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.lake import Lake
    from tests.plain_source import Row

FEED = Feed(Contract("depot/parcels", Parcels, rows_by=("parcel_id",)), ICASEWORK)
MOVING = Feed(Contract("depot/parcels", Parcels, rows_by=("parcel_id",), rows_move=True), ICASEWORK)
DAY = ReportDay.parse("2026-11-01")
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent


def pull(
    lake: Lake,
    rows: Sequence[Row],
    *,
    at: datetime = NOW,
    policy: Policy | None = None,
    feed: Feed = FEED,
    numbers_runs: bool = False,
) -> Outcome:
    source = PlainSource(rows={str(DAY): rows}, numbers_runs=numbers_runs)
    source.asked = [str(at)] * at.day  # each pull another run of the source
    chosen = policy or Policy(bad_row_share=0.5)
    (outcome,) = ingest_days(feed, [DAY], source=source, lake=lake, policy=chosen, clock=lambda: at)
    assert outcome.error is None
    return outcome


def parcels(first: int, last: int, **cells: str) -> list[Row]:
    return [parcel(number, **cells) for number in range(first, last + 1)]


def test_a_new_day_is_no_revision(lake: Lake) -> None:
    assert pull(lake, parcels(1, 3)).revision is None
    assert read_revisions(lake.root, FEED.key) == {}


@pytest.mark.parametrize("numbers_runs", [False, True])
def test_the_same_again_is_no_revision_and_leaves_the_bytes(lake: Lake, numbers_runs: bool) -> None:  # noqa: FBT001 - pytest
    pull(lake, parcels(1, 3), numbers_runs=numbers_runs)
    before = lake.path(FEED.key, DAY).read_bytes()
    outcome = pull(lake, parcels(1, 3), at=NOW + timedelta(days=1), numbers_runs=numbers_runs)
    assert (outcome.revision, outcome.changed) == (None, False)
    assert lake.path(FEED.key, DAY).read_bytes() == before
    assert not (lake.root / "revisions").exists()


def test_rows_in_another_order_are_no_revision(lake: Lake) -> None:
    pull(lake, parcels(1, 3))
    assert pull(lake, parcels(1, 3)[::-1]).revision is None
    assert read_revisions(lake.root, FEED.key) == {}


def test_what_changed_is_told_oldest_first(lake: Lake) -> None:
    pull(lake, parcels(1, 3))
    pull(lake, parcels(1, 5))
    later = NOW + timedelta(days=1)
    outcome = pull(lake, [*parcels(1, 3), parcel(4, price="9.99")], at=later)
    first, second = read_revisions(lake.root, FEED.key)[DAY]
    assert (first.at, first.added, first.changed, first.gone) == (NOW, 2, 0, 0)
    assert (second.at, second.added, second.changed, second.gone) == (later, 0, 1, 1)
    assert outcome.revision == second
    assert not second.kept
    assert str(second) == "depot/parcels 2026-11-01: 0 added, 1 changed, 1 gone"
    *_, record = read_records(lake.root, FEED.key)
    assert (record.rows_before, record.rows_after) == (5, 4)
    assert record.new_seal == lake.check(FEED.key, DAY).seal
    min((lake.root / "revisions").rglob("*.json")).write_bytes(b"not even read")
    assert [one.revision for one in read_records(lake.root, FEED.key, later)] == [second]
    assert list(read_records(lake.root, FEED.key, later + timedelta(microseconds=1))) == []


def test_nothing_personal_stands_in_a_record(lake: Lake) -> None:
    pull(lake, parcels(1, 3, label="Ada Lovelace"))
    pull(lake, parcels(1, 2, label="Grace Hopper"))
    files = [path.read_text() for path in (lake.root / "revisions").rglob("*.json")]
    assert len(files) == 1
    assert "label" in files[0]
    assert not any(name in files[0] for name in ("Ada", "Lovelace", "Grace", "Hopper"))


@pytest.mark.parametrize(
    ("had", "has", "is_kept"),
    [
        (100, 80, False),  # a fifth, which may go
        (100, 79, True),
        (20, 11, False),  # nine rows are not many enough to judge by
        (20, 10, True),
        (5, 1, False),
        (5, 0, True),  # nothing is left to tell what there was
        (1, 0, True),
    ],
)
def test_a_day_that_shrinks_too_much_stays(lake: Lake, had: int, has: int, is_kept: bool) -> None:  # noqa: FBT001 - pytest
    pull(lake, parcels(1, had))
    before = lake.path(FEED.key, DAY).read_bytes()
    outcome = pull(lake, parcels(1, has))
    assert outcome.revision is not None
    assert outcome.revision.kept is is_kept
    assert outcome.revision.gone == had - has
    assert (lake.path(FEED.key, DAY).read_bytes() == before) is is_kept
    assert (DAY in held_back(lake.root, FEED.key)) is is_kept
    assert outcome.receipt
    assert outcome.receipt.rows_good == (had if is_kept else has)


def test_the_same_short_answer_each_night_is_one_record(lake: Lake) -> None:
    pull(lake, parcels(1, 50), numbers_runs=True)
    for night in range(3):
        pull(lake, parcels(1, 10), at=NOW + timedelta(days=night), numbers_runs=True)
    (revision,) = read_revisions(lake.root, FEED.key)[DAY]
    assert revision.kept
    assert revision.at == NOW


def test_a_fuller_answer_ends_the_note_and_keeps_the_record(lake: Lake) -> None:
    pull(lake, parcels(1, 50))
    pull(lake, parcels(1, 10))
    assert pull(lake, parcels(1, 50)).revision is None
    assert held_back(lake.root, FEED.key) == {}
    assert [one.kept for one in read_revisions(lake.root, FEED.key)[DAY]] == [True]


def test_a_person_may_take_the_smaller_day(lake: Lake) -> None:
    pull(lake, parcels(1, 50))
    pull(lake, parcels(1, 10))
    outcome = pull(lake, parcels(1, 10), policy=Policy(shrink_guard=None), at=NOW + timedelta(hours=1))
    assert outcome.changed
    assert held_back(lake.root, FEED.key) == {}
    assert [(one.kept, one.gone) for one in read_revisions(lake.root, FEED.key)[DAY]] == [
        (True, 40),
        (False, 40),
    ]
    assert lake.check(FEED.key, DAY).rows_good == 10


def test_a_feed_whose_rows_move_is_not_guarded_and_says_why(lake: Lake) -> None:
    pull(lake, parcels(1, 50), feed=MOVING)
    revision = pull(lake, parcels(1, 10), feed=MOVING).revision
    assert revision
    assert not revision.kept
    assert "last change" in revision.why


def test_the_cause_is_told_as_far_as_it_is_known(lake: Lake) -> None:
    pull(lake, parcels(1, 50))
    policy = Policy(shrink_guard=ShrinkGuard(retention_days=14))
    revision = pull(lake, parcels(1, 10), policy=policy).revision
    assert revision
    assert revision.why == (
        "the source tells 10 of the 50 rows it told before;"
        " the day is 22 days old and the source is known to keep 14"
    )
    policy = replace(policy, shrink_guard=ShrinkGuard(retention_days=22))
    revision = pull(lake, parcels(1, 9), policy=policy).revision
    assert revision
    assert "would look the same" in revision.why


def test_rows_that_went_into_quarantine_shrink_nothing(lake: Lake) -> None:
    pull(lake, parcels(1, 50))
    outcome = pull(lake, [*parcels(1, 26), *parcels(27, 50, price="dear")])
    assert outcome.revision
    assert (outcome.revision.kept, outcome.revision.gone) == (False, 24)


def test_rows_set_aside_are_guarded_too(lake: Lake) -> None:
    good, bad = parcels(1, 20), parcels(21, 40, price="-1")
    pull(lake, [*good, *bad])
    outcome = pull(lake, good, at=NOW + timedelta(days=1))
    assert outcome.revision is not None
    assert outcome.revision.kept
    assert lake.quarantined_days(FEED.key) == [DAY]


def test_a_damaged_file_is_not_given_up_for_far_fewer_rows(lake: Lake) -> None:
    pull(lake, parcels(1, 40))
    path = lake.path(FEED.key, DAY)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    source = PlainSource(rows={str(DAY): parcels(1, 3)})
    (outcome,) = ingest_days(FEED, [DAY], source=source, lake=lake, policy=Policy())
    assert outcome.error is not None
    assert outcome.error.kind == "damaged"
    assert "3 of the 40 rows" in str(outcome.error)
    assert path.read_bytes() == content
    pull(lake, parcels(1, 3), policy=Policy(shrink_guard=None))
    assert lake.check(FEED.key, DAY).rows_good == 3


def test_records_are_read_since_an_instant(lake: Lake) -> None:
    for number in range(4):
        pull(lake, parcels(1, 20 + number), at=NOW + timedelta(days=number))
    found = read_records(lake.root, FEED.key, NOW + timedelta(days=2))
    assert [record.at for record in found] == [NOW + timedelta(days=2), NOW + timedelta(days=3)]


def test_a_record_that_cannot_be_read_is_told_and_stops_nothing(lake: Lake) -> None:
    pull(lake, parcels(1, 3))
    pull(lake, parcels(1, 4))
    (path,) = (lake.root / "revisions").rglob("*.json")
    path.write_bytes(b"{")
    (revision,) = read_revisions(lake.root, FEED.key)[DAY]
    assert "cannot be read" in revision.why


KILLED = """
import os, signal, sys
from pathlib import Path
import pipelines.lake
from pipelines.lake import Lake
from tests.test_revisions import parcels, pull

promote = pipelines.lake.promote

def killed(staged, target):
    if sys.argv[2] == "after":
        promote(staged, target)
    os.kill(os.getpid(), signal.SIGKILL)

pipelines.lake.promote = killed
pull(Lake(Path(sys.argv[1])), parcels(1, 5))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_around_the_promotion_leaves_a_revision_only_of_what_stands(lake: Lake, when: str) -> None:
    pull(lake, parcels(1, 3))
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(lake.root), when],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    assert process.returncode == -signal.SIGKILL
    assert len(list((lake.root / "revisions").rglob("proposed.json"))) == 1
    told = [(one.added, one.gone) for one in read_revisions(lake.root, FEED.key).get(DAY, [])]
    assert told == ([(2, 0)] if when == "after" else [])
    outcome = pull(lake, parcels(1, 5), at=NOW + timedelta(days=1))
    assert (outcome.revision is None) is (when == "after")
    assert [(one.added, one.gone) for one in read_revisions(lake.root, FEED.key)[DAY]] == [(2, 0)]
    assert not list((lake.root / "revisions").rglob("proposed.json"))
