"""A lake as ingest leaves it: good days, a quarantined one, an unverified one, failures and gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import Transient
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.warehouse import build
from tests.plain_source import PARCELS, PlainSource, fill, parcel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.warehouse import CatalogueSummary

FEEDS = {PARCELS.key: PARCELS}
SECRET_VALUE = "Zebedee O'Hara"


def load(lake: Lake, days: Sequence[ReportDay], source: PlainSource) -> None:
    # Tests take rows away as they like.
    policy = Policy(bad_row_share=0.5, reconcile="none", shrink_guard=None)
    for _ in ingest_days(PARCELS, days, source=source, lake=lake, policy=policy):
        pass


def load_all_kinds(lake: Lake, days: list[ReportDay]) -> PlainSource:
    """Days in order: verified, quarantined, unverified, failed, missing."""
    verified, quarantined, unverified, failed, _ = days
    source = fill(PlainSource(), days)
    source.rows[str(quarantined)] = [
        parcel(1),
        parcel(2),
        parcel(3, label=SECRET_VALUE, sent="the day before", price="-1"),
    ]
    source.totals[str(unverified)] = None
    source.errors[str(failed)] = Transient("the source answered 503", todo="wait")
    load(lake, [verified, quarantined, unverified, failed], source)
    return source


def rebuild(lake: Lake, days: list[ReportDay], *, afresh: bool = False) -> CatalogueSummary:
    return build(lake, FEEDS, since=days[0], until=days[-1], afresh=afresh)
