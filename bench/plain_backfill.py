"""The same ingest calls that a backfill makes, in one process, one feed after the other, without Dagster."""

from __future__ import annotations

import sys
from contextlib import closing

from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.settings import load_settings


def main() -> None:
    """Load every feed from the first to the last day; every day must end verified."""
    first, last = (ReportDay.parse(word) for word in sys.argv[1:])
    settings = load_settings()
    days, lake = list(span(first, last)), Lake(settings.data_dir)
    rows = 0
    for feed in FEEDS.values():
        policy = policy_for(feed.key, settings)
        with closing(connect(feed.source, settings)) as source:
            for outcome in ingest_days(feed, days, source=source, lake=lake, policy=policy):
                if outcome.error or not outcome.receipt:
                    raise SystemExit(str(outcome.error))
                rows += outcome.receipt.rows_good
    print(f"{rows / len(days) / len(FEEDS):.0f} rows a feed and day")


if __name__ == "__main__":
    main()
