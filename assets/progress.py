"""A backfill's course: a bar a feed where somebody watches, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.progress import TaskID

    from assets.backfill import Course

PLAIN_SECONDS = 5.0


class Display(AbstractContextManager["Display"]):
    """Shows each course it is given; the last one stays on the screen."""

    def __init__(self, console: Console, feeds: list[str]) -> None:
        self._console = console
        self._feeds = feeds
        self._bars: dict[str, TaskID] = {}
        self._told_at = float("-inf")
        self._told = ""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f} loaded"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal went away: no reason to leave undone what comes after
            self._progress.stop()

    def show(self, course: Course) -> None:
        """Show how the backfill stands."""
        if self._console.is_terminal:
            self._show_bars(course)
        else:
            self._say(course)

    def _show_bars(self, course: Course) -> None:
        for feed in self._feeds:
            wanted, loaded, failed, running = course.counts(feed)
            note = ", ".join(
                [
                    *([f"[red]{failed} failed[/]"] if failed else []),
                    *([f"{running} in progress"] if running else []),
                ]
            )
            if feed not in self._bars:
                self._bars[feed] = self._progress.add_task(feed, total=wanted, note="")
            self._progress.update(self._bars[feed], completed=loaded, note=note or course.note)

    def _say(self, course: Course) -> None:
        now = time.monotonic()
        loaded = len(course.loaded & course.wanted)
        told = (
            f"{loaded} of {len(course.wanted)} loaded, {len(course.failed)} failed,"
            f" {len(course.running)} in progress ({course.note})"
        )
        if told != self._told and (not course.open or now - self._told_at >= PLAIN_SECONDS):
            self._console.print(told, highlight=False, soft_wrap=True)
            self._told, self._told_at = told, now
