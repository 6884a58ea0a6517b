"""What the commands have Dagster do: load days, rebuild the catalogue; each waits until it is done."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from assets.backfill import STARTED_HERE, Course, follow, launch
from assets.names import CARDS_STEP, REBUILD
from assets.progress import Display
from pipelines.errors import CasehouseError, Permanent
from pipelines.tables import plain

if TYPE_CHECKING:
    from rich.console import Console

    from assets.backfill import Wanted
    from assets.client import DagsterClient

MOST_TOLD = 50
_LOOK_SECONDS = 0.5


class Dagster(Protocol):
    """A Dagster to work with, one's own or one that was running."""

    client: DagsterClient

    def start_daemon(self) -> None:
        """See to it that what was launched is taken up."""
        ...

    def check(self) -> None:
        """Raise when it has ended."""
        ...


def load_days(dagster: Dagster, wanted: Wanted, title: str, console: Console) -> Course:
    """Launch a backfill, follow it to its end and name what failed; when this is ended early, cancel it."""
    began = time.monotonic()
    course = Course(wanted.cells)
    backfill = launch(dagster.client, wanted, title)
    try:
        dagster.start_daemon()
        with Display(console, list(wanted.days)) as display:
            for course in follow(dagster.client, backfill, wanted, check=dagster.check):
                display.show(course)
    except BaseException:
        _cancel(dagster.client, backfill, console)
        _tell_failures(course, console)
        raise
    loaded = len(course.loaded & course.wanted)
    console.print(
        f"{loaded} of {len(course.wanted)} partitions loaded, {len(course.failed)} failed,"
        f" in {time.monotonic() - began:.1f} seconds by {course.runs} runs",
        highlight=False,
    )
    _tell_failures(course, console)
    return course


def _cancel(client: DagsterClient, backfill: str, console: Console) -> None:
    """Cancel a backfill that nobody follows any more; what goes wrong must not hide why."""
    try:
        client.cancel_backfill(backfill)
    except CasehouseError as error:
        told = f"backfill {backfill} is not cancelled: {error}"
    else:
        told = f"backfill {backfill} cancelled; days already loaded stay"
    _say(plain(told), console)


def _tell_failures(course: Course, console: Console) -> None:
    """Name what failed, with the reason, and count the rest."""
    for _, why in sorted(course.failed.items())[:MOST_TOLD]:
        _say(Text.assemble(("failed", "red"), " ", plain(why)), console)
    if len(course.failed) > MOST_TOLD:
        _say(plain(f"and {len(course.failed) - MOST_TOLD} more; `dg dev` shows them all"), console)


def _say(told: Text, console: Console) -> None:
    with suppress(OSError):  # the terminal may be what went away
        console.print(told, soft_wrap=True)


def rebuild_catalogue(dagster: Dagster) -> None:
    """Have catalogue and cards rebuilt and wait for it; raise Permanent when that fails."""
    dagster.start_daemon()
    run_id = dagster.client.launch_job(REBUILD, tags=STARTED_HERE)
    while not (run := dagster.client.run(run_id)).is_finished:
        dagster.check()
        time.sleep(_LOOK_SECONDS)
    if run.status != "SUCCESS":
        happened = dagster.client.read_log(run_id)
        step, why = next(
            ((step, reason) for step, _, reason in happened.step_failures), ("", happened.run_failure)
        )
        raise Permanent(
            "the customer cards were not built" if step == CARDS_STEP else "the catalogue was not rebuilt",
            why=why,
            todo=f"run `casehouse {'kpi build' if step == CARDS_STEP else 'rebuild'}`",
        )
