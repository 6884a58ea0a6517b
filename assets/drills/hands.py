"""Hands: how a drill runs the product's commands, as processes of their own, ended on every way out."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assets.processes import module
from pipelines.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assets.processes import Child, Children

PATIENCE_SECONDS = 900.0  # a busy machine takes many times as long as a quiet one
COMMAND = "pipelines.cli"


@dataclass(frozen=True)
class Said:
    """A command that has ended: its status (negative: the signal that killed it), its words, how long."""

    status: int
    text: str
    seconds: float


class Hands(Protocol):
    """Runs commands of the product; `env` is added to the drill's own surroundings."""

    def casehouse(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        """Run `casehouse` with these words to its end."""
        ...

    def python(self, name: str, *words: str, env: Mapping[str, str] | None = None) -> Said:
        """Run a module of the product to its end."""
        ...

    def start(self, *words: str) -> Child:
        """Start `casehouse` and let it run."""
        ...

    def finish(self, child: Child) -> Said:
        """Wait for a command that was started."""
        ...


class Processes:
    """Each command a process, its words in a log file of its own."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._count = 0
        self._began: dict[int, float] = {}

    def casehouse(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        """Run `casehouse` to its end; raise Transient when it takes minutes."""
        return self.python(COMMAND, *words, env=env)

    def python(self, name: str, *words: str, env: Mapping[str, str] | None = None) -> Said:
        """Run a module to its end; raise Transient when it takes minutes."""
        return self.finish(self._start(name, words, env))

    def start(self, *words: str) -> Child:
        """Start `casehouse`; whoever starts it calls `finish`, or leaves it to be ended with the drill."""
        return self._start(COMMAND, words, None)

    def finish(self, child: Child) -> Said:
        """Wait for a command; what it leaves running is ended."""
        try:
            status = child.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Transient(
                f"{child.name} did not end within {PATIENCE_SECONDS:.0f} seconds", why=child.last_words()
            ) from None
        finally:
            self._children.end(child)
        text = child.log.read_text(encoding="utf-8", errors="replace")
        return Said(status, text, time.monotonic() - self._began.pop(child.process.pid))

    def _start(self, name: str, words: tuple[str, ...], env: Mapping[str, str] | None) -> Child:
        self._count += 1
        title = f"{self._count:02} {name.rpartition('.')[2]} {words[0] if words else ''}".strip()
        began = time.monotonic()
        child = self._children.start(title, module(name, *words), env=env)
        self._began[child.process.pid] = began
        return child
