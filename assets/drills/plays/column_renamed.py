"""A vendor renames a column of a report: drift, told with both names, mended by the contract's one line."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from assets.drills.stage import Stage

CALLS = "xima/calls"
LOADED, DRIFTED = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
OLD, NEW = "Skill [STRING]", "Queue [STRING]"
_NAMES = re.compile(r"missing: (?P<old>[^;()]+); unexpected: (?P<new>[^;()]+)\)")


def play(stage: Stage) -> None:
    """Rename a column for good, have it named, and patch the contract with the two names that were told."""
    score = stage.score
    stage.load((CALLS, LOADED))
    good = stage.lake.path(CALLS, LOADED).read_bytes()
    stage.door.order(
        "column_renamed", feed="calls", column=OLD.partition(" [")[0], to=NEW.partition(" [")[0], calls=None
    )
    stage.door.forget_calls()
    stage.strike()
    said = stage.ingest(CALLS, DRIFTED)
    message = stage.told(CALLS, DRIFTED, "drift")
    stage.detected(message)
    score.expect(said.status == 1, f"the command ended with status {said.status}, not 1")
    calls = len(stage.door.calls("calls"))
    score.expect(calls == 1, f"a drifted report was asked for {calls} times, not once")
    stage.ingest(CALLS, LOADED)
    still = stage.lake.path(CALLS, LOADED).read_bytes()
    score.expect(still == good, "the last good day did not stay as it was")
    score.expect(not stage.lake.path(CALLS, DRIFTED).exists(), "a drifted day was published")
    patched = patched_product(stage.home / "patched", message)
    for day in (LOADED, DRIFTED):
        said = stage.ingest(CALLS, day, env={"PYTHONPATH": str(patched)})
        score.expect(said.status == 0, f"{CALLS} {day} does not load with the contract patched")
    score.repaired = "one line of the contract, then casehouse ingest"
    stage.count([(CALLS, LOADED), (CALLS, DRIFTED)])


def patched_product(folder: Path, message: str) -> Path:
    """Return a copy of the product whose contract has the new name that a message tells for the old one."""
    told = _NAMES.search(message)
    if told is None:
        raise Permanent("the message does not name the column that is missing and the one that came")
    shutil.copytree(ROOT / "pipelines", folder / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    contracts = folder / "pipelines" / "contracts" / "xima.py"
    text = contracts.read_text(encoding="utf-8")
    before, line, after = text.partition(f'"{told["old"]}"')
    if not line:
        raise Permanent(f"no contract has a column {told['old']!r}")
    contracts.write_text(f'{before}"{told["new"]}"{after}', encoding="utf-8")
    return folder


DRILL = Drill(
    "column-renamed",
    plays=f"Xima's calls come back with {NEW.partition(' [')[0]} where {OLD.partition(' [')[0]} was.",
    must="Told as drift with both names, asked once; nothing is published, the last good day stays.",
    uses=("casehouse ingest", "an edit of pipelines/contracts/xima.py, in a copy"),
    play=play,
)
