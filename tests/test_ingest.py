"""A day is complete or not there; a failed day harms no other; a kill loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import pipelines.ingest
from pipelines.days import ReportDay, span
from pipelines.errors import (
    ContractDrift,
    Permanent,
    SettingsError,
    TooManyBadRows,
    Transient,
    Unverified,
)
from pipelines.feeds import Policy
from pipelines.ingest import Outcome, ingest_days
from pipelines.lake import STAGE, Lake
from pipelines.load import Judged, judge_together
from tests.plain_source import PARCELS, PlainSource, fill, load_one, parcel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.decode import Decoder

FEED = PARCELS.key


def run(
    lake: Lake, days: list[ReportDay], source: PlainSource, policy: Policy | None = None
) -> list[Outcome]:
    return list(ingest_days(PARCELS, days, source=source, lake=lake, policy=policy or Policy()))


@pytest.mark.usefixtures("size")
def test_days_come_back_in_order_with_their_rows(lake: Lake, days: list[ReportDay]) -> None:
    outcomes = run(lake, days, fill(PlainSource(), days, 5))
    assert [outcome.day for outcome in outcomes] == days
    assert all(outcome.changed and outcome.receipt and outcome.receipt.rows_good == 5 for outcome in outcomes)
    assert lake.days(FEED) == days


def test_both_ways_of_loading_write_the_same_bytes(
    lake: Lake, tmp_path: Path, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(PlainSource(), days, 50)
    source.rows[str(days[2])] = [
        parcel(number, price="x" if number == 7 else "1.00") for number in range(1, 200)
    ]
    other = Lake(tmp_path / "other")
    run(lake, days, source)
    monkeypatch.setattr(pipelines.ingest, "SMALL_BYTES", 0)
    run(other, days, source)
    for day in days:
        assert lake.path(FEED, day).read_bytes() == other.path(FEED, day).read_bytes()
    aside = [one.quarantine_path(FEED, days[2]).read_bytes() for one in (lake, other)]
    assert aside[0] == aside[1]


@pytest.mark.usefixtures("size")
def test_an_empty_day_is_a_typed_file_without_rows(lake: Lake, days: list[ReportDay]) -> None:
    (outcome,) = run(lake, days[:1], PlainSource())
    assert outcome.receipt
    assert outcome.receipt.status == "verified"
    stored = pl.read_parquet(lake.path(FEED, days[0]))
    assert stored.is_empty()
    assert stored.schema == PARCELS.contract.polars_schema


@pytest.mark.usefixtures("size")
def test_bad_rows_are_set_aside_with_row_column_and_check(lake: Lake, days: list[ReportDay]) -> None:
    rows = [parcel(number) for number in range(1, 201)]
    rows[6] = parcel(7, sent="yesterday", price="-1.00")
    rows[9] = parcel(0)
    (outcome,) = run(lake, days[:1], PlainSource(rows={str(days[0]): rows}))
    assert outcome.receipt
    assert (outcome.receipt.rows_good, outcome.receipt.rows_quarantined) == (198, 2)
    assert outcome.receipt.status == "quarantined"
    assert 7 not in pl.read_parquet(lake.path(FEED, days[0]))["parcel_id"]
    aside = pl.read_parquet(lake.quarantine_path(FEED, days[0]))
    told = {
        row["row_number"]: [(one["column"], one["check"]) for one in row["reasons"]]
        for row in aside.to_dicts()
    }
    assert told == {
        7: [("sent_date", "is a date"), ("price_gbp", "greater_than_or_equal_to(min_value=0)")],
        10: [("parcel_id", "greater_than_or_equal_to(min_value=1)")],
    }
    assert '"Parcel.DateSent":"yesterday"' in aside["raw_row"][0]


@pytest.mark.usefixtures("size")
def test_too_many_bad_rows_fail_the_day_and_leave_the_last_good_file(
    lake: Lake, days: list[ReportDay]
) -> None:
    source = fill(PlainSource(), days, 10)
    run(lake, days, source)
    good = lake.path(FEED, days[1]).read_bytes()
    source.rows[str(days[1])] = [parcel(number, label="SECRET", price="SECRET") for number in range(1, 11)]
    outcomes = run(lake, days, source)
    failed = [outcome for outcome in outcomes if outcome.error]
    assert [outcome.day for outcome in failed] == [days[1]]
    assert isinstance(failed[0].error, TooManyBadRows)
    assert "10 of 10 rows" in str(failed[0].error)
    assert "price_gbp (Parcel.Price) is an amount with two decimals: 10 rows, first row 1" in str(
        failed[0].error
    )
    assert "SECRET" not in str(failed[0].error)
    assert lake.path(FEED, days[1]).read_bytes() == good
    assert not lake.quarantine_path(FEED, days[1]).exists()


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("total", [2, 4, None])
def test_a_total_that_differs_or_is_missing_fails_the_day(
    lake: Lake, days: list[ReportDay], total: int | None
) -> None:
    source = fill(PlainSource(), days, 3)
    source.totals[str(days[0])] = total
    with pytest.raises(Unverified, match=f"{FEED} {days[0]}"):
        load_one(days[0], source, lake, Policy())
    assert lake.days(FEED) == []
    assert lake.failures(FEED)[days[0]].kind == "unverified"


@pytest.mark.usefixtures("size")
def test_a_bad_row_does_not_make_up_for_a_row_too_many(lake: Lake, days: list[ReportDay]) -> None:
    rows = [parcel(number) for number in range(1, 201)] + [parcel(0)]
    source = PlainSource(rows={str(days[0]): rows}, totals={str(days[0]): 200})
    with pytest.raises(Unverified, match="the source says 200, the body holds 201"):
        load_one(days[0], source, lake, Policy())


@pytest.mark.usefixtures("size")
def test_a_feed_may_say_that_its_source_has_no_total(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days, 3)
    source.totals[str(days[0])] = None
    receipt = load_one(days[0], source, lake, Policy(reconcile="none"))
    assert (receipt.status, receipt.rows_good) == ("unverified", 3)
    assert lake.check(FEED, days[0]) == receipt


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: (*f[:1], *f[2:]), "missing: Parcel.Label"),
        (lambda f: (*f, "Parcel.Weight"), "unexpected: Parcel.Weight"),
        (lambda f: ("Parcel.Number", *f[1:]), "missing: Parcel.Id; unexpected: Parcel.Number"),
        (lambda f: (f[0], *f[2:5], f[1], f[5]), r"moved: Parcel.Label \(asked as 2, came as 5\)"),
        (lambda f: (*f, f[0]), "a field came twice"),
    ],
)
def test_drift_names_the_field_and_writes_nothing(
    lake: Lake, days: list[ReportDay], change: object, told: str
) -> None:
    assert callable(change)
    source = fill(PlainSource(), days)
    source.fields = change(source.fields)
    with pytest.raises(ContractDrift, match=told):
        load_one(days[0], source, lake, Policy())
    assert lake.days(FEED) == []


def test_a_failed_day_stops_no_other_and_heals_next_time(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    source.errors[str(days[2])] = Transient("the source did not answer", todo="wait")
    outcomes = run(lake, days, source)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True]
    assert str(outcomes[2].error).startswith(f"{FEED} {days[2]}: the source did not answer")
    source.errors.clear()
    assert all(outcome.error is None for outcome in run(lake, [days[2]], source))
    assert lake.days(FEED) == days
    assert lake.failures(FEED) == {}


@pytest.mark.usefixtures("size")
def test_a_full_disk_is_told_and_leaves_the_last_good_file(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(PlainSource(), days)
    run(lake, days, source)
    good = lake.path(FEED, days[0]).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Lake, "publish", full)
    source.rows[str(days[0])] = [parcel(9)]
    (outcome,) = run(lake, days[:1], source)
    assert isinstance(outcome.error, Permanent)
    assert "No space left on device" in str(outcome.error)
    assert lake.path(FEED, days[0]).read_bytes() == good


def test_nothing_is_left_staged(lake: Lake, days: list[ReportDay]) -> None:
    run(lake, days, fill(PlainSource(), days))
    assert list((lake.root / STAGE).iterdir()) == []


def test_more_days_than_one_batch_all_arrive(lake: Lake, days: list[ReportDay]) -> None:
    many = [days[0].plus(-offset) for offset in reversed(range(pipelines.ingest.TOGETHER_DAYS * 2 + 3))]
    run(lake, many, fill(PlainSource(), many))
    assert lake.days(FEED) == many


KILLED = """
    import sys, time
    from pathlib import Path
    from pipelines.days import ReportDay, span
    from pipelines.feeds import Policy
    from pipelines.ingest import ingest_days
    from pipelines.lake import Lake
    from tests.plain_source import PARCELS, PlainSource, fill

    days = list(span(ReportDay.parse("2025-01-01"), ReportDay.parse("2025-12-31")))
    source = fill(PlainSource(), days, 200)
    for outcome in ingest_days(PARCELS, days, source=source, lake=Lake(Path(sys.argv[1])), policy=Policy()):
        print(outcome.day, flush=True)
