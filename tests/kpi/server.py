"""`casehouse kpi serve` as a process of its own, as the contact centre meets it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

import httpx

from pipelines.kpi import watching
from tests.kpi.cards import publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

TOKENS = '{"itx":"first-token-0123456789","next":"second-token-0123456789"}'
TOKEN = "first-token-0123456789"
STARTING_SECONDS = 30
COMMAND = """
from pipelines import cli
from pipelines.kpi import watching
watching.LOOK_SECONDS = {}
cli.main(["kpi", "serve", "--port", "0"])
"""
_ADDRESS = re.compile(r"cards at (http://\S+:\d+)/rest/kpi")


class Server:
    """A server process on a free port; what it says is read on in the background."""

    def __init__(
        self,
        data: Path,
        look_seconds: float = watching.LOOK_SECONDS,
        stdout: int = subprocess.PIPE,
        **settings: str,
    ) -> None:
        self.data = data
        self.cards = data / "kpi"
        told = {
            "CASEHOUSE_DATA_DIR": str(data),
            "CASEHOUSE_KPI_TOKENS": TOKENS,
            "CASEHOUSE_KPI_MAX_AGE_HOURS": "1000000",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND.format(look_seconds)],
            env=os.environ | told | settings,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []  # of standard output: accesses
        self.told: list[str] = []  # of standard error
        self._readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.told))
            if pair[0] is not None
        ]
        for reader in self._readers:
            reader.start()
        self.url = self.wait_for_word(_ADDRESS)[1]
        self.wait_for_word(re.compile("startup complete"))
        self.client = httpx.Client(base_url=self.url, headers={"X-API-Key": TOKEN}, timeout=10)

    @staticmethod
    def _read(stream: Iterable[str], kept: list[str]) -> None:
        kept.extend(stream)

    def wait_for_word(self, word: re.Pattern[str]) -> re.Match[str]:
        """Wait until standard error says something."""
        until = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < until:
            if found := word.search("".join(self.told)):
                return found
            assert self.process.poll() is None, "".join(self.told)
            time.sleep(0.01)
        raise AssertionError(f"never said {word.pattern}: {''.join(self.told)}")

    def card(self, customer: str, **headers: str) -> httpx.Response:
        return self.client.get("/rest/kpi", params={"customerId": customer}, headers=headers)

    def publish(self, bodies: Sequence[str], known: Mapping[str, int], **changes: object) -> Path:
        return publish(self.cards, bodies, {f"id:{name}": place for name, place in known.items()}, **changes)

    def wait_for_card(self, customer: str, part: str, seconds: float = 3) -> float:
        """Wait until a card holds a word; return how long that took."""
        began = time.monotonic()
        while part not in self.card(customer).text:
            assert time.monotonic() - began < seconds, f"{part} did not come in {seconds} s"
            time.sleep(0.01)
        return time.monotonic() - began

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal; return its status once all it said has been read."""
        self.client.close()
        self.process.send_signal(how)
        status = self.process.wait(20)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None or not self.client.is_closed:
            self.end()
