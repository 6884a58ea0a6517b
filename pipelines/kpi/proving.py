"""Digest a large file in a process of its own, at the lowest priority, so that no answer waits for it.

`python -m pipelines.kpi.proving FILE` prints the digest. Reading a gigabyte takes a second of a core; done in
the service's own process it doubled the slowest answers. What a digest proves is told in card_file.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.errors import Transient
from pipelines.kpi.card_file import digest_of

LOWEST_PRIORITY = 19
# A process takes about as long to start as such a file to read.
SMALL_BYTES = 32 * 1024 * 1024


def digest_aside(path: Path) -> str:
    """Return a file's digest; raise Transient when the process that should tell it fails."""
    if path.stat().st_size <= SMALL_BYTES:
        return digest_of(path)
    told = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", __spec__.name, str(path)], capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise Transient(
            f"{path} could not be proved", why=f"status {told.returncode}", todo="see whether memory is short"
        )
    return told.stdout.strip()


if __name__ == "__main__":
    os.nice(LOWEST_PRIORITY)
    sys.stdout.write(digest_of(Path(sys.argv[1])))
