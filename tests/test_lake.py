"""A file in the lake proves itself, and nothing replaces a good one but a better one."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pipelines.lake
from pipelines.days import ReportDay
from pipelines.errors import Damaged, Transient
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import STAGE, STALE_SECONDS, Failure, Lake
from tests.plain_source import PARCELS, PlainSource, fill, load_one, parcel

if TYPE_CHECKING:
    from pathlib import Path

FEED = PARCELS.key


def load(lake: Lake, days: list[ReportDay], source: PlainSource) -> None:
    for outcome in ingest_days(PARCELS, days, source=source, lake=lake, policy=Policy(bad_row_share=0.5)):
        assert outcome.error is None


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, ReportDay, bytes]:
    lake = Lake(tmp_path_factory.mktemp("sealed"))
    day = ReportDay.parse("2026-11-01")
    load(lake, [day], fill(PlainSource(), [day]))
    return lake, day, lake.path(FEED, day).read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found(
    sealed: tuple[Lake, ReportDay, bytes], data: st.DataObject
) -> None:
    lake, day, good = sealed
    at = data.draw(st.integers(0, len(good) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(good)
    damaged[at] ^= 1 << bit
    path = lake.path(FEED, day)
    path.write_bytes(damaged)
    with pytest.raises(Damaged, match=f"{FEED} {day}"):
        lake.check(FEED, day)
    path.write_bytes(good)
    assert lake.check(FEED, day).rows_good == 3


@pytest.mark.parametrize("keep", [0, 3, 8, 100])
def test_a_truncated_file_is_damaged_and_not_a_crash(
    sealed: tuple[Lake, ReportDay, bytes], keep: int
) -> None:
    lake, day, good = sealed
    lake.path(FEED, day).write_bytes(good[:keep])
    with pytest.raises(Damaged, match="casehouse ingest"):
        lake.check(FEED, day)
    lake.path(FEED, day).write_bytes(good)


def test_a_damaged_file_is_replaced_by_the_next_ingest(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load(lake, days, source)
    path = lake.path(FEED, days[0])
    good = path.read_bytes()
    path.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
    load(lake, days[:1], source)
    assert path.read_bytes() == good


def test_the_receipt_says_what_was_asked_and_what_came(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days, 4)
    receipt = load_one(days[0], source, lake, Policy())
    assert (receipt.source_total, receipt.rows_good, receipt.rows_quarantined) == (4, 4, 0)
    assert receipt.status == "verified"
    assert receipt.contract == PARCELS.contract.fingerprint
    assert receipt.window_until == "2026-11-01T23:59:59.999"
    assert lake.receipt(FEED, days[0]) == receipt
    assert pl.read_parquet(lake.path(FEED, days[0])).schema == PARCELS.contract.polars_schema


def test_the_same_input_leaves_the_file_alone(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load(lake, days, source)
    before = {day: lake.path(FEED, day).stat().st_ino for day in days}
    load(lake, days, source)
    assert {day: lake.path(FEED, day).stat().st_ino for day in days} == before


def test_the_same_input_gives_the_same_bytes_in_another_lake(
    lake: Lake, tmp_path: Path, days: list[ReportDay]
) -> None:
    source = fill(PlainSource(), days)
    other = Lake(tmp_path / "other")
    load(lake, days, source)
    for day in days:  # one by one here, together there
        load(other, [day], source)
    for day in days:
        assert lake.path(FEED, day).read_bytes() == other.path(FEED, day).read_bytes()


def test_missing_quarantine_is_damage(lake: Lake, days: list[ReportDay]) -> None:
    source = PlainSource(rows={str(days[0]): [parcel(1), parcel(2, price="dear")]})
    load(lake, days[:1], source)
    assert lake.check(FEED, days[0]).rows_quarantined == 1
    lake.quarantine_path(FEED, days[0]).unlink()
    with pytest.raises(Damaged, match="quarantined rows are missing"):
        lake.check(FEED, days[0])


def test_raw_cells_in_quarantine_are_for_the_owner_alone(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days[:1], PlainSource(rows={str(days[0]): [parcel(1), parcel(2, price="dear")]}))
    assert (lake.root / "quarantine").stat().st_mode & 0o077 == 0


def test_a_day_that_heals_loses_its_quarantine(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days[:1], PlainSource(rows={str(days[0]): [parcel(1), parcel(2, price="dear")]}))
    load(lake, days[:1], fill(PlainSource(), days))
    assert not lake.quarantine_path(FEED, days[0]).exists()
    assert lake.check(FEED, days[0]).rows_quarantined == 0


def test_a_failure_is_on_record_until_the_day_is_loaded(lake: Lake, days: list[ReportDay]) -> None:
    at = datetime(2026, 11, 6, 5, tzinfo=UTC)
    lake.record_failure(FEED, days[1], Transient("no answer", feed=FEED, day=str(days[1])), at)
    (failure,) = lake.failures(FEED).values()
    assert (failure.kind, failure.attempted_at) == ("transient", at)
    load(lake, days, fill(PlainSource(), days))
    assert lake.failures(FEED) == {}


def test_only_abandoned_staging_is_swept(lake: Lake) -> None:
    old, new = lake.root / STAGE / "old", lake.root / STAGE / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "body").write_text("x")
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    lake.sweep()
    assert not old.exists()
    assert new.exists()


@pytest.mark.parametrize("count", [3, 300])
def test_what_people_wrote_cannot_be_taken_for_a_receipt(
    lake: Lake, days: list[ReportDay], count: int
) -> None:
    trap = '"seal": "' + "0" * 64 + '" casehouse.receipt {"feed": "x"}'
    rows = [parcel(number, label=trap) for number in range(1, count + 1)]
    load(lake, days[:1], PlainSource(rows={str(days[0]): rows}))
    assert lake.check(FEED, days[0]).rows_good == count


@pytest.mark.parametrize("step", [1, 2])
def test_a_failure_between_the_moves_keeps_the_last_good_day_with_its_quarantine(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    day = days[0]
    load(lake, [day], PlainSource(rows={str(day): [parcel(1), parcel(2, price="dear")]}))
    old = lake.check(FEED, day)
    moves = 0

    def fail_at(staged: Path, target: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == step:
            raise OSError(28, "No space left on device")
        staged.replace(target)

    monkeypatch.setattr(pipelines.lake, "promote", fail_at)
    source = PlainSource(rows={str(day): [parcel(1), parcel(3), parcel(4, price="dearer")]})
    (outcome,) = ingest_days(PARCELS, [day], source=source, lake=lake, policy=Policy(bad_row_share=0.5))
    assert outcome.error
    assert lake.check(FEED, day) == old
    assert lake.quarantined_days(FEED) == [day]
    monkeypatch.undo()
    load(lake, [day], source)
    assert lake.check(FEED, day).rows_good == 2
    assert len(list(lake.quarantine_path(FEED, day).parent.iterdir())) == 1


def test_an_unchanged_quarantine_is_left_alone(lake: Lake, days: list[ReportDay]) -> None:
    source = PlainSource(rows={str(days[0]): [parcel(1), parcel(2, price="dear")]})
    load(lake, days[:1], source)
    before = lake.quarantine_path(FEED, days[0]).stat().st_ino
    load(lake, days[:1], source)
    assert lake.quarantine_path(FEED, days[0]).stat().st_ino == before


def test_the_same_rows_in_another_body_leave_the_files_alone(lake: Lake, days: list[ReportDay]) -> None:
    day = days[0]
    source = PlainSource(
        rows={str(day): [parcel(1), parcel(2, price="dear")]},
        asked=["before"] * 8,  # the tenth run's body is a byte longer
        numbers_runs=True,
    )
    load(lake, [day], source)
    first = lake.check(FEED, day)
    before = [path.stat().st_ino for path in (lake.path(FEED, day), lake.quarantine_path(FEED, day))]
    (outcome,) = ingest_days(PARCELS, [day], source=source, lake=lake, policy=Policy(bad_row_share=0.5))
    assert not outcome.changed
    assert outcome.receipt == first == lake.check(FEED, day)
    assert [path.stat().st_ino for path in (lake.path(FEED, day), lake.quarantine_path(FEED, day))] == before
    assert len(list(lake.quarantine_path(FEED, day).parent.iterdir())) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [parcel(1, price="1.51"), parcel(2, price="dear")],  # another good row
        [parcel(1), parcel(2, price="high")],  # another bad one
        [parcel(1), parcel(2, price="dear"), parcel(3)],  # one more
        [parcel(1), parcel(2)],  # the bad one mended
    ],
)
def test_other_rows_in_another_body_replace_both_files(
    lake: Lake, days: list[ReportDay], rows: list[tuple[str, ...]]
) -> None:
    day = days[0]
    source = PlainSource(rows={str(day): [parcel(1), parcel(2, price="dear")]}, numbers_runs=True)
    load(lake, [day], source)
    first = lake.check(FEED, day)
    source.rows[str(day)] = rows
    (outcome,) = ingest_days(PARCELS, [day], source=source, lake=lake, policy=Policy(bad_row_share=0.5))
    assert outcome.changed
    assert outcome.receipt == lake.check(FEED, day) != first
    assert lake.quarantined_days(FEED) == ([day] if outcome.receipt.rows_quarantined else [])


def test_a_quarantine_that_was_lost_is_put_back_from_another_body(lake: Lake, days: list[ReportDay]) -> None:
    day = days[0]
    source = PlainSource(rows={str(day): [parcel(1), parcel(2, price="dear")]}, numbers_runs=True)
    load(lake, [day], source)
    lake.quarantine_path(FEED, day).unlink()
    load(lake, [day], source)
    assert lake.check(FEED, day).rows_quarantined == 1


def test_an_unreadable_note_of_a_failure_is_told_as_such(lake: Lake, days: list[ReportDay]) -> None:
    lake.record_failure(FEED, days[0], Transient("no answer"), datetime(2026, 11, 6, tzinfo=UTC))
    (note,) = (lake.root / "attempts" / FEED).iterdir()
    note.write_text("")
    assert lake.failures(FEED)[days[0]].kind == "unknown"


def test_others_may_not_read_what_is_stored(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days[:1], fill(PlainSource(), days))
    assert lake.path(FEED, days[0]).stat().st_mode & 0o007 == 0


def test_a_failed_attempt_counts_those_before_it_until_the_day_is_loaded(lake: Lake) -> None:
    day, at = ReportDay.parse("2026-11-01"), datetime(2026, 11, 2, 5, tzinfo=UTC)
    for number in (1, 2, 3):
        lake.record_failure("depot/parcels", day, Transient("resting"), at, made_with=f"contract {number}")
        failure = lake.failures("depot/parcels")[day]
        assert (failure.attempts, failure.made_with) == (number, f"contract {number}")
    load_one(day, fill(PlainSource(), [day]), lake)
    assert lake.failures("depot/parcels") == {}
    lake.record_failure("depot/parcels", day, Transient("resting"), at)
    assert lake.failures("depot/parcels")[day].attempts == 1


def test_a_note_of_an_earlier_version_counts_as_one_attempt(lake: Lake) -> None:
    day, at = ReportDay.parse("2026-11-01"), datetime(2026, 11, 2, 5, tzinfo=UTC)
    lake.record_failure("depot/parcels", day, Transient("resting"), at)
    note = lake.root / "attempts" / "depot" / "parcels" / "2026-11-01.json"
    told = json.loads(note.read_text(encoding="utf-8"))
    note.write_text(
        json.dumps({key: told[key] for key in ("kind", "message", "attempted_at")}), encoding="utf-8"
    )
    assert lake.failures("depot/parcels")[day] == Failure("transient", "resting", at, 1, "")
