"""Signs about this machine and what stands beside the lake: disk, keys, clocks, cards, service requests.

Each function looks at one thing and says what is wrong with it; nothing here asks a vendor (see clocks.py).
"""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pipelines.alerts.signs import Sign
from pipelines.days import LONDON
from pipelines.errors import CasehouseError, SettingsError
from pipelines.feeds import SOURCES
from pipelines.kpi.card_file import FOLDER as CARDS_FOLDER
from pipelines.kpi.card_file import POINTER, About, read_about
from pipelines.outbound.ledger import count_dead_letters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipelines.alerts.incidents import Compared, Note
    from pipelines.lake import Lake
    from pipelines.settings import Settings

MOST_SKEW_SECONDS = 60
STUCK_TRIES = 3
_GIB = 1 << 30


def full_disk(settings: Settings) -> Iterator[Sign]:
    """Yield a sign when less is free than is wanted where the data live."""
    free = free_bytes(settings.data_dir)
    if free < settings.alert_disk_gib * _GIB:
        why = f"{free / _GIB:.1f} GiB are free, {settings.alert_disk_gib:g} are wanted"
        yield Sign("disk", "data", why)


def free_bytes(path: Path) -> int:
    """Say how much room there is at a path or, where it is not made yet, at the nearest folder above it."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free


def other_accounts(lake: Lake, settings: Settings) -> Iterator[Sign]:
    """Yield a sign for each source of which the lake holds another account's days than the settings name.

    A setting that was lost makes a source the sandbox's, which no night asks for: no day of it would fail.
    """
    for name, source in SOURCES.items():
        try:
            lake.require_owner(name, source.origin(settings))
        except SettingsError as error:
            yield Sign("settings", name, f"{error.what} ({error.why})", todo=error.todo)


def ending_keys(settings: Settings, today: date) -> Iterator[Sign]:
    """Yield a sign for each key whose set day is near or past."""
    ends: dict[str, date | None] = {
        "icasework key": settings.icasework_key_expires,
        "xima key": settings.xima_key_expires,
        "tascomi key": settings.tascomi_key_expires,
        **{f"kpi token {name}": day for name, day in settings.kpi_tokens_expire.items()},
    }
    for name, day in ends.items():
        left = (day - today).days if day else None
        if left is not None and left <= settings.alert_expiry_days:
            why = f"it ends on {day}" if left >= 0 else f"it ended on {day}"
            yield Sign("token", name, why)


def skewed_clocks(compared: Mapping[str, Compared]) -> Iterator[Sign]:
    """Yield a sign for each source whose clock, when last compared, was too far from ours."""
    for source, last in compared.items():
        if last.seconds is not None and abs(last.seconds) > MOST_SKEW_SECONDS:
            side = "behind" if last.seconds > 0 else "ahead of"
            why = f"ours is {abs(last.seconds):.0f} s {side} it"
            yield Sign("clock", source, why)


def about_cards(data_dir: Path) -> About | None:
    """Return what the served cards say of themselves, None where none were ever built.

    Raises Damaged when they cannot be read.
    """
    try:
        return read_about(data_dir / CARDS_FOLDER / POINTER)
    except FileNotFoundError:
        return None


def old_cards(settings: Settings, now: datetime) -> Iterator[Sign]:
    """Yield a sign when the customer cards are older than they may be, or cannot be read."""
    try:
        about = about_cards(settings.data_dir)
    except CasehouseError as error:
        yield Sign("cards", "cards", error.what, todo=error.todo)
        return
    if about and now - about.as_of > timedelta(hours=settings.kpi_max_age_hours):
        yield Sign("cards", "cards", f"they show casework up to {london(about.as_of)}")


def dead_letters(data_dir: Path) -> Iterator[Sign]:
    """Yield a sign when steps of service requests wait for a person, or the ledger cannot be read."""
    try:
        waiting = count_dead_letters(data_dir)
    except CasehouseError as error:
        yield Sign("outbound", "ledger", f"{error.what} ({error.why})", todo=error.todo)
        return
    if waiting:
        yield Sign("outbound", "dead letters", f"{waiting} {'step waits' if waiting == 1 else 'steps wait'}")


def silent_daemon(beat: Path, settings: Settings, now: datetime) -> Iterator[Sign]:
    """Yield a sign when the daemon's beat is old. Where it never beat there is none to miss."""
    try:
        last = datetime.fromtimestamp(beat.stat().st_mtime, UTC)
    except FileNotFoundError:
        return
    if now - last > timedelta(minutes=settings.alert_daemon_minutes):
        yield Sign("daemon", "dagster", f"its last beat was at {london(last)}", since=last)


def undelivered(notes: list[Note]) -> Iterator[Sign]:
    """Yield a sign for each address that has failed to take a message several times."""
    for address in sorted(
        {address for note in notes if note.tries >= STUCK_TRIES for address in note.waiting}
    ):
        stuck = [note for note in notes if address in note.waiting]
        why = f"{_messages(len(stuck))}: {stuck[0].failed.get(address, 'not tried yet')}"
        yield Sign("sending", address, why, since=min(note.written_at for note in stuck))


def _messages(count: int) -> str:
    return "1 message waits" if count == 1 else f"{count} messages wait"


def set_aside(path: Path) -> Iterator[Sign]:
    """Yield a sign while a record of incidents that could not be read lies aside."""
    if path.exists():
        yield Sign(
            "record", "incidents", f"it lies in {path.name} in the folder alerts of the data directory"
        )


def london(at: datetime) -> str:
    """Tell an instant to the minute as London's clock shows it."""
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}"


def is_past(now: datetime, hour: int) -> bool:
    """Whether London's clock has reached the hour today."""
    local = now.astimezone(LONDON)
    return local >= datetime.combine(local.date(), time(hour), LONDON)
