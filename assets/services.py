"""Dagster as children of a command: code server, webserver, daemon; or one that is running already.

Why the three are started by hand and not by `dg dev` is told in docs/decisions/0004. What their runs load is
decided elsewhere (backfill.py); how processes are started and ended, in processes.py.
"""

from __future__ import annotations

import json
import os
import socket
import sysconfig
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from assets.backfill import cancel_abandoned
from assets.claim import Claim
from assets.client import HEARTBEAT_SECONDS, DagsterClient, address
from assets.databases import OpenDatabases
from assets.names import LOCATION
from assets.processes import Children, is_still, module, require_port
from pipelines.dagster_files import STORAGE, home, runs_folder
from pipelines.errors import Permanent, Transient
from pipelines.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from assets.backfill import Wanted
    from assets.processes import Child
    from pipelines.settings import Settings

MODULE = "assets.definitions"
START_SECONDS = 120.0
MANY_PARTITIONS = 1000
RUNS_FOR_MANY = 2  # as many as dagster.yaml lets backfills have at once
_LOOK_SECONDS = 0.1
# So long after the last sign of life of a command its daemon may have told once more that it lives.
_LAST_BEAT_SECONDS = 15.0


def logs_of(instance: Path) -> Path:
    """Return where the children of a command write their logs."""
    return instance / STORAGE / "commands"


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


def set_address(settings: Settings) -> str:
    """Return the address where a Dagster that stays up is to be found."""
    return address(settings.dagster_host, settings.dagster_port)


def find_running(settings: Settings) -> DagsterClient | None:
    """Return the Dagster that serves this project at the set address, None when nobody listens there.

    Raises Permanent for a Dagster that serves another lake, Transient for one whose daemon is silent and for
    whatever does not answer as a Dagster.
    """
    client = DagsterClient(set_address(settings))
    if not client.is_there():
        return None
    try:
        client.version()
    except Transient as error:
        error.todo = "end what listens there, or set CASEHOUSE_DAGSTER_PORT to this project's own port"
        raise
    if not serves(client, settings):
        raise Permanent(
            f"the Dagster at {client.url} does not serve this project's lake",
            why=f"expected {settings.data_dir}",
            todo="end it, or set CASEHOUSE_DAGSTER_PORT to this project's own",
        )
    if silent := client.silent_daemons():
        raise Transient(
            f"the daemon of the Dagster at {client.url} is not running",
            why=", ".join(silent).lower(),
            todo="start it with `dg dev`, which runs webserver and daemon, or wait a minute",
        )
    return client


