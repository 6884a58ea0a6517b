"""Run a `casehouse` command on a disk that has no room for a file beyond so many bytes.

`python -m assets.drills.small_disk 8192 ingest ...`. The operating system refuses to let any file of the
process grow longer (RLIMIT_FSIZE): the same refusal of the same call as on a full disk, wherever it comes,
and nobody needs the right to mount one.
"""

from __future__ import annotations

import resource
import signal
import sys

from pipelines import cli


def main() -> None:
    """Set the limit that the first word tells, then be the command that the others name."""
    most = int(sys.argv[1])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # let the write fail instead of the process
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    cli.main(sys.argv[2:])


if __name__ == "__main__":
    main()
