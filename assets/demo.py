"""The demo: the whole product on invented data, from an empty directory to answers, in one command.

It starts the sandbox and a Dagster as children, launches an ordinary backfill, has the catalogue built, and
shows what came of it. It only ever talks to the sandbox: a lake that belongs to a real account is refused.
"""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from rich.table import Table
from rich.text import Text

from assets.backfill import every_day, only_missing
from assets.client import DagsterClient
from assets.processes import ANY_PORT, Children, ToldToStop, module, require_port
from assets.services import Services, child_environment, logs_of, open_services, serves, set_address
from assets.work import load_days, rebuild_catalogue
from pipelines.dagster_files import home
from pipelines.errors import CasehouseError, Permanent, SettingsError, Transient
from pipelines.feeds import FEEDS, SOURCES
from pipelines.kpi.card_file import FOLDER, POINTER
from pipelines.lake import Lake
from pipelines.tables import plain, show
from pipelines.warehouse import catalogue_path, is_current, run_query
from pipelines.warehouse.statements import sections

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from assets.backfill import Wanted
    from pipelines.settings import Settings

START_SECONDS = 60.0
PROBE_SECONDS = 3
INBOX = "/inbox"  # of the sandbox
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Demo:
    """One demo: so many days up to yesterday, with the UI left up afterwards or not."""

    settings: Settings
    days: int
    serve: bool
    now: datetime
    console: Console

    def run(self) -> bool:
        """Run it; return whether every day of every feed is proved. With `serve`, return at Ctrl-C."""
        _refuse_real_account(self.settings)
        _refuse_second(self.settings)
        wanted = self._wanted()
        sandbox_port = self._port("sandbox_port", "127.0.0.1")
        dagster_port = self._port("dagster_port", self.settings.dagster_host)
        env = _environment(sandbox_port)
        with Children(logs_of(home()), child_environment(), home()) as children:
            self._start_sandbox(children, sandbox_port)
            with open_services(self.settings, children, dagster_port, env, ticks=self.serve) as dagster:
                self._load(dagster, wanted)
                proved = self._tell(wanted)
                if self.serve:
                    dagster.start_daemon()
                    self._serve_cards(children)
                    self._serve(dagster, f"http://127.0.0.1:{sandbox_port}{INBOX}")
        return proved

    def _wanted(self) -> Wanted:
        yesterday = self.settings.last_day(self.now)
        first = yesterday.plus(1 - self.days)
        return every_day(list(FEEDS), first, yesterday, self.settings, yesterday)

    def _port(self, name: str, host: str) -> int:
        """Return the set port, or any free one where nobody chose it and nobody will visit."""
        setting = f"CASEHOUSE_{name.upper()}"
        chosen = self.serve or name in self.settings.model_fields_set
        return require_port(host, getattr(self.settings, name) if chosen else ANY_PORT, setting)

    def _start_sandbox(self, children: Children, port: int) -> None:
        children.start("sandbox", module("pipelines.cli", "sandbox", "--port", str(port)))
        _wait_for(children, "sandbox", "127.0.0.1", port)

    def _serve_cards(self, children: Children) -> None:
        """Serve the customer cards, with the preview, and tell how to ask for one."""
        host = self.settings.kpi_host
        port = require_port(host, self.settings.kpi_port, "CASEHOUSE_KPI_PORT")
        words = ("kpi", "serve", "--host", host, "--port", str(port))
        children.start("kpi", module("pipelines.cli", *words), env={"CASEHOUSE_KPI_PREVIEW": "true"})
        _wait_for(children, "kpi", host, port)
        url = f"http://{host}:{port}"
        token = next(iter(self.settings.kpi_tokens.values())).get_secret_value()
        asked = quote(self._customer() or "CUSTOMER")
        self.console.print(
            plain(
                "\nthe customer card, as ITX asks for it:"
                f"\n  curl -H 'X-API-Key: {token}' '{url}/rest/kpi?customerId={asked}'"
                f"\nand as an agent sees it:\n  {url}/preview?customerId={asked}&token={quote(token)}"
            ),
            soft_wrap=True,
        )

    def _customer(self) -> str | None:
        """Name somebody who is worth asking for, None where only another system knows what ITX sends."""
        found = run_query(Lake(self.settings.data_dir), sections("demo_customer")["asked"]).rows()
        customer, number = found[0] if found else (None, None)
        known: dict[str, str | None] = {"auto": customer, "customer_number": customer, "phone": number}
        return known.get(self.settings.kpi_customer_id)

    def _load(self, dagster: Services, wanted: Wanted) -> None:
        lake = Lake(self.settings.data_dir)
        outstanding = only_missing(wanted, dagster.client, lake)
        if not outstanding.cells:
            self.console.print(
                f"all {len(wanted.cells)} partitions are loaded already; nothing was asked for"
            )
        else:
            self.console.print(
                f"loading {len(outstanding.cells)} partitions through Dagster, from the sandbox",
                highlight=False,
            )
            load_days(dagster, outstanding, f"demo, {self.days} days", self.console)
        if self._is_stale(lake):
            rebuild_catalogue(dagster)

    def _is_stale(self, lake: Lake) -> bool:
        """Say whether catalogue or cards are another version's or day's, or days came in since, unseen."""
        if not is_current(
            lake,
            FEEDS,
            until=self.settings.last_day(self.now),
            since=self.settings.first_day,
            contact_window_days=self.settings.contact_window_days,
        ):
            return True
        made = (catalogue_path(lake), self.settings.data_dir / FOLDER / POINTER)
        if not all(path.exists() for path in made):
            return True
        built = min(path.stat().st_mtime_ns for path in made)
        folders = (lake.root / name for name in ("lake", "quarantine", "attempts"))
        return any(path.stat().st_mtime_ns > built for folder in folders for path in folder.rglob("*"))

    def _tell(self, wanted: Wanted) -> bool:
        lake = Lake(self.settings.data_dir)
        table, proved = _summary(wanted, lake)
        self.console.print(table)
        for name, sql in sections("demo").items():
            question, _, query = sql.partition("\n")
            asked = Text.assemble(
                "\n", (question.removeprefix("-- "), "bold"), "  ", (f"({name})", "dim"), "\n"
            )
            self.console.print(asked, soft_wrap=True)
            self.console.print(Text(query, "cyan"), soft_wrap=True)
            show(run_query(lake, sql), self.console)
        hint = (
            "\nask more with: .venv/bin/casehouse sql 'from icasework.cases limit 5'"
            f"\nor open {catalogue_path(lake)} with any DuckDB tool"
        )
        self.console.print(plain(hint), soft_wrap=True)
        return proved

    def _serve(self, dagster: Services, inbox: str) -> None:
        told = plain(
            f"\nalerts and the digest, which go nowhere else: {inbox}"
            f"\nDagster's UI: {dagster.client.url}    Ctrl-C ends everything"
        )
        self.console.print(told, soft_wrap=True)
        try:
            while True:
                dagster.check()
                time.sleep(1)
        except ToldToStop:
            self.console.print("ending")


