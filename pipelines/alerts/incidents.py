"""Incidents: what becomes of signs. One alert when it has lasted, one when it is over, nothing in between.

Pure: the record comes in and is changed, the clock comes in, nothing is read, written or sent. What is to be
told is put into the record as a note, which is on disk before anybody sends it (see record.py, sending.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from pipelines.alerts.kinds import FAILURE_KINDS, Tone
from pipelines.days import ReportDay
from pipelines.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pipelines.alerts.signs import Days, Sign

Event = Literal["began", "ended", "digest", "test"]
GIVEN_UP_AFTER = timedelta(days=7)


class Incident(msgspec.Struct):
    """Something wrong, from the moment it was noticed. Days are ISO texts, by feed.

    `days` are those it concerns now, `ever` all it ever did. `told_at` is set once its alert is written,
    `gone_since` while no sign of it is seen, `ended_at` once that has lasted.
    """

    number: int
    kind: str
    subject: str
    why: str
    todo: str
    noticed_at: datetime
    seen_at: datetime
    days: dict[str, list[str]] = {}
    ever: dict[str, list[str]] = {}
    told_at: datetime | None = None
    gone_since: datetime | None = None
    ended_at: datetime | None = None

    @property
    def key(self) -> str:
        """What its signs share."""
        return f"{self.kind}/{self.subject}"

    @property
    def is_open(self) -> bool:
        """Whether it was told and is not over."""
        return self.told_at is not None and self.ended_at is None

    def scope(self, *, ever: bool = False) -> Days:
        """Return feeds and days, those of now or all there ever were."""
        told = self.ever if ever else self.days
        return {feed: frozenset(map(ReportDay.parse, days)) for feed, days in told.items()}

    def _see(self, sign: Sign, now: datetime) -> None:
        self.why, self.todo, self.seen_at, self.gone_since = sign.why, sign.todo, now, None
        self.days = {feed: sorted(map(str, days)) for feed, days in sign.days.items()}
        for feed, days in self.days.items():
            self.ever[feed] = sorted({*self.ever.get(feed, ()), *days})


class Note(msgspec.Struct):
    """One message: `waiting` names the addresses that have not got it yet, `sent` when the others did."""

    number: int
    event: Event
    key: str
    incident: int
    title: str
    body: str
    tone: Tone
    written_at: datetime
    waiting: list[str]
    next_try_at: datetime
    sent: dict[str, datetime] = {}
    tries: int = 0
    failed: dict[str, str] = {}
    given_up: list[str] = []


class Compared(msgspec.Struct):
    """When a source's clock was last compared with ours, and by how many seconds it was ahead."""

    at: datetime
    seconds: float | None


class Record(msgspec.Struct):
    """Everything that must survive a kill. `accepted` are the days a person found right, by incident's key.

    `digest_day` is the London day of the last digest, as ISO text.
    """

    incidents: list[Incident] = []
    notes: list[Note] = []
    last_number: int = 0
    digest_day: str = ""
    compared: dict[str, Compared] = {}
    accepted: dict[str, dict[str, list[str]]] = {}

    def next_number(self) -> int:
        """Return a number that nothing in this record has had."""
        self.last_number += 1
        return self.last_number

    def living(self) -> dict[str, Incident]:
        """Return the incidents that are not over, told or not, by key."""
        return {incident.key: incident for incident in self.incidents if incident.ended_at is None}

    def days_of(self, kind: str) -> dict[str, frozenset[ReportDay]]:
        """Return all days that the open incidents of a kind ever concerned, by feed."""
        found: dict[str, frozenset[ReportDay]] = {}
        for incident in self.open():
            for feed, days in incident.scope(ever=True).items() if incident.kind == kind else ():
                found[feed] = found.get(feed, frozenset()) | days
        return found

    def open(self) -> list[Incident]:
        """Return the incidents that were told and are not over, oldest first."""
        return [incident for incident in self.incidents if incident.is_open]

    def add_note(
        self,
        event: Event,
        told: tuple[str, str],
        tone: Tone,
        now: datetime,
        addresses: Sequence[str],
        *,
        incident: Incident | None = None,
    ) -> Note:
        """Write down what is to be sent: title and body, to these addresses."""
        key, number = (incident.key, incident.number) if incident else ("", 0)
        title, body = told
        note = Note(
            self.next_number(), event, key, number, title, body, tone, now, list(addresses), next_try_at=now
        )
        self.notes.append(note)
        return note