def serves(client: DagsterClient, settings: Settings) -> bool:
    """Say whether a Dagster's assets are kept in this project's lake."""
    files = client.asset_files()
    ours = Lake(settings.data_dir)
    return bool(files) and all(place == ours.glob(feed) for feed, place in files.items())


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@dataclass(eq=False)
class Services:
    """A Dagster of this command's own: entered, it answers questions; `start_daemon` makes it work.

    With `ticks` it also does what a Dagster that stays up does by itself: schedules and sensors.
    """

    settings: Settings
    children: Children
    host: str
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    ticks: bool = False

    def __post_init__(self) -> None:
        self._stack = ExitStack()  # what ends with this: the claim, the folder
        self._daemon: Child | None = None
        self._storage = home() / STORAGE
        self._databases = OpenDatabases(runs_folder(self.settings))
        self._claim = Claim(self._storage)
        self.client = DagsterClient(address(self.host, self.port))

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._claim)
            # A Unix socket's path may hold some 100 characters only, so it does not stand below the project.
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="casehouse-")))
            self._bring_up(folder / "code.sock", folder / "workspace.yaml")
            self._require_alone()
            self._give_up_orphans()
            self._stack = stack.pop_all()
        return self

    def _bring_up(self, path: Path, workspace: Path) -> None:
        served = {"grpc_server": {"socket": str(path), "location_name": LOCATION}}
        # JSON is YAML too.
        workspace.write_text(json.dumps({"load_from": [served]}), encoding="utf-8")
        self._start("code server", [
            str(Path(sysconfig.get_path("scripts")) / "dagster"), "api", "grpc", "--module-name", MODULE,
            "--empty-working-directory", "--location-name", LOCATION, "--socket", str(path),
            "--log-level", "warning",
        ])  # fmt: skip
        webserver = self._hold(
            "webserver", "dagster_webserver.cli:main", "--workspace", str(workspace), "--host", self.host,
            "--port", str(self.port), "--suppress-warnings", "--dagster-log-level", "warning",
        )  # fmt: skip
        # One after the other: two processes that make the storage at once leave it unreadable (dagster 1.13),
        # and a webserver that finds no code server does not ask again by itself.
        self._wait_for(partial(_accepts, path))
        self.children.tell(webserver)
        if self.ticks:
            words = ["dagster._daemon.cli:main", "run", "--workspace", str(workspace)]
        else:
            words = ["assets.daemon:run", str(workspace)]
        self._daemon = self._hold("daemon", *words)
        self._wait_for(self._is_loaded)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._databases.close()
        self._stack.close()  # the processes themselves are ended by their owner, `children`

    def start_daemon(self) -> None:
        """Let the daemon begin, which takes up backfills and launches queued runs; once."""
        if self._daemon is not None:
            self.children.tell(self._daemon)
            self._daemon = None

    def check(self) -> None:
        """Raise Permanent when one of its processes has ended by itself; call it now and then."""
        self.children.check()
        self._claim.renew()
        self._databases.look()

    def _start(self, name: str, words: Sequence[str], *, told: bool = False) -> Child:
        # A child that outlives this command for seconds keeps the claim for as long.
        keep = [self._claim.number]
        return self.children.start(name, words, env=self.env, keep=keep, told=told)

    def _hold(self, name: str, *words: str) -> Child:
        """Start a program that loads now and begins when it is told (see held.py)."""
        return self._start(name, module("assets.held", *words), told=True)

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
        errors: Mapping[str, str | None] = {}
        with suppress(Transient):  # not up yet
            errors = self.client.load_errors()
        if why := errors.get(LOCATION):
            raise Permanent("Dagster cannot load the assets", why=why, todo="run `dg check defs`")
        return LOCATION in errors

    def _require_alone(self) -> None:
        """Raise Permanent when a daemon that is no command's works on this storage, such as `dg dev`."""
        newest = max(self.client.heartbeats().values(), default=0.0)
        is_fresh = newest > time.time() - HEARTBEAT_SECONDS
        if is_fresh and newest > self._claim.last_lived + _LAST_BEAT_SECONDS:
            raise Permanent(
                "another Dagster works on this storage",
                why=f"its daemon told so {max(0.0, time.time() - newest):.0f} seconds ago",
                todo="set CASEHOUSE_DAGSTER_PORT to its port, or end it and wait a minute and a half",
            )

    def _give_up_orphans(self) -> None:
        """Cancel what a Dagster that was killed outright has left: nobody else would end it.

        Nobody works on this storage now but what such a Dagster left running.
        """
        cancel_abandoned(self.client)
        for run in self.client.runs_in_progress():
            processes = self.client.read_log(run.id).processes
            if not any(is_still(pid, since, "DAGSTER_HOME", str(home())) for pid, since in processes):
                self.client.give_up(run.id)


def open_services(
    settings: Settings, children: Children, port: int, env: Mapping[str, str], *, ticks: bool = False
) -> Services:
    """Return a Dagster of one's own on a port that is free (any, for 0); raise Permanent when it is taken."""
    host = settings.dagster_host if port else "127.0.0.1"
    port = require_port(host, port, "CASEHOUSE_DAGSTER_PORT")
    return Services(settings, children, host, port, env, ticks)
