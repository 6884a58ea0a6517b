"""The catalogue as an asset: rebuilt from whatever the lake holds, after feeds have changed.

It depends on the feeds for the picture and for the moment, not for permission: a day that failed or is
missing is shown in `ops.completeness` and never keeps the rest from analysts. What the catalogue holds is
decided in pipelines/warehouse and `warehouse/*.sql`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import OWNERS, asset_key
from pipelines.errors import CasehouseError
from pipelines.warehouse import build

if TYPE_CHECKING:
    from assets.resources import Workplace

CATALOGUE = dg.AssetKey(["warehouse", "catalogue"])


def after_feeds() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition for a rebuild: a feed has changed since the last one and none is being loaded.

    Dagster's `eager` without the part that waits until no partition is missing.
    """
    condition = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    return condition.with_label("a feed has changed and none is being loaded")


def catalogue_asset(place: Workplace) -> dg.AssetsDefinition:
    """Make the asset of the catalogue."""

    @dg.asset(
        key=CATALOGUE,
        deps=[asset_key(feed) for feed in place.feeds],
        group_name="warehouse",
        description="The DuckDB file of documented views over the lake that analysts open.",
        owners=OWNERS,
        kinds={"duckdb"},
        automation_condition=after_feeds(),
    )
    def catalogue() -> dg.MaterializeResult[None]:
        settings = place.settings
        try:
            summary = build(
                place.lake,
                place.feeds,
                since=settings.first_day,
                until=place.yesterday(),
                contact_window_days=settings.contact_window_days,
            )
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(summary.path),
                "feeds": summary.feeds,
                **{f"days_{status}": count for status, count in sorted(summary.days.items())},
                "files_read": summary.files_read,
                "files_unchanged": summary.files_kept,
                "files_damaged": summary.files_damaged,
            }
        )

    return catalogue
