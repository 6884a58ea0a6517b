"""Write a file whole or not at all: beside its place, flushed, then renamed into it; one writer at a time."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.05


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place, its folder too where it is missing; readers see the old one or the new.

    Raises Permanent when the disk will not have it.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"{path} cannot be written",
            why=error.strerror or type(error).__name__,
            todo="check room and rights, or name another folder with --out",
        ) from None


@contextmanager
def alone(target: Path, wait_seconds: float, *, todo: str) -> Iterator[None]:
    """Be the only process that replaces `target` while the block runs; the lock dies with its holder.

    Waits up to `wait_seconds` for another that is at it; raises Transient, with `todo`, after that.
    """
    path = target.parent / ".locks" / f"{target.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_seconds
    with path.open("w") as file:
        while not _locked(file.fileno()):
            if time.monotonic() >= until:
                raise Transient(
                    f"another process has been rebuilding {target.name} for over {wait_seconds:g} s",
                    todo=todo,
                )
            time.sleep(_POLL_SECONDS)
        yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
