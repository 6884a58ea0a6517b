"""What a card costs when it is asked for, beside a constant body of its size, while files are swapped."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.measure import run_task, tell
from pipelines.demonstration import SANDBOX_KPI_TOKENS
from pipelines.kpi.card_file import FOLDER, POINTER, CardFile, Pointer, bodies_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CUSTOMERS = 200_000
ROUNDS = 5
SECONDS = 10
CONNECTIONS = 64
SWAP_SECONDS = 5.0
P99_MS = 12.0
SHARE = 0.8  # of the requests of a constant body

SCRIPT = """
math.randomseed(os.time())
request = function()
  local id = string.format("%09d", math.random(1, {customers}))
  return wrk.format("GET", "/rest/kpi?customerId=" .. id, {{["X-API-Key"] = "{token}"}})
end
"""
_ADDRESS = re.compile(r"cards at (http://\S+?)/rest")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What wrk saw in one round, and what the server spent: CPU microseconds a request, all threads."""

    per_second: float
    p99_ms: float
    failed: int
    cpu_micros: float


def measure_serving(folder: Path, scale: int) -> None:
    """Serve cards at random to 64 connections on the same cores, and swap the file every five seconds."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk, which makes the load, is not here: apt install wrk")
    customers = CUSTOMERS // scale
    run_task("served_cards", str(folder), str(customers))
    cards = folder / FOLDER
    size, proofs = _two_files(cards)
    script = folder / "random.lua"
    (token,) = SANDBOX_KPI_TOKENS.values()
    script.write_text(SCRIPT.format(customers=customers, token=token))
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script)]
    bare: list[Load] = []
    same: list[Load] = []
    house: list[Load] = []
    with (
        _server(folder, "bench.constant", "bare", str(size)) as bare_server,
        _server(folder / "same", "bench.constant", "same", str(size)) as same_server,
        _server(folder, "pipelines.cli", "kpi", "serve", "--port", "0") as house_server,
    ):
        for _ in range(ROUNDS):
            bare.append(_load(command, *bare_server))
            same.append(_load(command, *same_server))
            with _swapping(cards / POINTER, proofs):
                house.append(_load(command, *house_server))
    _tell_all(bare, same, house, f"{customers:,} cards of {size:,} bytes")


def _tell_all(bare: list[Load], same: list[Load], house: list[Load], what: str) -> None:
    ours, theirs, least = (
        statistics.median(load.per_second for load in told) for told in (house, same, bare)
    )
    cpu = [statistics.median(load.cpu_micros for load in told) for told in (house, same, bare)]
    detail = f"{ours:,.0f}/s of {theirs:,.0f}/s, {what}"
    tell("time a card / a constant of the same service", theirs / ours, 1 / SHARE, detail)
    p99 = statistics.median(load.p99_ms for load in house)
    worst = max(load.p99_ms for load in house)
    tell(
        f"p99 while files are swapped / {P99_MS:g} ms", p99 / P99_MS, 1.0, f"{p99:.1f}, worst {worst:.1f} ms"
    )
    failed = sum(load.failed for load in house)
    tell("requests that failed while files were swapped", failed, 0.0, f"of {ours * ROUNDS * SECONDS:,.0f}")
    print(f"     (bare ASGI application, a constant: {least:,.0f}/s; cards reach {ours / least:.2f} of it)")
    waits = ", ".join(f"{statistics.median(load.p99_ms for load in told):.1f}" for told in (same, bare))
    print(f"     (p99 of the two constants: {waits} ms; load of the machine: {os.getloadavg()[1]:.1f})")
    spent = ", ".join(f"{one:.0f}" for one in cpu)
    print(f"     (CPU a request, all threads of the server: {spent} microseconds: cards, same service, bare)")


def _two_files(cards: Path) -> tuple[int, list[bytes]]:
    """Copy the card file, so that two can take turns; return the size of a card, and a pointer to each."""
    pointer = cards / POINTER
    first = Pointer.read(pointer)
    second = Pointer("cards-second.lmdb", first.size, first.digest)
    for at in (bodies_of, Path):
        shutil.copyfile(at(cards / first.file), at(cards / second.file))
    file = CardFile.open(pointer)
    card = file.find(b"id:000000001")
    file.close()
    if card is None:
        raise SystemExit("the first customer has no card")
    return len(card.body), [first.to_json(), second.to_json()]


@contextmanager
def _swapping(pointer: Path, proofs: list[bytes]) -> Iterator[None]:
    """Swap the file every few seconds while the block runs."""
    ending = threading.Event()

    def swap() -> None:
        while True:
            proofs.reverse()
            aside = pointer.with_suffix(".aside")
            aside.write_bytes(proofs[0])
            aside.replace(pointer)
            if ending.wait(SWAP_SECONDS):
                return

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@contextmanager
def _server(data: Path, *words: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run a server; yield its address and its process."""
    said = data / f"{words[1]}.log"
    data.mkdir(exist_ok=True)
    environment = os.environ | {"CASEHOUSE_DATA_DIR": str(data), "CASEHOUSE_ENV_FILE": ""}
    environment |= {"CASEHOUSE_KPI_MAX_AGE_HOURS": "1000000"}
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], env=environment, stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        yield _address(said, process), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _address(said: Path, process: subprocess.Popen[bytes]) -> str:
    while True:
        text = said.read_text()
        if (found := _ADDRESS.search(text)) and "startup complete" in text:
            return found[1]
        if process.poll() is not None:
            raise SystemExit(f"a server did not start: {text}")
        time.sleep(0.1)


def _load(command: list[str], address: str, server: psutil.Process) -> Load:
    before = server.cpu_times()
    told = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    number, unit = _found(r"99%\s+([0-9.]+)(us|ms|s)", told)
    (requests,) = _found(r"(\d+) requests in", told)
    (per_second,) = _found(r"Requests/sec:\s+([0-9.]+)", told)
    return Load(
        float(per_second), float(number) * _UNITS[unit], _failed(told), spent / int(requests) * 1_000_000
    )


def _found(pattern: str, told: str) -> tuple[str, ...]:
    found = re.search(pattern, told)
    if found is None:
        raise SystemExit(f"wrk did not say {pattern}: {told}")
    return found.groups()


def _failed(told: str) -> int:
    """Count answers that are no card, and errors of sockets; wrk is silent when there are none."""
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    return int(bad[1] if bad else 0) + sum(map(int, errors.groups() if errors else ()))
