"""A service with a few cards, on loopback or to be called: what its pages and its clients are tested with."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import uvicorn

from pipelines.kpi.app import Service, build_api
from pipelines.kpi.card_file import POINTER, CardFile
from pipelines.kpi.connections import Bounded
from pipelines.kpi.desk import Desk, Identifying
from pipelines.kpi.identity import hash_of, readings
from pipelines.kpi.pages import add_preview
from pipelines.kpi.tokens import Tokens
from tests.kpi.cards import AS_OF, publish
from tests.kpi.faults import CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-for-tests-0123456789"
CUSTOMER = "C-100/7 ü"
STARTING_SECONDS = 10


class Ledger:
    """Keeps in memory which customers' hashes were asked for; refuses to when told so."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int, str]] = []
        self.is_full = False

    def record(self, token: str, customer: str, status: int, card: str, micros: int) -> None:
        assert micros >= 0
        if self.is_full:
            raise OSError(28, "No space left on device")
        assert customer
        self.kept.append((token, status, card))

    def refuse(self, status: int, token: str) -> None:
        self.kept.append((token, status, ""))


def service(
    folder: Path, body: str = CLEAN, *, age: timedelta = timedelta(hours=1), ledger: Ledger | None = None
) -> tuple[Service, Desk]:
    """Return the service of one customer's card, `age` after the last day that it knows of."""
    body = body.replace('{"sections": [', '{"sections":[', 1)  # as cards begin
    publish(folder, [body], {f"id:{CUSTOMER}": 0})
    identifying = Identifying(readings, lambda reading: hash_of(reading, b"key"))
    desk = Desk(
        Tokens({"test": TOKEN}),
        identifying,
        ledger or Ledger(),
        max_age=timedelta(hours=36),
        clock=(AS_OF + age).timestamp,
    )
    desk.take(CardFile.open(folder / POINTER))
    return Service(desk, build_api(desk, pages=[add_preview])), desk


@contextmanager
def on_loopback(app: Service) -> Iterator[str]:
    """Serve on a free port of loopback, as the product does; yield the address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="on", http=Bounded)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + STARTING_SECONDS
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
