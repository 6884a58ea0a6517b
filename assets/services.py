"""Dagster as children of a command: code server, webserver, daemon; or one that is running already.

The three are started by hand and not by `dg dev` for two reasons. A backfill that is stored before the daemon
starts is taken up at the daemon's first look instead of up to 30 seconds later. And the runs' processes are
children of a code server whose whole process group this command can end.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import sysconfig
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from assets.client import DagsterClient
from assets.databases import OpenDatabases
from assets.names import LOCATION
from assets.processes import Children, require_port
from pipelines.errors import Permanent, Transient
from pipelines.lake import Lake
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from assets.backfill import Wanted
    from assets.processes import Child
    from pipelines.settings import Settings

MODULE = "assets.definitions"
START_SECONDS = 120.0
RUN_DATABASES = Path(".dagster", "history", "runs")  # below dagster.yaml's base_dir
MANY_PARTITIONS = 1000
RUNS_FOR_MANY = 2  # as many as dagster.yaml lets backfills have at once
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


def tuned_for(settings: Settings, wanted: Wanted) -> dict[str, str]:
    """Return the environment of a Dagster for a long span: fewer runs, fewer records, half the time.

    Dagster spends some 8 ms and two disk flushes on each record. Beyond MANY_PARTITIONS it writes one plan a
    feed and run instead of one a partition; what that plan does not tell of failed days, feeds.py does. A
    run's own start costs two seconds; a day is recorded when it is published, so longer runs lose nothing
    when one is killed.
    """
    if len(wanted.cells) < MANY_PARTITIONS:
        return {}
    tuned = {"DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1"}
    if "days_per_run" not in settings.model_fields_set:
        longest = max(len(days) for days in wanted.days.values())
        tuned["CASEHOUSE_DAYS_PER_RUN"] = str(
            min(366, max(settings.days_per_run, -(-longest // RUNS_FOR_MANY)))
        )
    return tuned


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


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


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
        self._databases = OpenDatabases(home() / RUN_DATABASES)
        self.client = DagsterClient(f"http://{self.host}:{self.port}")

    def __enter__(self) -> Self:
        # A Unix socket's path may hold some 100 characters only, so it does not stand below the project.
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="casehouse-")))
        path = folder / "code.sock"
        self._workspace = folder / "workspace.yaml"
        served = {"grpc_server": {"socket": str(path), "location_name": LOCATION}}
        # JSON is YAML too.
        self._workspace.write_text(json.dumps({"load_from": [served]}), encoding="utf-8")
        self._start(
            "code server", "dagster", "api", "grpc", "--module-name", MODULE,
            "--location-name", LOCATION, "--socket", str(path), "--log-level", "warning",
        )  # fmt: skip
        webserver = self._hold(
            "webserver", "dagster-webserver", "--workspace", str(self._workspace), "--host", self.host,
            "--port", str(self.port), "--suppress-warnings", "--dagster-log-level", "warning",
        )  # fmt: skip
        # One after the other: two processes that make the storage at once leave it unreadable (dagster 1.13),
        # and a webserver that finds no code server does not ask again by itself.
        self._wait_for(partial(_accepts, path))
        self.children.tell(webserver)
        self._daemon = self._hold("daemon", "dagster-daemon", "run", "--workspace", str(self._workspace))
        self._wait_for(self._is_loaded)
        self._give_up_orphans()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._databases.close()
        self._stack.close()  # the processes themselves are ended by their owner, `children`

    def start_daemon(self) -> None:
        """Let the daemon begin, which takes up backfills, launches queued runs and ticks schedules; once."""
        if self._daemon is not None:
            self.children.tell(self._daemon)
            self._daemon = None

    def check(self) -> None:
        """Raise Permanent when one of its processes has ended by itself; call it now and then."""
        self.children.check()
        self._databases.look()

    def _start(self, name: str, program: str, *arguments: str) -> Child:
        path = Path(sysconfig.get_path("scripts")) / program
        return self.children.start(name, [str(path), *arguments], env=self.env)

    def _hold(self, name: str, program: str, *arguments: str) -> Child:
        """Start a program that loads now and begins when it is told (see held.py)."""
        held = [sys.executable, "-m", "assets.held", program, *arguments]
        return self.children.start(name, held, env=self.env, told=True)

    def _wait_for(self, is_up: Callable[[], bool]) -> None:
        until = time.monotonic() + START_SECONDS
        while not is_up():
            self.children.check()
            if time.monotonic() > until:
                raise Permanent(
                    f"Dagster did not come up within {START_SECONDS:.0f} seconds",
                    todo=f"read the logs in {self.children.logs}",
                )
            time.sleep(_LOOK_SECONDS)

    def _is_loaded(self) -> bool:
        if not _answers(self.client):
            return False
        errors = self.client.load_errors()
        if why := errors.get(LOCATION):
            raise Permanent("Dagster cannot load the assets", why=why, todo="run `dg check defs`")
        return LOCATION in errors

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
