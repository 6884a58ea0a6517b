"""A PostgreSQL of the machine's own packages, for tests: its own cluster, on loopback, with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "not/a:real@word"
ADDRESS = "postgresql://casehouse:not%2Fa%3Areal%40word@127.0.0.1:{port}/{name}"


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, None where PostgreSQL is not installed."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return found[-1].parent
    chosen = shutil.which("initdb")
    return Path(chosen).parent if chosen else None


def _account() -> pwd.struct_passwd | None:
    """Return whom the server runs as: it refuses root, which takes its package's own account."""
    try:
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError:
        return None


def why_not() -> str:
    """Say why no cluster can be started here; empty when one can."""
    if programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    return "" if _account() else "root may not run PostgreSQL and has no account for it"


@contextmanager
def cluster() -> Iterator[int]:
    """Run a server for as long as the block lasts; lend its port."""
    folder_of_programs, account = programs(), _account()
    assert folder_of_programs is not None
    assert account is not None
    # Not below pytest's own folder, which nobody but its owner may enter.
    with TemporaryDirectory(prefix="casehouse-postgres-") as folder:
        home = Path(folder)
        (home / "password").write_text(PASSWORD, encoding="utf-8")
        for path in (home, home / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)

        def run(program: str, *words: str) -> None:
            subprocess.run(
                [folder_of_programs / program, *words],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=home,
                user=account.pw_uid,
                group=account.pw_gid,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            )

        data, port = str(home / "data"), _free_port()
        run("initdb", "-D", data, "-U", "casehouse", "-A", "scram-sha-256", "--pwfile=password", "-N")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -k {home}"
        run("pg_ctl", "-D", data, "-l", str(home / "log"), "-w", "-o", options, "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def new_database(port: int, name: str) -> str:
    """Make an empty database; return its address, the password in it."""
    folder = programs()
    assert folder is not None
    subprocess.run(
        [folder / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "casehouse", name],
        check=True,
        env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD},
    )
    return ADDRESS.format(port=port, name=name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
