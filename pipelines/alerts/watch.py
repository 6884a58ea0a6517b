"""Looking: find what is wrong, bring the incidents up to it, send what is to be told. Safe to repeat.

Dagster's sensor calls `look` each minute, `casehouse alerts look` does the same from cron: whoever comes
first does it, the other finds it done. The digest of the morning is written by the first look after its hour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.alerts import digest, machine, wording
from pipelines.alerts.clocks import compare, skew_of
from pipelines.alerts.failed_days import failed_days
from pipelines.alerts.incidents import Patience, advance, forget, without_accepted
from pipelines.alerts.kinds import KINDS
from pipelines.alerts.loaded_days import (
    WATCHED_DAYS,
    Receipts,
    damaged_days,
    days_not_asked_for,
    expected_by,
    held_back_days,
    unusual_days,
    window,
)
from pipelines.alerts.record import RecordFile
from pipelines.alerts.sending import deliver, open_senders
from pipelines.alerts.signs import merge
from pipelines.days import LONDON
from pipelines.feeds import FEEDS, SOURCES
from pipelines.missed import due_until
from pipelines.revisions import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pipelines.alerts.clocks import Skew
    from pipelines.alerts.incidents import Change, Incident, Record
    from pipelines.alerts.kinds import Tone
    from pipelines.alerts.sending import Send
    from pipelines.alerts.signs import Sign
    from pipelines.lake import Lake
    from pipelines.revisions import Revision
    from pipelines.settings import Settings

SENDING_SECONDS = 15  # of one look; what is left over goes with the next
MOST_REVISED_HOURS = 24


@dataclass(frozen=True)
class Watch:
    """All that looking needs. `real` are the sources that have an account."""

    settings: Settings
    lake: Lake
    feeds: Collection[str]
    real: Collection[str]
    senders: Mapping[str, Send]
    skew: Skew
    now: Callable[[], datetime]

    @property
    def file(self) -> RecordFile:
        """Where the incidents are kept."""
        return RecordFile.of(self.settings.data_dir)

    def watched(self) -> list[str]:
        """Name the feeds that count: those with an account or, where nothing has one, all of them."""
        return [feed for feed in self.feeds if feed.partition("/")[0] in self.real] or list(self.feeds)


@dataclass(frozen=True)
class Looked:
    """What came of a look: what began or ended, how many incidents are open, how many messages wait."""

    changes: tuple[Change, ...]
    open: int
    waiting: int

    def __str__(self) -> str:
        told = [f"{change.event}: {change.incident.key}" for change in self.changes]
        return "; ".join([*told, f"{self.open} open, {self.waiting} messages wait"])


def open_watch(
    settings: Settings,
    lake: Lake,
    *,
    now: Callable[[], datetime],
    feeds: Collection[str] = tuple(FEEDS),
) -> Watch:
    """Return the watch that the settings describe; nothing is read or sent by opening it."""
    real = {name for name, source in SOURCES.items() if source.environment(settings) != "sandbox"}
    return Watch(settings, lake, feeds, real, open_senders(settings.alert_urls), skew_of(settings), now)


def look(watch: Watch, *, by_daemon: bool = False) -> Looked:
    """Look once: write down what is to be told, then send it and what is still waiting.

    `by_daemon` leaves a beat, which a look from elsewhere misses when the daemon is dead. Raises Transient
    when another look takes long, Permanent when the disk will not have the record.
    """
    settings, now = watch.settings, watch.now()
    if by_daemon:
        watch.file.touch(now)
    with watch.file.held() as record:
        found = merge(_signs(watch, record, now))
        signs = without_accepted(record, found, replace)
        changes = advance(record, signs, now, _patience(settings))
        _write_notes(watch, record, changes, now)
        _write_digest(watch, record, now)
        forget(record, now - timedelta(days=settings.alert_history_days), now, found)
        watch.file.save(record)
        deliver(record, watch.senders, watch.now, watch.file.save, now + timedelta(seconds=SENDING_SECONDS))
        every = timedelta(hours=settings.alert_clock_hours)
        compare(record, _sources(watch), watch.skew, now, every, watch.file.save)
        waiting = sum(bool(note.waiting) for note in record.notes)
        return Looked(tuple(changes), len(record.open()), waiting)


def _signs(watch: Watch, record: Record, now: datetime) -> Iterator[Sign]:
    settings, feeds = watch.settings, watch.watched()
    yield from failed_days(watch.lake, feeds)
    receipts = Receipts(watch.lake)
    last = min(expected_by(now, settings.alert_freshness_hour), due_until(now, settings.schedule_hour))
    expected = window(last, settings.first_day)
    real = {feed for feed in feeds if feed.partition("/")[0] in watch.real}
    told = {
        feed: [day for day in days if day >= settings.first_day]
        for feed, days in record.days_of("freshness").items()
    }
    yield from days_not_asked_for(receipts, feeds, expected, real, told, now)
    days = window(settings.last_day(now), settings.first_day)
    yield from unusual_days(receipts, feeds, days, settings.alert_volume_factor)
    yield from damaged_days(receipts, record.days_of("damaged"))
    yield from held_back_days(watch.lake, feeds)
    yield from machine.full_disk(settings)
    yield from machine.other_accounts(watch.lake, settings)
    yield from machine.ending_keys(settings, now.astimezone(LONDON).date())
    yield from machine.skewed_clocks(record.compared)
    yield from machine.old_cards(settings, now)
    yield from machine.dead_letters(settings.data_dir)
    yield from machine.silent_daemon(watch.file.beat, settings, now)
    yield from machine.undelivered(record.notes)
    yield from machine.set_aside(watch.file.aside)


def _sources(watch: Watch) -> list[str]:
    """Name the sources that are in use: whose feeds count, and of which there is a day."""
    named = dict.fromkeys(feed.partition("/")[0] for feed in watch.watched())
    return [source for source in named if source in watch.real or watch.lake.owner(source) is not None]


def _patience(settings: Settings) -> Patience:
    return Patience(
        timedelta(minutes=settings.alert_settle_minutes),
        {"transient": timedelta(minutes=settings.alert_transient_minutes)},
    )


def _write_notes(watch: Watch, record: Record, changes: list[Change], now: datetime) -> None:
    oldest = watch.settings.last_day(now).plus(1 - WATCHED_DAYS)
    for change in changes:
        incident = change.incident
        if change.event == "began":
            told, tone = wording.alert(incident, watch.settings.runbook_base), KINDS[incident.kind].tone
        else:
            told = wording.recovery(incident, now, oldest, is_loaded=_is_loaded(watch, incident))
            tone = "success"
        record.add_note(change.event, told, tone, now, list(watch.senders), incident=incident)


def _is_loaded(watch: Watch, incident: Incident) -> bool:
    """Say whether none of the days that failed fails for another reason now, or was accepted."""
    return not any(days & watch.lake.failures(feed).keys() for feed, days in incident.scope().items())


def _write_digest(watch: Watch, record: Record, now: datetime) -> None:
    """Write the digest once a London day, at the first look after its hour; where nobody gets it, not."""
    today = str(now.astimezone(LONDON).date())
    if (
        not watch.senders
        or record.digest_day == today
        or not machine.is_past(now, watch.settings.digest_hour)
    ):
        return
    record.digest_day = today
    made = make_digest(watch, record, now)
    tone: Tone = "warning" if made.needs_person else "info"
    record.add_note("digest", (made.title, made.body), tone, now, list(watch.senders))


def make_digest(watch: Watch, record: Record, now: datetime) -> digest.Digest:
    """Return the digest as it would be sent now."""
    return digest.compose(
        settings=watch.settings,
        receipts=Receipts(watch.lake),
        feeds=_in_use(watch, now),
        record=record,
        revised=_revised(watch, now - timedelta(hours=MOST_REVISED_HOURS)),
        now=now,
    )


def _revised(watch: Watch, since: datetime) -> list[Revision]:
    root = watch.lake.root
    return [record.revision for feed in watch.feeds for record in read_records(root, feed, since)]


def _in_use(watch: Watch, now: datetime) -> list[str]:
    """Name the feeds that the digest counts: of those that are only tried out, the ones lately tried."""
    feeds = watch.watched()
    if watch.real:
        return feeds
    days = window(watch.settings.last_day(now), watch.settings.first_day)
    there = watch.lake.path
    used = [one for one in feeds if watch.lake.failures(one) or any(there(one, day).exists() for day in days)]
    return used or feeds


def send_test(watch: Watch) -> dict[str, str]:
    """Send a test message to every address at once; return why each failed, "" where it was delivered."""
    now = watch.now().astimezone(UTC)
    title = f"{wording.NAME}: a test"
    body = "This is a test of where alerts go. Nothing is wrong, and there is nothing to do."
    with watch.file.held() as record:
        note = record.add_note("test", (title, body), "info", now, [])
    return {name: send(note) for name, send in watch.senders.items()}


def send_digest(watch: Watch) -> dict[str, str]:
    """Send the digest of now to every address at once, beside the one of the morning."""
    now = watch.now().astimezone(UTC)
    with watch.file.held() as record:
        made = make_digest(watch, record, now)
        note = record.add_note("digest", (made.title, made.body), "info", now, [])
    return {name: send(note) for name, send in watch.senders.items()}
