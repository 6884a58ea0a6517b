"""`casehouse revisions`: which days changed when they were asked for again, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipelines.comparison import Line


@click.command()
@click.argument("feed", required=False)
@click.option("--since", metavar="DAY", help="Only what was seen on this London day or later, YYYY-MM-DD.")
@click.option("--lines", is_flag=True, help="Each row and cell, too; personal values are never told.")
def revisions(feed: str | None, since: str | None, *, lines: bool) -> None:
    """Tell the days of one FEED, or of all, that changed when they were asked for again, oldest first.

    The same stands in ops.revised_days and ops.revisions, how late rows come in ops.late_arrival.
    """
    from pipelines.days import LONDON, ReportDay
    from pipelines.feeds import feeds_of
    from pipelines.revisions import read_records
    from pipelines.settings import load_settings

    settings = load_settings()
    start = ReportDay.parse(since).start if since else None
    records = [
        record
        for one in feeds_of([feed] if feed else [])
        for record in read_records(settings.data_dir, one.key, start)
    ]
    for record in sorted(records, key=lambda record: record.at):
        click.echo(f"{record.at.astimezone(LONDON):%Y-%m-%d %H:%M} {record.revision}")
        for line in record.lines if lines else ():
            click.echo(f"    {_told(line)}")
        if lines and record.is_cut:
            click.echo("    and more, which CASEHOUSE_REVISION_LINES left out")
    held = sum(record.kept for record in records)
    click.echo(f"{len(records)} revisions{f', {held} of them held back' if held else ''}")


def _told(line: Line) -> str:
    key = line.key or "a row whose key is personal or that has none"
    if line.kind != "changed":
        return f"{line.kind}: {key}"
    if line.withheld:
        return f"changed: {key}: {line.column} (personal, not told)"
    return f"changed: {key}: {line.column} {_cell(line.old)} -> {_cell(line.new)}"


def _cell(text: str | None) -> str:
    """Write a cell so that an empty one shows, and that line breaks and control characters do not act."""
    return "empty" if text is None else repr(text)
