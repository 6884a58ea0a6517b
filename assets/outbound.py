"""Dispatching as an asset: the service requests in Tascomi, brought up to what is due.

What is done stands in pipelines/outbound. Nothing runs by itself until writing is switched on in the
settings; before that, a run by hand fails and says how to switch it on.
"""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - Dagster reads the annotation
from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import OWNERS
from assets.names import DISPATCH
from assets.warehouse import CATALOGUE
from pipelines.errors import CasehouseError

if TYPE_CHECKING:
    from assets.resources import Workplace
    from pipelines.outbound.dispatch import Summary
    from pipelines.settings import Settings

SERVICE_REQUESTS = dg.AssetKey(["tascomi", "service_requests"])
NOBODY_WAITED_FOR = "nothing_waits_for_a_person"


def service_requests_asset(place: Workplace) -> dg.AssetsDefinition:
    """Make the asset of the service requests."""

    @dg.asset(
        key=SERVICE_REQUESTS,
        deps=[CATALOGUE],
        group_name="outbound",
        description="Cases that are due, raised in Tascomi once each, and what was told back to them.",
        owners=OWNERS,
        kinds={"tascomi"},
        check_specs=[
            dg.AssetCheckSpec(
                NOBODY_WAITED_FOR,
                asset=SERVICE_REQUESTS,
                description="No step was refused or given up: casehouse outbound log --dead lists them.",
            )
        ],
    )
    def service_requests() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        # Whoever only loads the definitions should not wait for the clients.
        from pipelines.outbound.dispatch import Busy, Summary  # noqa: PLC0415
        from pipelines.outbound.running import run  # noqa: PLC0415

        try:
            summary = run(place.settings, place.lake, place.now)
        except Busy as busy:
            summary = Summary(trouble=busy)
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        if summary.trouble and not isinstance(summary.trouble, Busy):
            raise dg.Failure(f"{summary.trouble}; {summary}", allow_retries=False)
        yield dg.MaterializeResult(metadata=_metadata(summary))
        yield dg.AssetCheckResult(
            check_name=NOBODY_WAITED_FOR,
            passed=not summary.blocked,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"cases": summary.blocked},
        )

    return service_requests


def _metadata(summary: Summary) -> dict[str, dg.MetadataValue]:
    counts = {
        "newly_due": summary.planned,
        "changes_read_back": summary.status_changes,
        "cases_that_wait": summary.waiting,
        **{f"steps_{state}": count for state, count in sorted(summary.outcomes.items())},
    }
    told: dict[str, dg.MetadataValue] = {name: dg.IntMetadataValue(count) for name, count in counts.items()}
    if summary.trouble:
        told["not_done"] = dg.TextMetadataValue(str(summary.trouble))
    return told


def dispatch_job() -> dg.UnresolvedAssetJobDefinition:
    """Return the job that dispatches once."""
    return dg.define_asset_job(
        DISPATCH,
        selection=dg.AssetSelection.assets(SERVICE_REQUESTS),
        description="Cases that are due, raised in Tascomi.",
    )


def dispatch_schedule(job: dg.UnresolvedAssetJobDefinition, settings: Settings) -> dg.ScheduleDefinition:
    """Return the schedule that dispatches every few minutes; on only where writing is switched on."""
    return dg.ScheduleDefinition(
        name=DISPATCH,
        job=job,
        cron_schedule=f"*/{settings.outbound_minutes} * * * *",
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if settings.outbound_enabled
            else dg.DefaultScheduleStatus.STOPPED
        ),
        description="Service requests; runs only where CASEHOUSE_OUTBOUND_ENABLED is true.",
    )
