"""What one connection may take from the service: bytes, time, requests in waiting; and files of the process.

uvicorn's HTTP protocol sets no bounds to a request before it is read, nor to the requests that wait behind
one, nor to the time that either takes; whoever has no token could fill the memory, or hold every connection.
Here it gets them. What is answered stands elsewhere.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from pipelines.kpi.replies import TOO_LARGE, UNREADABLE, Reply

if TYPE_CHECKING:
    import asyncio

REQUEST_BYTES = 32 * 1024  # head and body together; a request for a card has a few hundred
REQUEST_SECONDS = 10.0  # from a connection's or a request's first byte to its last
STALL_SECONDS = 30.0  # in which none of an answer is taken
WAITING = 64  # requests of one connection behind the one that is answered
SPARE_FILES = 64  # of the process's: journals, card files and the table must open however many ask

_PIECE = 16 * 1024


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which ends a connection that takes too much. Only what is unusual costs time."""

    _taken = 0  # bytes of the request that is being read
    _due: float | None = None  # when it must have been read, once that takes more than one piece
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection, unless the process needs its last files for itself."""
        super().connection_made(transport)
        if len(self.connections) > resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES:
            transport.abort()
            return
        self._due = self.loop.time() + REQUEST_SECONDS
        self._arm(self._due)

    def data_received(self, data: bytes) -> None:
        """Read on, in pieces that are small beside what a request may have."""
        for begin in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            self._read(data[begin : begin + _PIECE])

    def _read(self, piece: bytes) -> None:
        self._taken += len(piece)
        super().data_received(piece)
        if self._taken > REQUEST_BYTES or len(self.pipeline) > WAITING:
            self._refuse(TOO_LARGE)
        elif self._taken and not self.transport.is_closing():
            self._due = self._due or self.loop.time() + REQUEST_SECONDS
            self._arm(self._due)

    def on_message_complete(self) -> None:
        """Begin to count anew."""
        self._taken, self._due = 0, None
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """End a connection on which nothing comes, or not the whole of it in time."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # nobody takes what was answered: closing would wait for that
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """Wait for whoever does not take the answer, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._let_go()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._let_go()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP by a problem, as everything else."""
        del msg
        self._refuse(UNREADABLE)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol is answered in this one."""

    def _arm(self, at: float) -> None:
        """End the connection at a time; uvicorn disarms this whenever something comes."""
        self.timeout_keep_alive_task = self.loop.call_at(at, self.timeout_keep_alive_handler)

    def _let_go(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, reply: Reply) -> None:
        """Send a reply unless one is under way already, and end the connection."""
        if self.cycle is None or self.cycle.response_complete:
            lines = [b"%b: %b\r\n" % header for header in (*reply.headers, (b"connection", b"close"))]
            self.transport.write(b"".join((STATUS_LINE[reply.status], *lines, b"\r\n", reply.body)))
        self.transport.close()
