"""What an alert and a recovery note say: what, where, why, what happens by itself, what a person does.

Feeds and days as ranges, reasons as the errors word them, a link to the runbook. Never a cell's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.alerts.kinds import FAILURE_KINDS, KINDS
from pipelines.alerts.loaded_days import WATCHED_DAYS
from pipelines.alerts.machine import london
from pipelines.alerts.signs import tell_scope

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.alerts.incidents import Incident
    from pipelines.days import ReportDay

NAME = "Casehouse"
WINDOWED = ("empty-day", "volume")  # seen in the last days only


def runbook(base: str, kind: str) -> str:
    """Return the link to the page of a kind."""
    return f"{base}/{kind}.md"


def next_step(incident: Incident) -> str:
    """Return what the fault itself says is to be done, else what its kind says.

    What heals by itself is not run again by a person, as whoever ran it by hand is told.
    """
    kind = KINDS[incident.kind]
    return kind.next_step(incident.key) if kind.heals else incident.todo or kind.next_step(incident.key)


def alert(incident: Incident, base: str) -> tuple[str, str]:
    """Return title and body of the one alert of an incident."""
    kind = KINDS[incident.kind]
    scope = tell_scope(incident.scope())
    lines = [
        *([f"Where: {scope}"] if scope else []),
        f"Why: {incident.why}",
        f"By itself: {kind.by_itself}",
        f"You: {next_step(incident)}.",
        f"Runbook: {runbook(base, incident.kind)}",
        f"Incident {incident.key}, since {london(incident.noticed_at)}; one more message follows at its end.",
    ]
    return f"{NAME}: {kind.title(incident.subject)}", "\n".join(lines)


def recovery(
    incident: Incident, now: datetime, oldest_watched: ReportDay, *, is_loaded: bool
) -> tuple[str, str]:
    """Return title and body of the note that an incident is over.

    `is_loaded`: no day that it was about has failed as it stands now.
    """
    kind = KINDS[incident.kind]
    scope = tell_scope(incident.scope(ever=True))
    ended = incident.gone_since or now
    lines = [
        f"Over: {_why_over(incident, oldest_watched, is_loaded=is_loaded)}.",
        *([f"It was: {scope}"] if scope else []),
        f"Incident {incident.key}, {london(incident.noticed_at)} to {london(ended)}. Nothing to do.",
    ]
    return f"{NAME}, over: {kind.title(incident.subject)}", "\n".join(lines)


def _why_over(incident: Incident, oldest_watched: ReportDay, *, is_loaded: bool) -> str:
    """Tell a fault that was mended from one that is merely out of sight."""
    if incident.kind in FAILURE_KINDS and not is_loaded:
        return (
            "days of it fail for another reason now, which has an alert of its own, or somebody accepted them"
        )
    days = [day for held in incident.scope().values() for day in held]
    if incident.kind in WINDOWED and days and max(days) < oldest_watched:
        return f"its days are more than {WATCHED_DAYS} days old and no longer watched; nobody mended them"
    return KINDS[incident.kind].over
