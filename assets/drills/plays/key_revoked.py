"""Xima's service user gets a new key, which kills the one that is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.drills.drill import Drill
from pipelines.days import ReportDay

if TYPE_CHECKING:
    from assets.drills.stage import Stage

CALLS = "xima/calls"
LOADED, REFUSED = ReportDay.parse("2026-09-15"), ReportDay.parse("2026-09-16")
SETTING = "CASEHOUSE_XIMA_KEY"


def play(stage: Stage) -> None:
    """Have a loaded day and a new one refused, then set the new key."""
    score = stage.score
    stage.load((CALLS, LOADED))
    good = stage.lake.path(CALLS, LOADED).read_bytes()
    key = stage.door.refresh_xima_key()
    stage.door.forget_calls()
    stage.strike()
    said = stage.ingest(CALLS, REFUSED)
    message = stage.told(CALLS, REFUSED, "permanent")
    stage.alerted(SETTING)
    score.expect(said.status == 1, f"the command ended with status {said.status}, not 1")
    score.expect(SETTING in message, f"the message does not name {SETTING}")
    calls = len(stage.door.calls("calls"))
    score.expect(calls == 1, f"a refused key was tried {calls} times, not once")
    stage.ingest(CALLS, LOADED)
    still = stage.lake.path(CALLS, LOADED).read_bytes()
    score.expect(still == good, "the last good day did not stay as it was")
    for day in (REFUSED, LOADED):
        said = stage.ingest(CALLS, day, env={SETTING: key})
        score.expect(said.status == 0, f"{CALLS} {day} does not load with the new key")
        score.expect(key not in said.text, "the key stands in what the command said")
    score.expect(not stage.lake.failures(CALLS), "a failure is still on record after the repair")
    stage.over()
    score.repaired = f"set {SETTING}, then casehouse ingest"
    stage.count([(CALLS, LOADED), (CALLS, REFUSED)])


DRILL = Drill(
    "key-revoked",
    plays="Xima's service user gets a new key, which kills the one that is set.",
    must="Told as permanent with the setting's name, asked once and not again; the last good day stays.",
    uses=("casehouse ingest",),
    play=play,
)
