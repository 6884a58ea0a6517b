"""A vendor renames a column of a report: drift, told with both names, mended by the patch that is offered."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from assets.drills.stage import last_line
from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from assets.drills.stage import Stage

CALLS = "xima/calls"
LOADED, DRIFTED = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
OLD, NEW = "Skill [STRING]", "Queue [STRING]"


def play(stage: Stage) -> None:
    """Rename a column for good, have it named, and apply the patch that is offered to a copy."""
    score = stage.score
    stage.load((CALLS, LOADED))
    good = stage.lake.path(CALLS, LOADED).read_bytes()
    stage.door.order(
        "column_renamed", feed="calls", column=OLD.partition(" [")[0], to=NEW.partition(" [")[0], calls=None
    )
    stage.door.forget_calls()
    stage.strike()
    said = stage.ingest(CALLS, DRIFTED)
    stage.told(CALLS, DRIFTED, "drift")
    stage.alerted(NEW)
    score.expect(said.status == 1, f"the command ended with status {said.status}, not 1")
    calls = len(stage.door.calls("calls"))
    score.expect(calls == 1, f"a drifted report was asked for {calls} times, not once")
    stage.ingest(CALLS, LOADED)
    still = stage.lake.path(CALLS, LOADED).read_bytes()
    score.expect(still == good, "the last good day did not stay as it was")
    score.expect(not stage.lake.path(CALLS, DRIFTED).exists(), "a drifted day was published")
    patch = stage.hands.casehouse("drift", CALLS)
    stage.require(patch, "there is no patch for the contract")
    score.expect(OLD in patch.text and NEW in patch.text, "the patch does not name both columns")
    patched = patched_product(stage.home / "patched", patch.text)
    for day in (LOADED, DRIFTED):
        said = stage.ingest(CALLS, day, env={"PYTHONPATH": str(patched)})
        score.expect(said.status == 0, f"{CALLS} {day} does not load with the contract patched")
    stage.over()
    score.repaired = "casehouse drift, git apply, casehouse ingest"
    stage.count([(CALLS, LOADED), (CALLS, DRIFTED)])


def patched_product(folder: Path, patch: str) -> Path:
    """Return a copy of the product to which a patch was applied, as a person would with git."""
    git = shutil.which("git")
    if git is None:
        raise Permanent("the patch cannot be applied", why="there is no git", todo="install git")
    shutil.copytree(ROOT / "pipelines", folder / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "drift.patch").write_text(patch, encoding="utf-8")
    applied = subprocess.run(  # noqa: S603 - git itself, on a file of ours
        [git, "apply", "drift.patch"], cwd=folder, capture_output=True, text=True, check=False
    )
    if applied.returncode:
        raise Permanent("the patch does not apply", why=last_line(applied.stderr))
    return folder


DRILL = Drill(
    "column-renamed",
    plays=f"Xima's calls come back with {NEW.partition(' [')[0]} where {OLD.partition(' [')[0]} was.",
    must="Told as drift with both names, asked once; nothing is published, the last good day stays.",
    uses=("casehouse ingest", "casehouse drift", "git apply, in a copy of the product"),
    play=play,
)
