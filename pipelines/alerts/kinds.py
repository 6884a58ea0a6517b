"""What may go wrong, kind by kind: one for each failure of errors.py and one for each degraded state.

For each: what it is in a line, what the machine does by itself, what a person does next, when it is over. The
page docs/runbooks/<name>.md says the same at length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Tone = Literal["failure", "warning", "success", "info"]


@dataclass(frozen=True)
class Kind:
    """One kind of incident. `what` holds {subject}, `person` says what to do next and may hold {key}.

    `about` is what its incidents are kept apart by: a source, a feed, or a thing of this machine. What
    `heals` needs nobody as long as it does not last.
    """

    name: str
    what: str
    by_itself: str
    person: str
    over: str
    about: Literal["source", "feed", "thing"] = "source"
    tone: Tone = "failure"
    heals: bool = False

    def next_step(self, key: str) -> str:
        """Tell what a person does next about the incident of this key."""
        return self.person.format(key=key)

    def title(self, subject: str) -> str:
        """Tell it in one line."""
        return self.what.format(subject=subject)


_LAST_GOOD = "Days loaded before stay as they were."
_FAILED = (
    Kind(
        "transient",
        "{subject} cannot be reached or cannot answer",
        "Every call is tried again with growing waits; the days are asked for again by the next runs."
        f" {_LAST_GOOD}",
        "nothing at first; when it lasts for hours, ask the vendor whether they know",
        "every day that had failed has been loaded",
        tone="warning",
        heals=True,
    ),
    Kind(
        "permanent",
        "{subject} refuses, or sends what cannot be read",
        f"Nothing: asking again would be refused again. {_LAST_GOOD}",
        "find what was refused and mend it with the vendor, then load the days again",
        "every day that had failed has been loaded",
    ),
    Kind(
        "settings",
        "a setting of {subject} is missing or wrong",
        f"Nothing until it is corrected. {_LAST_GOOD}",
        "correct the setting in the environment or .env, then load the days again",
        "every day that had failed has been loaded",
    ),
    Kind(
        "drift",
        "{subject} sends other fields than its contract pins",
        f"Nothing was written of these days and they are not asked for again. {_LAST_GOOD}",
        "agree with whoever changed the report: change it back, or change the contract",
        "every day that had failed has been loaded",
        about="feed",
    ),
    Kind(
        "violations",
        "{subject}: too many rows break the contract",
        f"Nothing was written of these days and they are not asked for again. {_LAST_GOOD}",
        "see which column it is; have the report corrected or the contract changed",
        "every day that had failed has been loaded",
        about="feed",
    ),
    Kind(
        "unverified",
        "{subject}: days that cannot be proved complete",
        f"Nothing was written of these days. {_LAST_GOOD}",
        "load one of the days again; if its total stays wrong, ask the vendor about the report",
        "every day that had failed has been proved complete",
    ),
    Kind(
        "damaged",
        "{subject}: a stored file is not what was written",
        "Nothing: it is not replaced unasked, since the cause may be a failing disk.",
        "look at the disk, then load the days again",
        "every file fits its receipt again",
    ),
)
_DEGRADED = (
    Kind(
        "empty-day",
        "{subject}: an empty day where this weekday never is",
        "The day is shown as it came: its source told a total of no rows.",
        "ask whether the report still selects what it should; if the day was empty indeed, run"
        " `casehouse alerts accept {key}`",
        "the day holds rows now, or somebody accepted it",
        tone="warning",
    ),
    Kind(
        "volume",
        "{subject}: far more or fewer rows than on this weekday",
        "The days are shown as they came: they add up to their source's own totals.",
        "ask whether the report's selection was changed; if the figures are right, run"
        " `casehouse alerts accept {key}`",
        "the days are as usual now, or somebody accepted them",
        tone="warning",
    ),
    Kind(
        "held-back",
        "{subject}: days that were asked for again tell far fewer rows",
        "The days stay as they were, with all the rows that were proved before.",
        "find out why the source tells less; where the smaller day is right, run"
        " `casehouse ingest FEED DAY --accept-shrink`",
        "the source tells the rows again, or somebody took the smaller day",
        about="feed",
    ),
    Kind(
        "freshness",
        "{subject}: days that nobody has asked for",
        "A night that was missed is caught up once Dagster and its schedules run.",
        "see that Dagster is up and the nightly schedule on, or load the days by hand",
        "the days have been loaded",
    ),
    Kind(
        "disk",
        "the disk of the data is nearly full",
        "Nothing is removed. A load that finds no room fails whole and leaves the last good file.",
        "make room",
        "there is room again",
        about="thing",
    ),
    Kind(
        "token",
        "a key ends soon: {subject}",
        "Nothing: only its owner can make another.",
        "have a new key made, set it and its new day",
        "its day has been moved",
        about="thing",
        tone="warning",
    ),
    Kind(
        "clock",
        "this machine's clock differs from that of {subject}",
        "The clocks are compared again every few hours.",
        "have this machine's clock set by NTP: days and signed requests go by it",
        "the clocks agree",
        tone="warning",
    ),
    Kind(
        "cards",
        "the customer cards are old",
        "The old cards are served and say themselves that they are old.",
        "see why casework or the last build of the cards failed, then build them",
        "the cards are fresh",
        about="thing",
    ),
    Kind(
        "outbound",
        "steps of service requests wait for a person",
        "They are not sent again; everything else goes on.",
        "read why each was refused, mend it, take it up again",
        "none waits any more",
        about="thing",
    ),
    Kind(
        "daemon",
        "Dagster's daemon does not beat",
        "Nothing runs by itself meanwhile; what is loaded can be read as ever.",
        "start Dagster again and see why it ended",
        "it beats again",
        about="thing",
    ),
    Kind(
        "sending",
        "alerts cannot be delivered to {subject}",
        "They are kept and sent again, at last every hour, for a week; other addresses get theirs.",
        "see whether that address still takes messages",
        "all that waited has been delivered",
        about="thing",
        tone="warning",
    ),
    Kind(
        "record",
        "the record of incidents could not be read",
        "It was set aside and a new one begun: what was open is told again.",
        "see whether the disk fails; then remove the file that was set aside",
        "the file that was set aside is gone",
        about="thing",
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_FAILED, *_DEGRADED)}
FAILURE_KINDS = frozenset(kind.name for kind in _FAILED)


def failure_kind(name: str) -> Kind:
    """Return the kind of a failed day's note; one that no error class has counts as permanent."""
    return KINDS[name] if name in FAILURE_KINDS else KINDS["permanent"]
