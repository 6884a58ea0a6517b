"""What the report counts is what the lake's own files hold, and a day that is not there stays uncounted."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines import cli
from pipelines.daily_report import report_folder, write_report
from pipelines.daily_report.figures import Figures, read_figures
from pipelines.daily_report.page import page
from pipelines.daily_report.sentences import verdict
from pipelines.days import LONDON, ReportDay, span
from pipelines.errors import Permanent
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import load_settings
from pipelines.warehouse import build, run_query
from tests.contact_centre import LONG_DAY, call, load

if TYPE_CHECKING:
    from pathlib import Path

DAY = ReportDay.parse("2026-11-20")
FIRST = DAY.plus(-8)
LOST = DAY.plus(-3)
LOADED = ("icasework/cases", "xima/calls")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Nine days of two feeds but for one day of cases; the days after `DAY` must not be counted."""
    lake = Lake(tmp_path_factory.mktemp("report") / "data")
    with SandboxThread() as sandbox:
        settings = load_settings(
            data_dir=lake.root, icasework_base_url=sandbox.icasework_url, xima_base_url=sandbox.xima_url
        )
        for key in LOADED:
            wanted = [day for day in span(FIRST, DAY.plus(1)) if (key, day) != (LOADED[0], LOST)]
            with closing(connect(FEEDS[key].source, settings)) as source:
                policy = policy_for(key, settings)
                for outcome in ingest_days(FEEDS[key], wanted, source=source, lake=lake, policy=policy):
                    assert outcome.error is None
    build(lake, FEEDS, since=FIRST, until=DAY.plus(1))
    return lake


@pytest.fixture(scope="module")
def figures(loaded: Lake) -> Figures:
    return read_figures(loaded, DAY)


def stored(lake: Lake, feed: str, last: ReportDay = DAY) -> pl.DataFrame:
    days = [day for day in lake.days(feed) if day <= last]
    return pl.concat(
        pl.read_parquet(lake.path(feed, day)).with_columns(report_date=pl.lit(day.date)) for day in days
    )


def test_cases_are_counted_by_their_latest_state(loaded: Lake, figures: Figures) -> None:
    latest = stored(loaded, LOADED[0]).sort("report_date").unique("case_id", keep="last", maintain_order=True)
    assert [one.day for one in figures.case_days] == [day.date for day in span(FIRST, DAY)]
    for one in figures.case_days:
        if not one.is_loaded:
            continue
        received, closed = pl.col("received_date"), pl.col("closed_date")
        assert one.received == latest.filter(received == one.day).height
        assert one.closed == latest.filter(closed == one.day).height
        still_open = (received <= one.day) & (closed.is_null() | (closed > one.day))
        assert one.still_open == latest.filter(still_open).height
    assert figures.case_days[-1].received > 10
    assert figures.first_cases_day == FIRST.date


def test_the_backlog_is_all_open_cases_and_no_other(loaded: Lake, figures: Figures) -> None:
    latest = stored(loaded, LOADED[0]).sort("report_date").unique("case_id", keep="last", maintain_order=True)
    open_cases = latest.filter(pl.col("closed_date").is_null())
    assert sum(one.total for one in figures.backlog) == open_cases.height == figures.case_days[-1].still_open
    due = pl.col("current_target_date")
    assert sum(one.overdue for one in figures.backlog) == open_cases.filter(due <= DAY.date).height > 0
    assert sum(one.no_target for one in figures.backlog) == open_cases.filter(due.is_null()).height > 0
    soon = open_cases.filter(due.is_between(DAY.plus(1).date, DAY.plus(7).date)).height
    assert sum(one.due_soon for one in figures.backlog) == soon > 0


def test_calls_are_counted_by_day_and_half_hour(loaded: Lake, figures: Figures) -> None:
    calls = stored(loaded, LOADED[1]).filter(
        (pl.col("report_date") == DAY.date) & (pl.col("direction") == "Inbound")
    )
    today = figures.call_days[-1]
    in_time = (pl.col("outcome") != "Abandoned") & (pl.col("ring_ms") <= 20_000)
    assert today.calls_in == calls.height > 50
    assert today.abandoned == calls.filter(pl.col("outcome") == "Abandoned").height
    assert today.answered_in_time == calls.filter(in_time).height
    assert sum(one.calls_in for one in figures.half_hours) == today.calls_in
    assert sum(one.answered_in_time for one in figures.half_hours) == today.answered_in_time
    started = [at.astimezone(LONDON) for at in calls["started_at"].to_list() if isinstance(at, datetime)]
    at_nine = sum((at.hour, at.minute >= 30) == (9, False) for at in started)
    assert {one.begins: one.calls_in for one in figures.half_hours}.get("09:00", 0) == at_nine


def test_the_last_day_is_as_the_marts_have_it(loaded: Lake) -> None:
    last = DAY.plus(1)
    figures = read_figures(loaded, last)
    volumes = run_query(
        loaded,
        "select volume_date, sum(received)::bigint, sum(closed)::bigint, sum(open)::bigint"
        " from marts.daily_volumes group by all",
    ).rows()
    for one in figures.case_days:
        assert (one.day, one.received, one.closed, one.still_open) in volumes
    overdue = run_query(
        loaded,
        "select sum(overdue)::bigint from marts.daily_volumes"
        " where volume_date = (select max(volume_date) from marts.daily_volumes)",
    )
    assert sum(one.overdue for one in figures.backlog) == overdue.item() > 0


