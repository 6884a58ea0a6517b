"""The process of the card service: its parts put together, uvicorn around them, what it says on the console.

Standard output carries one line for each access, standard error what the person on call must know. No line of
either holds an identifier or a token: uvicorn's own access lines, which hold the address that was asked for,
stay off, and exceptions are told by type and place.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import logging.config
import os
import select
import socket
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import uvicorn

from pipelines.demonstration import SANDBOX_KPI_HASH_KEY, SANDBOX_KPI_TOKENS
from pipelines.errors import Permanent, SettingsError
from pipelines.kpi.access import AccessBook
from pipelines.kpi.app import PATH, Service, build_api
from pipelines.kpi.card_file import FOLDER, POINTER
from pipelines.kpi.connections import Bounded
from pipelines.kpi.desk import Desk, Identifying
from pipelines.kpi.identity import hasher, readings
from pipelines.kpi.tokens import Tokens
from pipelines.kpi.watching import BuiltFor, Watch
from pipelines.telling import where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines.kpi.app import Pages
    from pipelines.settings import Settings

KEEP_ALIVE_SECONDS = 60  # ITX asks again within minutes; a connection that stays costs nothing
DRAIN_SECONDS = 10
QUIET_SECONDS = 60.0
CONSOLE_SECONDS = 1.0
_BACKLOG = 2048


class Sparing(logging.Filter):
    """Lets each of uvicorn's warnings through once a minute: whoever sends rubbish must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is to be written."""
        if record.name != "uvicorn.error" or record.levelno != logging.WARNING:
            return True
        now = time.monotonic()
        is_due = now >= self._quiet_until.get(record.msg, now)
        if is_due:
            self._quiet_until[record.msg] = now + QUIET_SECONDS
        return is_due


class Reticent(logging.Formatter):
    """Formats log lines; of an exception it tells type and place, since its words may be somebody's data."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's own
        """Tell an exception without its words."""
        return where(ei[1])


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"sparing": {"()": Sparing}},
    "formatters": {"reticent": {"()": Reticent, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "reticent",
            "filters": ["sparing"],
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"}},
}


def serve(settings: Settings, host: str, port: int, pages: Sequence[Pages] = ()) -> None:
    """Serve cards until SIGTERM or Ctrl-C; answers that are under way are given before it ends.

    Raises SettingsError when the demonstration's token or key would open cards to another machine, Permanent
    when nothing can listen there.
    """
    _require_own_secrets(settings, host)
    listening = listen(host, port)  # first: a service that cannot listen leaves no journal
    run(build_service(settings, pages), listening)


def run(service: Service, listening: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.config.dictConfig(LOGGING)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logging.getLogger(__name__).info("cards at http://%s:%d%s?customerId=", shown, port, PATH)
    config = uvicorn.Config(
        service,
        loop="uvloop",
        http=Bounded,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])


def build_service(
    settings: Settings, pages: Sequence[Pages] = (), echo: Callable[[bytes], object] | None = None
) -> Service:
    """Put desk, records and watch together as the settings say; nothing runs before the service does.

    Raises Permanent when the disk will not have the records.
    """
    folder = settings.data_dir / FOLDER
    try:
        book = AccessBook(folder, keep_days=settings.kpi_access_days, echo=echo or print_lines)
    except OSError as error:
        raise Permanent(
            f"it cannot be recorded in {folder} who asks for cards",
            why=error.strerror or type(error).__name__,
            todo="check room there, and the rights of the account that serves",
        ) from None
    desk = Desk(
        Tokens({name: token.get_secret_value() for name, token in settings.kpi_tokens.items()}),
        Identifying(readings, customer_hash(settings)),
        book,
        max_age=timedelta(hours=settings.kpi_max_age_hours),
    )
    watch = Watch(desk, folder / POINTER, BuiltFor(settings.kpi_customer_id, settings.kpi_households))

    def troubles() -> Iterator[str]:
        if watch.refused:
            yield "A newer card file was refused; the log says why."
        if book.faults:
            yield "Accesses are not recorded as they should be; the log says why."

    def obstacle() -> str:
        return "it cannot be recorded who asks for them" if "recording" in book.faults else ""

    return Service(desk, build_api(desk, lambda: list(troubles()), obstacle, pages), [book, watch])


def customer_hash(settings: Settings) -> Callable[[str], str]:
    """Return how a reading of an identifier is hashed for the records."""
    return hasher(settings.kpi_hash_key.get_secret_value().encode())


def print_lines(lines: bytes) -> None:
    """Write access lines to standard output; raise OSError when it takes none for a while.

    A console that stands still holds nothing up: a bite that a pipe has room for does not wait.
    """
    console, rest = sys.stdout.fileno(), memoryview(lines)
    while rest:
        if not select.select([], [console], [], CONSOLE_SECONDS)[1]:
            raise TimeoutError(errno.ETIMEDOUT, "it takes nothing")
        rest = rest[os.write(console, rest[: select.PIPE_BUF]) :]


def _require_own_secrets(settings: Settings, host: str) -> None:
    """Refuse what is published for the demonstration wherever somebody's real card could be asked for.

    A proxy on the same machine makes loopback as open as any address, so that real data counts too.
    """
    if not _is_loopback(host):
        reason = f"{host} can be reached from other machines"
    elif {settings.icasework_environment, settings.xima_environment} != {"sandbox"}:
        reason = "the cards are of real customers"
    else:
        return
    tokens = {token.get_secret_value() for token in settings.kpi_tokens.values()}
    if tokens & set(SANDBOX_KPI_TOKENS.values()):
        raise _published(reason, "token", "TOKENS")
    if settings.kpi_hash_key.get_secret_value() == SANDBOX_KPI_HASH_KEY:
        raise _published(reason, "hash key", "HASH_KEY")


def _published(reason: str, what: str, setting: str) -> SettingsError:
    return SettingsError(
        f"the demonstration's {what} is published, and {reason}",
        todo=f"set CASEHOUSE_KPI_{setting} to one of your own",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; raise Permanent when that cannot be."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Permanent(
            f"nothing can listen on {host}:{port}",
            why=error.strerror or type(error).__name__,
            todo="end what listens there, or choose another by --host and --port",
        ) from None
