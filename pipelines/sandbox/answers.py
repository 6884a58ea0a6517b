"""An answer on its way to the wire: whole when small, streamed when large, cut or held back when told to.

The only place that writes raw bytes to a connection. It knows nothing of any vendor.
"""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aiohttp.abc import AbstractStreamWriter

WHOLE_BELOW = 1_000_000  # bytes: smaller bodies carry Content-Length, larger ones are chunked
_STREAM_PIECE = 256 * 1024
UNTYPED = web.ResponseKey("untyped", bool)

Framing = Literal["length", "chunked", "close"]


@dataclass
class Answer:
    """Status, headers and a body that may still be being made, in pieces of any size."""

    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] = ()


@dataclass(frozen=True)
class Cut:
    """How an answer breaks off: after `after` body bytes (half of them when None), in which framing.

    `whole_lines` moves the cut back to the last CRLF before it: what arrives then looks like a whole, shorter
    document. `squeezed` sends the first half of the gzipped body under a Content-Length that fits
    it, so that HTTP itself sees nothing wrong.
    """

    framing: Framing = "length"
    after: int | None = None
    whole_lines: bool = False
    squeezed: bool = False


class RawAnswer(web.StreamResponse):
    """Bytes written past the HTTP layer, then the connection's end; no bytes at all is a refused call."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write and hang up; what HTTP would have added is left out on purpose."""
        if request.transport is not None:
            request.transport.write(self._raw)
            request.transport.close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the connection is closing."""


async def send(request: web.Request, answer: Answer, cut: Cut | None = None) -> web.StreamResponse:
    """Put the answer on the wire; memory stays bounded however long the body is (unless it is cut)."""
    if cut is not None:
        return RawAnswer(_cut_bytes(answer, cut))
    pieces = _gathered(answer.chunks, WHOLE_BELOW)
    first = next(pieces, b"")
    if len(first) < WHOLE_BELOW:
        response = web.Response(status=answer.status, headers=answer.headers, body=first)
        response[UNTYPED] = "Content-Type" not in answer.headers
        return response
    stream = web.StreamResponse(status=answer.status, headers=answer.headers)
    await stream.prepare(request)
    await stream.write(first)
    for piece in pieces:
        await stream.write(piece)
        await asyncio.sleep(0)  # a long report must not keep the others waiting
    await stream.write_eof()
    return stream


def _gathered(chunks: Iterable[bytes], first_size: int) -> Iterator[bytes]:
    """Join small chunks into pieces worth a system call; the first piece decides on the framing."""
    held: list[bytes] = []
    size, wanted = 0, first_size
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= wanted:
            yield b"".join(held)
            held, size, wanted = [], 0, _STREAM_PIECE
    if held:
        yield b"".join(held)


def _cut_bytes(answer: Answer, cut: Cut) -> bytes:
    body = b"".join(answer.chunks)
    if cut.squeezed:
        squeezed = gzip.compress(body, mtime=0)
        half = squeezed[: len(squeezed) // 2]
        return _head(answer, {"Content-Encoding": "gzip", "Content-Length": str(len(half))}) + half
    part = body[: len(body) // 2 if cut.after is None else cut.after]
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
    return "\r\n".join([*lines, "", ""]).encode()
