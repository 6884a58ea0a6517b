"""Children of a command: started in groups of their own, logged to files, and ended on every way out.

Nothing here knows Dagster. Each child leads its own process group, so that ending it ends what it started in
turn; a watchdog (watchdog.py) does the same when this process is killed outright.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from assets import watchdog
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

ANY_PORT = 0
_REAP_SECONDS = 5.0
_CLOCK_SLACK = 1.0  # seconds by which the clock may have been put right
_LAST_GRACE = 1.0  # for what a child leaves behind


def module(name: str, *arguments: str) -> list[str]:
    """Return the command line of a module of ours, whatever the current directory holds under its name."""
    return [sys.executable, "-P", "-m", name, *arguments]


class ToldToStop(KeyboardInterrupt):
    """Somebody told this process to stop: Ctrl-C, SIGTERM, or its terminal went away."""


def heed_signals() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into `ToldToStop`, even where a script ordered to ignore them.

    A handled signal goes back to its default in a new program, an ignored one stays ignored: without this the
    children of a background job would never hear that they should end.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise ToldToStop(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


@dataclass(frozen=True, eq=False)
class Child:
    """A running program: what it is called here, where it writes, and its process (leader of its group)."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def has_ended(self) -> bool:
        """Say whether the program is gone."""
        return self.process.poll() is not None

    def last_words(self, lines: int = 3) -> str:
        """Return the end of the child's log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


class Children:
    """Every child of this command; leaving the context ends them and what they started."""

    def __init__(
        self, logs: Path, env: Mapping[str, str], cwd: Path, *, grace: float = watchdog.GRACE_SECONDS
    ) -> None:
        self.logs = logs
        self.grace = grace
        self.env = dict(env)
        self.cwd = cwd
        self._running: list[Child] = []
        self._watchdog: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._watchdog = subprocess.Popen(  # noqa: S603 - a module of ours
            module("assets.watchdog"),
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end_all()
        finally:
            dog = self._watchdog
            if dog is not None and dog.stdin is not None:
                with suppress(BrokenPipeError):
                    dog.stdin.close()  # whatever end_all() left, the watchdog ends now
                dog.wait(watchdog.GRACE_SECONDS + _REAP_SECONDS)

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        keep: Sequence[int] = (),
        told: bool = False,
    ) -> Child:
        """Start a program whose output goes to `<name>.log`; the name stands in errors.

        `env` is added to everybody's, and the files numbered in `keep` stay open in the child. With `told`
        it gets a pipe as its standard input, for `tell`.
        """
        log = self.logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - programs of this product, no shell
                list(arguments),
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env | dict(env or {}),
                cwd=self.cwd,
                pass_fds=tuple(keep),
                start_new_session=True,
            )
        self._note(f"+{process.pid}")
        child = Child(name, log, process)
        self._running.append(child)
        return child

    def tell(self, child: Child) -> None:
        """Send a child the line it waits for, and no more."""
        if child.process.stdin is not None:
            with suppress(BrokenPipeError), child.process.stdin as pipe:  # `check` says if it has ended
                pipe.write(b"\n")

    def check(self) -> None:
        """Raise Permanent naming a child that ended by itself."""
        for child in self._running:
            if child.has_ended():
                status = child.process.returncode
                if status < 0:  # its last words are not about that
                    how, why = f"was killed by {signal.Signals(-status).name}", ""
                else:
                    how, why = f"ended with status {status}", child.last_words()
                raise Permanent(f"{child.name} {how}", why=why, todo=f"read {child.log}")

    def end(self, child: Child) -> None:
        """End one child and its whole group."""
        self._end([child])

    def end_all(self) -> None:
        """End every child, the last one started first."""
        self._end(self._running[::-1])

    def _end(self, children: Sequence[Child]) -> None:
        until = time.monotonic() + self.grace
        groups = [child.process.pid for child in children]
        for group in groups:
            watchdog.send(group, signal.SIGTERM)
        for child in children:  # a leader that nobody reaps would count as a living group
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, until - time.monotonic()))
        watchdog.end(groups, grace=max(_LAST_GRACE, until - time.monotonic()))
        for child in children:
            child.process.wait(_REAP_SECONDS)
            if child.process.stdin is not None:
                child.process.stdin.close()
            self._note(f"-{child.process.pid}")
            self._running.remove(child)

    def _note(self, note: str) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{note}\n")
            self._watchdog.stdin.flush()


def is_still(pid: int, since: float, variable: str, value: str) -> bool:
    """Say whether a process is the one that had this id at `since` (epoch seconds) with this environment.

    Ids are given anew. Where /proc does not tell when a process began, any that has the id counts.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # somebody else's: ours run under our own account
    if not watchdog.PROCESSES.is_dir():
        return True
    try:
        began = _began(pid)
        environment = (watchdog.PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False  # it ended while we looked
    return began <= since + _CLOCK_SLACK and f"{variable}={value}".encode() in environment


def _began(pid: int) -> float:
    """Return when a process began, in seconds since the epoch, as Linux tells it."""
    _, _, told = (watchdog.PROCESSES / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")
    ticks = int(told.split()[19])  # field 22, the first two before the bracket
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def require_port(host: str, port: int, setting: str) -> int:
    """Return the port, or a free one for `ANY_PORT`; raise Permanent naming the setting when it is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Permanent(
                f"port {port} on {host} cannot be used",
                why=os.strerror(error.errno) if error.errno else str(error),
                todo=f"end the program that uses it, or set {setting} to another port",
            ) from None
        return int(probe.getsockname()[1])
