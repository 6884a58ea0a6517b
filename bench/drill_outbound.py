"""`make drill-outbound`: dispatchers are killed at random, faults on; then what is there is counted.

A sandbox of its own, some fifty cases that are due, and one `casehouse outbound run` after the other, each of
them killed by SIGKILL while it works, some of them side by side. Answers get lost, requests fail, pages
shift, and colleagues change statuses meanwhile. In the end every case must have exactly one service request
and one link, its notes must be there once and in order, and nothing may be there twice.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import httpx

from pipelines import cli
from pipelines.days import ReportDay
from pipelines.lake import Lake
from pipelines.outbound.ledger import ledger_path
from pipelines.settings import ENV_FILE, ROOT, load_settings
from pipelines.sources.icasework.writing import connect_writer
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.warehouse import catalogue_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess

    from pipelines.settings import Settings

FIRST_DAY = "2026-01-01"
CHANGED = "Status "  # and a number: what a colleague sets
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "answer_lost", "system": "tascomi", "operation": "create", "how": "hang_up"},
    {"fault": "answer_lost", "system": "tascomi", "operation": "create", "how": "error"},
    {"fault": "answer_lost", "system": "tascomi", "operation": "update", "how": "reset"},
    {"fault": "answer_lost", "operation": "addcasenotes", "how": "hang_up"},
    {"fault": "answer_lost", "operation": "updateexternalid", "how": "error"},
    {"fault": "status", "system": "tascomi", "operation": "create", "status": 503},
    {"fault": "status", "system": "tascomi", "operation": "list", "status": 502},
    {"fault": "status", "operation": "addcasenotes", "status": 500},
    {"fault": "hang_up", "system": "tascomi", "operation": "create"},
    {"fault": "hold", "system": "tascomi", "operation": "create", "seconds": 0.3},
    {"fault": "rows_shift", "how": "save"},
)


@dataclass
class Drill:
    """How hard it is: kills at work, cases, and the seconds it may take."""

    kills: int = 200
    cases: int = 50
    longest: float = 1200.0
    seed: int = 1
    settle_seconds: float = 2.0
    is_told: bool = True


@dataclass
class Found:
    """What was there in the end. `wrong` is empty when all is as it must be."""

    kills: int = 0
    lives: int = 0
    faults_met: int = 0
    replayed: int = 0
    requests: int = 0
    links: int = 0
    notes: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def drill(plan: Drill, folder: Path) -> Found:
    """Run a drill in an empty folder."""
    started = time.monotonic()
    port = _free_port()
    surroundings = _surroundings(folder, port, plan)
    with _sandbox(surroundings, port, folder) as control, _environment(surroundings):
        settings = load_settings()
        _load(settings, plan.cases)
        found = _Killing(plan, settings, control, folder).go(started)
        _count(settings, control, plan, found)
    found.seconds = time.monotonic() - started
    return found


@dataclass
class _Control:
    """The sandbox's own door."""

    url: str

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return httpx.get(f"{self.url}{path}", timeout=30).raise_for_status().json()

    def post(self, path: str, wish: object) -> Any:  # noqa: ANN401 - JSON
        return httpx.post(f"{self.url}{path}", json=wish, timeout=30).raise_for_status().json()

    def delete(self, path: str) -> None:
        httpx.delete(f"{self.url}{path}", timeout=30).raise_for_status()


