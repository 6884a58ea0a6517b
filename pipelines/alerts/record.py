"""The record of incidents on disk: one JSON file, replaced whole, one writer at a time.

What is to be told is on disk before it is sent, and its delivery is noted after: a process killed in between
sends again rather than never. A file that cannot be read is set aside and told, not mourned: alerts go on.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pipelines.alerts.incidents import Record
from pipelines.errors import Permanent
from pipelines.whole_files import alone, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "alerts"
FILE = "incidents.json"
ASIDE = "incidents.json.unreadable"
BEAT = "daemon.beat"
WAIT_SECONDS = 30


@dataclass(frozen=True)
class RecordFile:
    """Where the record stands, in its folder of the data directory."""

    folder: Path

    @classmethod
    def of(cls, data_dir: Path) -> RecordFile:
        """Return that of a data directory."""
        return cls(data_dir / FOLDER)

    @property
    def path(self) -> Path:
        """The record."""
        return self.folder / FILE

    @property
    def aside(self) -> Path:
        """A record that could not be read, the latest."""
        return self.folder / ASIDE

    @property
    def beat(self) -> Path:
        """What Dagster's daemon touches."""
        return self.folder / BEAT

    @contextmanager
    def held(self) -> Iterator[Record]:
        """Lend the record to the only process that may change it; `save` writes it.

        Raises Transient when another holds it for long, Permanent when it may not be read.
        """
        with alone(self.path, WAIT_SECONDS, todo="another look is under way; look again in a minute"):
            yield self._read_or_set_aside()

    def read(self) -> Record:
        """Read the record without holding it; of an unreadable one the next look tells."""
        return self._decoded() or Record()

    def save(self, record: Record) -> None:
        """Put the record on disk, flushed."""
        write_whole(self.path, msgspec.json.encode(record))

    def looked_at(self) -> datetime | None:
        """Say when the last look was, which always writes the record; None before the first."""
        try:
            return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def touch(self, now: datetime) -> None:
        """Leave a beat of the daemon."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.beat.touch()
        os.utime(self.beat, (now.timestamp(), now.timestamp()))

    def _read_or_set_aside(self) -> Record:
        record = self._decoded()
        if record is None:
            self.path.replace(self.aside)
        return record or Record()

    def _decoded(self) -> Record | None:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Record)
        except FileNotFoundError:
            return Record()
        except (msgspec.MsgspecError, UnicodeError):
            return None
        except OSError as error:
            raise Permanent(
                f"{self.path} cannot be read",
                why=error.strerror or type(error).__name__,
                todo="mend the rights of the data directory",
            ) from None
