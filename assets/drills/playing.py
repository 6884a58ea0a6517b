"""Play drills one after the other, each on a stage of its own; one that breaks is red."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assets.drills.score import Score
from assets.drills.stage import open_stage
from pipelines.errors import Permanent
from pipelines.telling import one_line, where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from assets.drills.drill import Drill
    from assets.drills.stage import Stage

    OpenStage = Callable[[Path, Score], AbstractContextManager[Stage]]


def play_all(drills: Iterable[Drill], keep: Path | None, opening: OpenStage = open_stage) -> Iterator[Score]:
    """Play drills in order, yielding each one's score; in `keep` each leaves a folder of its name."""
    for drill in drills:
        with ExitStack() as stack:
            if keep is None:
                home = Path(stack.enter_context(TemporaryDirectory(prefix="casehouse-drill-")))
            else:
                home = _new_folder(keep / drill.name)
            yield play(drill, home.resolve(), opening)


def play(drill: Drill, home: Path, opening: OpenStage = open_stage) -> Score:
    """Play one drill in an empty folder; whatever breaks it stands in its score."""
    began = time.monotonic()
    score = Score(drill.name)
    try:
        with opening(home, score) as stage:
            drill.play(stage)
    except Exception as error:  # noqa: BLE001 - a drill that breaks, however, is red and not the end of the others
        score.wrong.append(f"the drill broke off: {one_line(error)} [{where(error)}]")
    score.seconds = round(time.monotonic() - began, 1)
    return score


def _new_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Permanent(f"{folder} is there already", todo="name another folder for --keep") from None
    return folder