class _Killing:
    """Dispatchers, one after the other, and their ends."""

    def __init__(self, plan: Drill, settings: Settings, control: _Control, folder: Path) -> None:
        self.plan = plan
        self.control = control
        self.output = folder / "dispatchers.log"
        self.ledger = ledger_path(settings.data_dir)
        self.dice = random.Random(plan.seed)  # noqa: S311 - it draws faults
        self.found = Found()
        self._longest = 0.1
        # Each life is a process of its own, forked from one that has read the modules: that spares a second.
        self._forking = multiprocessing.get_context("forkserver")
        self._forking.set_forkserver_preload(["pipelines.cli", "pipelines.outbound.running"])
        self._statuses = 0

    def go(self, started: float) -> Found:
        """Kill so many of them at work, then let the last ones finish."""
        while self.found.kills < self.plan.kills:
            self._require_time(started)
            self._disturb()
            self._one_life()
            if self.plan.is_told and self.found.kills % 20 == 0:
                print(f"{self.found.kills} killed, {self._left()} steps left", flush=True)
        self._forget_faults()
        while self._left():
            self._require_time(started)
            self._run_to_its_end()
            self._take_up_dead_letters()
            time.sleep(self.plan.settle_seconds / 4)
        self._run_to_its_end()  # reads back what colleagues changed last
        self._run_to_its_end()
        return self.found

    def _require_time(self, started: float) -> None:
        if time.monotonic() - started > self.plan.longest:
            raise TimeoutError(f"not done within {self.plan.longest:g} s: {self._left()} steps left")

    def _disturb(self) -> None:
        """Order faults now and then; when nearly all is done, have a colleague make new work."""
        self._forget_faults()
        for _ in range(self.dice.choice((0, 1, 1, 2))):
            self.control.post("/faults", {**self.dice.choice(FAULTS), "calls": self.dice.randint(1, 2)})
        if self._left() < 3 or self.dice.random() < 0.1:
            self._change_statuses()

    def _change_statuses(self) -> None:
        for request_id in self.dice.sample(sorted(raised := self._raised()), min(8, len(raised))):
            self._statuses += 1
            self.control.post(f"/tascomi/complaints/{request_id}", {"status": f"{CHANGED}{self._statuses}"})

    def _forget_faults(self) -> None:
        """Take away the faults that met nothing, so that they do not pile up for the last calls."""
        self.found.faults_met += sum(order["met"] for order in self.control.get("/faults"))
        self.control.delete("/faults")

    def _one_life(self) -> None:
        """Start a dispatcher, sometimes two, and kill it at work; one without work ends by itself."""
        before = self._rows()
        running = [self._start()]
        if self.dice.random() < 0.1:
            running.append(self._start())
        while self._rows() == before and any(one.is_alive() for one in running):
            time.sleep(0.002)
        time.sleep(self.dice.uniform(0, self._window()))
        for one in running:
            if one.is_alive():
                one.kill()
                self.found.kills += 1
            one.join()
            self.found.lives += 1

    def _window(self) -> float:
        """Return the longest that one may work: so long that the kills are spread over all the work."""
        work_left, kills_left = self._left() / (4 * self.plan.cases), 1 - self.found.kills / self.plan.kills
        self._longest *= 1.2 if work_left > kills_left else 0.75
        self._longest = min(max(self._longest, 0.02), 5.0)
        return self._longest

    def _run_to_its_end(self) -> None:
        self._start().join()
        self.found.lives += 1

    def _take_up_dead_letters(self) -> None:
        """Do what a person does with what was tried too often."""
        for (number,) in self._ask("SELECT n FROM steps WHERE state IN ('refused', 'dead')"):
            self.found.replayed += 1
            _casehouse("outbound", "retry", str(number))

    def _start(self) -> BaseProcess:
        process = self._forking.Process(target=_live, args=(str(self.output),))
        process.start()
        return process

    def _rows(self) -> int:
        return sum(int(row[0]) for row in self._ask("SELECT count(*) FROM log"))

    def _left(self) -> int:
        """Count the steps that are not done; before the first run all are."""
        rows = self._ask("SELECT state IN ('sent', 'linked') FROM steps")
        return sum(not row[0] for row in rows) if rows else self.plan.cases

    def _raised(self) -> set[str]:
        return {str(row[0]) for row in self._ask("SELECT request_id FROM cases WHERE request_id IS NOT NULL")}

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.ledger, timeout=30)) as engine:
            return engine.execute(sql).fetchall()
        return []  # there is no ledger yet


def _live(output: str) -> None:
    """Be a dispatcher: `casehouse outbound run`, its words in a file."""
    handle = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, sys.stdout.fileno())
    os.dup2(handle, sys.stderr.fileno())
    cli.main(["outbound", "run"])


def _count(settings: Settings, control: _Control, plan: Drill, found: Found) -> None:
    """Look at what is really there, not at what the ledger says."""
    with closing(sqlite3.connect(ledger_path(settings.data_dir))) as ledger:
        cases = dict(ledger.execute("SELECT reference, case_id FROM cases").fetchall())
        dead = ledger.execute("SELECT case_id, step, reason FROM steps WHERE state IN ('refused', 'dead')")
        found.wrong += [f"dead letter: case {case}, {step}: {reason}" for case, step, reason in dead]
    with connect_tascomi(settings) as tascomi, connect_writer(settings) as writer:
        all_of_them = tascomi.search("complaints", {})
        contacts = tascomi.search("contacts", {})
        ours = [row for row in all_of_them if row["external_reference"] in cases]
        found.requests = len(ours)
        by_case = {cases[str(row["external_reference"])]: row for row in ours}
        links = {
            number: writer.external_id(number) == row["complaint_number"] for number, row in by_case.items()
        }
    found.links = sum(links.values())
    if not len(by_case) == len(ours) == found.links == len(cases) == plan.cases:
        found.wrong.append(
            f"{len(cases)} cases, {len(ours)} requests of {len(by_case)} cases, {found.links} links"
        )
    _count_contacts(contacts, found)
    _count_notes(control, by_case, found)


def _count_contacts(contacts: list[Any], found: Found) -> None:
    """Contacts that the interface made are of somebody who had none; user 1 is the interface's."""
    codes = Counter(row["code"] for row in contacts if row["code"] and row["ceased"] != "t")
    made = Counter(row["code"] for row in contacts if row["code"] and row["creation_user_id"] == "1")
    twice = [code for code, count in made.items() if codes[code] > 1 and count == codes[code]]
    if twice:
        found.wrong.append(f"{len(twice)} contacts were made twice")


