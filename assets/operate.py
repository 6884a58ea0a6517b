"""`python -m assets.operate`: the commands that drive Dagster, in a process of their own.

`casehouse demo`, `casehouse backfill` and `casehouse drill` become this process. It starts Dagster or finds a
running one, has it work, and shows how that goes; it never loads Dagster itself.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from assets.backfill import every_day, only_missing
from assets.demo import Demo
from assets.drills.command import drill
from assets.processes import ANY_PORT, Children, heed_signals
from assets.services import child_environment, find_running, logs_of, open_services, tuned_for
from assets.work import Dagster, load_days
from pipelines import telling
from pipelines.dagster_files import home
from pipelines.days import ReportDay
from pipelines.errors import CasehouseError
from pipelines.feeds import FEEDS, feeds_of
from pipelines.lake import Lake
from pipelines.outbound.log_frame import log_frame
from pipelines.settings import load_settings
from pipelines.tables import plain
from pipelines.warehouse import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assets.backfill import Wanted
    from assets.client import DagsterClient
    from pipelines.settings import Settings


@click.group()
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(*, debug: bool) -> None:
    """Drive Dagster."""
    del debug  # read by main()


commands.add_command(drill)


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
    keys = [feed.key for feed in feeds_of(feeds)]
    yesterday = settings.last_day(datetime.now(UTC))
    wanted = every_day(keys, ReportDay.parse(first), ReportDay.parse(last), settings, yesterday)
    title = f"{first} to {last}, {len(keys)} feeds{', only missing' if missing else ''}"
    with _dagster(settings, wanted, console) as dagster, _catalogue_after(settings, yesterday, console):
        if missing:
            wanted = only_missing(wanted, dagster.client, Lake(settings.data_dir))
        if wanted.cells:
            failed = load_days(dagster, wanted, title, console).failed
        else:
            console.print("every partition is loaded already; nothing was launched")
            failed = {}
    sys.exit(1 if failed else 0)


@contextmanager
def _catalogue_after(settings: Settings, until: ReportDay, console: Console) -> Iterator[None]:
    """Rebuild the catalogue after the block, however it ends; its own error is told before one of the build.

    Not through Dagster, whose sensor rebuilds it too when it runs for long: a run more takes seconds.
    """

    def rebuild() -> str:
        return str(
            build(
                Lake(settings.data_dir),
                FEEDS,
                since=settings.first_day,
                until=until,
                contact_window_days=settings.contact_window_days,
                outbound_log=log_frame(settings.data_dir),
            )
        )

    try:
        yield
    except BaseException:
        with suppress(CasehouseError, OSError):
            console.print(plain(rebuild()), soft_wrap=True)
        raise
    console.print(plain(rebuild()), soft_wrap=True)


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
        console.print(plain(f"through the Dagster at {running.url}"), soft_wrap=True)
        yield _Running(running)
        return
    console.print("no Dagster is running: starting one for this backfill", highlight=False)
    with (
        Children(logs_of(home()), child_environment(), home()) as children,
        open_services(settings, children, ANY_PORT, tuned_for(settings, wanted)) as dagster,
    ):
        yield dagster
        _tell_stopped(dagster.client, console)


def _tell_stopped(client: DagsterClient, console: Console) -> None:
    """Name the runs that this Dagster took up for somebody else and that end with it."""
    for run in client.runs_in_progress():
        feeds = ", ".join(run.feeds)
        told = f"run {run.id} was still at work and is stopped: {feeds} {run.first} to {run.last}"
        console.print(plain(told), soft_wrap=True)


def main() -> NoReturn:
    """Run a command that Ctrl-C, SIGTERM and a closed terminal end alike."""
    heed_signals()
    words = sys.argv[1:]
    telling.run(commands, words, debug="--debug" in words[:1])


if __name__ == "__main__":
    main()
