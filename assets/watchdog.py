"""A tiny process that outlives its parent by seconds: it ends what the parent started, however that ended.

Run as `python -m assets.watchdog` with a pipe on standard input. Each line names a process group, `+123` when
it was started and `-123` when it is gone. The end of the pipe means that the parent is gone, by any way out,
kill -9 included: every group still named is told to end and, after the grace, killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE_SECONDS = 10.0
PROCESSES = Path("/proc")
_PAUSE = 0.05


def is_alive(group: int) -> bool:
    """Say whether a process group has a member left that is more than a zombie.

    In a container whose first process reaps nobody, zombies stay for ever and answer signals.
    """
    return send(group, 0) and not (PROCESSES.is_dir() and _states(group) <= {"Z", "X"})


def _states(group: int) -> set[str]:
    """Return the states of a group's processes, as Linux tells them in /proc/<pid>/stat."""
    states = set()
    for path in PROCESSES.glob("[0-9]*/stat"):
        try:
            _, _, told = path.read_text(encoding="ascii", errors="replace").rpartition(")")
        except OSError:
            continue  # it ended while we looked
        state, _, its_group, *_ = told.split()
        if int(its_group) == group:
            states.add(state)
    return states


def send(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether there was anybody to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


def end(groups: Iterable[int], grace: float = GRACE_SECONDS) -> None:
    """Tell every group to end, and kill those still there after the grace in seconds."""
    left = [group for group in groups if send(group, signal.SIGTERM)]
    until = time.monotonic() + grace
    while left and time.monotonic() < until:
        time.sleep(_PAUSE)
        left = [group for group in left if is_alive(group)]
    for group in left:
        send(group, signal.SIGKILL)


def watch(lines: Iterable[str]) -> None:
    """Follow the parent's notes until the pipe ends, then end what is left."""
    groups: dict[int, None] = {}
    for line in lines:
        group = abs(int(line))
        if line.startswith("+"):
            groups[group] = None
        else:
            groups.pop(group, None)
    end(reversed(groups))


if __name__ == "__main__":
    # The parent decides when it ends; a signal meant for the parent must not end this process first.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(sys.stdin)
