"""Calls as a room read them, and the log by which a test sees which window was asked for and how often.

The log keeps no secret: tokens, assertions, keys and signatures are dropped when a call is written down.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_KEPT = 5_000
_SECRETS = frozenset({"access_token", "assertion", "key", "signature"})


@dataclass(frozen=True)
class Call:
    """What a request asks for: the part that every room has, whatever its protocol.

    `feed` is a report's name; `first` and `last` are the days of the window asked for, where it has one;
    `bears_token` tells whether it carries a token that is good at that moment.
    """

    system: str
    operation: str
    method: str
    params: Mapping[str, str] = field(default_factory=dict)
    feed: str | None = None
    first: date | None = None
    last: date | None = None
    bears_token: bool = False

    def covers(self, day: date) -> bool:
        """Whether the window asked for holds this day."""
        return self.first is not None and self.last is not None and self.first <= day <= self.last


@dataclass
class Entry:
    """One line of the log; the status is filled in when the answer leaves (None: nothing was sent).

    `faults` are those that changed the answer.
    """

    number: int
    at: str
    path: str
    call: Call
    faults: tuple[str, ...] = ()
    status: int | None = None

    def told(self) -> dict[str, Any]:
        """Return the line as the control page shows it."""
        call = self.call
        return {
            "number": self.number,
            "at": self.at,
            "system": call.system,
            "operation": call.operation,
            "method": call.method,
            "path": self.path,
            "feed": call.feed,
            "first": call.first and call.first.isoformat(),
            "last": call.last and call.last.isoformat(),
            "params": dict(call.params),
            "faults": list(self.faults),
            "status": self.status,
        }


class CallLog:
    """The last calls, oldest first, and the count of all of them; safe to read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._count = 0

    @property
    def count(self) -> int:
        """How many calls there were, those no longer kept included."""
        return self._count

    def note(self, call: Call, *, at: str, path: str) -> Entry:
        """Write a call down and return its line."""
        params = {name: text for name, text in call.params.items() if name.lower() not in _SECRETS}
        with self._lock:
            self._count += 1
            entry = Entry(self._count, at, path, replace(call, params=params))
            self._entries.append(entry)
            return entry

    def clear(self) -> None:
        """Forget every call and count from nought."""
        with self._lock:
            self._entries.clear()
            self._count = 0

    def told(self, operation: str | None = None, feed: str | None = None) -> dict[str, Any]:
        """Return the count of all calls and the lines kept, of one operation or feed if asked."""
        with self._lock:
            chosen = [
                entry.told()
                for entry in self._entries
                if operation in (None, entry.call.operation) and feed in (None, entry.call.feed)
            ]
            return {"count": self._count, "calls": chosen}
