"""Figures made by hand: a Friday of a council that is easy to count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.daily_report.figures import (
    CALLS,
    CASES,
    MONTH_DAYS,
    QUARTER_DAYS,
    Backlog,
    CallDay,
    CaseDay,
    DayStatus,
    Figures,
    HalfHour,
    MonthStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY = date(2026, 11, 20)
FEEDS = (CASES, "icasework/corrective_actions", CALLS)


def days_up_to(count: int) -> list[date]:
    return [DAY - timedelta(days=count - 1 - number) for number in range(count)]


def a_day(statuses: dict[tuple[str, date], str] | None = None) -> Figures:
    """Return a day's figures; statuses are given by feed and day, what is not given is verified."""
    given = statuses or {}

    def status(feed: str, day: date) -> str:
        return given.get((feed, day), "verified")

    return Figures(
        day=DAY,
        origins={"icasework": "production council", "xima": "production tenant"},
        statuses=[
            DayStatus(feed, day, status(feed, day)) for feed in FEEDS for day in days_up_to(QUARTER_DAYS)
        ],
        case_days=[
            CaseDay(day, status(CASES, day), 30 + day.day % 7, 28 + day.day % 5, 500 + number)
            for number, day in enumerate(days_up_to(MONTH_DAYS))
        ],
        backlog=[
            Backlog("Adult social care complaint", 40, 100, 350, 12),
            Backlog("Corporate complaint", 3, 5, 10, 7),
        ],
        call_days=[CallDay(day, status(CALLS, day), 120, 6, 90) for day in days_up_to(MONTH_DAYS)],
        half_hours=[HalfHour(number, 6, 6 - number % 3, number % 3, 4) for number in range(17, 37)],
        first_cases_day=date(2026, 1, 5),
    )


def of_ten_years(feeds: Sequence[str], lacking: Mapping[date, str]) -> Figures:
    """Return a day after ten years of these feeds; two days of each given month lack in every other one."""
    months = [date(year, month, 1) for year in range(2016, DAY.year + 1) for month in range(1, 13)]
    figures = a_day()
    return replace(
        figures,
        statuses=[replace(one, feed=feed) for feed in feeds for one in figures.statuses if one.feed == CASES],
        backlog=[Backlog(f"Case type with a long name {number}", number, 5, 7, 2) for number in range(12)],
        months=[
            MonthStatus(feed, month, status, days)
            for place, feed in enumerate(feeds)
            for month in months
            if month <= DAY
            for status, days in (
                ((lacking[month], 2), ("verified", 26))
                if month in lacking and not place % 2
                else (("verified", 28),)
            )
        ],
    )


def with_case_type(figures: Figures, name: str) -> Figures:
    return replace(figures, backlog=[Backlog(name, 1, 2, 3, 4)])
