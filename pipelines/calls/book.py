"""Writing calls down: one line a try, in one file a London day, whichever process and thread made it.

A line goes out in a single write at the end of the file, so that lines of several processes never mix and a
line that was written outlives a process that is killed. It begins and ends with a line end, so that one which
a full disk or a power cut spoilt spoils no other. A book that cannot be written fails no call; it says so
once, and again when it can. The files are forgotten by age, by whoever first writes on a new day, and each
night.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from pipelines.days import LONDON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "calls"
SUFFIX = ".jsonl"

# ok: a good status and the whole body; what the body says is judged later. not finished: the vendor took the
# call and wants it again. failed: 429 or a server's own error. refused: any other status. no answer: the
# connection was made and nothing came. unreadable: larger or encoded otherwise than such an answer can be.
# not kept: this machine could not store it. given up: the run was ended meanwhile.
Outcome = Literal[
    "ok",
    "not finished",
    "failed",
    "refused",
    "unreachable",
    "timed out",
    "no answer",
    "cut short",
    "unreadable",
    "not sent",
    "not kept",
    "given up",
]
FINE: frozenset[Outcome] = frozenset({"ok", "not finished"})

_MODE = 0o640
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT

_log = logging.getLogger("casehouse.calls")
_concerned: ContextVar[tuple[str, str] | None] = ContextVar(
    "feed and day that a call is made for", default=None
)


class CallMade(msgspec.Struct, frozen=True):
    """One try of one call: when it began, how many body bytes came in how many seconds, what came of it.

    `what` is the call's own name, `attempt` counts its tries from 1; `feed` and `report_date` are None for a
    call that no day asked for. `status` is None when none came; `vendor_code` is the vendor's own, or "".
    """

    at: datetime
    source: str
    feed: str | None
    report_date: str | None
    attempt: int
    method: str
    what: str
    status: int | None
    vendor_code: str
    bytes: int
    seconds: float
    outcome: Outcome


@contextmanager
def concerning(feed: str, day: str) -> Iterator[None]:
    """Have the calls that this thread makes in the block recorded as made for a feed's day."""
    token = _concerned.set((feed, day))
    try:
        yield
    finally:
        _concerned.reset(token)


@contextmanager
def concerning_no_day() -> Iterator[None]:
    """Have calls that serve every day, as for a token, recorded as made for none, whoever came first."""
    token = _concerned.set(None)
    try:
        yield
    finally:
        _concerned.reset(token)


def concerned() -> tuple[str | None, str | None]:
    """Return the feed and day that this thread makes its calls for; None and None for no day."""
    return _concerned.get() or (None, None)


class CallBook:
    """The record below one data directory, for any number of threads and processes; 0 days keep nothing."""

    def __init__(self, root: Path, source: str, *, keep_days: int) -> None:
        self.source = source
        self._folder = root / FOLDER
        self._keep_days = keep_days
        self._day: date | None = None
        self._fault = ""

    def write(self, call: CallMade) -> None:
        """Add a call; never raises for a disk that will not have it."""
        if not self._keep_days:
            return
        day = call.at.astimezone(LONDON).date()
        try:
            self._append(self._folder / f"{day}{SUFFIX}", b"\n%b\n" % msgspec.json.encode(call))
            if day != self._day:
                self._day = day
                forget_calls(self._folder.parent, day, self._keep_days)
        except OSError as error:
            self._tell(error.strerror or type(error).__name__)
        else:
            self._tell("")

    def _append(self, path: Path, line: bytes) -> None:
        try:
            file = os.open(path, _FLAGS, _MODE)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(path, _FLAGS, _MODE)
        try:
            written = os.write(file, line)
        finally:
            os.close(file)
        if written < len(line):
            raise OSError(0, "the disk took a part of a line")

    def _tell(self, fault: str) -> None:
        """Log a fault when it begins and when it is over, not at each call."""
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            _log.error(
                "calls to %s are not recorded (%s); they go on. Look at %s", self.source, fault, self._folder
            )
        else:
            _log.info("calls to %s are recorded again", self.source)


def forget_calls(root: Path, today: date, days: int) -> None:
    """Remove the record of days that are older than calls are to be kept."""
    oldest = today - timedelta(days=days)
    for path in (root / FOLDER).glob(f"*{SUFFIX}"):
        day = day_of(path)
        if day is not None and day < oldest:
            path.unlink(missing_ok=True)


def day_of(path: Path) -> date | None:
    """Return the London day whose calls a file holds; None when it is no file of calls."""
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        return None


def utc(moment: datetime) -> datetime:
    """Return the same instant in UTC, to the millisecond that a record needs."""
    told = moment.astimezone(UTC)
    return told.replace(microsecond=told.microsecond // 1000 * 1000)
