"""A server on loopback that answers exactly the bytes it is told, and remembers what it was asked.

It knows no vendor: cuts, wrong lengths and half-told encodings are easier to trust when nothing is clever.
"""

from __future__ import annotations

import gzip
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Reply:
    """Raw bytes to write; then the connection is kept or closed.

    `wait` seconds pass before the first byte, `linger` seconds after the last.
    """

    raw: bytes
    keep: bool = True
    wait: float = 0.0
    linger: float = 0.0


def whole(body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(_head(status, {"Content-Length": str(len(body))} | dict(headers or {})) + body)


def cut(body: bytes, at: int) -> Reply:
    return Reply(_head("200 OK", {"Content-Length": str(len(body))}) + body[:at], keep=False)


def chunked(body: bytes, *, at: int | None = None) -> Reply:
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return Reply(_head("200 OK", {"Transfer-Encoding": "chunked"}) + coded[:at], keep=at is None)


def until_close(body: bytes) -> Reply:
    return Reply(_head("200 OK", {"Connection": "close"}) + body, keep=False)


def gzipped(body: bytes, *, share: float = 1.0) -> Reply:
    """Compress; a share below 1 is sent as if it were all, with a length that fits."""
    packed = gzip.compress(body)
    return whole(packed[: int(len(packed) * share)], headers={"Content-Encoding": "gzip"})


HANG_UP = Reply(b"", keep=False)


def _head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode()


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes


@dataclass
class FakeServer:
    """Answers each path's replies in turn; the last one again and again."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, path: str, *replies: Reply) -> None:
        self.replies[path] = list(replies)

    def asked_for(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        fake, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def do_PUT(self) -> None:
                self._answer()

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                address = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    address.path,
                    dict(parse_qsl(address.query)),
                    {name.lower(): value for name, value in self.headers.items()},
                    dict(parse_qsl(body.decode(), keep_blank_values=True)),
                    body,
                )
                with lock:
                    fake.asked.append(asked)
                    replies = fake.replies[asked.path]
                    reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if reply.wait and fake._ended.wait(reply.wait):
                    return
                self.wfile.write(reply.raw)
                self.close_connection = not reply.keep
                fake._ended.wait(reply.linger)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Let clients hang up."""
