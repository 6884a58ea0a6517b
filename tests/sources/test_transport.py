from __future__ import annotations

import hashlib
import logging
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from pipelines.errors import CasehouseError, Permanent, Transient
from pipelines.sources.exchange import Answer, Call, Refused, Unreachable, Unsendable, http_date
from pipelines.sources.patience import Patience
from pipelines.sources.transport import Transport
from tests.sources.conftest import NOW
from tests.sources.fake_server import (
    HANG_UP,
    FakeServer,
    Reply,
    chunked,
    cut,
    gzipped,
    until_close,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = b"Case.Id,Case.Type\r\n1,Complaint\r\n2,Enquiry\r\nRows,2\r\n" * 40
TOKEN = "t0ken.very-secret=="
AT_ONCE = Patience(attempts=3, first_wait=0, longest_wait=0, jitter=0)


def transport_with(patience: Patience = AT_ONCE) -> Transport:
    return Transport(connect_seconds=2, read_seconds=0.3, patience=patience, clock=lambda: NOW)


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = transport_with()
    yield transport
    transport.close()


def call(server: FakeServer) -> Call:
    return Call(what="test report", url=f"{server.url}/r", bearer=TOKEN)


PASSING = {
    "500": whole(b"<h1>oops</h1>", "500 Internal Server Error"),
    "502": whole(b"", "502 Bad Gateway"),
    "503": whole(b"busy", "503 Service Unavailable"),
    "429": whole(b"", "429 Too Many Requests"),
    "hung up": HANG_UP,
    "no http": Reply(b"SSH-2.0-nonsense\r\n\r\n", keep=False),
    "time-out": Reply(b"", wait=5),
    "cut by length": cut(BODY, 100),
    "cut at the first byte": cut(BODY, 0),
    "cut in chunks": chunked(BODY, at=100),
    "cut before the last chunk": chunked(BODY, at=-5),
    "half a gzip": gzipped(BODY, share=0.5),
    "gzip without its trailer": whole(gzipped(BODY).raw[-60:-4], headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again_from_the_start(
    server: FakeServer, transport: Transport, tmp_path: Path, bad: Reply
) -> None:
    server.on("/r", bad, whole(BODY))
    got = transport.download(call(server), tmp_path / "body")
    assert (tmp_path / "body").read_bytes() == BODY
    assert (got.size, got.sha256, got.head) == (len(BODY), hashlib.sha256(BODY).hexdigest(), BODY)
    assert len(server.asked) == 2


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_is_transient_and_leaves_no_file(
    server: FakeServer, transport: Transport, tmp_path: Path, bad: Reply
) -> None:
    server.on("/r", bad)
    with pytest.raises(Transient, match="tried 3 times") as error:
        transport.download(call(server), tmp_path / "body")
    assert len(server.asked) == 3
    assert not (tmp_path / "body").exists()
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_the_reason_of_the_last_try_is_told(server: FakeServer, transport: Transport) -> None:
    server.on("/r", HANG_UP, whole(b"", "503 Service Unavailable"))
    with pytest.raises(Transient) as error:
        transport.call(call(server))
    assert error.value.why == "503: Service Unavailable; tried 3 times"


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405, 410, 422])
def test_other_statuses_are_never_tried_again(server: FakeServer, transport: Transport, status: int) -> None:
    server.on("/r", whole(b"no", f"{status} No", {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(Refused, match=str(status)) as error:
        transport.call(call(server))
    assert error.value.answer.status == status
    assert len(server.asked) == 1


def test_a_refusal_whose_page_is_cut_is_still_a_refusal(server: FakeServer, transport: Transport) -> None:
    server.on("/r", Reply(b"HTTP/1.1 404 No\r\nContent-Length: 500\r\n\r\n<h1>", keep=False))
    with pytest.raises(Refused, match="404"):
        transport.call(call(server))
    assert len(server.asked) == 1


def test_a_refused_connection_is_tried_again_and_named(transport: Transport) -> None:
    with FakeServer() as gone:
        url = gone.url
    with pytest.raises(Unreachable, match=r"the connection was refused; tried 3 times"):
        transport.call(Call(what="test", url=url))


def test_retry_after_is_honoured_in_seconds(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.on("/r", whole(b"", "429 Too Many Requests", {"Retry-After": "1"}), whole(b"ok"))
    transport = transport_with(Patience(attempts=2, first_wait=0, longest_wait=30, jitter=0))
    began = time.perf_counter()
    assert transport.call(call(server)).content == b"ok"
    assert 1 <= time.perf_counter() - began < 3
    assert "trying again in 1.0 s" in caplog.text
    transport.close()


@pytest.mark.parametrize(("asked", "tries"), [("0", 2), ("1", 1), ("300", 1)])
def test_a_wait_longer_than_the_longest_is_never_cut_short(
    server: FakeServer, asked: str, tries: int
) -> None:
    server.on("/r", whole(b"", "429 Slow Down", {"Retry-After": asked}), whole(b"ok"))
    transport = transport_with(Patience(attempts=2, first_wait=0, longest_wait=0.9, jitter=0))
    if tries == 1:
        with pytest.raises(Transient, match=f"asks to wait {asked} s before the next try") as error:
            transport.call(call(server))
        assert "429: Too Many Requests; the longest wait set is 0.9 s" in str(error.value)
    else:
        assert transport.call(call(server)).content == b"ok"
    assert len(server.asked) == tries
    transport.close()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Mon, 23 Nov 2026 05:00:09 GMT"}, 9),
        ({"Retry-After": "Mon, 23 Nov 2026 07:00:09 GMT", "Date": "Mon, 23 Nov 2026 07:00:05 GMT"}, 4),
        ({"Retry-After": "Mon, 23 Nov 2026 04:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    transport: Transport, headers: dict[str, str], seconds: float | None
) -> None:
    assert transport._asked_wait(Answer(503, headers, b"")) == seconds


def test_waits_grow_and_each_retry_is_one_line(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.on("/r", whole(b"", "503 Busy"))
    transport = transport_with(Patience(attempts=4, first_wait=0.05, longest_wait=0.15, jitter=0))
    began = time.perf_counter()
    with pytest.raises(Transient):
        transport.call(call(server))
    assert time.perf_counter() - began >= 0.05 + 0.1 + 0.15
    lines = [one for one in caplog.records if one.name == "casehouse.sources.transport"]
    assert [one.levelno for one in lines] == [logging.WARNING] * 3
    assert lines[0].getMessage() == (
        "test report: try 1 failed (503: Service Unavailable); trying again in 0.1 s"
    )
    transport.close()


@pytest.mark.parametrize(
    ("reply", "framed"),
    [
        (whole(BODY), True),
        (chunked(BODY), True),
        (until_close(BODY), False),
        (gzipped(BODY), True),
        (whole(b""), True),
    ],
)
def test_a_download_tells_whether_its_end_was_proved(
    server: FakeServer, transport: Transport, tmp_path: Path, reply: Reply, *, framed: bool
) -> None:
    server.on("/r", reply)
    got = transport.download(call(server), tmp_path / "body")
    assert got.framed is framed
    assert (tmp_path / "body").read_bytes() in {BODY, b""}


def test_plain_bytes_are_asked_for_and_other_encodings_refused(
    server: FakeServer, transport: Transport, tmp_path: Path
) -> None:
    server.on("/r", whole(b"\x0b\x02\x80", headers={"Content-Encoding": "br"}))
    with pytest.raises(Permanent, match="encoded as br"):
        transport.download(call(server), tmp_path / "body")
    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert len(server.asked) == 1


def test_gzip_of_several_members_is_whole(server: FakeServer, transport: Transport) -> None:
    packed = gzipped(b"one ").raw.partition(b"\r\n\r\n")[2] + gzipped(b"two").raw.partition(b"\r\n\r\n")[2]
    server.on("/r", whole(packed, headers={"Content-Encoding": "gzip"}))
    assert transport.call(call(server)).content == b"one two"


def test_cookies_are_not_carried_from_call_to_call(server: FakeServer, transport: Transport) -> None:
    server.on("/r", whole(b"", headers={"Set-Cookie": "JSESSIONID=1; Path=/"}))
    transport.call(call(server))
    transport.call(call(server))
    assert "cookie" not in server.asked[1].headers


def test_an_answer_in_memory_is_bounded(
    server: FakeServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.transport._ANSWER_BYTES", 1000)
    server.on("/r", whole(b"x" * 1001))
    with pytest.raises(Permanent, match="larger than"):
        transport.call(call(server))


def test_nothing_secret_is_said_even_if_the_server_says_it(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    def explain(answer: Answer) -> str:
        return answer.content.decode()

    echo = f"bad {TOKEN} access_token=abc123 Signature=deadbeef {'x' * 500}\n\x1b[31m".encode()
    server.on("/r", whole(echo, "503 Busy"), whole(echo, "400 Bad"))
    transport = Transport(
        connect_seconds=2, read_seconds=1, patience=AT_ONCE, clock=lambda: NOW, explain=explain
    )
    told = Call(
        what="test report",
        url=f"{server.url}/r",
        method="POST",
        form={"assertion": "signed-thing"},
        bearer=TOKEN,
        secrets=("signed-thing",),
    )
    with pytest.raises(Refused) as error:
        transport.call(told)
    said = f"{caplog.text} {error.value} {error.value!r} {told!r} {error.value.answer!r}"
    for secret in (TOKEN, "signed-thing", "abc123", "deadbeef", "\x1b"):
        assert secret not in said
    assert "bad ***" in said
    assert len(error.value.why) < 210
    transport.close()


def test_an_unusable_address_is_permanent_and_its_password_not_told(transport: Transport) -> None:
    for url in ("ftp://user:hush@127.0.0.1/r", "http://user:hush@127.0.0.1:x/r", "nonsense"):
        with pytest.raises(Permanent) as error:
            transport.call(Call(what="test", url=url))
        assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        f"{'x' * 70}.test",
        "xn--a.test",
        "-",
        "\u0000.test",
        "*.test",
        "[::1",
        "a b.test",
        "\ud800.test",
    ],
)
def test_a_host_that_is_no_name_is_not_tried_again(
    transport: Transport, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the library, the codec of host names and the resolver finds out."""
    monkeypatch.setattr("socket.getaddrinfo", _resolve_nothing)
    with pytest.raises(CasehouseError) as error:
        transport.call(Call(what="test", url=f"http://{host}/r"))
    assert isinstance(error.value, (Unsendable, Unreachable))
    if host in {"a..b", f"{'x' * 70}.test", "[::1"}:
        assert isinstance(error.value, Unsendable)


def _resolve_nothing(host: str, *_: object, **__: object) -> None:
    host.encode("idna")
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def test_a_token_that_no_header_can_hold_is_not_told(transport: Transport, server: FakeServer) -> None:
    with pytest.raises(Unsendable) as error:
        transport.call(Call(what="test", url=f"{server.url}/r", bearer="S3CRET-é"))
    assert "S3CRET" not in str(error.value)


def test_a_certificate_that_is_not_trusted_is_permanent(transport: Transport) -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    told = transport._broken(Call(what="test", url="https://example.test/secret?x=y"), error)
    assert isinstance(told, Permanent)
    assert "certificate of https://example.test cannot be trusted" in str(told)


def test_many_threads_share_one_transport(server: FakeServer, transport: Transport, tmp_path: Path) -> None:
    server.on("/r", *[HANG_UP, whole(BODY)] * 4, whole(BODY))
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda name: transport.download(call(server), tmp_path / str(name)), range(16)))
    assert {one.sha256 for one in got} == {hashlib.sha256(BODY).hexdigest()}


HALF = Reply(cut(BODY, 100).raw, linger=20)
HALF_TILL_CLOSE = Reply(until_close(BODY).raw[:-100], linger=20)
CLOSED_WHILE = {
    "it waits for another try": whole(b"", "503 Busy"),
    "it waits as long as it was asked to": whole(b"", "503 Busy", {"Retry-After": "25"}),
    "it waits for the first byte": Reply(b"", wait=20),
    "a body of known length streams": HALF,
    "a body that ends with its connection streams": HALF_TILL_CLOSE,
    "the page of a refusal streams": Reply(b"HTTP/1.1 404 No\r\nContent-Length: 500\r\n\r\n<h1>", linger=20),
}


@pytest.mark.parametrize("reply", CLOSED_WHILE.values(), ids=CLOSED_WHILE)
def test_closing_ends_a_call_at_once_while(server: FakeServer, tmp_path: Path, reply: Reply) -> None:
    server.on("/r", reply)
    patience = Patience(attempts=1000, first_wait=30, longest_wait=30, jitter=0)
    transport = Transport(connect_seconds=2, read_seconds=30, patience=patience, clock=lambda: NOW)
    closing = threading.Timer(0.15, transport.close)
    closing.start()
    began = time.perf_counter()
    with pytest.raises(Transient, match="closed"):
        transport.download(call(server), tmp_path / "body")
    assert 0.1 < time.perf_counter() - began < 2
    assert not (tmp_path / "body").exists()
    closing.join()


def test_a_closed_transport_may_be_closed_again_and_calls_nothing(
    server: FakeServer, transport: Transport
) -> None:
    server.on("/r", whole(b"ok"))
    transport.call(call(server))
    transport.close()
    transport.close()
    for ask in (transport.call, transport.knock):
        with pytest.raises(Transient, match="closed"):
            ask(call(server))
    assert len(server.asked) == 1


def test_closing_amid_many_threads_leaves_none_behind(server: FakeServer, tmp_path: Path) -> None:
    """Whatever each of them is just doing: the only error is that the source was closed."""
    server.on("/r", whole(BODY))

    def download_on(transport: Transport, name: int) -> str:
        try:
            while True:
                transport.download(call(server), tmp_path / str(name))
        except Transient as error:
            return error.what

    for _ in range(8):
        transport = transport_with()
        with ThreadPoolExecutor(4) as pool:
            told = [pool.submit(download_on, transport, name) for name in range(4)]
            time.sleep(0.03)
            transport.close()
        assert {one.result() for one in told} == {"test report: the source was closed meanwhile"}


def test_a_knock_takes_any_status_once(server: FakeServer, transport: Transport) -> None:
    server.on("/r", whole(b"", "503 Busy"))
    assert transport.knock(call(server)).status == 503
    assert len(server.asked) == 1
    server.on("/r", HANG_UP)
    with pytest.raises(Transient, match="cannot be reached"):
        transport.knock(call(server))


def test_loopback_is_spoken_to_directly(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.on("/r", whole(b"ok"))
    transport = transport_with()
    assert transport.call(call(server)).content == b"ok"
    transport.close()


def test_http_dates_are_aware_and_anything_else_is_none() -> None:
    assert http_date("Mon, 23 Nov 2026 05:00:00 GMT") == NOW
    assert http_date("Mon, 23 Nov 2026 05:00:00 -0000") == NOW
    assert http_date("") is None
    assert http_date("yesterday") is None


RUNNING = whole(b"", "202 Accepted")


def running(server: FakeServer) -> Call:
    json_call = Call(
        what="test report",
        url=f"{server.url}/r",
        method="POST",
        json=b'{"a": 1}',
        unfinished=frozenset({202}),
    )
    assert "{" not in repr(json_call).replace("frozenset({", "")
    return json_call


def test_json_goes_out_byte_for_byte(server: FakeServer, transport: Transport) -> None:
    server.on("/r", whole(b"ok"))
    transport.call(running(server))
    (asked,) = server.asked
    assert (asked.method, asked.body) == ("POST", b'{"a": 1}')
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["content-length"] == "8"


def test_what_a_call_does_not_call_unfinished_is_refused(server: FakeServer, transport: Transport) -> None:
    server.on("/r", RUNNING)
    with pytest.raises(Refused, match="202"):
        transport.call(call(server))
    assert len(server.asked) == 1


def test_polls_are_counted_apart_from_tries(server: FakeServer, tmp_path: Path) -> None:
    transport = Transport(
        connect_seconds=2,
        read_seconds=0.3,
        patience=AT_ONCE,
        polls=Patience(attempts=4, first_wait=0, longest_wait=0, jitter=0),
        clock=lambda: NOW,
    )
    server.on("/r", RUNNING, HANG_UP, HANG_UP, RUNNING, HANG_UP, HANG_UP, RUNNING, whole(BODY))
    assert transport.download(running(server), tmp_path / "body").size == len(BODY)
    assert {one.body for one in server.asked} == {b'{"a": 1}'}
    server.on("/r", RUNNING)
    server.asked.clear()
    with pytest.raises(Transient, match=r"the report did not finish.*asked 4 times") as error:
        transport.download(running(server), tmp_path / "other")
    assert len(server.asked) == 4
    assert not (tmp_path / "other").exists()
    assert error.value.__context__ is None
    transport.close()


def test_closing_ends_a_wait_for_the_next_poll(server: FakeServer) -> None:
    transport = transport_with(Patience(attempts=3, first_wait=30, longest_wait=30, jitter=0))
    server.on("/r", RUNNING)
    with ThreadPoolExecutor(1) as pool:
        began = time.perf_counter()
        waiting = pool.submit(transport.call, running(server))
        while not server.asked:
            time.sleep(0.01)
        time.sleep(0.05)
        transport.close()
        assert "closed" in str(waiting.exception())
    assert time.perf_counter() - began < 5
    assert len(server.asked) == 1


def test_a_knock_tells_how_far_the_servers_clock_is_ahead(server: FakeServer, transport: Transport) -> None:
    server.on("/r", whole(b"", "202 Accepted", {"Date": "Mon, 23 Nov 2026 05:00:10 GMT"}))
    assert transport.clock_ahead(running(server)) == 10
    server.on("/r", whole(b""))
    assert transport.clock_ahead(running(server)) is None
