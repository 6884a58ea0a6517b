"""Dagster as children of a command: code server, webserver, daemon; or one that is running already.

The three are started by hand and not by `dg dev` for two reasons. A backfill that is stored before the daemon
starts is taken up at the daemon's first look instead of up to 30 seconds later. And the runs' processes are
children of a code server whose whole process group this command can end.
"""

from __future__ import annotations

import json
import os
import sysconfig
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from assets.client import DagsterClient
from assets.names import LOCATION
from assets.processes import Children, require_port
from pipelines.errors import Permanent, Transient
from pipelines.lake import Lake
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from assets.processes import Child
    from pipelines.settings import Settings

MODULE = "assets.definitions"
START_SECONDS = 120.0
_LOOK_SECONDS = 0.1


def home() -> Path:
    """Return the directory of the Dagster instance: DAGSTER_HOME, or the project's root."""
    return Path(os.environ.get("DAGSTER_HOME") or ROOT)


def logs_of(instance: Path) -> Path:
    """Return where the children of a command write their logs."""
    return instance / ".dagster" / "commands"


def child_environment() -> dict[str, str]:
    """Return the environment of a child: ours, with the instance named and warnings quiet."""
    return {**os.environ, "DAGSTER_HOME": str(home()), "PYTHONWARNINGS": "ignore"}


def find_running(settings: Settings) -> DagsterClient | None:
    """Return the Dagster that serves this project at the set address, None when nobody answers there.

    Raises Permanent when another program answers, or a Dagster that serves another lake.
    """
    client = DagsterClient(f"http://{settings.dagster_host}:{settings.dagster_port}")
    if not _answers(client):
        return None
    files = client.asset_files()
    ours = Lake(settings.data_dir)
    if not files or any(place != ours.glob(feed) for feed, place in files.items()):
        raise Permanent(
            f"the Dagster at {client.url} does not serve this project's lake",
            why=f"expected {settings.data_dir}",
            todo="end it, or set CASEHOUSE_DAGSTER_PORT to this project's own",
        )
    if sick := client.unhealthy_daemons():
        raise Transient(
            f"the Dagster at {client.url} runs no daemon",
            why=", ".join(sick).lower(),
            todo="start it with `dg dev`, which runs webserver and daemon, or wait a minute",
        )
    return client


def _answers(client: DagsterClient) -> bool:
    try:
        client.version()
    except Transient:
        return False
    return True


@dataclass(eq=False)
class Services:
    """A Dagster of this command's own. `open` brings up the webserver, `start_daemon` what works."""

    settings: Settings
    children: Children
    host: str
    port: int
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._daemon: Child | None = None
        self.client = DagsterClient(f"http://{self.host}:{self.port}")

    def __enter__(self) -> Self:
        # A Unix socket's path may hold some 100 characters only, so it does not stand below the project.
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="casehouse-")))
        socket = folder / "code.sock"
        self._workspace = folder / "workspace.yaml"
        served = {"grpc_server": {"socket": str(socket), "location_name": LOCATION}}
        # JSON is YAML too.
        self._workspace.write_text(json.dumps({"load_from": [served]}), encoding="utf-8")
        self._make_storage()
        self._start(
            "code server", "dagster", "api", "grpc", "--module-name", MODULE,
            "--location-name", LOCATION, "--socket", str(socket), "--log-level", "warning",
        )  # fmt: skip
        self._start(
            "webserver", "dagster-webserver", "--workspace", str(self._workspace), "--host", self.host,
            "--port", str(self.port), "--suppress-warnings", "--dagster-log-level", "warning",
        )  # fmt: skip
        self._wait_until_loaded()
        self._give_up_orphans()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()  # the processes themselves are ended by their owner, `children`

    def start_daemon(self) -> None:
        """Start what takes up backfills, launches queued runs, and ticks schedules; once."""
        if self._daemon is None:
            self._daemon = self._start(
                "daemon", "dagster-daemon", "run", "--workspace", str(self._workspace), "--log-level", "info"
            )

    def check(self) -> None:
        """Raise Permanent when one of its processes has ended by itself."""
        self.children.check()

    def _start(self, name: str, program: str, *arguments: str) -> Child:
        path = Path(sysconfig.get_path("scripts")) / program
        return self.children.start(name, [str(path), *arguments], **self.env)

    def _make_storage(self) -> None:
        """Let one process make the storage: two that make it at once leave it unreadable (dagster 1.13)."""
        maker = self._start("storage", "dagster", "instance", "info")
        if maker.process.wait(START_SECONDS) != 0:
            raise Permanent(
                "Dagster cannot open its storage", why=maker.last_words(), todo=f"read {maker.log}"
            )
        self.children.end(maker)

    def _wait_until_loaded(self) -> None:
        until, why = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < until:
            self.children.check()
            if _answers(self.client):
                errors = self.client.load_errors()
                why = errors.get(LOCATION) or ""
                if LOCATION in errors and not why:
                    return
                if why:  # the webserver was quicker than the code server, and does not ask again by itself
                    self.client.reload()
            time.sleep(_LOOK_SECONDS)
        raise Permanent(
            f"Dagster did not come up within {START_SECONDS:.0f} seconds",
            why=why,
            todo=f"read the logs in {self.children.logs}",
        )

    def _give_up_orphans(self) -> None:
        """Cancel runs whose processes are gone: nobody else will, and they would hold places in the queue.

        They are left by a Dagster that was killed outright. A run that another Dagster on this storage is
        working on has a living process and is left alone.
        """
        for run in self.client.runs_in_progress():
            pids = self.client.read_log(run.id).pids
            if pids and not any(_lives(pid) for pid in pids):
                self.client.give_up(run.id)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def open_services(settings: Settings, children: Children, port: int, env: Mapping[str, str]) -> Services:
    """Return a Dagster of one's own on a port that is free (any, for 0); raise Permanent when it is taken."""
    host = settings.dagster_host if port else "127.0.0.1"
    return Services(settings, children, host, require_port(host, port, "CASEHOUSE_DAGSTER_PORT"), env)