"""


def test_kill_9_in_mid_range_leaves_whole_days_only_and_a_rerun_completes(lake: Lake) -> None:
    year = list(span(ReportDay.parse("2025-01-01"), ReportDay.parse("2025-12-31")))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(lake.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for _ in range(40):
        assert process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    loaded = lake.days(FEED)
    assert 40 <= len(loaded) < len(year)
    for day in loaded:
        assert lake.check(FEED, day).rows_good == 200
    before = {day: lake.path(FEED, day).stat().st_mtime_ns for day in loaded}
    time.sleep(0.01)
    outcomes = run(lake, year, fill(PlainSource(), year, 200))
    assert [outcome.day for outcome in outcomes if outcome.changed] == [
        day for day in year if day not in before
    ]
    assert {day: lake.path(FEED, day).stat().st_mtime_ns for day in loaded} == before
    assert lake.days(FEED) == year


@pytest.mark.parametrize("ahead", [0, 1, 3000])
def test_a_day_that_is_not_over_is_refused_unasked(lake: Lake, ahead: int) -> None:
    now = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)  # one minute to midnight in London
    today = ReportDay.parse("2026-07-01")
    source = fill(PlainSource(), [today.plus(ahead)])
    (outcome,) = ingest_days(
        PARCELS, [today.plus(ahead)], source=source, lake=lake, policy=Policy(), clock=lambda: now
    )
    assert isinstance(outcome.error, Permanent)
    assert "not over" in str(outcome.error)
    assert source.asked == []


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(
    "fault", [RecursionError("Bloggs"), ValueError("Bloggs"), pl.exceptions.PanicException("x")]
)
def test_an_unforeseen_fault_takes_one_day_with_it_and_no_other(
    lake: Lake, days: list[ReportDay], fault: BaseException
) -> None:
    source = fill(PlainSource(), days)
    source.errors[str(days[2])] = fault
    outcomes = run(lake, days, source)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True]
    assert type(fault).__name__ in str(outcomes[2].error)
    assert "Bloggs" not in str(outcomes[2].error)
    assert list(lake.failures(FEED)) == [days[2]]


def test_a_fault_of_judging_days_together_takes_only_the_guilty_day(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(decoder: Decoder, raws: Sequence[pl.DataFrame]) -> list[Judged]:
        if any(raw.height == 7 for raw in raws):
            raise pl.exceptions.PanicException("Bloggs")
        return judge_together(decoder, raws)

    monkeypatch.setattr(pipelines.ingest, "judge_together", judge)
    source = fill(PlainSource(), days)
    source.rows[str(days[2])] = [parcel(number) for number in range(1, 8)]
    outcomes = run(lake, days, source)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True]
    assert "PanicException" in str(outcomes[2].error)
    assert "Bloggs" not in str(outcomes[2].error)


def test_a_day_named_twice_is_loaded_once(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    assert [outcome.day for outcome in run(lake, [days[0], days[1], days[0]], source)] == days[:2]


def test_exactly_the_allowed_share_of_bad_rows_passes(lake: Lake, days: list[ReportDay]) -> None:
    rows = [parcel(number, price="x" if number <= 29 else "1.00") for number in range(1, 101)]
    (outcome,) = run(lake, days[:1], PlainSource(rows={str(days[0]): rows}), Policy(bad_row_share=0.29))
    assert outcome.receipt
    assert outcome.receipt.rows_quarantined == 29


def test_leaving_early_closes_the_source_and_leaves_nothing_staged(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    outcomes = ingest_days(PARCELS, days, source=source, lake=lake, policy=Policy())
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert list((lake.root / STAGE).iterdir()) == []


def test_a_lake_belongs_to_one_account(lake: Lake, days: list[ReportDay]) -> None:
    run(lake, days[:1], fill(PlainSource(origin="uat council"), days))
    with pytest.raises(SettingsError, match=r"uat council.*CASEHOUSE_DEPOT_\*"):
        run(lake, days[1:2], fill(PlainSource(origin="sandbox sandbox"), days))
    assert lake.days(FEED) == days[:1]
