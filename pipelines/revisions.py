"""Revisions: the record of what changed in a day that stood when it was asked for again.

One JSON file a revision below `revisions/<feed>/report_date=<day>/`. The lake proposes one before it promotes
the new file and confirms it after: a kill in between leaves a proposal, which counts if and only if the file
it speaks of is the one that stands. A re-pull that was held back is a record too, and a note that stands
until the day is published again or answered as it was. Here are the records, how they are kept and read; how
two files of a day are compared is told in comparison.py, and when a re-pull is held back in repulls.py.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec

from pipelines.comparison import Line  # noqa: TC001 - msgspec reads the annotation
from pipelines.days import ReportDay
from pipelines.errors import Damaged
from pipelines.places import PARTITION, partition_file, promote, sync
from pipelines.receipts import read_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "revisions"
_PROPOSED = "proposed.json"
_HELD = ".held.json"  # the note of a held back re-pull that nothing has followed
_DONE = ".json"


@dataclass(frozen=True)
class Revision:
    """A re-pull that changed a day: rows added, changed and gone.

    `kept`: the re-pull shrank the day too much, so the old file stayed; `why` says the cause as far as known.
    """

    feed: str
    day: ReportDay
    at: datetime
    added: int
    changed: int
    gone: int
    kept: bool = False
    why: str = ""

    def __str__(self) -> str:
        """One line for a person; no value of a row is in it."""
        counts = f"{self.added} added, {self.changed} changed, {self.gone} gone"
        told = f"held back, the old rows stay: {counts}" if self.kept else counts
        return f"{self.feed} {self.day}: {told}{f' ({self.why})' if self.why else ''}"


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A revision as it is kept: its counts are whole, its lines may be cut.

    `rows_before` and `rows_after` are rows that the source told, quarantined ones included; the others count
    good rows. `old_seal` and `new_seal` name the files; where the old one was kept, the new one never stood.
    `is_derived_again`: both came from the same body, by another contract or version of the product.
    """

    feed: str
    report_date: str
    at: datetime
    added: int
    changed: int
    gone: int
    rows_before: int
    rows_after: int
    old_seal: str
    new_seal: str
    kept: bool = False
    why: str = ""
    is_cut: bool = False
    is_derived_again: bool = False
    lines: tuple[Line, ...] = ()

    @property
    def revision(self) -> Revision:
        """What it says, without its lines."""
        day = ReportDay(date.fromisoformat(self.report_date))
        return Revision(
            self.feed, day, self.at, self.added, self.changed, self.gone, kept=self.kept, why=self.why
        )


@dataclass(frozen=True)
class RevisionBook:
    """One day's records, written by whoever holds the lock of its feed."""

    root: Path
    feed: str
    day: ReportDay

    @property
    def folder(self) -> Path:
        """Where they stand."""
        return self.root / FOLDER / self.feed / f"{PARTITION}{self.day}"

    def settle(self) -> None:
        """Confirm a proposal that was promoted, drop one that was not: its writer was killed."""
        proposed = self.folder / _PROPOSED
        if not proposed.exists():
            return
        record = _read(proposed, self.feed, self.day)
        if record.new_seal == _standing_seal(self.root, self.feed, self.day):
            self._confirm(proposed, record)
        else:
            proposed.unlink()

    @contextmanager
    def telling(self, record: Record | None, stage: Path) -> Iterator[None]:
        """Have a revision on disk before the block promotes its file, and confirmed after."""
        if record is None:
            yield
            return
        proposed = self.folder / _PROPOSED
        self._write(record, proposed, stage)
        yield
        self._confirm(proposed, record)

    def hold(self, record: Record, stage: Path) -> None:
        """Note that a re-pull was held back; the same answer again adds no second note."""
        told = [_told(_read(path, self.feed, self.day)) for path in self.folder.glob(f"*{_HELD}")]
        if _told(record) in told:
            return
        self.follow()
        self._write(record, self.folder / f"{_stamp(record)}{_HELD}", stage)

    def follow(self, answered_at: datetime | None = None) -> None:
        """End the note of a re-pull that was held back: the day was answered since. The record stays.

        An answer of an earlier time, None for just now, ends none: the shrunken one is still the last word.
        """
        for path in self.folder.glob(f"*{_HELD}"):
            if answered_at is not None and answered_at <= _read(path, self.feed, self.day).at:
                continue
            path.rename(path.with_name(path.name.removesuffix(_HELD) + _DONE))

    def _write(self, record: Record, path: Path, stage: Path) -> None:
        staged = stage / f"{self.day}.revision.json"
        staged.write_bytes(msgspec.json.encode(record))
        sync(staged)
        promote(staged, path)

    def _confirm(self, proposed: Path, record: Record) -> None:
        promote(proposed, self.folder / f"{_stamp(record)}{_DONE}")


