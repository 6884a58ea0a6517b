"""The claim on a Dagster storage: at most one command at a time runs a Dagster of its own on it.

Two daemons on one storage launch the same runs twice. The claim is a lock on a file below `.dagster/`; it is
free again when this process and every child that was given `number` are gone, by whatever way out. The file's
time tells when a command last lived here.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from pipelines.errors import Permanent

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

NAME = "command.lock"


class Claim(AbstractContextManager["Claim"]):
    """A storage that is ours while this lives; raises Permanent on entry when it is somebody else's."""

    def __init__(self, storage: Path) -> None:
        self._path = storage / NAME
        self.number = -1
        self.last_lived = 0.0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        last_lived = self._path.stat().st_mtime if self._path.exists() else 0.0
        number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            raise Permanent(
                "another command runs a Dagster on this storage",
                why=f"{self._path} is locked",
                todo="wait until that backfill or demo has ended, or end it",
            ) from None
        self.number, self.last_lived = number, last_lived
        self.renew()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.renew()
        os.close(self.number)

    def renew(self) -> None:
        """Note that this command still lives."""
        os.utime(self.number)
