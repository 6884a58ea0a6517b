"""Hand a command over to the process that drives Dagster: nothing in pipelines/ imports Dagster.

The command becomes that process (`python -m assets.operate`), so that signals reach it directly.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from pipelines.telling import DEBUG


def operate(*words: str) -> NoReturn:
    """Become the process that drives Dagster; `words` are its own command line."""
    debug = [DEBUG] if click.get_current_context().find_root().params["debug"] else []
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "assets.operate", *debug, *words])  # noqa: S606 - our own
