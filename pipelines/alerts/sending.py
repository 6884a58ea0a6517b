"""Sending messages by apprise, to whatever its URLs name: Teams, Slack, email, webhooks.

The URLs are secrets, some by their path alone, so the logs of apprise and of what it speaks HTTP with are
closed while a message is on its way, and of a failure only a status is told. An address is known by its
place in the settings and its kind, such as `1 (slack)`.
"""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import apprise
    from pydantic import SecretStr

    from pipelines.alerts.incidents import Note, Record

    Send = Callable[[Note], str]  # returns why it failed, "" when it was delivered

SEND_SECONDS = 15
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
_LOUD = ("apprise", "urllib3", "requests", "requests_oauthlib", "charset_normalizer")
_STATUS = re.compile(r"error[=: ]*(\d{3})\b")
_WORD = re.compile(r"[a-z0-9+]{1,20}")


def open_senders(urls: Sequence[SecretStr]) -> dict[str, Send]:
    """Return what sends to each address, by its name; to one that apprise cannot read all fails."""
    return {name: _sender(url) for name, url in addresses(urls).items()}


def addresses(urls: Sequence[SecretStr]) -> dict[str, SecretStr]:
    """Name the addresses: place and kind, nothing of the rest of the URL."""
    return {f"{place} ({_scheme(url)})": url for place, url in enumerate(urls, 1)}


def unknown_addresses(urls: Sequence[SecretStr]) -> list[str]:
    """Name the addresses that apprise cannot read."""
    return [name for name, url in addresses(urls).items() if _read(url) is None]


def deliver(
    record: Record,
    senders: Mapping[str, Send],
    now: Callable[[], datetime],
    save: Callable[[Record], None],
    until: datetime | None = None,
) -> None:
    """Send what waits and is due, oldest first, and note each delivery on disk; stop after `until`.

    The end of an incident waits where its beginning still does. Failures are tried again, each time later.
    """
    for note in record.notes:
        if not note.waiting or note.next_try_at > now() or (until and now() > until):
            continue
        for address in list(note.waiting):
            if address not in senders:  # no longer set
                note.waiting.remove(address)
                note.given_up.append(address)
            elif not _is_early(record, note, address):
                _try(note, address, senders[address], now)
            save(record)
        if note.waiting:
            note.tries += 1
            note.next_try_at = now() + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(note.tries - 1, 10))
            save(record)


def _try(note: Note, address: str, send: Send, now: Callable[[], datetime]) -> None:
    why = send(note)
    if why:
        note.failed[address] = why
        return
    note.waiting.remove(address)
    note.failed.pop(address, None)
    note.sent[address] = now()


def _is_early(record: Record, note: Note, address: str) -> bool:
    return note.event == "ended" and any(
        address in other.waiting
        for other in record.notes
        if other.incident == note.incident and other.event == "began"
    )


def _sender(url: SecretStr) -> Send:
    def send(note: Note) -> str:
        try:
            return _send(url, note)
        except Exception as error:  # noqa: BLE001 - of any plugin; its words may hold the URL
            return f"apprise failed with {type(error).__name__}"

    return send


def _send(url: SecretStr, note: Note) -> str:
    import apprise  # noqa: PLC0415 - it takes long to load, and mostly there is nothing to send

    with _hushed():
        service = _read(url)
        if service is None:
            return "apprise cannot read this URL"
        result = service.notify(
            title=note.title,
            body=_body(service, note),
            notify_type=apprise.NotifyType(note.tone),
            body_format=apprise.NotifyFormat.TEXT,
            timeout=SEND_SECONDS,
        )
        said = " ".join(entry.message for entry in result.logs())
    return "" if result else _why(result.status.name, said)


def _body(service: apprise.Apprise, note: Note) -> str:
    """Return the body as the service shows it best: whoever knows only markdown runs single lines together.

    GUESS, of Teams: its documents promise line breaks in lists only, so each line becomes a paragraph.
    """
    formats = {getattr(plugin, "notify_format", None) for plugin in service}
    return note.body.replace("\n", "\n\n") if formats == {"markdown"} else note.body


def _read(url: SecretStr) -> apprise.Apprise | None:
    import apprise  # noqa: PLC0415 - as above

    with _hushed(), warnings.catch_warnings():
        # It loads all its plugins at the first URL; what those warn its makers of is nothing to us.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Nothing of it on disk, no plugins from anywhere, one message after the other.
        asset = apprise.AppriseAsset(
            app_id="Casehouse", app_desc="Casehouse", async_mode=False, storage_mode="memory"
        )
        service = apprise.Apprise(asset=asset)
        return service if service.add(url.get_secret_value()) else None


def _why(status: str, logs: str) -> str:
    """Tell a failure by its HTTP status, where there was one; apprise's own words may hold the URL."""
    if status == "TIMEOUT":
        return f"no answer within {SEND_SECONDS} s"
    found = _STATUS.search(logs)
    return f"HTTP {found[1]}" if found else "it could not be reached or refused the message"


def _scheme(url: SecretStr) -> str:
    scheme = url.get_secret_value().partition("://")[0].lower()
    return scheme if _WORD.fullmatch(scheme) else "?"


@contextmanager
def _hushed() -> Iterator[None]:
    """Let nobody outside hear what the libraries below say while they know a URL."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    before = [logger.propagate for logger in loggers]
    deaf = logging.NullHandler()  # without any handler Python would print warnings itself
    for logger in loggers:
        logger.propagate = False
        logger.addHandler(deaf)
    try:
        yield
    finally:
        for logger, propagates in zip(loggers, before, strict=True):
            logger.propagate = propagates
            logger.removeHandler(deaf)
