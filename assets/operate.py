"""`python -m assets.operate`: the commands that drive Dagster, in a process of their own.

`casehouse demo` and `casehouse backfill` become this process. It starts Dagster or finds a running one, has
it work, and shows how that goes; it never loads Dagster itself.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from assets.backfill import every_day, only_missing
from assets.demo import Demo
from assets.processes import ANY_PORT, Children, heed_signals
from assets.services import (
    child_environment,
    find_running,
    home,
    logs_of,
    open_services,
    tuned_for,
)
from assets.work import Dagster, load_days
from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, SettingsError
from pipelines.feeds import FEEDS, feeds_of
from pipelines.lake import Lake
from pipelines.settings import load_settings
from pipelines.warehouse import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assets.backfill import Course, Wanted
    from assets.client import DagsterClient
    from pipelines.settings import Settings

USAGE = 2
INTERRUPTED = 130
MOST_TOLD = 50


@click.group()
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(*, debug: bool) -> None:
    """Drive Dagster."""
    del debug  # read by main()


@commands.command()
@click.option("--days", type=click.IntRange(1, 3650), default=14)
@click.option("--serve/--no-serve", default=True)
def demo(days: int, *, serve: bool) -> None:
    """Run the whole product on invented data."""
    proved = Demo(load_settings(), days, serve, datetime.now(UTC), Console()).run()
    sys.exit(0 if proved else 1)


@commands.command()
@click.option("--from", "first", required=True)
@click.option("--to", "last", required=True)
@click.option("--feed", "feeds", multiple=True)
@click.option("--missing", is_flag=True)
def backfill(first: str, last: str, feeds: tuple[str, ...], *, missing: bool) -> None:
    """Load a span of days; exit 0 only when each is loaded."""
    settings, console = load_settings(), Console()
    lake = Lake(settings.data_dir)
    keys = [feed.key for feed in feeds_of(feeds)]
    yesterday = settings.last_day(datetime.now(UTC))
    wanted = every_day(keys, ReportDay.parse(first), ReportDay.parse(last), settings, yesterday)
    with _dagster(settings, wanted, console) as dagster:
        if missing:
            wanted = only_missing(wanted, dagster.client, lake)
        if not wanted.cells:
            console.print("every partition is loaded already; nothing was launched")
            return
        title = f"{first} to {last}, {len(keys)} feeds{', only missing' if missing else ''}"
        course = load_days(dagster, wanted, title, console)
    _tell(course, console)
    # Not through Dagster, whose sensor rebuilds it too when it runs for long: a run more takes seconds.
    summary = build(lake, FEEDS, since=settings.first_day, until=yesterday)
    console.print(str(summary), highlight=False, soft_wrap=True)
    sys.exit(1 if course.failed else 0)


@dataclass
class _Running:
    """A Dagster that somebody else runs: its daemon works already."""

    client: DagsterClient

    def start_daemon(self) -> None:
        """Nothing to start."""

    def check(self) -> None:
        """Nothing to watch: a question that is not answered raises."""


@contextmanager
def _dagster(settings: Settings, wanted: Wanted, console: Console) -> Iterator[Dagster]:
    """Lend the Dagster that runs, or one of our own for as long as it is needed."""
    running = find_running(settings)
    if running is not None:
        console.print(f"through the Dagster at {running.url}", highlight=False)
        yield _Running(running)
        return
    console.print("no Dagster is running: starting one for this backfill", highlight=False)
    with (
        Children(logs_of(home()), child_environment(), home()) as children,
        open_services(settings, children, ANY_PORT, tuned_for(settings, wanted)) as dagster,
    ):
        yield dagster


def _tell(course: Course, console: Console) -> None:
    """Name what failed, with the reason, and count the rest."""
    for (_, _), why in sorted(course.failed.items())[:MOST_TOLD]:
        console.print(f"[red]failed[/] {why}", highlight=False, soft_wrap=True)
    if len(course.failed) > MOST_TOLD:
        console.print(f"and {len(course.failed) - MOST_TOLD} more; the Dagster UI names them")


def main() -> NoReturn:
    """Run a command: one clear line for an error, status 1, or 2 for wrong settings or usage."""
    heed_signals()
    debug = "--debug" in sys.argv
    try:
        commands.main(prog_name="casehouse", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except CasehouseError as error:
        if debug:
            raise
        click.echo(f"casehouse: {error}", err=True)
        sys.exit(USAGE if isinstance(error, SettingsError) else 1)
    sys.exit(0)


if __name__ == "__main__":
    main()
