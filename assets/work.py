"""What the commands have Dagster do: load days, rebuild the catalogue; each waits until it is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from assets.backfill import STARTED_HERE, follow, launch
from assets.names import REBUILD
from assets.progress import Display
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from rich.console import Console

    from assets.backfill import Course, Wanted
    from assets.client import DagsterClient

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
    """Launch a backfill and follow it to its end; when this is interrupted, cancel it."""
    began = time.monotonic()
    backfill = launch(dagster.client, wanted, title)
    dagster.start_daemon()
    try:
        with Display(console, list(wanted.days)) as display:
            for course in follow(dagster.client, backfill, wanted, check=dagster.check):
                display.show(course)
    except KeyboardInterrupt:
        dagster.client.cancel_backfill(backfill)
        console.print(f"backfill {backfill} cancelled; days already loaded stay", highlight=False)
        raise
    loaded = len(course.loaded & course.wanted)
    console.print(
        f"{loaded} of {len(course.wanted)} partitions loaded, {len(course.failed)} failed,"
        f" in {time.monotonic() - began:.1f} seconds by {course.runs} runs",
        highlight=False,
    )
    return course


def rebuild_catalogue(dagster: Dagster) -> None:
    """Have the catalogue rebuilt and wait for it; raise Permanent when that fails."""
    dagster.start_daemon()
    run_id = dagster.client.launch_job(REBUILD, tags=STARTED_HERE)
    while not (run := dagster.client.run(run_id)).is_finished:
        dagster.check()
        time.sleep(_LOOK_SECONDS)
    if run.status != "SUCCESS":
        happened = dagster.client.read_log(run_id)
        why = next((reason for _, _, reason in happened.step_failures), happened.run_failure)
        raise Permanent("the catalogue was not rebuilt", why=why, todo="run `casehouse rebuild`")