def read_revisions(root: Path, feed: str) -> dict[ReportDay, list[Revision]]:
    """Return the revisions of a feed's days, oldest first; nothing for a day that never changed."""
    found: dict[ReportDay, list[Revision]] = {}
    for record in read_records(root, feed):
        revision = record.revision
        found.setdefault(revision.day, []).append(revision)
    return found


def read_records(root: Path, feed: str, since: datetime | None = None) -> Iterator[Record]:
    """Yield the records of a feed, day by day, oldest first, without proposals whose file never stood.

    Those before `since` are told by their names and not read: in ten years there are many.
    """
    oldest = _moment(since) if since else ""
    for file in list_records(root, feed):
        if file.name >= oldest and (record := file.read()) is not None:
            yield record


@dataclass(frozen=True)
class RecordFile:
    """A record as it was found, before it was read; its name says when, and stays its own for good."""

    feed: str
    day: ReportDay
    name: str
    path: Path

    def read(self) -> Record | None:
        """Return the record; None when its file has another name by now."""
        try:
            return _read(self.path, self.feed, self.day)
        except FileNotFoundError:
            return None


def list_records(root: Path, feed: str) -> Iterator[RecordFile]:
    """Find the records of a feed, day by day, oldest first, without proposals whose file never stood."""
    for folder in sorted((root / FOLDER / feed).glob(f"{PARTITION}????-??-??")):
        with suppress(ValueError):  # a folder of another name is none of ours
            day = ReportDay(date.fromisoformat(folder.name.removeprefix(PARTITION)))
            yield from sorted(_found(root, feed, day, folder), key=lambda file: file.name)


def _found(root: Path, feed: str, day: ReportDay, folder: Path) -> Iterator[RecordFile]:
    for path in folder.glob(f"*{_DONE}"):
        name = path.name.removesuffix(_DONE).removesuffix(_HELD.removesuffix(_DONE))
        if path.name == _PROPOSED:
            with suppress(FileNotFoundError):  # settled since it was listed
                record = _read(path, feed, day)
                if record.new_seal == _standing_seal(root, feed, day):
                    yield RecordFile(feed, day, _stamp(record), path)
        else:
            yield RecordFile(feed, day, name, path)


def held_back(root: Path, feed: str) -> dict[ReportDay, Revision]:
    """Return the days whose last re-pull was held back, which wait for a person or a fuller answer."""
    found: dict[ReportDay, Revision] = {}
    for path in sorted((root / FOLDER / feed).glob(f"{PARTITION}????-??-??/*{_HELD}")):
        with suppress(ValueError, FileNotFoundError):
            day = ReportDay(date.fromisoformat(path.parent.name.removeprefix(PARTITION)))
            found[day] = _read(path, feed, day).revision
    return found


def _read(path: Path, feed: str, day: ReportDay) -> Record:
    """Read a record; one that cannot be read is told as such, since the day itself is not harmed."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        raise
    except (msgspec.MsgspecError, OSError):
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        why = f"the record {path.name} cannot be read; what changed is not known"
        return Record(feed, str(day), at, 0, 0, 0, 0, 0, "", "", why=why)


def _standing_seal(root: Path, feed: str, day: ReportDay) -> str | None:
    try:
        return read_receipt(partition_file(root, feed, day)).seal
    except (FileNotFoundError, Damaged):
        return None  # a file that cannot be read proves no proposal


def _stamp(record: Record) -> str:
    return f"{_moment(record.at)}-{record.new_seal[:12]}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _told(record: Record) -> tuple[str, int, int, int, int]:
    """Tell what makes two held back re-pulls the same: the source may number its answers, so not the seal."""
    return record.old_seal, record.added, record.changed, record.gone, record.rows_after
