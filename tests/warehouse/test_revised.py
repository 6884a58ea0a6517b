"""What changed in days that were asked for again is there for analysts, and how late rows come."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.contracts.contract import Contract
from pipelines.days import ReportDay, span
from pipelines.feeds import Feed, Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sources.dialect import ICASEWORK
from pipelines.warehouse import build, run_query
from tests.plain_source import VANS, Parcels, PlainSource, parcel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plain_source import Row

FEED = Feed(Contract("depot/parcels", Parcels, rows_by=("parcel_id",)), ICASEWORK)
FEEDS = {FEED.key: FEED, VANS.key: VANS}
FIRST = ReportDay.parse("2026-10-20")
DAYS = list(span(FIRST, FIRST.plus(9)))
SECRET = "Zebedee O'Hara"


def pull(lake: Lake, day: ReportDay, rows: list[Row], nights: int) -> None:
    """Load a day as the look-back of so many days would, at 05:00 in London."""
    at = day.plus(1 + nights).start + timedelta(hours=5)
    source = PlainSource(rows={str(day): rows})
    (outcome,) = ingest_days(FEED, [day], source=source, lake=lake, policy=Policy(), clock=lambda: at)
    assert outcome.error is None


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Ten days of a hundred rows; of three days some rows come late, and one shrinks."""
    lake = Lake(tmp_path_factory.mktemp("late"))
    whole = [parcel(number, label=SECRET) for number in range(1, 101)]
    for day in DAYS:
        early = {DAYS[0]: 90, DAYS[5]: 99, DAYS[6]: 99}.get(day, 100)
        pull(lake, day, whole[:early], 0)
    pull(lake, DAYS[0], whole[:98], 1)
    pull(lake, DAYS[0], whole, 2)
    pull(lake, DAYS[5], whole, 3)  # the clocks go back in between
    pull(lake, DAYS[6], whole, 35)
    pull(lake, DAYS[1], [parcel(1, label="Somebody else", price="7.00"), *whole[1:]], 2)
    pull(lake, DAYS[2], whole[:40], 3)
    build(lake, FEEDS, since=DAYS[0], until=DAYS[-1])
    return lake


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return run_query(lake, sql).rows()


def test_each_revision_is_a_row_with_whole_counts(lake: Lake) -> None:
    told = rows(
        lake,
        "select report_date, days_after, rows_added, rows_changed, rows_gone, rows_before, rows_after,"
        " is_held_back from ops.revised_days order by report_date, revised_at",
    )
    assert told == [
        (date(2026, 10, 20), 1, 8, 0, 0, 90, 98, False),
        (date(2026, 10, 20), 2, 2, 0, 0, 98, 100, False),
        (date(2026, 10, 21), 2, 0, 1, 0, 100, 100, False),
        (date(2026, 10, 22), 3, 0, 0, 60, 100, 40, True),
        (date(2026, 10, 25), 3, 1, 0, 0, 99, 100, False),
        (date(2026, 10, 26), 35, 1, 0, 0, 99, 100, False),
    ]


def test_a_rebuild_keeps_what_it_knows_and_reads_what_is_new(lake: Lake, tmp_path: Path) -> None:
    copy = Lake(tmp_path / "copy")
    shutil.copytree(lake.root, copy.root)
    build(copy, FEEDS, since=DAYS[0], until=DAYS[-1])
    for path in (copy.root / "revisions").rglob("*.json"):
        path.write_text("{")  # whoever reads it again would tell of no counts
    pull(copy, DAYS[9], [parcel(1)] * 99, 1)
    build(copy, FEEDS, since=DAYS[0], until=DAYS[-1])
    counts = "select count(*), sum(rows_added), count(distinct revision) from ops.revised_days"
    assert rows(copy, counts) == [(7, 110, 7)]
    build(copy, FEEDS, since=DAYS[0], until=DAYS[-1], afresh=True)
    assert rows(copy, counts) == [(7, 98, 7)]


def test_rows_and_cells_are_told_without_a_personal_value(lake: Lake) -> None:
    changed = "select key, column_name, old, new, is_withheld from ops.revisions where kind = 'changed'"
    assert rows(lake, changed) == [
        ("parcel_id=1", "label", None, None, True),
        ("parcel_id=1", "price_gbp", "1.50", "7.00", False),
    ]
    kinds = "select kind, is_held_back, count(*) from ops.revisions group by all order by all"
    assert rows(lake, kinds) == [("added", False, 12), ("changed", False, 2), ("gone", True, 60)]
    text = str(rows(lake, "from ops.revisions") + rows(lake, "from ops.revised_days"))
    assert SECRET not in text
    assert "Somebody" not in text


def test_late_arrival_says_which_look_back_would_have_caught_nearly_all(lake: Lake) -> None:
    told = rows(
        lake,
        "select rows_all, rows_late, days_half, days_9_of_10, days_99_of_100, days_most, look_back_days,"
        " rows_changed, look_back_days_for_changes from ops.late_arrival where feed = 'depot/parcels'",
    )
    # After three days one row of a thousand is missing, which is 99.9 %.
    assert told == [(1000, 12, 1, 3, 35, 35, 3, 1, 0)]


def test_a_feed_without_any_has_a_row_of_noughts(lake: Lake) -> None:
    told = rows(lake, "select * exclude (feed) from ops.late_arrival where feed = 'depot/vans'")
    assert told == [(0, 0, None, None, None, None, 0, 0, 0)]


def test_completeness_tells_what_was_revised_and_what_is_held_back(lake: Lake) -> None:
    told = rows(
        lake,
        "select report_date, revised_at, held_back from ops.completeness where feed = 'depot/parcels'"
        " and (revised_at is not null or held_back is not null) order by report_date limit 3",
    )
    assert [(day, at is None, bool(why)) for day, at, why in told] == [
        (date(2026, 10, 20), False, False),
        (date(2026, 10, 21), False, False),
        (date(2026, 10, 22), True, True),
    ]
    assert told[0][1] == datetime(2026, 10, 23, 4, tzinfo=UTC)
    assert "40 of the 100 rows" in told[2][2]
