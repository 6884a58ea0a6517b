"""Report days are London days, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.days import ReportDay, span
from pipelines.errors import Permanent


@pytest.mark.parametrize(
    ("day", "hours", "start", "end"),
    [
        ("2026-03-29", 23, "2026-03-29T00:00:00+00:00", "2026-03-29T23:00:00+00:00"),
        ("2026-10-25", 25, "2026-10-24T23:00:00+00:00", "2026-10-26T00:00:00+00:00"),
        ("2026-11-22", 24, "2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"),
        ("2026-07-01", 24, "2026-06-30T23:00:00+00:00", "2026-07-01T23:00:00+00:00"),
    ],
)
def test_a_day_has_its_own_length_and_bounds(day: str, hours: int, start: str, end: str) -> None:
    report_day = ReportDay.parse(day)
    assert report_day.hours == hours
    assert report_day.start.isoformat() == start
    assert report_day.end.isoformat() == end


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_window_asked_for_is_the_whole_civil_day_on_clock_changes(day: str) -> None:
    assert ReportDay.parse(day).civil_bounds == (f"{day}T00:00:00.000", f"{day}T23:59:59.999")


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-03-29", "2026-03-29T00:00:00.000+00:00", "2026-03-29T23:59:59.999+01:00"),
        ("2026-10-25", "2026-10-25T00:00:00.000+01:00", "2026-10-25T23:59:59.999+00:00"),
        ("2026-07-01", "2026-07-01T00:00:00.000+01:00", "2026-07-01T23:59:59.999+01:00"),
    ],
)
def test_each_bound_has_the_offset_of_its_own_hour(day: str, first: str, last: str) -> None:
    report_day = ReportDay.parse(day)
    told = report_day.local_bounds
    assert tuple(bound.isoformat(timespec="milliseconds") for bound in told) == (first, last)
    assert told[0] == report_day.start
    assert report_day.end - told[1] == timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("now", "yesterday"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 7, 1, 23, 1, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), date(2026, 11, 30)),
    ],
)
def test_yesterday_is_judged_by_the_london_clock(now: datetime, yesterday: date) -> None:
    assert ReportDay.yesterday(now) == ReportDay(yesterday)


def test_a_span_includes_both_ends_and_is_empty_when_reversed() -> None:
    first, last = ReportDay.parse("2026-02-27"), ReportDay.parse("2026-03-02")
    assert [str(day) for day in span(first, last)] == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    assert list(span(last, first)) == []


@pytest.mark.parametrize("text", ["22/11/2026", "20261122", "2026-W47-7", "2026-02-30", ""])
def test_a_day_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(Permanent, match="YYYY-MM-DD"):
        ReportDay.parse(text)
