"""The sandbox as a server: its rooms under one port, the command's `serve`, and a thread for tests.

A further system joins by one line in ROOMS: a function that mounts its routes and shares the `Sandbox`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
import threading
from concurrent.futures import Future
from email.utils import format_datetime
from typing import TYPE_CHECKING, Self

from aiohttp import web
from pydantic import ValidationError

from pipelines.demonstration import SANDBOX_SECRET, SANDBOX_TASCOMI_PRIVATE_KEY
from pipelines.errors import Permanent
from pipelines.sandbox import control, inbox
from pipelines.sandbox.answers import UNTYPED
from pipelines.sandbox.icasework import room as icasework
from pipelines.sandbox.state import Dials, Sandbox, SandboxConfig, open_council, system_clock
from pipelines.sandbox.tascomi import room as tascomi
from pipelines.sandbox.xima import room as xima

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import TracebackType

    from pipelines.sandbox.calls import CallLog
    from pipelines.sandbox.orders import FaultBook
    from pipelines.sandbox.state import Clock, CouncilFactory, Environment

ROOMS = (icasework.mount, xima.mount, tascomi.mount, inbox.mount, control.mount)
HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 0.5
_SHARED = web.AppKey("sandbox", Sandbox)


def build_app(
    config: SandboxConfig | None = None,
    *,
    clock: Clock = system_clock,
    council_factory: CouncilFactory = open_council,
) -> web.Application:
    """Return the application with every room mounted; nothing runs yet."""
    sandbox = Sandbox(config or SandboxConfig(), clock=clock, council_factory=council_factory)
    return _application(sandbox)


def _application(sandbox: Sandbox) -> web.Application:
    app = web.Application()
    app[_SHARED] = sandbox
    for mount in ROOMS:
        mount(app, sandbox)
    app.on_response_prepare.append(_finish_headers)
    return app


async def _finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Tell the server's own time, and leave out the content type where the vendor does."""
    response.headers["Date"] = format_datetime(request.app[_SHARED].now(), usegmt=True)
    response.headers["Server"] = "casehouse-sandbox"
    if response.get(UNTYPED):
        response.headers.pop("Content-Type", None)


async def run(
    app: web.Application,
    port: int,
    *,
    host: str = HOST,
    ready: Callable[[int], None],
    end: asyncio.Event,
) -> None:
    """Serve until `end` is set; `ready` is told the port (of the system's choice for 0).

    Raises Permanent when the port cannot be had.
    """
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            raise _no_port(error, host, port) from error
        ready(runner.addresses[0][1])
        await end.wait()
    finally:
        await runner.cleanup()


def _no_port(error: Exception, host: str, port: int) -> Permanent:
    taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    return Permanent(
        f"port {port} is taken" if taken else f"port {port} cannot be opened on {host}",
        why="" if taken else str(error),
        todo="end the program that uses it, or set CASEHOUSE_SANDBOX_PORT to another port",
    )


def serve(
    port: int,
    *,
    seed: int = 2026,
    cases_per_day: int = 40,
    host: str = HOST,
    environment: Environment = "uat",
    reports: Mapping[int, str] | None = None,
) -> None:
    """Run the sandbox until SIGINT or SIGTERM; print addresses, account, key and secret when it is ready.

    `reports` are further ReportIds with the report's name each stands for, such as {122109: "cases"}. Raises
    SettingsError for a name that is no report, Permanent for other impossible values or a port that is taken.
    """
    try:
        dials = Dials(seed=seed, cases_per_day=cases_per_day)
    except ValidationError as error:
        why = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise Permanent("the sandbox cannot be set up so", why=why, todo="choose other values") from None
    sandbox = Sandbox(SandboxConfig(dials=dials, environment=environment, reports=reports or {}))
    app = _application(sandbox)
    app.cleanup_ctx.append(_preparing)

    def say(port: int) -> None:
        sys.stdout.write(_greeting(sandbox.config, host, port))
        sys.stdout.flush()

    async def until_told() -> None:
        end = asyncio.Event()
        # Set by hand: a process started in the background may have inherited orders to ignore them.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        await run(app, port, host=host, ready=say, end=end)

    asyncio.run(until_told())


def _greeting(config: SandboxConfig, host: str, port: int) -> str:
    """Write what a stranger needs to begin: where each host of the vendor is, and what opens it."""
    account, keys = next(iter(config.accounts.items()))
    root = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    hosts = "".join(
        f"  {played.role:<9} {root}{played.prefix}\n" for played in icasework.hosts(config.environment)
    )
    return (
        f"sandbox ready at {root}/icasework (account {account}, key {next(iter(keys))})\n"
        f"iCasework, {config.environment}:\n{hosts}"
        f"secret: the default of CASEHOUSE_ICASEWORK_SECRET, {SANDBOX_SECRET} "
        f"(published on purpose: it opens only this stand-in)\n"
        f"Xima: {root}{xima.PREFIX} (key {config.xima_key})\n"
        f"Tascomi: {root}{tascomi.REST} (public key {next(iter(config.tascomi_keys))};\n"
        f"private key: the default of CASEHOUSE_TASCOMI_PRIVATE_KEY, {SANDBOX_TASCOMI_PRIVATE_KEY})\n"
        f"faults, dials and calls: {root}{control.PREFIX}\n"
        f"inbox of alerts: {root}{inbox.PREFIX} (for CASEHOUSE_ALERT_URLS: {_apprise_url(root)})\n"
    )


def _apprise_url(root: str) -> str:
    """Spell the inbox's address as apprise wants it."""
    return f'["{root.replace("http", "json", 1)}{inbox.PREFIX}"]'


async def _preparing(app: web.Application) -> AsyncIterator[None]:
    """Make the council's cases of the last year beside the calls, so that the first report is a quick one."""
    task = asyncio.create_task(_prepare(app[_SHARED]))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _prepare(sandbox: Sandbox) -> None:
    """Prepare in small pieces, once: a council that another dial makes later is not prepared."""
    council = sandbox.council
    for _ in council.prepare(sandbox.london_now().date()):
        await asyncio.sleep(0)
        if council is not sandbox.council:
            return


class SandboxThread:
    """A sandbox in a thread of its own on a port of the system's choice; a context manager for tests.

    `url` is the server's root; `icasework_url`, `xima_url` and `tascomi_url` are the systems' base URLs.
    `faults` and `calls` work without HTTP.
    """

    def __init__(
        self,
        config: SandboxConfig | None = None,
        *,
        clock: Clock = system_clock,
        council_factory: CouncilFactory = open_council,
        port: int = 0,
    ) -> None:
        self.sandbox = Sandbox(config or SandboxConfig(), clock=clock, council_factory=council_factory)
        self.port = port
        self._started: Future[int] = Future()
        self._end: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """Root address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def icasework_url(self) -> str:
        """Base URL of iCasework's calls."""
        return f"{self.url}/icasework"

    @property
    def xima_url(self) -> str:
        """Base URL of Xima's calls."""
        return f"{self.url}{xima.PREFIX}"

    @property
    def tascomi_url(self) -> str:
        """Base URL of Tascomi's calls, without a version."""
        return f"{self.url}{tascomi.REST}"

    @property
    def faults(self) -> FaultBook:
        """The faults on order."""
        return self.sandbox.faults

    @property
    def calls(self) -> CallLog:
        """The log of calls."""
        return self.sandbox.calls

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()

        def finish() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is already closed: then it has ended
                loop.call_soon_threadsafe(end.set)

        self._end = finish
        await run(_application(self.sandbox), self.port, ready=self._started.set_result, end=end)
