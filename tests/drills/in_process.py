"""A stage without processes: the sandbox in a thread, commands called where the test runs."""

from __future__ import annotations

import io
import os
import shutil
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING
from unittest.mock import patch

from assets.drills.door import Door
from assets.drills.hands import Said
from assets.drills.stage import Stage, surroundings
from pipelines import cli
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from assets.drills.score import Score
    from assets.processes import Child
    from pipelines.sandbox.server import SandboxThread


class InProcess:
    """Hands that run commands in this process; they start nothing."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def casehouse(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        began, output = time.monotonic(), io.StringIO()
        with (
            patch.dict(os.environ, {**self._env, **(env or {})}, clear=True),
            redirect_stdout(output),
            redirect_stderr(output),
        ):
            try:
                cli.main(words)
            except SystemExit as left:
                status = int(left.code or 0)
        return Said(status, output.getvalue(), time.monotonic() - began)

    def python(self, name: str, *words: str, env: Mapping[str, str] | None = None) -> Said:
        raise NotImplementedError

    def start(self, *words: str) -> Child:
        raise NotImplementedError

    def finish(self, child: Child) -> Said:
        raise NotImplementedError


class Blind(InProcess):
    """Hands of a product that notices nothing: whatever it is asked, it says that all is well."""

    def casehouse(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        said = super().casehouse(*words, env=env)
        return Said(0, "", said.seconds)


@contextmanager
def stage_with(
    hands: Callable[[Mapping[str, str]], InProcess], sandbox: SandboxThread, home: Path, score: Score
) -> Iterator[Stage]:
    shutil.copy(ROOT / "dagster.yaml", home)
    yield Stage(home, Door(sandbox.port), hands(surroundings(home, sandbox.port)), score)
