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
    """One kind of incident. `what` holds {subject}; `person`, what to do next, may hold that and {key}.

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
        return self.person.format(key=key, subject=key.partition("/")[2])

    def title(self, subject: str) -> str:
        """Tell it in one line."""
        return self.what.format(subject=subject)


_LAST_GOOD = "Days loaded before stay as they were."
# What missed.py does with days that wait for a person.
_ONCE_MORE = (
    "Each day is tried once more when .env, the contract or the product has changed, and once by each night"
    " that looks back to it."
)
_LOADED = "every day that had failed has been loaded"
_FAILED = (
    Kind(
        "transient",
        "{subject} cannot be reached or cannot answer",
        "Each day is tried again after 15 minutes, 1 hour, 4 hours, then daily; when the source answers"
        f" again, all of them follow. {_LAST_GOOD}",
        "nothing at first; when it lasts for hours, ask the vendor whether they know",
        _LOADED,
        tone="warning",
        heals=True,
    ),
    Kind(
        "permanent",
        "{subject} refuses, or sends what cannot be read",
        f"{_ONCE_MORE} {_LAST_GOOD}",
        "run `casehouse doctor`, mend what was refused with the vendor, then load the days again",
        _LOADED,
    ),
    Kind(
        "settings",
        "a setting of {subject} is missing or wrong",
        f"{_ONCE_MORE} {_LAST_GOOD}",
        "correct the setting it names, start Dagster again",
        "the setting is right, and every day that had failed has been loaded",
    ),
    Kind(
        "drift",
        "{subject} sends other fields than its contract pins",
        f"{_ONCE_MORE} {_LAST_GOOD}",
        "have the report put back, or take the contract's patch of `casehouse drift {subject}`",
        _LOADED,
        about="feed",
    ),
    Kind(
        "violations",
        "{subject}: too many rows break the contract",
        f"{_ONCE_MORE} {_LAST_GOOD}",
        "see which column it is; have the report corrected or the contract changed",
        _LOADED,
        about="feed",
    ),
    Kind(
        "unverified",
        "{subject}: days that cannot be proved complete",
        f"{_ONCE_MORE} {_LAST_GOOD}",
        "load one of the days again; if its total stays wrong, ask the vendor about the report",
        "every day that had failed has been proved complete",
    ),
    Kind(
        "damaged",
        "{subject}: a stored file is not what was written",
        "A night that looks back to its day loads it again, unless the source tells far fewer rows now; older"
        " files are not replaced unasked, since the cause may be a failing disk.",
        "look at the disk, then put the days back by `casehouse replay` or load them again",
        "every file fits its receipt again",
    ),
    Kind(
        "storage",
        "files of {subject} cannot be written or read",
        f"Each day is tried again after 15 minutes, 1 hour, 4 hours, then daily. {_LAST_GOOD}",
        "make room or mend the rights",
        _LOADED,
        about="thing",
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
        " `casehouse ingest {subject} DAY --accept-shrink`",
        "the source tells the rows again, or somebody took the smaller day",
        about="feed",
    ),
    Kind(
        "freshness",
        "{subject}: days that nobody has asked for",
        "They are loaded once Dagster is up, with its sensor `missed_days` on.",
        "see that Dagster is up and that sensor on, or load the days by hand",
        "the days have been asked for",
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
        "Nothing runs by itself meanwhile; once it is up, it catches up. What is loaded can be read as ever.",
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