class Patience(msgspec.Struct, frozen=True):
    """How long a fault must last to be told, by kind, and be gone to be over."""

    settle: timedelta
    by_kind: dict[str, timedelta] = {}

    def before_telling(self, kind: str) -> timedelta:
        """How long a fault of this kind must last."""
        return max(self.by_kind.get(kind, self.settle), self.settle)


class Change(msgspec.Struct, frozen=True):
    """An incident that has just been found to have begun or ended."""

    event: Literal["began", "ended"]
    incident: Incident


def advance(record: Record, signs: Iterable[Sign], now: datetime, patience: Patience) -> list[Change]:
    """Bring the incidents up to what is seen now; return those that are to be told, in order.

    A sign that comes and goes within the settling time is one incident, or none if it never lasts: whoever
    looks every minute and whoever looks every hour tell the same. A source that could not answer when it was
    asked again has mended nothing: what its days failed of before goes on.
    """
    signs = list(signs)
    unanswered = {cell for sign in signs if sign.kind == Transient.kind for cell in _cells(sign.days)}
    changes: list[Change] = []
    living, seen = record.living(), set()
    for sign in signs:
        incident = living.get(sign.key) or _noticed(record, sign, now)
        living[sign.key] = incident
        seen.add(sign.key)
        incident._see(sign, now)  # noqa: SLF001 - of this module
        lasted = now - incident.noticed_at
        if incident.told_at is None and lasted >= patience.before_telling(sign.kind):
            incident.told_at = now
            changes.append(Change("began", incident))
    for key, incident in living.items():
        if key in seen:
            continue
        if incident.kind in FAILURE_KINDS and not unanswered.isdisjoint(_cells(incident.scope())):
            incident.gone_since = None
        else:
            changes += _gone(record, incident, now, patience)
    return changes


def _cells(days: Days) -> set[tuple[str, ReportDay]]:
    return {(feed, day) for feed, held in days.items() for day in held}


def _noticed(record: Record, sign: Sign, now: datetime) -> Incident:
    since = min(sign.since or now, now).astimezone(UTC)
    incident = Incident(record.next_number(), sign.kind, sign.subject, sign.why, sign.todo, since, now)
    record.incidents.append(incident)
    return incident


def _gone(record: Record, incident: Incident, now: datetime, patience: Patience) -> list[Change]:
    incident.gone_since = incident.gone_since or now
    if now - incident.gone_since < patience.settle:
        return []
    if incident.told_at is None:
        record.incidents.remove(incident)
        return []
    incident.ended_at = now
    return [Change("ended", incident)]


def accept(record: Record, key: str) -> bool:
    """Take the days of an open incident for right from now on; return whether there were any."""
    incident = record.living().get(key)
    if incident is None or not incident.days:
        return False
    kept = record.accepted.setdefault(key, {})
    for feed, days in incident.days.items():
        kept[feed] = sorted({*kept.get(feed, ()), *days})
    return True


def without_accepted(record: Record, signs: Iterable[Sign], build: Callable[..., Sign]) -> list[Sign]:
    """Leave out the days that a person found right; a sign of nothing else is none."""
    left: list[Sign] = []
    for sign in signs:
        accepted = record.accepted.get(sign.key, {})
        days = {
            feed: rest
            for feed, held in sign.days.items()
            if (rest := frozenset(day for day in held if str(day) not in accepted.get(feed, ())))
        }
        if not sign.days or days:
            left.append(build(sign, days=days))
    return left


def forget(record: Record, before: datetime, now: datetime, signs: Iterable[Sign]) -> None:
    """Drop what is over and told since long; give up what could not be delivered for a week.

    `signs` are all there are now: a day that somebody accepted stays accepted while it has one, however old.
    """
    for note in record.notes:
        if note.waiting and now - note.written_at > GIVEN_UP_AFTER:
            note.given_up, note.waiting = [*note.given_up, *note.waiting], []
    record.notes = [note for note in record.notes if note.waiting or note.written_at >= before]
    record.incidents = [one for one in record.incidents if one.ended_at is None or one.ended_at >= before]
    first = before.date().isoformat()
    seen = {sign.key: {(feed, str(day)) for feed, day in _cells(sign.days)} for sign in signs}
    left = {key: _still(days, first, seen.get(key, ())) for key, days in record.accepted.items()}
    record.accepted = {key: days for key, days in left.items() if days}


def _still(
    days: Mapping[str, Sequence[str]], first: str, seen: Collection[tuple[str, str]]
) -> dict[str, list[str]]:
    kept = {feed: [day for day in held if day >= first or (feed, day) in seen] for feed, held in days.items()}
    return {feed: held for feed, held in kept.items() if held}
