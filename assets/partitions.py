"""Report days as Dagster partitions: one a London day, from the start date until yesterday.

Partition keys are report days written `YYYY-MM-DD`. What a day is, and how long, is told in
pipelines/days.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from pipelines.days import LONDON, ReportDay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.settings import Settings


def report_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Return the partitions of every feed: London days, the last one the day that ended last."""
    return dg.DailyPartitionsDefinition(start_date=str(settings.first_day), timezone=LONDON.key)


def days_of(keys: Iterable[str]) -> list[ReportDay]:
    """Read partition keys as report days."""
    return [ReportDay.parse(key) for key in keys]
