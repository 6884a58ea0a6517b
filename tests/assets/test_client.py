"""Asking a Dagster: pages, refusals, silence, and no way round by a proxy."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from assets.client import HEARTBEAT_SECONDS, DagsterClient, address
from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def webserver() -> Iterator[str]:
    """Lend the address of something that answers every question with its version."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"version": "1.13"}}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def answering(*answers: dict[str, Any]) -> tuple[DagsterClient, list[dict[str, object]]]:
    """Return a client that is given these answers, and what it asked with."""
    client, asked, left = DagsterClient("http://127.0.0.1:1"), list[dict[str, object]](), list(answers)

    def ask(_: str, **variables: object) -> dict[str, Any]:
        asked.append(variables)
        return left.pop(0)

    client._ask = ask  # type: ignore[method-assign, assignment]
    return client, asked


def test_no_proxy_stands_between(webserver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    client = DagsterClient(webserver)
    assert client.is_there()
    assert client.version() == "1.13"


def test_nobody_there_is_told_apart_from_somebody_silent() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        client = DagsterClient(f"http://127.0.0.1:{one.getsockname()[1]}", timeout=1)
        assert not client.is_there()
        one.listen()
        assert client.is_there()
        with pytest.raises(Transient, match="does not answer as it should"):
            client.version()


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:3000"), ("::1", "http://[::1]:3000")]
)
def test_a_host_may_be_an_ipv6_number(host: str, url: str) -> None:
    assert address(host, 3000) == url


def page(cursor: str, *events: dict[str, Any], more: bool) -> dict[str, Any]:
    return {"logsForRun": {"cursor": cursor, "hasMore": more, "events": list(events)}}


def test_a_log_is_read_page_by_page_from_where_it_was_left() -> None:
    def loaded(day: str) -> dict[str, Any]:
        key = {"path": ["icasework", "tasks"]}
        return {"__typename": "MaterializationEvent", "assetKey": key, "partition": day}

    began = {
        "__typename": "EngineEvent",
        "timestamp": "1795000000500",
        "metadataEntries": [{"label": "pid", "text": "123"}, {"label": "step"}],
    }
    client, asked = answering(
        page("2", began, loaded("2026-09-01"), more=True),
        page("3", loaded("2026-09-02"), {"__typename": "RunFailureEvent", "message": "a\nb"}, more=False),
    )
    happened = client.read_log("one", "1")
    assert [variables["after"] for variables in asked] == ["1", "2"]
    assert happened.cursor == "3"
    assert happened.materialised == (("icasework/tasks", "2026-09-01"), ("icasework/tasks", "2026-09-02"))
    assert happened.run_failure == "a b"
    assert happened.processes == ((123, 1795000000.5),)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"__typename": "PythonError", "message": "it is over [already]"}, "it is over [already]"),
        ({"__typename": "UnauthorizedError"}, "UnauthorizedError"),
    ],
)
def test_a_refused_order_raises(answer: dict[str, str], told: str) -> None:
    client, _ = answering({"cancelPartitionBackfill": answer}, {"terminateRun": answer})
    with pytest.raises(Permanent) as caught:
        client.cancel_backfill("b")
    assert told in str(caught.value)
    with pytest.raises(Permanent) as caught:
        client.give_up("one")
    assert told in str(caught.value)


def test_a_daemon_that_has_not_told_for_a_while_counts_as_dead() -> None:
    now = time.time()
    beats = {"BACKFILL": now - HEARTBEAT_SECONDS - 1, "QUEUED_RUN_COORDINATOR": now - 30, "SENSOR": None}
    statuses = [{"daemonType": name, "lastHeartbeatTime": at} for name, at in beats.items()]
    client, _ = answering({"instance": {"daemonHealth": {"allDaemonStatuses": statuses}}})
    assert client.silent_daemons() == ["BACKFILL"]
