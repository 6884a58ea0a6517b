"""An answer on its way to the wire: whole when small, streamed when large, cut or held back when told to.

The only place that writes raw bytes to a connection. It knows nothing of any vendor.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeVar

from aiohttp import web

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from aiohttp.abc import AbstractStreamWriter

WHOLE_BELOW = 1_000_000  # bytes: smaller bodies carry Content-Length, larger ones are chunked
_STREAM_PIECE = 256 * 1024
_LONGEST_TURN = 0.005  # seconds of making an answer before the other calls are let in
_FLUSH_TRIES, _FLUSH_WAIT = 100, 0.01
_Response = TypeVar("_Response", bound=web.StreamResponse)
UNTYPED = web.ResponseKey("untyped", bool)

Framing = Literal["length", "chunked", "close"]
Ending = Literal["close", "reset", "stall"]


@dataclass
class Answer:
    """Status, headers and a body that may still be being made, in pieces of any size, empty ones too.

    An empty piece is a moment to let others in: a body that is long in the making yields them.
    """

    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] = ()
    cookies: Sequence[str] = ()


@dataclass(frozen=True)
class Cut:
    """How an answer breaks off: after `after` body bytes (half of them when None), in which framing.

    At least one byte stays behind. `whole_lines` moves the cut back to the last CRLF before it: under the
    framing `close` what arrives of a CSV report then looks like a whole, shorter one. `squeezed` sends the
    first half of the gzipped body under a Content-Length that fits it: HTTP itself sees nothing wrong.
    """

    framing: Framing = "length"
    after: int | None = None
    whole_lines: bool = False
    squeezed: bool = False
    end: Ending = "close"
    seconds: float = 0


class RawAnswer(web.StreamResponse):
    """Bytes written past the HTTP layer, then the connection's end; no bytes at all is a call hung up on."""

    def __init__(self, raw: bytes, end: Ending = "close", seconds: float = 0) -> None:
        super().__init__()
        self._raw = raw
        self._end = end
        self._seconds = seconds

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write and hang up; what HTTP would have added is left out on purpose."""
        transport = request.transport
        if transport is None:
            return None
        transport.write(self._raw)
        if self._end == "reset":
            await _reset(transport)
            return None
        if self._end == "stall":
            await asyncio.sleep(self._seconds)  # ended early when the caller gives up: aiohttp cancels us
        transport.close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the connection is closing."""


async def _reset(transport: Transport) -> None:
    """End the connection with RST instead of FIN, once what was written is out."""
    for _ in range(_FLUSH_TRIES):
        if not transport.get_write_buffer_size():
            break
        await asyncio.sleep(_FLUSH_WAIT)
    line = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def send(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Put the answer on the wire; memory stays bounded however long the body is."""
    pieces = _gathered(answer.chunks, WHOLE_BELOW)
    first = await anext(pieces, b"")
    if len(first) < WHOLE_BELOW:
        response = web.Response(status=answer.status, headers=answer.headers, body=first)
        response[UNTYPED] = "Content-Type" not in answer.headers
        return _with_cookies(response, answer)
    stream = _with_cookies(web.StreamResponse(status=answer.status, headers=answer.headers), answer)
    await stream.prepare(request)
    await stream.write(first)
    async for piece in pieces:
        await stream.write(piece)
    await stream.write_eof()
    return stream


async def send_cut(request: web.Request, answer: Answer, cut: Cut) -> tuple[web.StreamResponse, bool]:
    """Put part of the answer on the wire; tell whether there was anything to cut (if not, it is sent whole).

    An answer without a body has no part to leave out; only a gzipped one and the last chunk's end can be cut.
    """
    body = b"".join([piece async for piece in _gathered(answer.chunks, WHOLE_BELOW)])
    if not body and not cut.squeezed and cut.framing != "chunked":
        return await send(request, answer), False
    return RawAnswer(_cut_bytes(answer, body, cut), cut.end, cut.seconds), True


def _with_cookies(response: _Response, answer: Answer) -> _Response:
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


async def _gathered(chunks: Iterable[bytes], first_size: int) -> AsyncIterator[bytes]:
    """Join small chunks into pieces worth a system call; the first piece decides on the framing.

    Between chunks the other calls are let in: a long answer must not keep them waiting.
    """
    held: list[bytes] = []
    size, wanted = 0, first_size
    turn_ends = time.monotonic() + _LONGEST_TURN
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= wanted:
            yield b"".join(held)
            held, size, wanted = [], 0, _STREAM_PIECE
        if time.monotonic() > turn_ends:
            await asyncio.sleep(0)
            turn_ends = time.monotonic() + _LONGEST_TURN
    if held:
        yield b"".join(held)


def _cut_bytes(answer: Answer, body: bytes, cut: Cut) -> bytes:
    if cut.squeezed:
        squeezed = gzip.compress(body, mtime=0)
        half = squeezed[: len(squeezed) // 2]
        framing = {"Content-Encoding": "gzip", "Content-Length": str(len(half)), "Connection": "close"}
        return _head(answer, framing) + half
    part = body[: len(body) // 2 if cut.after is None else min(cut.after, max(len(body) - 1, 0))]
    if cut.whole_lines:
        lines, end, _ = part.rpartition(b"\r\n")
        part = lines + end
    if cut.framing == "length":
        return _head(answer, {"Content-Length": str(len(body))}) + part
    if cut.framing == "chunked":
        chunk = b"%x\r\n%s\r\n" % (len(part), part) if part else b""
        return _head(answer, {"Transfer-Encoding": "chunked"}) + chunk
    return _head(answer, {"Connection": "close"}) + part


def _head(answer: Answer, framing: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {int(answer.status)} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in {**answer.headers, **framing}.items()]
    lines += [f"Set-Cookie: {cookie}" for cookie in answer.cookies]
    return "\r\n".join([*lines, "", ""]).encode()
