"""The service as a process: files come and go under load, nothing personal is said, nothing is lost."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx
import pytest

from pipelines import cli
from pipelines.errors import Damaged, Permanent, SettingsError
from pipelines.kpi import journal, serving, watching
from pipelines.kpi.access import AccessBook, read_accesses
from pipelines.kpi.app import Service
from pipelines.kpi.card_file import POINTER, CardFile, Pointer, bodies_of
from pipelines.kpi.desk import Desk, Identifying
from pipelines.kpi.identity import readings
from pipelines.kpi.serving import Sparing, build_service, print_lines, serve
from pipelines.kpi.tokens import Tokens
from pipelines.kpi.watching import BuiltFor, Watch
from pipelines.settings import load_settings
from tests.kpi.cards import BUILT_AT, body, publish
from tests.kpi.served import Ledger, on_loopback, service
from tests.kpi.server import TOKEN, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECOND_TOKEN = "second-token-0123456789"
SWAPS = 300
SAID = ("customer", "status", "card", "micros", "times")
NIGHTS = 5
ASKERS = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def numbered(night: int) -> list[str]:
    return [body(f"N-{night}", message="x" * 3000)] * 50


KNOWN = {f"C-{number}": number for number in range(50)}


class Askers:
    """Threads that ask for cards until they are told to end, and keep what they got."""

    def __init__(self, url: str) -> None:
        self.failures: list[str] = []
        self.nights: list[list[int]] = [[] for _ in range(ASKERS)]
        self._url = url
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(seen,)) for seen in self.nights]
        for thread in self._threads:
            thread.start()

    def _ask(self, seen: list[int]) -> None:
        number = 0
        with httpx.Client(base_url=self._url, headers={"X-API-Key": TOKEN}, timeout=10) as client:
            while not self._ending.is_set():
                number = (number + 7) % len(KNOWN)
                try:
                    answer = client.get(f"/rest/kpi?customerId=C-{number}")
                    found = re.search(r'"N-(\d+)"', answer.text)
                    answer.raise_for_status()
                    json.loads(answer.text)
                    seen.append(int(found[1]) if found else -1)
                except (httpx.HTTPError, ValueError) as error:
                    self.failures.append(repr(error))

    def end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()


def point(pointer: Path, proof: bytes) -> None:
    aside = pointer.with_suffix(".aside")
    aside.write_bytes(proof)
    aside.replace(pointer)


def test_hundreds_of_swaps_under_load_fail_nobody(tmp_path: Path) -> None:
    """A few files are current in turn, more often than anybody builds; each is proved and opened anew."""
    with Server(tmp_path, look_seconds=0.005) as server:
        proofs = []
        for night in range(NIGHTS):
            made = server.publish(numbered(night), KNOWN, built_at=BUILT_AT + timedelta(days=night))
            for part in (made, bodies_of(made)):
                (tmp_path / part.name).hardlink_to(part)  # the builder keeps two
            proofs.append((server.cards / POINTER).read_bytes())
        for kept in tmp_path.glob("cards-*"):
            kept.replace(server.cards / kept.name)
        server.wait_for_card("C-1", f'"N-{NIGHTS - 1}"')
        askers = Askers(server.url)
        try:
            for swap in range(SWAPS):
                point(server.cards / POINTER, proofs[swap % NIGHTS])
                server.wait_for_card("C-2", f'"N-{swap % NIGHTS}"')
        finally:
            askers.end()
        assert askers.failures == []
        asked = 0
        for seen in askers.nights:
            assert set(seen) <= set(range(NIGHTS))
            assert sum(one != other for one, other in pairwise(seen)) > SWAPS / 10
            asked += len(seen)
        assert asked > SWAPS
        assert server.end() in {0, -signal.SIGTERM}
        assert not [line for line in server.told if "ERROR" in line]
        rows = read_accesses(server.cards)
        assert len([row for row in rows if row[3] == 200]) > asked
        assert len(server.lines) == len(rows)


def test_the_server_may_start_before_any_file(server: Server) -> None:
    answer = server.card("C-1")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503
    ready = server.client.get("/ready")
    assert (ready.status_code, ready.json()["detail"].endswith("there are none.")) == (503, True)
    assert server.client.get("/health").status_code == 200
    server.publish([body("A-1")], {"C-1": 0})
    assert server.wait_for_card("C-1", '"A-1"') < 3
    assert server.client.get("/ready").json()["cards"] == 1


def cut(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def unlink(path: Path) -> None:
    path.unlink()


def say(path: Path, content: bytes) -> None:
    path.with_name(POINTER).write_bytes(content)


def prove(path: Path, **changes: object) -> None:
    say(path, json.dumps(json.loads(path.with_name(POINTER).read_bytes()) | changes).encode())


SPOILED: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "flipped": flip,
    "gone": unlink,
    "half a pointer": partial(say, content=b'{"file": "cards-'),
    "no pointer": partial(say, content=b""),
    "wrong digest": partial(prove, digest="0" * 64),
    "wrong version": partial(prove, format=99),
    "elsewhere": partial(prove, file="../cards-x.lmdb"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_file_that_is_not_whole_is_refused_and_told_once(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, desk = service(tmp_path, body("OLD"))
    watch = Watch(desk, tmp_path / POINTER, BuiltFor("auto", households=False))
    watch.look()
    before = desk.file
    path = publish(tmp_path, [body("NEW")], {"id:C-1": 0})
    SPOILED[how](path)
    with pytest.raises(Damaged):
        CardFile.open(tmp_path / POINTER)
    for _ in range(3):
        watch.look()
    assert desk.file is before
    assert watch.refused
    assert caplog.text.count("refused") == 1
    publish(tmp_path, [body("NEWER")], {"id:C-1": 0})
    watch.look()
    assert desk.file is not before
    assert desk.file
    assert str(watch.refused) == "None"


def test_a_file_of_other_settings_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, desk = service(tmp_path, body("OLD"))
    before = desk.file
    publish(tmp_path, [body("NEW")], {"id:C-1": 0})
    for built_for in (BuiltFor("phone", households=False), BuiltFor("auto", households=True)):
        watch = Watch(desk, tmp_path / POINTER, built_for)
        watch.look()
        assert "other settings" in str(watch.refused)
        assert desk.file is before
    assert "To do: give builder and service the same settings" in caplog.text


def test_a_refused_file_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, desk = service(tmp_path, body("OLD"))
    watch = Watch(desk, tmp_path / POINTER, BuiltFor("auto", households=False))
    publish(tmp_path, [body("NEW")], {"id:C-1": 0})
    path = tmp_path / Pointer.read(tmp_path / POINTER).file
    aside = path.rename(tmp_path / "aside")
    watch.look()
    assert "are gone" in str(watch.refused)
    aside.rename(path)
    watch.look()
    assert "are gone" in str(watch.refused)
    monkeypatch.setattr(watching, "TRY_AGAIN_SECONDS", 0.0)
    watch.look()
    assert str(watch.refused) == "None"
    assert desk.file
    assert desk.file.path == path


def served(desk: Desk) -> str:
    return desk.file.path.name if desk.file else ""


def test_a_pointer_may_go_back_and_forth(tmp_path: Path) -> None:
    _, desk = service(tmp_path, body("OLD"))
    watch = Watch(desk, tmp_path / POINTER, BuiltFor("auto", households=False))
    old = (tmp_path / POINTER).read_bytes()
    publish(tmp_path, [body("NEW")], {"id:C-1": 0})
    new = (tmp_path / POINTER).read_bytes()
    paths = []
    for proof in (old, b"{", old, new, old):
        point(tmp_path / POINTER, proof)
        watch.look()
        paths.append((served(desk), watch.refused is not None))
    names = [json.loads(proof)["file"] for proof in (old, new)]
    assert paths == [
        (names[0], False),
        (names[0], True),
        (names[0], False),
        (names[1], False),
        (names[0], False),
    ]


def test_a_pointer_that_is_gone_is_told_while_the_file_is_served_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, desk = service(tmp_path, body("OLD"))
    watch = Watch(desk, tmp_path / POINTER, BuiltFor("auto", households=False))
    watch.look()
    aside = (tmp_path / POINTER).rename(tmp_path / "aside")
    for _ in range(2):
        watch.look()
    assert "No such file" in str(watch.refused)
    assert caplog.text.count("the one before is served on: No such file") == 1
    assert desk.file
    aside.rename(tmp_path / POINTER)
    watch.look()
    assert str(watch.refused) == "None"


def test_without_a_file_a_refusal_says_that_there_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(Tokens({}), Identifying(readings, str), Ledger(), max_age=timedelta(hours=1))
    watch = Watch(desk, tmp_path / POINTER, BuiltFor("auto", households=False))
    watch.look()
    assert not caplog.text
    (tmp_path / POINTER).mkdir()
    watch.look()
    assert "there is none to serve: Is a directory" in caplog.text


def test_the_service_tells_that_a_file_was_refused(server: Server) -> None:
    server.publish([body("OLD")], {"C-1": 0})
    server.wait_for_card("C-1", '"OLD"')
    flip(server.publish([body("NEW")], {"C-1": 0}))
    server.wait_for_word(re.compile("a card file is refused"))
    ready = server.client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["troubles"] == ["A newer card file was refused; the log says why."]
    assert '"OLD"' in server.card("C-1").text
    server.publish([body("NEWER")], {"C-1": 0})
    server.wait_for_card("C-1", '"NEWER"')
    assert server.client.get("/ready").json()["troubles"] == []


CANARIES = ["QQ123456C", "02079460123", "+447700900123", "Zoë Canary"]


def send_raw(url: str, request: bytes) -> bytes:
    """Send bytes as they are, and read whatever comes."""
    told = urlsplit(url)
    with socket.create_connection((told.hostname, told.port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def malformed(canary: str) -> Iterator[bytes]:
    text = canary.encode()
    key = f"X-API-Key: {TOKEN}\r\n".encode()
    yield b"GET /rest/kpi?customerId=" + text + b" HTTP/1.1\r\nbroken " + text + b"\r\n\r\n"
    yield b"GET /rest/kpi?customerId=" + text + b"\x00\x01 HTTP/1.1\r\nHost: x\r\n" + key + b"\r\n"
    yield b"GET /rest/kpi?customerId=" + text + b"\xff HTTP/1.1\r\nHost: x\r\n" + key + b"\r\n"
    yield b"GET /rest/" + text + b"\xff\xfe/kpi HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"NONSENSE " + text + b"\r\n\r\n"
    yield b"GET http://[" + text + b"/ HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"GET /rest/kpi?customerId=" + text + b"%0a HTTP/9.9\r\nHost: x\r\n\r\n"
    yield b"POST /rest/kpi?customerId=" + text + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
    yield (
        b"GET /rest/kpi?customerId="
        + text
        + b" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    )
    yield b"OPTIONS * HTTP/1.1\r\nHost: " + text + b"\r\n\r\n"


def test_no_identifier_and_no_token_is_said_anywhere(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        server.publish([body("A-1")], {CANARIES[0]: 0, CANARIES[3]: 0})
        server.wait_for_card(CANARIES[0], '"A-1"')
        for canary in CANARIES:
            server.card(canary)
            server.card(canary + "\n")
            server.card(canary * 40)
            with httpx.Client(base_url=server.url) as client:
                client.get(f"/rest/kpi?customerId={quote(canary)}&token={SECOND_TOKEN}")
                client.get(f"/rest/kpi/{TOKEN}?customerId={quote(canary)}&customerId=x")
                client.get(f"/rest/kpi/wrong-token-0123456789?customerId={quote(canary)}")
                client.post(f"/rest/kpi/{TOKEN}/{quote(canary)}?token={TOKEN}", content=canary.encode())
                client.get(f"/{quote(canary)}?token={TOKEN}")
            for request in malformed(canary.replace(" ", "")):
                answer = send_raw(server.url, request)
                assert canary.encode() not in answer
        server.end()
        told = "".join(server.told)
        kept = b"".join(path.read_bytes() for path in server.cards.rglob("access*") if path.is_file())
        for secret in [*CANARIES, "Zoë", "Zo%C3%AB", "wrong-token", TOKEN, SECOND_TOKEN]:
            assert secret not in told
            assert secret not in "".join(server.lines)
            assert secret.encode() not in kept
        assert "Traceback" not in told
        rows = read_accesses(server.cards)
        assert {"itx", "next", ""} == {row[1] for row in rows}
        assert {200, 400, 401, 405, 503} >= {row[3] for row in rows} >= {200, 400, 401}
        assert all(set(json.loads(line)) <= {"at", "token", *SAID} for line in server.lines)


def test_a_killed_server_loses_no_access(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.publish([body("A-1")], {"C-1": 0})
    server.wait_for_card("C-1", '"A-1"')
    before = sum(row[4] == "found" for row in read_accesses(server.cards))
    answered = 0
    until = time.monotonic() + 0.7
    while time.monotonic() < until:
        answered += server.card("C-1").status_code == 200
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    assert sum(row[4] == "found" for row in read_accesses(server.cards)) == before + answered
    with Server(tmp_path) as again:
        again.wait_for_card("C-1", '"A-1"')
        again.end()
        journals = [path for path in (server.cards / "access").iterdir() if path.stat().st_size]
        assert journals == []
        assert sum(row[4] == "found" for row in read_accesses(server.cards)) > before + answered


def test_a_termination_lets_every_answer_out(tmp_path: Path) -> None:
    """Threads ask on until they are refused a connection: none of them is cut off within an answer."""
    server = Server(tmp_path)
    large = body(*(f"L-{number}" for number in range(3000)))
    server.publish([large], {"C-1": 0})
    server.wait_for_card("C-1", '"L-1"')
    request = f"GET /rest/kpi?customerId=C-1 HTTP/1.1\r\nHost: x\r\nX-API-Key: {TOKEN}\r\n\r\n".encode()
    told = urlsplit(server.url)
    slow = socket.create_connection((told.hostname, told.port), timeout=20)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    slow.sendall(request)
    assert slow.recv(100)
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_word(re.compile("Shutting down"))
    answer = b""
    while part := slow.recv(65536):
        answer += part
    slow.close()
    assert answer.endswith(large.encode()[-1000:])
    assert server.end() in {0, -signal.SIGTERM}
    assert len(read_accesses(server.cards)) == len(server.lines)


def test_a_console_that_stands_still_holds_neither_records_nor_the_end_up(tmp_path: Path) -> None:
    """As when somebody stops a terminal, or what reads the lines hangs."""
    taking, giving = os.pipe()
    with Server(tmp_path, stdout=giving) as server:
        server.publish([body("A-1")], {"C-1": 0})
        server.wait_for_card("C-1", '"A-1"')
        asked = 0
        while "access lines cannot be written" not in "".join(server.told):
            asked += server.card("C-1").status_code == 200
        assert server.client.get("/ready").json()["troubles"]
        began = time.monotonic()
        assert server.end() in {0, -signal.SIGTERM}
        assert time.monotonic() - began < 8
        with sqlite3.connect(server.cards / "access.sqlite") as table:
            kept = table.execute("SELECT count(*) FROM access WHERE card = 'found'").fetchone()
        table.close()
        assert kept >= (asked,)
    os.close(taking)
    os.close(giving)


def test_lines_reach_a_console_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    taking, giving = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(giving, "w"))
    read = bytearray()

    def take() -> None:
        while part := os.read(taking, 1000):
            read.extend(part)

    reader = threading.Thread(target=take)
    reader.start()
    lines = b"".join(b"%06d\n" % number for number in range(100_000))
    print_lines(lines)
    sys.stdout.close()
    reader.join()
    os.close(taking)
    assert bytes(read) == lines


def test_a_warning_that_anybody_can_cause_is_written_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    def record(name: str, level: int, words: str) -> logging.LogRecord:
        return logging.LogRecord(name, level, "", 0, words, None, None)

    sparing = Sparing()
    rubbish = record("uvicorn.error", logging.WARNING, "Invalid HTTP request received.")
    assert [sparing.filter(rubbish) for _ in range(3)] == [True, False, False]
    for other in (
        record("uvicorn.error", logging.WARNING, "another"),
        record("uvicorn.error", logging.ERROR, rubbish.msg),
        record("pipelines.kpi.access", logging.WARNING, rubbish.msg),
    ):
        assert sparing.filter(other)
    later = time.monotonic() + serving.QUIET_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert sparing.filter(rubbish)


def test_a_service_that_cannot_record_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    publish(tmp_path / "kpi", [body("A-1")], {"id:C-1": 0}, as_of=now)
    monkeypatch.setattr(journal, "SIZE", 512)
    built = build_service(load_settings(data_dir=tmp_path), echo=lambda _: None)
    book, watch = built._companions
    assert isinstance(book, AccessBook)
    assert isinstance(watch, Watch)
    watch.look()
    with on_loopback(Service(built._desk, built._api)) as url, httpx.Client(base_url=url) as client:
        ask = partial(client.get, "/rest/kpi/sandbox-kpi-token?customerId=C-1")
        assert ask().status_code == 200
        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
            answers = {ask().status_code for _ in range(5)}
            assert answers == {200, 503}
            ready = client.get("/ready")
            assert (ready.status_code, "recorded" in ready.json()["detail"]) == (503, True)
        book.fold()
        assert client.get("/ready").status_code == 200
        assert ask().status_code == 200
    assert caplog.text.count("no card is shown: full") == 1


def test_cards_that_are_old_say_so_and_the_service_is_not_ready(tmp_path: Path) -> None:
    with Server(tmp_path, CASEHOUSE_KPI_MAX_AGE_HOURS="36") as server:
        server.publish([body("A-1")], {"C-1": 0})
        server.wait_for_card("C-1", "These cases are as of 22 Nov 2026 00:00.")
        assert server.client.get("/ready").status_code == 503
        now = datetime.now(UTC)
        server.publish([body("A-1")], {"C-1": 0}, as_of=now, built_at=now)
        server.wait_for_card("C-1", '{"sections":[{"title":"Cases"')
        assert server.client.get("/ready").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "cards.example"])  # noqa: S104 - it is refused
def test_the_published_token_and_key_open_no_cards_to_others(tmp_path: Path, host: str) -> None:
    own = {"a": "own-token-0123456789"}
    for changes, told in (
        ({}, "KPI_TOKENS"),
        ({"kpi_hash_key": "own-key-0123456789"}, "KPI_TOKENS"),
        ({"kpi_tokens": own}, "KPI_HASH_KEY"),
    ):
        with pytest.raises(Exception, match=told) as error:
            serve(load_settings(data_dir=tmp_path, **changes), host, 0)
        assert "sandbox-kpi" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "setting", [{"icasework_environment": "uat"}, {"xima_environment": "production"}], ids=str
)
def test_the_published_token_and_key_open_no_real_cards(tmp_path: Path, setting: dict[str, str]) -> None:
    """A proxy on the same machine, or anybody who works there, reaches loopback too."""
    real: dict[str, object] = {"data_dir": tmp_path, **setting}
    with pytest.raises(SettingsError, match=r"the cards are of real customers.*KPI_TOKENS"):
        serve(load_settings(**real), "127.0.0.1", 0)
    with pytest.raises(SettingsError, match="KPI_HASH_KEY"):
        serve(load_settings(**real, kpi_tokens={"a": "own-token-0123456789"}), "127.0.0.1", 0)


def test_a_port_that_is_taken_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as end:
        cli.main(["kpi", "serve", "--port", str(taken.getsockname()[1])])
    assert end.value.code == 1
    assert "nothing can listen on 127.0.0.1:" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_records_that_cannot_be_kept_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "kpi").touch()
    with pytest.raises(Permanent, match=r"recorded in .*kpi who asks for cards \(Not a directory\)"):
        build_service(load_settings(data_dir=tmp_path))


def test_the_parts_are_put_together_by_the_settings(tmp_path: Path) -> None:
    built = build_service(load_settings(data_dir=tmp_path), echo=lambda _: None)
    book, watch = built._companions
    book.start()
    watch.start()
    watch.stop()
    book.stop()
    assert (tmp_path / "kpi" / "access").is_dir()
