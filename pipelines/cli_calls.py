"""The commands about what vendors answered: the record of calls, and the patch for a contract that drifted.

Imports of the rooms stay inside the commands, as in cli.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from pipelines.days import ReportDay
    from pipelines.lake import Lake

_WIDE = 120  # columns of a terminal from which on every column of the record is shown
_MOST_FEEDS = 10


@click.command()
@click.option("--since", metavar="DAY", help="London day, YYYY-MM-DD; default the last 24 hours.")
@click.option("--feed", metavar="FEED", help="Such as icasework/cases; default all calls.")
@click.option("--source", metavar="SOURCE", help="Such as tascomi: also calls that no feed asked for.")
@click.option("--failed", is_flag=True, help="Only tries that failed.")
@click.option("--csv", "as_csv", is_flag=True, help="Every try, as CSV, instead of a table of the last 50.")
def calls(since: str | None, feed: str | None, source: str | None, *, failed: bool, as_csv: bool) -> None:
    """Show every try of every call to a vendor, and how to ask again for what failed."""
    import polars as pl

    from pipelines.calls import mark_made_good, read_calls
    from pipelines.days import ReportDay
    from pipelines.feeds import find_feed
    from pipelines.settings import load_settings

    first = ReportDay.parse(since).start if since else datetime.now(UTC) - timedelta(days=1)
    wanted = pl.lit(value=True)
    if feed:
        wanted = wanted & (pl.col("feed") == find_feed(feed).key)
    if source:
        wanted = wanted & (pl.col("source") == _known(source))
    found = mark_made_good(read_calls(load_settings().data_dir, first)).filter(wanted)
    shown = found.filter("failed") if failed else found
    if as_csv:
        click.echo(shown.write_csv(), nl=False)
        return
    _show(shown)
    for line in _summary(found):
        click.echo(line)


def _known(source: str) -> str:
    from pipelines.feeds import SOURCES

    if source not in SOURCES:
        raise Permanent(f"{source!r} is not a source", todo=f"use one of {', '.join(SOURCES)}")
    return source


def _show(tries: pl.DataFrame) -> None:
    """Print the last tries as a table that fits 80 columns; a wider terminal gets the rest."""
    from rich.console import Console
    from rich.table import Table

    from pipelines.days import LONDON
    from pipelines.tables import MOST_ROWS, plain

    if tries.is_empty():
        return
    console = Console()
    is_wide = console.width >= _WIDE
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title, side in _columns(is_wide=is_wide):
        table.add_column(title, justify="right" if side == "right" else "left", overflow="fold")
    for one in tries.tail(MOST_ROWS).iter_rows(named=True):
        good = {None: "", True: "yes", False: "no"}[one["made_good"]]
        cells = [
            one["at"].astimezone(LONDON).strftime("%m-%d %H:%M:%S" if is_wide else "%m-%d %H:%M"),
            one["feed"] or one["what"],
            one["report_date"],
            one["attempt"],
            one["status"],
            one["outcome"],
            good,
        ]
        if is_wide:
            cells += [one["vendor_code"], one["bytes"], f"{one['seconds']:.2f}"]
        table.add_row(*(plain("" if cell is None else str(cell)) for cell in cells))
    console.print(table)
    if tries.height > MOST_ROWS:
        console.print(f"the last {MOST_ROWS} of {tries.height}; --csv gives all")


def _columns(*, is_wide: bool) -> Iterable[tuple[str, str]]:
    narrow = (
        ("began", "left"),
        ("feed or call", "left"),
        ("day", "left"),
        ("try", "right"),
        ("HTTP", "right"),
        ("outcome", "left"),
        ("mended", "left"),
    )
    return (*narrow, ("code", "left"), ("bytes", "right"), ("seconds", "right")) if is_wide else narrow


def _summary(tries: pl.DataFrame) -> Iterator[str]:
    """Count tries by outcome; say of what failed and was not made good how to ask for it again."""
    import polars as pl

    counted = tries.group_by("outcome").len().sort("len", "outcome", descending=[True, False])
    told = ", ".join(f"{count} {outcome}" for outcome, count in counted.rows())
    yield f"{tries.height} tries{f': {told}' if told else ''}"
    open_still = tries.filter(pl.col("failed") & ~pl.col("made_good"))
    if not tries["failed"].any():
        return
    yield f"{tries['failed'].sum()} failed, {open_still.height} of them not made good since"
    by_feed = (
        open_still.drop_nulls("feed")
        .group_by("feed")
        .agg(pl.col("report_date").min().alias("first"), pl.col("report_date").max().alias("last"))
        .sort("feed")
    )
    for feed, first, last in by_feed.head(_MOST_FEEDS).rows():
        yield f"  to ask again: casehouse backfill --feed {feed} --from {first} --to {last} --missing"
    if open_still["feed"].null_count():
        yield "  calls without a feed: casehouse doctor; casehouse outbound log"


@click.command()
@click.argument("feed")
@click.argument("day", required=False)
def drift(feed: str, day: str | None) -> None:
    """Print the patch after which FEED's contract pins the fields that came on DAY.

    Without DAY it is the last day that failed for its fields. What to ask first goes to the error stream, so
    that the output is the patch: casehouse drift FEED > drift.patch; git apply drift.patch
    """
    from pipelines.contracts.patch import propose
    from pipelines.days import ReportDay
    from pipelines.feeds import find_feed
    from pipelines.lake import Lake
    from pipelines.settings import load_settings

    found = find_feed(feed)
    wanted = ReportDay.parse(day) if day else None
    drifted, came = _drifted(Lake(load_settings().data_dir), found.key, wanted)
    patch = propose(found.contract, came, day=str(drifted))
    for note in patch.notes:
        click.echo(f"# {note}", err=True)
    click.echo(
        f"# then: casehouse replay --feed {found.key} --from {drifted} --publish; for a day without a kept"
        f" body casehouse ingest {found.key} {drifted}",
        err=True,
    )
    click.echo(patch.diff, nl=False)


def _drifted(lake: Lake, feed: str, day: ReportDay | None) -> tuple[ReportDay, tuple[str, ...]]:
    """Return a day that failed for its fields, the last without `day`, and the fields that came."""
    failures = lake.failures(feed)
    days = [one for one, failure in failures.items() if failure.kind == "drift" and day in (None, one)]
    if not days:
        raise Permanent(
            f"no day of {feed} is known to have failed for its fields"
            if day is None
            else f"{feed} {day} did not fail for its fields the last time it was asked for",
            todo=f"`casehouse ingest {feed} DAY` asks for one again",
        )
    chosen = max(days)
    if not failures[chosen].came:
        raise Permanent(
            f"the fields that came on {chosen} are not on record",
            why="hardly any of the pinned ones were among them, or what came were no names",
            todo=f"check the report's id in the settings, then `casehouse ingest {feed} {chosen}`",
        )
    return chosen, failures[chosen].came
