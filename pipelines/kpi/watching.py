"""Take up the next card file: look at the pointer each second, prove the new file, put it on the desk.

All of it happens in a thread of its own, because proving a large file and freeing the one before take longer
than any answer may. A file that is refused, or a pointer that is gone, is told once and looked at again
later; the one before is served on.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from pipelines.errors import CasehouseError, SettingsError
from pipelines.kpi.card_file import CardFile, Pointer
from pipelines.telling import one_line, where

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.kpi.desk import Desk

LOOK_SECONDS = 1.0
TRY_AGAIN_SECONDS = 60.0
STOP_SECONDS = 2.0  # a file that is being proved need not be

_log = logging.getLogger(__name__)


class BuiltFor(NamedTuple):
    """Settings that builder and service must share: what a customerId is, and whether households show."""

    identified_by: str
    households: bool


class Watch:
    """Keeps the desk supplied with the newest card file that is whole."""

    def __init__(self, desk: Desk, pointer: Path, built_for: BuiltFor) -> None:
        self.refused: str | None = None
        self._desk = desk
        self._pointer = pointer
        self._built_for = built_for
        self._seen: tuple[int, int, int] | None = None
        self._tried_at = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def start(self) -> None:
        """Take up the file that is there, then look on in the background."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Look no more. The file stays open for answers that are under way."""
        self._ending.set()
        self._thread.join(STOP_SECONDS)

    def look(self) -> None:
        """Take up the file that the pointer names when it is another, and close the one before."""
        try:
            seen = self._fingerprint()
            is_due = self.refused is not None and time.monotonic() - self._tried_at >= TRY_AGAIN_SECONDS
            if seen != self._seen or is_due:
                self._seen, self._tried_at = seen, time.monotonic()
                self._take_up()
                self.refused = None
        except (CasehouseError, OSError) as error:
            self._refuse(one_line(error))

    def _fingerprint(self) -> tuple[int, int, int] | None:
        try:
            told = self._pointer.stat()
        except FileNotFoundError:
            return None
        return told.st_mtime_ns, told.st_ino, told.st_size

    def _take_up(self) -> None:
        """Open the file that the pointer names, unless it is the one that is served."""
        before = self._desk.file
        named = Pointer.read(self._pointer)
        if before is not None and before.path.name == named.file:
            return
        file = CardFile.open(self._pointer, named)
        try:
            self._require_settings(file)
        except SettingsError:
            file.close()
            raise
        self._desk.take(file)
        about = file.about
        _log.info("serving %d cards of %s, as of %s", about.cards, file.path.name, about.as_of)
        if before is not None:
            before.close()

    def _require_settings(self, file: CardFile) -> None:
        found = BuiltFor(file.about.identified_by, file.about.households)
        if found != self._built_for:
            raise SettingsError(
                f"{file.path.name} was built with other settings",
                why=f"CUSTOMER_ID={found.identified_by}, HOUSEHOLDS={found.households}",
                todo="give builder and service the same settings, then run `casehouse kpi build`",
            )

    def _refuse(self, why: str) -> None:
        before, self.refused = self.refused, why
        if why != before:
            meanwhile = "the one before is served on" if self._desk.file else "there is none to serve"
            _log.error("a card file is refused, %s: %s", meanwhile, why)

    def _look_on(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - see below
                # Whatever it was, the next look must come: a service that no longer looks serves old cards.
                self._refuse(f"unforeseen {where(error)}")
