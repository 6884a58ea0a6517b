"""`python -m assets.held PROGRAM ARGUMENT...`: load a program now, run it when a line comes in.

PROGRAM is a function, such as `package.module:function`, that takes its arguments from `sys.argv`. Loading
Dagster's webserver takes two seconds, its daemon one; both must begin only after something else is done. Held
back like this they load meanwhile. When the pipe ends without a line, nothing is run.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path


def main() -> None:
    """Load the program, wait to be told, become it."""
    program, *arguments = sys.argv[1:]
    run = EntryPoint(program, program, "").load()
    if sys.stdin.readline():
        with Path(os.devnull).open(encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 0)
        sys.argv = [program, *arguments]
        sys.exit(run())


if __name__ == "__main__":
    main()