def _count_notes(control: _Control, by_case: dict[str, Any], found: Found) -> None:
    notes: dict[str, list[str]] = defaultdict(list)
    for written in control.get("/written"):
        if written["note"]:
            notes[str(written["case_id"])].append(written["note"]["text"])
    for number, row in by_case.items():
        told = notes[number]
        found.notes += len(told)
        marks = [text.rpartition("/")[2].rstrip("]") for text in told]
        if [int(mark) for mark in marks] != sorted({int(mark) for mark in marks}):
            found.wrong.append(f"case {number}: notes {marks}")
        first, *later = [text.splitlines()[0] for text in told] or [""]
        ends = [text.rpartition(": ")[2].rstrip(".") for text in later]
        in_order = sorted(set(ends), key=_place)
        changed = str(row["status"]).startswith(CHANGED)
        last = row["status"] if changed else None
        if not first.startswith("Raised") or ends != in_order or (ends[-1] if ends else None) != last:
            found.wrong.append(f"case {number}: notes tell {[first, *ends]}, the status is {last}")


def _place(status: str) -> int:
    """Return the number of a status that was set during the drill, -1 for anything else."""
    number = status.removeprefix(CHANGED)
    return int(number) if number.isdecimal() else -1


def _surroundings(folder: Path, port: int, plan: Drill) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CASEHOUSE_")}
    return {
        **clean,
        "PYTHONPATH": str(ROOT),
        ENV_FILE: "",
        "CASEHOUSE_DATA_DIR": str(folder / "data"),
        "CASEHOUSE_SANDBOX_PORT": str(port),
        "CASEHOUSE_START_DATE": FIRST_DAY,
        "CASEHOUSE_OUTBOUND_ENABLED": "true",
        "CASEHOUSE_OUTBOUND_SETTLE_SECONDS": str(plan.settle_seconds),
        "CASEHOUSE_OUTBOUND_WAIT_SECONDS": "0.2",
        "CASEHOUSE_TASCOMI_ATTEMPTS": "3",
        "CASEHOUSE_TASCOMI_MAX_WAIT_SECONDS": "0.2",
        "CASEHOUSE_ICASEWORK_ATTEMPTS": "3",
        "CASEHOUSE_ICASEWORK_MAX_WAIT_SECONDS": "0.2",
    }


@contextmanager
def _environment(surroundings: dict[str, str]) -> Iterator[None]:
    """Let this process read the settings that its dispatchers are given."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(surroundings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _sandbox(surroundings: dict[str, str], port: int, folder: Path) -> Iterator[_Control]:
    words = ["sandbox", "--port", str(port), "--cases-per-day", "300"]
    with (folder / "sandbox.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipelines.cli", *words],
            env=surroundings,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    try:
        control = _Control(f"http://127.0.0.1:{port}/_sandbox")
        until = time.monotonic() + 60
        while True:
            try:
                control.get("/dials")
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield control
    finally:
        process.terminate()
        process.wait()


def _load(settings: Settings, cases: int) -> None:
    """Load days, latest first, until enough cases are due; then have just so many of them due."""
    day = ReportDay.yesterday(datetime.now(UTC))
    due = 0
    while due < cases:
        _casehouse("ingest", "icasework/cases", str(day))
        with closing(duckdb.connect(str(catalogue_path(Lake(settings.data_dir))), read_only=True)) as engine:
            row = engine.execute("SELECT count(*) FROM marts.outbound_due").fetchone()
        due, day = row[0] if row else 0, day.plus(-1)
    _limit(catalogue_path(Lake(settings.data_dir)), cases)


def _limit(catalogue: Path, cases: int) -> None:
    """Narrow the view of what is due, as a council would in its file."""
    catalogue.chmod(0o644)
    rule = (ROOT / "warehouse" / "marts" / "outbound_due.sql").read_text(encoding="utf-8").rstrip("\n;")
    view = "CREATE OR REPLACE VIEW marts.outbound_due AS FROM ("
    with closing(duckdb.connect(str(catalogue))) as engine:
        engine.execute("\n".join((view, rule, f") ORDER BY case_id LIMIT {cases:d}")))
    catalogue.chmod(0o444)


def _casehouse(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-P", "-m", "pipelines.cli", *words],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Run the drill and tell; exit 1 when anything is there twice, missing or out of order."""
    parser = argparse.ArgumentParser(prog="drill-outbound")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for data and logs; default one that is removed")
    told = parser.parse_args()
    plan = Drill(kills=told.kills, cases=told.cases, seed=told.seed)
    with tempfile.TemporaryDirectory(prefix="casehouse-drill-") as folder:
        if told.keep:
            told.keep.mkdir(parents=True)
        found = drill(plan, told.keep or Path(folder))
    print(
        f"{found.kills} dispatchers killed at work in {found.lives} lives, {found.faults_met} faults met,"
        f" {found.replayed} dead letters taken up:"
        f" {found.requests} service requests, {found.links} links, {found.notes} notes"
        f" for {plan.cases} cases in {found.seconds:.0f} s"
    )
    for line in found.wrong:
        print(f"WRONG {line}")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
