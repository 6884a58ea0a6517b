"""The catalogue as an asset: rebuilt from whatever the lake holds, after feeds have changed.

It depends on the feeds for the picture and for the moment, not for permission: a day that failed or is
missing is shown in `ops.completeness` and never keeps the rest from analysts. What the catalogue holds is
decided in pipelines/warehouse and `warehouse/*.sql`. The SQL tests of `warehouse/tests` are its checks.
"""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - Dagster reads the annotation
from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import OWNERS, asset_key
from pipelines.errors import CasehouseError
from pipelines.outbound.log_frame import log_frame
from pipelines.warehouse import build, run_sql_tests, sql_tests

if TYPE_CHECKING:
    from assets.resources import Workplace
    from pipelines.lake import Lake

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
        check_specs=[
            dg.AssetCheckSpec(test.name, asset=CATALOGUE, description=test.description)
            for test in sql_tests({feed.source for feed in place.feeds.values()})
        ],
    )
    def catalogue() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        settings = place.settings
        try:
            summary = build(
                place.lake,
                place.feeds,
                since=settings.first_day,
                until=place.yesterday(),
                contact_window_days=settings.contact_window_days,
                outbound_log=log_frame(place.lake.root),
            )
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(summary.path),
                "feeds": summary.feeds,
                **{f"days_{status}": count for status, count in sorted(summary.days.items())},
                "files_read": summary.files_read,
                "files_unchanged": summary.files_kept,
                "files_damaged": summary.files_damaged,
                "months": summary.months,
                "months_written": summary.months_written,
                "marts": summary.marts,
            }
        )
        yield from judge(place.lake)

    return catalogue


def judge(lake: Lake) -> Iterator[dg.AssetCheckResult]:
    """Yield a result for every SQL test: rows that break a promise warn, a test that cannot be asked fails.

    They warn because they tell of what the source sent, which was received whole and is shown as it came.
    """
    for verdict in run_sql_tests(lake):
        yield dg.AssetCheckResult(
            check_name=verdict.name,
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.ERROR if verdict.problem else dg.AssetCheckSeverity.WARN,
            description=verdict.problem
            or f"{verdict.offending} rows; casehouse check {verdict.name} shows them",
            metadata={"offending_rows": verdict.offending},
        )
