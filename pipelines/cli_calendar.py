"""The `casehouse calendar` command: writes the completeness page and names the file.

Imports of the rooms stay inside the command, as in cli.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default reports/calendar.html in the data directory.",
)
def calendar(out: Path | None) -> None:
    """Write the completeness page: every feed and day, with receipts, as one HTML file.

    It tells what the catalogue tells: `casehouse rebuild` brings that up to date.
    """
    from pipelines.calendar import write_calendar
    from pipelines.lake import Lake
    from pipelines.settings import load_settings

    lake = Lake(load_settings().data_dir)
    click.echo(write_calendar(lake, datetime.now(UTC), out))
