"""What ends a command early cancels its backfill and stays the error that is told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from assets import work
from assets.backfill import Course, Wanted
from assets.progress import Display
from assets.work import load_days
from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assets.client import DagsterClient

FEED, DAY = "icasework/tasks", "2026-09-01"
WANTED = Wanted({FEED: (ReportDay.parse(DAY),)})
STRANGE = "fields [red]x[/red] and [/] at \x1b[31m[0]"


class Dagster:
    """A Dagster that only notes what it is told to cancel."""

    def __init__(self, refusal: CasehouseError | None = None) -> None:
        self.client = cast("DagsterClient", self)
        self.refusal = refusal
        self.cancelled: list[str] = []

    def launch_backfill(self, *_: object, **__: object) -> str:
        return "b"

    def cancel_backfill(self, backfill: str) -> None:
        self.cancelled.append(backfill)
        if self.refusal:
            raise self.refusal

    def start_daemon(self) -> None:
        """Nothing to start."""

    def check(self) -> None:
        """Nothing to watch."""


def go_on(monkeypatch: pytest.MonkeyPatch, *courses: Course, then: BaseException | None = None) -> None:
    def follow(*_: object, **__: object) -> Iterator[Course]:
        yield from courses
        if then:
            raise then

    monkeypatch.setattr(work, "follow", follow)


def failed() -> Course:
    return Course(WANTED.cells, failed={(FEED, DAY): STRANGE})


def test_failures_are_printed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on(monkeypatch, failed())
    console = Console(file=io.StringIO(), width=80)
    assert load_days(Dagster(), WANTED, "t", console).failed
    assert isinstance(console.file, io.StringIO)
    assert (
        "failed fields [red]x[/red] and [/] at \N{REPLACEMENT CHARACTER}[31m[0]\n" in console.file.getvalue()
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Permanent("the webserver ended"), RuntimeError()])
@pytest.mark.parametrize("refusal", [None, Transient("no [answer]")])
def test_whatever_ends_it_cancels_the_backfill_and_is_told(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, refusal: CasehouseError | None
) -> None:
    go_on(monkeypatch, failed(), then=error)
    console, dagster = Console(file=io.StringIO(), width=80), Dagster(refusal)

    with pytest.raises(type(error)) as caught:
        load_days(dagster, WANTED, "t", console)

    assert caught.value is error
    assert dagster.cancelled == ["b"]
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert ("backfill b is not cancelled: no [answer]" if refusal else "backfill b cancelled") in said
    assert "failed fields [red]x" in said


class Gone(io.StringIO):
    """A terminal that went away."""

    def isatty(self) -> bool:
        return True

    def write(self, _: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_went_away_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        raise OSError(5, "Input/output error")

    display = Display(Console(file=io.StringIO()), [FEED])
    monkeypatch.setattr(display._progress, "stop", stop)
    with pytest.raises(KeyboardInterrupt), display:
        raise KeyboardInterrupt
    assert stopped

    go_on(monkeypatch, then=KeyboardInterrupt())
    dagster = Dagster()
    with pytest.raises(KeyboardInterrupt):
        load_days(dagster, WANTED, "t", Console(file=Gone(), force_terminal=False))
    assert dagster.cancelled == ["b"]
