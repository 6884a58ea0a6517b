"""The stage of one drill: a folder, a sandbox, a lake and a Dagster home that nothing else uses.

Lent for as long as the drill plays; processes and, unless it is to be kept, the folder are gone afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assets.drills.counting import count
from assets.drills.door import HOST, Door
from assets.drills.hands import Hands, Processes, Said
from assets.processes import ANY_PORT, Children, module, require_port
from pipelines.errors import Permanent
from pipelines.lake import Lake
from pipelines.settings import ENV_FILE, PREFIX, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from assets.drills.door import Message
    from assets.drills.score import Score
    from pipelines.days import ReportDay

START_SECONDS = 60.0
# Few tries and short waits: what is drilled is what comes of a failure, not how long it is waited for.
HASTE = {
    "CASEHOUSE_START_DATE": "2026-01-01",
    "CASEHOUSE_ICASEWORK_ATTEMPTS": "2",
    "CASEHOUSE_ICASEWORK_MAX_WAIT_SECONDS": "0",
    "CASEHOUSE_ICASEWORK_READ_SECONDS": "20",
    "CASEHOUSE_XIMA_ATTEMPTS": "2",
    "CASEHOUSE_XIMA_MAX_WAIT_SECONDS": "0",
    "CASEHOUSE_XIMA_READ_SECONDS": "20",
    "CASEHOUSE_DAY_RETRY_WAIT_SECONDS": "0",
    "COLUMNS": "200",
    # Told at the first look after it began, and over at the first after it ended.
    "CASEHOUSE_ALERT_SETTLE_MINUTES": "0",
    "CASEHOUSE_ALERT_TRANSIENT_MINUTES": "0",
    "CASEHOUSE_ALERT_DISK_GIB": "0",
}


@dataclass
class Stage:
    """Where a drill plays, with what, and the score it writes on."""

    home: Path
    door: Door
    hands: Hands
    score: Score
    began: float = field(default_factory=time.monotonic)

    @property
    def lake(self) -> Lake:
        """The drill's own lake."""
        return Lake(data_dir(self.home))

    def ingest(self, feed: str, day: ReportDay, env: Mapping[str, str] | None = None) -> Said:
        """Load one day as a person does, without the catalogue."""
        return self.hands.casehouse("ingest", feed, str(day), "--no-rebuild", env=env)

    def load(self, *cells: tuple[str, ReportDay]) -> None:
        """Load days that must load: before the failure, or once it is over."""
        for feed, day in cells:
            self.require(self.ingest(feed, day), f"{feed} {day} could not be loaded without the failure")

    def require(self, said: Said, otherwise: str) -> None:
        """Raise Permanent unless a command ended well: the drill cannot go on."""
        if said.status != 0:
            raise Permanent(otherwise, why=last_line(said.text))

    def strike(self) -> None:
        """Start the clock: the failure is there from now on."""
        self.began = time.monotonic()

    def alerted(self, about: str) -> None:
        """Have the product look, as it does each minute; note the one message that the failure earns.

        `about` is what its words must hold. A second look must tell nothing more.
        """
        for _ in range(2):
            self._look()
        told, _ = self.messages()
        self.score.expect(len(told) == 1, f"{len(told)} alerts were delivered, not one")
        if told:
            self.detected(str(told[0]))
            self.score.expect(about in str(told[0]), f"the alert does not say {about!r}")

    def over(self) -> None:
        """Have the product look once more: the end of what it told of is told, once, and nothing is open."""
        self._look()
        told, over = self.messages()
        self.score.expect(
            len(told) == len(over), f"{len(told)} alerts were delivered, and {len(over)} ends of them"
        )

    def messages(self) -> tuple[list[Message], list[Message]]:
        """Return the alerts that were delivered, and the messages of their ends."""
        found = [message for message in self.door.messages() if message.is_of_incident]
        return [one for one in found if not one.is_end], [one for one in found if one.is_end]

    def _look(self) -> None:
        self.require(self.hands.casehouse("alerts", "look"), "nobody could look after the product")

    def detected(self, alert: str) -> None:
        """Note that the failure was told, and in which words."""
        self.score.detected = f"{time.monotonic() - self.began:.1f} s"
        self.score.alert = alert

    def told(self, feed: str, day: ReportDay, kind: str) -> str:
        """Return what stands on record about a day that must have failed so, and which alerts are made of."""
        failure = self.lake.failures(feed).get(day)
        self.score.expect(failure, f"no failure of {feed} {day} is on record")
        if failure is None:
            return ""
        self.score.expect(failure.kind == kind, f"{feed} {day} is on record as {failure.kind}, not {kind}")
        return failure.message

    def count(self, cells: Iterable[tuple[str, ReportDay]]) -> None:
        """Count rows lost and doubled, held against what the vendor says it has."""
        counted = count(self.door, self.lake, cells)
        score = self.score
        score.rows_told += counted.told
        score.rows_lost = (score.rows_lost or 0) + counted.lost
        score.rows_doubled = (score.rows_doubled or 0) + counted.doubled


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def data_dir(home: Path) -> Path:
    """Return where a drill's data lives in its folder."""
    return home / "data"


def surroundings(home: Path, sandbox_port: int) -> dict[str, str]:
    """Return the environment of a drill's processes: nothing of the project's own settings or Dagster."""
    clean = {
        name: value for name, value in os.environ.items() if not name.upper().startswith((PREFIX, "DAGSTER_"))
    }
    return {
        **clean,
        **HASTE,
        ENV_FILE: "",
        "PYTHONWARNINGS": "ignore",
        "DAGSTER_HOME": str(home),
        "CASEHOUSE_DATA_DIR": str(data_dir(home)),
        "CASEHOUSE_SANDBOX_PORT": str(sandbox_port),
        "CASEHOUSE_DAGSTER_PORT": str(free_port()),
        "CASEHOUSE_KPI_PORT": str(free_port()),
        "CASEHOUSE_ALERT_URLS": json.dumps([f"json://{HOST}:{sandbox_port}/inbox"]),
    }


def free_port() -> int:
    """Return a port that nobody uses now."""
    return require_port(HOST, ANY_PORT, "")


@contextmanager
def open_stage(home: Path, score: Score) -> Iterator[Stage]:
    """Lend a stage in an empty folder; raise Permanent when its sandbox does not come up."""
    shutil.copy(ROOT / "dagster.yaml", home)
    port = free_port()
    # Not logs/: Dagster thinks of that folder in its home as its own, and empties it.
    with Children(home / "commands", surroundings(home, port), home) as children:
        children.start("sandbox", module("pipelines.cli", "sandbox", "--port", str(port)))
        until = time.monotonic() + START_SECONDS
        while not _listens(port):
            children.check()
            if time.monotonic() > until:
                raise Permanent("the drill's sandbox did not come up", todo=f"read {children.logs}")
            time.sleep(0.05)
        yield Stage(home, Door(port), Processes(children), score)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
