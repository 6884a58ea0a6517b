"""The daily report as an asset: the page of the last day that is over, written after the catalogue.

A day that failed does not hold it up: the page says what is missing, which is what it is for. What it tells
is decided in pipelines/daily_report. It is written again whenever the catalogue is, so that a day that came
late is on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import OWNERS
from assets.warehouse import CATALOGUE
from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from assets.resources import Workplace

REPORT = dg.AssetKey(["warehouse", "daily_report"])


def report_asset(place: Workplace) -> dg.AssetsDefinition:
    """Make the asset of the daily report."""

    @dg.asset(
        key=REPORT,
        deps=[CATALOGUE],
        group_name="warehouse",
        description="Yesterday on one page: cases, calls, and which days are there.",
        owners=OWNERS,
        kinds={"html"},
        automation_condition=dg.AutomationCondition.eager().with_label("the catalogue has been rebuilt"),
    )
    def daily_report() -> dg.MaterializeResult[None]:
        # Whoever only loads the definitions should not wait for a drawing library.
        from pipelines.daily_report import write_report  # noqa: PLC0415

        day = place.yesterday()
        try:
            path = write_report(place.lake, day)
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(
            metadata={
                "day": str(day),
                "path": dg.MetadataValue.path(path),
                "bytes": path.stat().st_size,
            }
        )

    return daily_report
