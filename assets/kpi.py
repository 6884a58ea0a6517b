"""The customer cards as an asset: made anew after the catalogue, for the service that ITX asks.

A section that cannot be made does not hold the others up: the cards say so themselves, they are published,
and the check `sections` warns. What the cards show is decided in pipelines/kpi and `warehouse/card`.
"""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - Dagster reads the annotation
from typing import TYPE_CHECKING

import dagster as dg

from assets.feeds import OWNERS
from assets.warehouse import CATALOGUE
from pipelines.errors import CasehouseError
from pipelines.kpi.card_file import size_of

if TYPE_CHECKING:
    from assets.resources import Workplace
    from pipelines.kpi.building import Built

CARDS = dg.AssetKey(["kpi", "cards"])
SECTIONS = "sections"


def cards_asset(place: Workplace) -> dg.AssetsDefinition:
    """Make the asset of the customer cards."""

    @dg.asset(
        key=CARDS,
        deps=[CATALOGUE],
        group_name="kpi",
        description="Every customer's card, in the file that `casehouse kpi serve` answers from.",
        owners=OWNERS,
        kinds={"lmdb"},
        automation_condition=dg.AutomationCondition.eager().with_label("the catalogue has been rebuilt"),
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                SECTIONS, asset=CARDS, description="Every section of warehouse/card could be made."
            )
        ],
    )
    def cards() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        # Whoever only loads the definitions should not wait for the rendering's libraries.
        from pipelines.kpi.building import build_cards, last_day_of_cases  # noqa: PLC0415

        try:
            if last_day_of_cases(place.lake) is None:
                # A council without casework has no cards; it should not have a failure each night.
                told = "no day of cases is loaded: there are no cards"
                yield dg.AssetCheckResult(check_name=SECTIONS, passed=True, description=told)
                return
            built = build_cards(place.lake, place.settings, place.now())
        except CasehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(built.path),
                "bytes": size_of(built.path),
                "cards": built.cards,
                "identifiers": built.identifiers,
                "as_of": str(built.as_of),
                "documents": {title: documents for title, (documents, _) in built.sections.items()},
            }
        )
        yield _judge(built)

    return cards


def _judge(built: Built) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=SECTIONS,
        passed=not built.failed,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join([*(f"{title}: {why}" for title, why in built.failed.items()), *built.notes])
        or None,
        metadata={"failed_sections": len(built.failed)},
    )
