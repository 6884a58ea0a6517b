"""The journal: lines that outlive the process that wrote them, at the price of copying them.

A journal is a file of four mebibytes, mapped into memory, all of which is allocated before the first line.
A line that was copied there is the kernel's: it is on its way to the disk whatever becomes of the process,
killed or not, and no system call was needed. The part that is not written yet is zeros. A journal belongs to
the process that holds its lock; once that is gone, whoever finds it may read it and remove it. One that was
removed before its time is written again. What the lines say is told elsewhere.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 4 * 1024 * 1024
SUFFIX = ".jsonl"
_PRIVATE = 0o600


class Journal:
    """A journal that this process writes, one line at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file, path = _new_file(folder)
        try:
            os.posix_fallocate(self._file, 0, SIZE)
            self._map = mmap.mmap(self._file, SIZE)
        except OSError:
            path.unlink(missing_ok=True)  # a full disk would be full of them
            os.close(self._file)
            raise
        self._end = 0

    def append(self, line: bytes) -> bool:
        """Add a line; return whether it fitted."""
        end = self._end + len(line)
        if end > SIZE:
            return False
        self._map[self._end : end] = line
        self._end = end
        return True

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added yet."""
        return not self._end

    def restore(self) -> None:
        """Write it again where somebody removed it; raise OSError, with nothing lost, when that fails."""
        if self._end and not os.fstat(self._file).st_nlink:
            other = Journal(self._folder)
            other.append(self._map[: self._end])
            other.close()

    def close(self) -> None:
        """Flush it to the disk and let go of it, whether or not the disk can."""
        self._map.close()
        try:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        finally:
            os.close(self._file)


def whole_lines(path: Path) -> bytes:
    """Return the lines of a journal, written on or left; empty when it is gone."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    return content[: content.rfind(b"\n") + 1]


@contextmanager
def left_alone(path: Path) -> Iterator[bool]:
    """Say whether no process writes a journal any more; while the block runs nobody else is told so."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()


def _new_file(folder: Path) -> tuple[int, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex}{SUFFIX}"
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file, path
        os.close(file)  # another server took it for one that was left
