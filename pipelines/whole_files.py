"""Write a file whole or not at all: beside its place, flushed, then renamed into it."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from pathlib import Path


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
