"""Figures made by hand: a Friday of a council that is easy to count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

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
)

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
        half_hours=[HalfHour(number, 6, number % 3, 4) for number in range(17, 37)],
        first_cases_day=date(2026, 1, 5),
    )


def with_case_type(figures: Figures, name: str) -> Figures:
    return replace(figures, backlog=[Backlog(name, 1, 2, 3, 4)])
