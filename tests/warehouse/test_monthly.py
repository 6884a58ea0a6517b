"""Views read one file a month: made once, made again when a day changes, never at the cost of a good day."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.columns import Day, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay, span
from pipelines.feeds import Feed
from pipelines.lake import Lake
from pipelines.receipts import check_seal, seal
from pipelines.settings import ROOT
from pipelines.sources.dialect import ICASEWORK
from pipelines.verify import verify
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


# A build that stops after its first call of one function, and waits to be killed.
STOPPED = """
import sys, time
from pathlib import Path
from pipelines.days import ReportDay
from pipelines.lake import Lake
from pipelines.warehouse import build, monthly
from tests.warehouse.loaded import FEEDS
folder, name = sys.argv[1:]
call = getattr(monthly, name)
def stop(*arguments):
    call(*arguments)
    print("half done", flush=True)
    time.sleep(60)
setattr(monthly, name, stop)
build(Lake(Path(folder)), FEEDS, since=ReportDay.parse("2026-10-30"), until=ReportDay.parse("2026-11-02"))
"""


@pytest.mark.parametrize(
    ("step", "seen"),
    [("_copy", 3), ("_promote", 3), ("sweep", 5)],
)
def test_a_killed_build_leaves_what_was_there_and_the_next_one_ends_it(
    lake: Lake, step: str, seen: int
) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    rebuild(lake, OCTOBER)
    changed = [OCTOBER[0], OCTOBER[-1]]  # in both months
    load(lake, changed, fill(source, changed, count=5))
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(lake.root), step], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half done\n"
        process.kill()
    expected = dict.fromkeys(OCTOBER, 3)
    assert counts(lake) == expected | dict.fromkeys(changed, seen)
    rebuild(lake, OCTOBER)
    assert counts(lake) == expected | dict.fromkeys(changed, 5)
    assert [verdict for verdict in verify(lake, FEEDS) if verdict.problem] == []


# The operating system refuses every file that is longer than so many bytes: a month, or the catalogue itself.
NO_ROOM = """
import resource, signal, sys
from pathlib import Path
from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.lake import Lake
from pipelines.warehouse import build
from tests.warehouse.loaded import FEEDS
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
days = {"since": ReportDay.parse("2026-10-30"), "until": ReportDay.parse("2026-11-02")}
for size in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        build(Lake(Path(sys.argv[1])), FEEDS, **days)
    except Permanent as error:
        print(error)
"""


def test_a_full_disk_leaves_what_was_there(lake: Lake) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    rebuild(lake, OCTOBER)
    before = files(lake)
    load(lake, OCTOBER[-1:], fill(source, OCTOBER[-1:], count=2000))
    others = sorted(path.name for path in lake.root.iterdir())
    sizes = ["0", "20000", "50000", "1000000"]
    command = [sys.executable, "-c", NO_ROOM, str(lake.root), *sizes]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()
    assert len(told) == len(sizes)
    assert all("cannot be built" in line and "the old one still stands" in line for line in told)
    assert "month.parquet" in told[1]
    assert counts(lake) == dict.fromkeys(OCTOBER, 3)
    assert sorted(path.name for path in lake.root.iterdir()) == others
    assert list((lake.root / ".stage").iterdir()) == []
    assert set(before) <= set(files(lake))  # a month that was written whole waits for the next build
    rebuild(lake, OCTOBER)
    assert counts(lake) == dict.fromkeys(OCTOBER, 3) | {OCTOBER[-1]: 2000}


def test_files_are_swept_while_no_other_build_can_name_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    sweep = monthly.sweep

    def look(*arguments: Any) -> None:  # noqa: ANN401 - hands on what it is given
        with (lake.root / ".locks" / "casehouse.duckdb.lock").open("w") as lock:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            asked.append(True)
        sweep(*arguments)

    monkeypatch.setattr(monthly, "sweep", look)
    rebuild(lake, OCTOBER)
    assert asked == [True]


def test_a_superseded_file_that_is_wanted_again_has_its_two_days_anew(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(PlainSource(), OCTOBER)
    load(lake, OCTOBER, source)
    rebuild(lake, OCTOBER)
    first = files(lake)
    load(lake, OCTOBER[-1:], fill(source, OCTOBER[-1:], count=4))
    rebuild(lake, OCTOBER)
    later = time.time() + monthly.KEPT_SECONDS + 60
    load(lake, OCTOBER[-1:], fill(source, OCTOBER[-1:], count=3))
    with monkeypatch.context() as patch:
        patch.setattr(monthly, "sweep", lambda *_: None)  # killed before
        rebuild(lake, OCTOBER)
    monkeypatch.setattr("pipelines.warehouse.monthly.time.time", lambda: later)
    with closing(connect(lake)) as reader:
        load(lake, OCTOBER[-1:], fill(source, OCTOBER[-1:], count=5))
        rebuild(lake, OCTOBER)
        assert reader.execute("select count(*) from depot.parcels").fetchone() == (12,)
    assert set(first) < set(files(lake))


def test_a_day_whose_receipt_counts_other_rows_is_left_out_and_told(lake: Lake) -> None:
    load(lake, OCTOBER, fill(PlainSource(), OCTOBER))
    path, receipt = lake.path(FEED, OCTOBER[0]), lake.receipt(FEED, OCTOBER[0])
    assert receipt is not None
    rows = pl.read_parquet(path, hive_partitioning=False)
    rows.write_parquet(path, metadata=replace(receipt, rows_good=4).as_metadata())
    seal(path)
    assert rebuild(lake, OCTOBER).files_damaged == 1
    assert counts(lake) == dict.fromkeys(OCTOBER[1:], 3)
    told = run_query(lake, "select message from ops.failures").item()
    assert "cannot be copied whole" in told
    assert f"casehouse ingest {FEED} {OCTOBER[0]}" in told


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


def test_a_condition_on_the_report_date_opens_but_the_first_file_of_other_years(lake: Lake) -> None:
    days = [ReportDay.parse(day) for day in ("2025-11-30", "2025-12-31", "2026-01-01", "2026-01-02")]
    load(lake, days, fill(PlainSource(), days))
    rebuild(lake, days)
    assert counts(lake) == dict.fromkeys(days, 3)
    (other,) = (lake.root / "monthly").rglob("2025-12-*.parquet")
    other.write_bytes(b"PAR1 no longer a file PAR1")
    wanted = "select report_row from depot.parcels where report_date = date '2026-01-01' order by all"
    assert run_query(lake, wanted).rows() == [(1,), (2,), (3,)]