def test_calls_are_told_apart_by_how_they_ended(lake: Lake) -> None:
    outcomes = ["Answered", "Transferred", "Abandoned", "Unanswered", "Unanswered"]
    load(lake, DAY, calls=[call(str(n), day=DAY, outcome=one) for n, one in enumerate(outcomes)])
    build(lake, FEEDS, since=DAY, until=DAY)
    (hour,) = read_figures(lake, DAY).half_hours
    assert (hour.calls_in, hour.answered, hour.abandoned, hour.ended_otherwise) == (5, 2, 1, 2)
    text = page(read_figures(lake, DAY))
    assert "ended otherwise</span>" in text
    assert '<th scope="row">10:00</th><td>5</td><td>2</td><td>1</td>' in text


def test_a_day_of_25_hours_counts_each_call_once(lake: Lake) -> None:
    calls = [call(str(n), day=LONG_DAY, at=n * 1800 + 60) for n in range(50)]
    load(lake, LONG_DAY, calls=calls)
    build(lake, FEEDS, since=LONG_DAY, until=LONG_DAY)
    hours = {one.begins: one.calls_in for one in read_figures(lake, LONG_DAY).half_hours}
    assert (hours["00:30"], hours["01:00"], hours["01:30"], hours["02:00"]) == (1, 2, 2, 1)
    assert sum(hours.values()) == 50


def test_months_count_every_day_there_ever_was(loaded: Lake, lake: Lake) -> None:
    assert not read_figures(loaded, DAY).months
    for day in span(DAY.plus(-99), DAY.plus(-96)):
        target = lake.path(LOADED[0], day)
        target.parent.mkdir(parents=True)
        load(lake, day, cases=[])
    build(lake, FEEDS, since=DAY.plus(-100), until=DAY)
    figures = read_figures(lake, DAY)
    expected = run_query(
        lake,
        "select feed, date_trunc('month', report_date)::date, status, count(*) from ops.completeness"
        " where feed like 'icasework/%' group by all",
    )
    found = {(one.feed, one.month, one.status, one.days) for one in figures.months}
    assert found == set(expected.rows())
    assert sum(one.days for one in figures.months) == 101 * len(figures.feeds)


def test_a_day_that_is_not_loaded_has_its_status(figures: Figures) -> None:
    assert [one.day for one in figures.case_days if not one.is_loaded] == [LOST.date]
    assert set(figures.of_day().values()) == {"verified", "missing"}
    assert set(figures.feeds) == {key for key, feed in FEEDS.items() if feed.source != "tascomi"}


def test_the_first_day_and_an_empty_lake_have_a_page(loaded: Lake, lake: Lake, tmp_path: Path) -> None:
    assert "Incomplete: 8 of 10 feeds" in write_report(loaded, FIRST, tmp_path).read_text("utf-8")
    build(lake, FEEDS, since=FIRST, until=DAY)
    told = write_report(lake, DAY, tmp_path).read_text("utf-8")
    assert f"Incomplete: {len(FEEDS)} of {len(FEEDS)} feeds" in told


def test_a_source_that_is_not_in_use_does_not_make_a_day_incomplete(loaded: Lake, lake: Lake) -> None:
    for day in (FIRST, FIRST.plus(1)):
        target = lake.path(LOADED[0], day)
        target.parent.mkdir(parents=True)
        target.write_bytes(loaded.path(LOADED[0], day).read_bytes())
    build(lake, FEEDS, since=FIRST, until=FIRST.plus(1))
    figures = read_figures(lake, FIRST.plus(1))
    assert figures.unused == ["tascomi", "xima"]
    assert all(feed.startswith("icasework/") for feed in figures.feeds)
    assert verdict(figures)[1].endswith("No day of tascomi and xima was ever loaded.")


@pytest.mark.parametrize("day", [FIRST.plus(-1), DAY.plus(2)])
def test_a_day_that_the_catalogue_does_not_know_is_refused(loaded: Lake, day: ReportDay) -> None:
    with pytest.raises(Permanent, match=f"there is no report of {day}"):
        read_figures(loaded, day)


def test_the_page_holds_no_value_of_a_person(loaded: Lake, tmp_path: Path) -> None:
    path = write_report(loaded, DAY, tmp_path)
    assert path.name == f"{DAY}.html"
    # Digits of a drawing's coordinates are nobody's.
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", path.read_text("utf-8"), flags=re.DOTALL)
    for feed in LOADED:
        frame = stored(loaded, feed)
        private = [one.name for one in FEEDS[feed].contract.columns if one.privacy != "public"]
        texts = frame.select(pl.col(name) for name in private if frame.schema[name] == pl.String)
        for column in texts.iter_columns():
            found = {str(value) for value in column.drop_nulls().unique() if len(str(value)) > 3}
            assert not {value for value in found if value in text}, column.name


def test_the_command_writes_it_again_with_the_same_bytes(
    loaded: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(loaded.root))
    written = []
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            cli.main(["report", "--day", str(DAY)])
        assert left.value.code == 0
        written.append((report_folder(loaded) / f"{DAY}.html").read_bytes())
    assert written[0] == written[1]
    assert capsys.readouterr().out.split() == [str(report_folder(loaded) / f"{DAY}.html")] * 2
    assert list(report_folder(loaded).iterdir()) == [report_folder(loaded) / f"{DAY}.html"]
