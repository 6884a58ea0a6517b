"""Views read one file a month: made once, made again when a day changes, never at the cost of a good day."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.columns import Day, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay, span
from pipelines.feeds import Feed
from pipelines.lake import Lake
from pipelines.receipts import check_seal
from pipelines.sources.dialect import ICASEWORK
from pipelines.warehouse import build, connect, monthly, run_query
from tests.plain_source import PARCELS, PlainSource, fill, parcel
from tests.warehouse.loaded import FEEDS, load, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FEED = PARCELS.key
OCTOBER = list(span(ReportDay.parse("2026-10-30"), ReportDay.parse("2026-11-02")))
COUNTS = "select report_date, count(*) from depot.parcels group by all order by all"


def files(lake: Lake) -> list[str]:
    return sorted(path.name for path in (lake.root / "monthly").rglob("*.parquet"))


def counts(lake: Lake) -> dict[ReportDay, int]:
    return {ReportDay(day): count for day, count in run_query(lake, COUNTS).rows()}


def test_each_month_is_a_file_with_all_its_days(lake: Lake) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))
    summary = rebuild(lake, OCTOBER)
    assert (summary.months, summary.months_written) == (2, 2)
    assert [name[:7] for name in files(lake)] == ["2026-10", "2026-11"]
    assert counts(lake) == dict.fromkeys(OCTOBER, 3)
    told = run_query(lake, "select month_date::text, days, rows, file from ops.months order by all").rows()
    assert [row[:3] for row in told] == [("2026-10-01", 2, 6), ("2026-11-01", 2, 6)]
    assert [row[3] for row in told] == [f"monthly/{FEED}/{name}" for name in files(lake)]


def test_a_row_is_known_by_its_day_and_its_place_in_it(lake: Lake) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))
    rebuild(lake, OCTOBER)
    told = run_query(lake, "select report_row, parcel_id from depot.parcels order by report_date, report_row")
    assert told.rows() == [(number, number) for number in (1, 2, 3)] * 4


def test_only_the_month_that_changed_is_written_again(lake: Lake) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    rebuild(lake, OCTOBER)
    before = files(lake)
    assert rebuild(lake, OCTOBER).months_written == 0
    fill(source, OCTOBER[-1:], count=5)
    load(lake, OCTOBER[-1:], source)
    assert counts(lake) == dict.fromkeys(OCTOBER, 3)  # the catalogue stays what it was built as
    assert rebuild(lake, OCTOBER).months_written == 1
    assert counts(lake) == dict.fromkeys(OCTOBER, 3) | {OCTOBER[-1]: 5}
    assert set(before) < set(files(lake))  # somebody may still read by the catalogue before


def test_a_reader_of_the_previous_catalogue_goes_on_until_two_days_later(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    rebuild(lake, OCTOBER)
    with closing(connect(lake)) as old:
        for count in (4, 5):
            fill(source, OCTOBER[-1:], count=count)
            load(lake, OCTOBER[-1:], source)
            rebuild(lake, OCTOBER)
        assert old.execute("select count(*) from depot.parcels").fetchone() == (12,)
    assert len(files(lake)) == 4
    later = time.time() + monthly.KEPT_SECONDS + 60
    monkeypatch.setattr("pipelines.warehouse.monthly.time.time", lambda: later)
    rebuild(lake, OCTOBER)
    assert len(files(lake)) == 2
    assert list((lake.root / "monthly").rglob("*.superseded")) == []


def test_a_file_that_is_wanted_again_is_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    source = fill(PlainSource(), OCTOBER)
    for count in (3, 4, 3):
        fill(source, OCTOBER[-1:], count=count)
        load(lake, OCTOBER, source)
        rebuild(lake, OCTOBER)
    later = time.time() + monthly.KEPT_SECONDS + 60
    monkeypatch.setattr("pipelines.warehouse.monthly.time.time", lambda: later)
    assert rebuild(lake, OCTOBER).months_written == 0
    assert counts(lake) == dict.fromkeys(OCTOBER, 3)


def test_a_day_whose_bytes_were_turned_is_left_out_and_told(lake: Lake) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))
    path = lake.path(FEED, OCTOBER[0])
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    for _ in range(2):
        assert rebuild(lake, OCTOBER).files_damaged == 1
        assert counts(lake) == dict.fromkeys(OCTOBER[1:], 3)
        told = run_query(lake, "select status, last_error from ops.completeness where status <> 'verified'")
        ((status, error),) = told.rows()
        assert status == "failed"
        assert "seal does not match" in error
        assert f"casehouse ingest {FEED} {OCTOBER[0]}" in error


def test_a_day_of_other_types_is_left_out_and_told(lake: Lake) -> None:
    class Renumbered(Rows):
        """One parcel on the report day."""

        parcel_id: Whole = wire("Parcel.Id", "Number.", required=True, ge=1)
        label: Day = wire("Parcel.Label", "Was a text, is a day.")
        sent_date: Text = wire("Parcel.DateSent", "Was a day, is a text.")

    source = fill(PlainSource(), OCTOBER)
    source.rows[str(OCTOBER[1])] = [parcel(1, label="2026-10-01")]
    load(lake, OCTOBER, source)
    other = Feed(Contract(FEED, Renumbered), ICASEWORK)
    summary = build(lake, {FEED: other}, since=OCTOBER[0], until=OCTOBER[-1])
    assert summary.files_damaged == 3
    assert run_query(lake, "select label::text, sent_date from depot.parcels").rows() == [
        ("2026-10-01", "2026-11-02")
    ]
    told = run_query(lake, "select message from ops.failures").to_series()
    assert all("not of the types" in message and "Parcel 1" not in message for message in told)


def test_a_day_that_is_replaced_during_the_build_is_taken_as_it_is(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    plan = monthly.plan

    def replaced(rows: list[tuple[object, ...]], feeds: Mapping[str, Feed]) -> Iterator[monthly.Month]:
        fill(source, OCTOBER[:1], count=4)
        load(lake, OCTOBER[:1], source)
        lake.path(FEED, OCTOBER[1]).unlink()
        return plan(rows, feeds)

    with monkeypatch.context() as patch:
        patch.setattr(monthly, "plan", replaced)
        rebuild(lake, OCTOBER)
    expected = dict.fromkeys(OCTOBER[2:], 3) | {OCTOBER[0]: 4}
    assert counts(lake) == expected
    told = run_query(lake, "select report_date, seal, rows_good from ops.receipts order by all").rows()
    assert {ReportDay(day): rows for day, _, rows in told} == expected
    assert told[0][1] == check_seal(lake.path(FEED, OCTOBER[0])).seal
    assert rebuild(lake, OCTOBER).months_written == 0
    assert counts(lake) == expected


def test_a_killed_build_leaves_no_half_month(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))

    def no_room(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(monthly, "_flush", no_room)
        with pytest.raises(Exception, match="No space left"):
            rebuild(lake, OCTOBER)
    assert files(lake) == []
    rebuild(lake, OCTOBER)
    assert counts(lake) == dict.fromkeys(OCTOBER, 3)


def test_the_files_are_not_for_everybody(lake: Lake) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))
    rebuild(lake, OCTOBER)
    assert {path.stat().st_mode & 0o777 for path in (lake.root / "monthly").rglob("*.parquet")} == {0o640}


step = st.tuples(st.integers(0, 5), st.integers(-1, 4))


@given(steps=st.lists(step, min_size=1, max_size=4))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_loads_and_removals_shows_what_a_fresh_build_shows(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("lake")
    lake, days = Lake(folder), list(span(OCTOBER[0], OCTOBER[0].plus(5)))
    expected: dict[ReportDay, int] = {}
    source = PlainSource()
    for at, count in steps:
        day = days[at]
        if count < 0:
            lake.path(FEED, day).unlink(missing_ok=True)
            expected.pop(day, None)
        else:
            load(lake, [day], fill(source, [day], count))
            expected[day] = count
        build(lake, FEEDS, since=days[0], until=days[-1])
        assert counts(lake) == {day: count for day, count in expected.items() if count}
    kept = run_query(lake, "from depot.parcels order by all").rows()
    build(lake, FEEDS, since=days[0], until=days[-1], afresh=True)
    assert run_query(lake, "from depot.parcels order by all").rows() == kept
