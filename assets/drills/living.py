"""The living processes of a drill, found by the Dagster home that their environment names (Linux's /proc)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.watchdog import PROCESSES
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Living:
    """One process and the words it was started with."""

    pid: int
    words: str


def processes_of(home: Path) -> list[Living]:
    """Return every living process that works in a home; raise Permanent where that cannot be found out."""
    if not PROCESSES.is_dir():
        raise Permanent("processes cannot be found by their environment here", why=f"there is no {PROCESSES}")
    mark = f"DAGSTER_HOME={home}".encode()
    found = []
    for folder in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked, or is somebody else's
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(Living(int(folder.name), words))
    return found


def kill(processes: Iterable[Living]) -> int:
    """Kill processes outright, as a power cut does; return how many there were."""
    killed = 0
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)
            killed += 1
    return killed
