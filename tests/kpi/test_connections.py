"""What one connection may take: nobody fills the memory, or holds a connection for ever, by what is sent."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from pipelines.kpi import connections
from tests.kpi.cards import body
from tests.kpi.served import CUSTOMER, TOKEN, on_loopback, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = body(*(f"L-{number}" for number in range(60_000)))  # more than the sockets on the way hold
ASK = f"GET /rest/kpi?customerId=x HTTP/1.1\r\nHost: x\r\nX-API-Key: {TOKEN}\r\n\r\n".encode()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with on_loopback(service(tmp_path)[0]) as url:
        yield url


@contextmanager
def connected(url: str, seconds: float = 5) -> Iterator[socket.socket]:
    told = urlsplit(url)
    with socket.create_connection((told.hostname, told.port), timeout=seconds) as connection:
        yield connection


def heard(connection: socket.socket) -> bytes:
    """Return what comes until the connection ends."""
    told = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            told += part
    return told


def ends_within(connection: socket.socket, seconds: float) -> bool:
    began = time.monotonic()
    heard(connection)
    return time.monotonic() - began < seconds


def held(url: str) -> int:
    """Return how many connections the server holds."""
    port = urlsplit(url).port
    return sum(
        bool(one.raddr) and one.laddr.port == port for one in psutil.Process().net_connections(kind="tcp")
    )


def endless(first: bytes, more: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield more


HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
ENDLESS = {
    "header": (HEAD, b"a-name: " + b"v" * 1000 + b"\r\n"),
    "header value": (HEAD + b"a: ", b"v" * 1000),
    "query": (b"GET /rest/kpi?", b"token=&" * 200),
    "body": (b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"b" * 1000),
    "chunks": (b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailer": (
        b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"a-name: " + b"v" * 1000 + b"\r\n",
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_request_without_end_is_ended(url: str, what: str) -> None:
    sent = 0
    with connected(url) as connection:
        with suppress(ConnectionError):
            for part in endless(*ENDLESS[what]):
                connection.sendall(part)
                sent += len(part)
                assert sent < 64 << 20
        answer = heard(connection) if what in {"header", "query"} else b""
    assert sent < 64 << 20
    if answer:  # unless it was lost with the rest of what was sent
        assert b" 431 " in answer.splitlines()[0]
        assert b"application/problem+json" in answer
    with httpx.Client(base_url=url) as client:
        assert client.get("/health").status_code == 200


def test_a_large_request_is_told_what_is_wrong(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(HEAD + b"a: " + b"v" * connections.REQUEST_BYTES)
        head, _, told = heard(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in head
    assert json.loads(told)["status"] == 431


def test_a_request_of_a_usual_size_comes_in_any_pieces(url: str) -> None:
    request = HEAD + b"a: " + b"v" * 8000 + b"\r\n\r\n"
    with connected(url) as connection:
        for begin in range(0, len(request), 700):
            connection.sendall(request[begin : begin + 700])
        assert b'{"status":"ok"}' in connection.recv(65536)
        connection.sendall(request * 3)  # and several at once
        answers = b""
        while answers.count(b'{"status":"ok"}') < 3:
            answers += connection.recv(65536)


def test_what_is_no_http_has_a_problem_for_an_answer(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        head, _, told = heard(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(told)["status"] == 400


def test_requests_do_not_pile_up_on_a_connection(url: str) -> None:
    """Whoever sends on without listening is sent away before much waits."""
    sent = 0
    with connected(url) as connection, suppress(ConnectionError):
        while sent < 200_000:
            connection.sendall((HEAD + b"\r\n") * 500)
            sent += 500
    assert sent < 200_000


@pytest.mark.parametrize("first", [b"", b"G", HEAD, ENDLESS["body"][0]])
def test_a_request_that_does_not_end_is_ended_in_time(
    tmp_path: Path, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.4)
    with on_loopback(service(tmp_path)[0]) as url, connected(url) as connection:
        connection.sendall(first)
        ending = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                while first and not ending.wait(0.05):
                    connection.sendall(b"X")

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert ends_within(connection, 3)
        ending.set()
        dripping.join()


def test_a_connection_that_rests_between_requests_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    with on_loopback(service(tmp_path)[0]) as url, connected(url) as connection:
        for _ in range(3):
            connection.sendall(HEAD + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.4)


def test_an_answer_that_nobody_takes_does_not_hold_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.3)
    app = service(tmp_path, LARGE)[0]
    with on_loopback(app) as url, connected(url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(ASK.replace(b"customerId=x", b"customerId=C-100/7%20%C3%BC"))
        for expected in (1, 0):
            until = time.monotonic() + 5
            while held(url) != expected:
                assert time.monotonic() < until
                time.sleep(0.02)
        with httpx.Client(base_url=url, headers={"X-API-Key": TOKEN}) as client:
            assert client.get("/rest/kpi", params={"customerId": CUSTOMER}).text == LARGE


def test_the_process_keeps_files_for_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (connections.SPARE_FILES + 3, 4096))
    with connected(url) as one, connected(url) as two, connected(url) as three:
        for connection in (one, two, three):
            connection.sendall(HEAD + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        with connected(url) as four:
            assert heard(four) == b""
        one.sendall(HEAD + b"\r\n")
        assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
