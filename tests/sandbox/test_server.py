from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, cast

import pytest

from pipelines.errors import Permanent
from pipelines.sandbox.answers import WHOLE_BELOW
from pipelines.sandbox.server import SandboxThread, serve
from tests.sandbox.caller import Caller, HandClock
from tests.sandbox.fake_council import FakeCouncil

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from pipelines.sandbox.council import Council

PROGRAM = (
    "from pipelines.sandbox.server import serve; serve(0, environment='production', reports={7: 'cases'})"
)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_named_with_its_setting(taken: int) -> None:
    with pytest.raises(Permanent, match=rf"port {taken} is taken.*CASEHOUSE_SANDBOX_PORT"):
        serve(taken)
    with pytest.raises(Permanent, match="is taken"), SandboxThread(port=taken):
        pass


def test_an_impossible_size_or_report_is_named() -> None:
    with pytest.raises(Permanent, match="cases_per_day"):
        serve(0, cases_per_day=0)
    with pytest.raises(Permanent, match=r"no report 'letters'.*cases, correspondence"):
        serve(0, reports={7: "letters"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_when_told_even_if_started_deaf(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),  # noqa: PLW1509 - as a shell's & does
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert lines[0].startswith("sandbox ready at http://127.0.0.1:")
    assert lines[0].endswith("/icasework (account sandbox, key sandbox-key)\n")
    told = "".join(lines)
    root = lines[0].split()[3].removesuffix("/icasework")
    for role, path in (("main", ""), ("reports", "-reports"), ("portal", "-portal")):
        assert f"  {role:<9} {root}/icasework{path}\n" in told
    assert "CASEHOUSE_ICASEWORK_SECRET, sandbox-secret" in told
    assert f"Xima: {root}/xima (key sandbox-xima-key)\n" in told
    assert f"Tascomi: {root}/tascomi/rest (public key sandbox-public-key;" in told
    assert f"{root}/_sandbox\n" in told
    assert (out, err, process.returncode) == ("", "", 0)


def test_small_answers_have_a_length_and_large_ones_are_streamed(
    http: httpx.Client, clock: HandClock
) -> None:
    council = FakeCouncil(rows=6000, chunk=500)
    with SandboxThread(clock=clock, council_factory=lambda _, __: cast("Council", council)) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        large = caller.report()
        assert large.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in large.headers
        assert len(large.content) > WHOLE_BELOW
        assert large.content.endswith(b"\r\nRows,6000\r\n")
        council.rows = 60
        small = caller.report()
        assert int(small.headers["Content-Length"]) == len(small.content) < WHOLE_BELOW


def test_a_large_report_is_made_while_it_is_read(http: httpx.Client, clock: HandClock) -> None:
    council = FakeCouncil(rows=40_000, chunk=250)
    made = 0

    def counted() -> Council:
        plain = council.row

        def row(*place: object) -> tuple[str, ...]:
            nonlocal made
            made += 1
            return plain(*place)  # type: ignore[arg-type]

        council.row = row  # type: ignore[method-assign, assignment]
        return cast("Council", council)

    with SandboxThread(clock=clock, council_factory=lambda _, __: counted()) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        form = {"ReportId": "50521", "Format": "csv", "From": "2026-11-02", "Until": "2026-11-02"}
        headers = {"Authorization": f"Bearer {caller.token()}"}
        with http.stream("POST", caller.url("getreport"), data=form, headers=headers) as answer:
            next(answer.iter_raw(1024))
            assert 0 < made < 40_000


def test_ending_does_not_wait_for_an_answer_held_back(http: httpx.Client, clock: HandClock) -> None:
    with SandboxThread(clock=clock) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        sandbox.faults.add("hold", seconds=3600)
        with socket.create_connection(("127.0.0.1", sandbox.port)) as line:
            line.sendall(b"GET /icasework/token HTTP/1.1\r\nHost: x\r\n\r\n")
            while not sandbox.calls.count:
                time.sleep(0.005)
    assert not sandbox._thread.is_alive()
    assert caller.base == sandbox.icasework_url
