"""Servers of one constant body, to hold the service of cards against.

`python -m bench.constant same|bare SIZE`: `same` is the service itself, with every check and record, but
with one card in place of the card file; `bare` is an ASGI application of a few lines under the same uvicorn.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pipelines.kpi.access import AccessBook
from pipelines.kpi.app import Service, build_api
from pipelines.kpi.card_file import FOLDER, OPENING, About, Card, CardFile
from pipelines.kpi.desk import Desk, Identifying
from pipelines.kpi.identity import readings
from pipelines.kpi.serving import customer_hash, listen, print_lines, run
from pipelines.kpi.tokens import Tokens
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.kpi.app import Receive, Scope, Send


class OneCard:
    """Stands in for a card file: whoever asks gets the same card."""

    def __init__(self, body: bytes) -> None:
        now = datetime.now(UTC)
        self.unknown = Card("found", b"0" * 20, body, None)
        self.about = About(
            built_at=now,
            as_of=now,
            product="bench",
            identified_by="auto",
            households=False,
            stale_message="",
            information_title="",
        )

    def find(self, identifier: bytes) -> Card:
        """Return the card."""
        del identifier
        return self.unknown


def same(body: bytes) -> Service:
    """Return the product's service with one card in it."""
    settings = load_settings()
    book = AccessBook(settings.data_dir / FOLDER, keep_days=settings.kpi_access_days, echo=print_lines)
    desk = Desk(
        Tokens({name: token.get_secret_value() for name, token in settings.kpi_tokens.items()}),
        Identifying(readings, customer_hash(settings)),
        book,
        max_age=timedelta(hours=settings.kpi_max_age_hours),
    )
    desk.take(cast("CardFile", OneCard(body)))
    return Service(desk, build_api(desk), [book])


class Bare:
    """An ASGI application that sends a constant and does nothing else."""

    def __init__(self, body: bytes) -> None:
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the constant."""
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        await send(self._start)
        await send(self._body)


if __name__ == "__main__":
    constant = (OPENING + b"]}").ljust(int(sys.argv[2]))
    application: Any = {"same": same, "bare": Bare}[sys.argv[1]](constant)
    run(application, listen("127.0.0.1", 0))
