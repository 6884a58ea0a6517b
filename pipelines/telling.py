"""How a command ends: its status, and one clear line for an error instead of a traceback.

For every command of the product, whichever process it runs in. What went wrong is told by the errors
themselves (errors.py).
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pipelines.errors import CasehouseError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2
INTERRUPTED = 130
DEBUG = "--debug"


def run(commands: click.Group, words: Sequence[str], *, debug: bool) -> NoReturn:
    """Run a command: one clear line for an error, status 1, or 2 for wrong settings or usage.

    With `debug` an error keeps its traceback.
    """
    try:
        commands.main(list(words), prog_name="casehouse", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _leave_pipe()
    except Exception as error:
        if debug:
            raise
        click.echo(f"casehouse: {one_line(error)}", err=True)
        sys.exit(USAGE if isinstance(error, SettingsError) else 1)
    sys.exit(0)


def one_line(error: Exception) -> str:
    """One line for an error. Of an unforeseen one only the type: its message may hold somebody's data."""
    if isinstance(error, CasehouseError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.strerror, error.filename) if part is not None)
    return f"unforeseen {type(error).__name__}; run again with {DEBUG} to see where"


def where(error: BaseException) -> str:
    """Tell an unforeseen error by its type and the place it comes from, never by its words."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place


def _leave_pipe() -> NoReturn:
    """End quietly when the reader of our output went away: Python would complain while it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