def _environment(sandbox_port: int) -> dict[str, str]:
    """Return what the demo's Dagster is told besides: whoever is on call hears nothing of invented data."""
    inbox = json.dumps([f"json://127.0.0.1:{sandbox_port}{INBOX}"])
    return {"CASEHOUSE_SANDBOX_PORT": str(sandbox_port), "CASEHOUSE_ALERT_URLS": inbox}


def _refuse_real_account(settings: Settings) -> None:
    for name, source in SOURCES.items():
        if source.environment(settings) != "sandbox" or source.is_moved(settings):
            prefix = f"CASEHOUSE_{name.upper()}_"
            raise SettingsError(
                "the demo would put invented data into the lake of a real account",
                why=f"{prefix}* point to one",
                todo=f"run it with {prefix}ENVIRONMENT=sandbox, no base URL, and another CASEHOUSE_DATA_DIR",
            )


def _refuse_second(settings: Settings) -> None:
    """Raise Permanent when a Dagster serves this lake already; of one at no known address the claim tells."""
    running = DagsterClient(set_address(settings), timeout=PROBE_SECONDS)
    with suppress(Transient):  # no Dagster, or too busy to say: if the port is wanted, it is found taken
        if running.is_there() and serves(running, settings):
            raise Permanent(
                f"a Dagster serves this lake already, at {running.url}",
                todo="load days through it with `casehouse backfill`, or end it first",
            )


def _wait_for(children: Children, name: str, host: str, port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while not _listens(host, port):
        children.check()
        if time.monotonic() > until:
            raise Permanent(f"{name} did not come up", todo=f"read {children.logs / f'{name}.log'}")
        time.sleep(_LOOK_SECONDS)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _summary(wanted: Wanted, lake: Lake) -> tuple[Table, bool]:
    """Prove every day against its receipt; return the table and whether all are verified."""
    table = Table(header_style="bold")
    table.add_column("feed")
    for name in ("days", "rows", "verified"):
        table.add_column(name, justify="right")
    proved = True
    for feed, days in wanted.days.items():
        rows = verified = 0
        for day in days:
            try:
                receipt = lake.check(feed, day)
            except CasehouseError:
                continue
            rows += receipt.rows_good
            verified += receipt.status == "verified"
        proved = proved and verified == len(days)
        table.add_row(feed, str(len(days)), f"{rows:,}", str(verified))
    return table, proved
