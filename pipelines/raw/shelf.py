"""The shelf: where kept bodies stand, which there are, how much room they take, and when they go.

`raw/<feed>/report_date=YYYY-MM-DD/<digest>.<format>.zst`, closed to everyone but the owner: bodies hold what
people wrote, also columns that analysts never see. A body stands under its digest, so the same answer is kept
once, as of its latest call. How a file is built is in kept_file.py.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.errors import Damaged
from pipelines.places import PARTITION
from pipelines.raw.kept_file import SUFFIX, Label, read_label

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW = "raw"
DIGITS = 16
# A day that fails night after night brings another body each time; the latest few tell enough.
MOST_OF_A_DAY = 5


@dataclass(frozen=True)
class Kept:
    """One kept body: its file, what is known of it, and the bytes it takes on disk."""

    path: Path
    label: Label
    room: int


@dataclass(frozen=True)
class Room:
    """What lies on a shelf: how many bodies of how many days, their bytes on disk, the oldest's call."""

    bodies: int
    days: int
    room: int
    oldest: datetime | None


@dataclass(frozen=True)
class Shelf:
    """The kept bodies of one feed; `root` is the data directory."""

    root: Path
    feed: str

    @property
    def folder(self) -> Path:
        """Where the feed's kept bodies stand, by day."""
        return self.root / RAW / self.feed

    def place(self, day: ReportDay, label: Label) -> Path:
        """Say where a body of a day stands."""
        return self._folder(day) / f"{label.sha256[:DIGITS]}.{label.format}{SUFFIX}"

    def put(self, day: ReportDay, label: Label, written: Path, *, standing: str | None) -> None:
        """Move a written file to its place, over an earlier one of the same bytes, and drop the oldest.

        `standing` is the digest of the body that the day's file came from, which stays. Nothing is flushed to
        the disk, which would cost a small day as much as the rest of it: what a power cut tears is found by
        its digests, and the day is asked for again.
        """
        target = self.place(day, label)
        home = self.root / RAW
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        try:
            _move(written, target)
        except (FileNotFoundError, FileExistsError):
            _move(written, target)  # the day's folder was swept in between
        self._drop_oldest(day, standing)

    def days(self) -> list[ReportDay]:
        """List the days that have a kept body, in order."""
        found = set()
        for folder, _ in self._files():
            with suppress(ValueError):
                found.add(ReportDay(date.fromisoformat(folder.removeprefix(PARTITION))))
        return sorted(found)

    def of(self, day: ReportDay) -> list[Kept]:
        """Return a day's kept bodies, the latest first; files that are none are passed over."""
        kept = []
        for path in self._paths(day):
            # Swept in between, or torn by a power cut: then it is as if it had not been kept.
            with suppress(FileNotFoundError, Damaged):
                kept.append(Kept(path, read_label(path), path.stat().st_size))
        return sorted(kept, key=lambda one: one.label.fetched_at, reverse=True)

    def measure(self) -> Room:
        """Tell how much is kept, without opening a file."""
        folders, room, oldest = set(), 0, None
        count = 0
        for folder, entry in self._files():
            with suppress(FileNotFoundError):
                told = entry.stat()
                folders.add(folder)
                count, room = count + 1, room + told.st_size
                oldest = min(oldest or told.st_mtime, told.st_mtime)
        since = datetime.fromtimestamp(oldest, UTC) if oldest is not None else None
        return Room(count, len(folders), room, since)

    def sweep(self, now: datetime, days: int) -> None:
        """Remove the bodies whose call is more than so many days past; 0 removes all."""
        oldest = (now - timedelta(days=days)).timestamp()
        emptied = set()
        for _, entry in self._files():
            with suppress(FileNotFoundError):
                if not days or entry.stat().st_mtime < oldest:
                    path = Path(entry.path)
                    path.unlink()
                    emptied.add(path.parent)
        for folder in emptied:
            # One that is not empty stays.
            with suppress(OSError):
                folder.rmdir()

    def _drop_oldest(self, day: ReportDay, standing: str | None) -> None:
        found = []
        for path in self._paths(day):
            with suppress(FileNotFoundError):  # dropped or swept in between
                found.append((path.stat().st_mtime, path))
        for _, path in sorted(found)[:-MOST_OF_A_DAY]:
            if standing is None or not path.name.startswith(standing[:DIGITS]):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield each kept file with the name of its day's folder."""
        try:
            folders = sorted(os.scandir(self.folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for folder in folders:
            if folder.name.startswith(PARTITION):
                with suppress(FileNotFoundError):
                    yield from ((folder.name, entry) for entry in os.scandir(folder))

    def _paths(self, day: ReportDay) -> list[Path]:
        try:
            return [*self._folder(day).glob(f"*{SUFFIX}")]
        except FileNotFoundError:
            return []  # the folder was swept while it was being listed

    def _folder(self, day: ReportDay) -> Path:
        return self.folder / f"{PARTITION}{day}"


def sweep_all(root: Path, now: datetime, days: int) -> None:
    """Sweep the shelf of every feed below the data directory, also of one that nobody loads any more."""
    for folder in (root / RAW).glob("*/*"):
        Shelf(root, folder.relative_to(root / RAW).as_posix()).sweep(now, days)


def _move(written: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written.replace(target)
