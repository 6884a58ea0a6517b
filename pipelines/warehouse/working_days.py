"""The calendar that the catalogue holds: working days and bank holidays of England and Wales."""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import TYPE_CHECKING

import holidays.version
import polars as pl
from holidays import country_holidays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.days import ReportDay

KNOWN_BY = f"holidays {holidays.version.__version__}"
YEARS_BEFORE = 10  # cases may have been received long before the first report day
YEARS_AFTER = 2  # due dates lie ahead
_SATURDAY = 5


@functools.cache
def bank_holidays(first_year: int, last_year: int) -> Mapping[date, str]:
    """Return the bank holidays of England and Wales of these years; past ones that were moved are known."""
    return country_holidays("GB", subdiv="ENG", years=range(first_year, last_year + 1))


def calendar(since: ReportDay, until: ReportDay) -> pl.DataFrame:
    """Return every day of the years around `since` and `until` as `ops.calendar` is filled with it.

    The bank holidays of England, which are those of Wales; past ones that were moved or added are known.
    """
    first, last = since.date.year - YEARS_BEFORE, until.date.year + YEARS_AFTER
    quiet = bank_holidays(first, last)
    start = date(first, 1, 1)
    days = [start + timedelta(days=number) for number in range((date(last + 1, 1, 1) - start).days)]
    return pl.DataFrame(
        {
            "calendar_date": days,
            "is_working_day": [day.weekday() < _SATURDAY and day not in quiet for day in days],
            "holiday": [quiet.get(day) for day in days],
        },
        schema={"calendar_date": pl.Date(), "is_working_day": pl.Boolean(), "holiday": pl.String()},
    )
