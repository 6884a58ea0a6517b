"""A lake of the invented council's casework, loaded through ingest without a server between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.feeds import FEEDS, Policy
from pipelines.ingest import ingest_days
from pipelines.sandbox.council.reports import BY_NAME
from pipelines.warehouse import build
from tests.plain_source import PlainSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.lake import Lake
    from pipelines.sandbox.council.council import Council

CASEWORK: Mapping[str, Feed] = {key: feed for key, feed in FEEDS.items() if feed.source == "icasework"}


def load_council(
    lake: Lake, days: Sequence[ReportDay], council: Council, feeds: Mapping[str, Feed] = CASEWORK
) -> None:
    """Load the days of all of casework, or of some feeds, as the council publishes them."""
    for feed in feeds.values():
        source = PlainSource(fields=tuple(BY_NAME[feed.name].columns), origin="council")
        for day in days:
            chunks = council.report(feed.name, day.date, day.date)
            source.rows[str(day)] = [row for chunk in chunks for row in chunk]
        for outcome in ingest_days(feed, days, source=source, lake=lake, policy=Policy()):
            assert outcome.error is None, outcome.error


def rebuild_casework(lake: Lake, days: Sequence[ReportDay], *, afresh: bool = False) -> None:
    build(lake, CASEWORK, since=days[0], until=days[-1], afresh=afresh)
