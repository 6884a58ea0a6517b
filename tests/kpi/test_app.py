"""The application: its quick path and its described routes cannot differ, and what it describes is true."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kpi.app import Service, build_api
from pipelines.kpi.schema import Problem, Readiness
from tests.kpi.served import CUSTOMER, TOKEN, on_loopback, service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from pipelines.kpi.app import Message, Receive, Scope, Send
    from pipelines.kpi.desk import Desk

    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CANARY = "QQ123456C"
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def ask(
    app: Application,
    path: str,
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    method: str = "GET",
) -> Answer:
    """Ask an ASGI application as a server does."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "server": ("127.0.0.1", 1),
        "client": ("127.0.0.1", 2),
        "method": method,
        "path": path,
        "raw_path": path.encode(errors="replace"),
        "query_string": query,
        "headers": list(headers),
    }
    asyncio.run(_called(app, scope, receive, send))
    body = b"".join(message.get("body", b"") for message in told[1:])
    return told[0]["status"], list(told[0]["headers"]), body


async def _called(app: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, Desk]:
    return service(tmp_path_factory.mktemp("cards"))


KEY = (b"x-api-key", TOKEN.encode())
ID = b"customerId=C-100%2F7%20%C3%BC"
REQUESTS: list[tuple[str, bytes, list[tuple[bytes, bytes]], str]] = [
    ("/rest/kpi", ID, [KEY], "GET"),
    (f"/rest/kpi/{TOKEN}", ID, [], "GET"),
    ("/rest/kpi", ID + b"&token=" + TOKEN.encode(), [], "GET"),
    ("/rest/kpi", b"customerId=nobody", [KEY], "GET"),
    ("/rest/kpi", ID, [KEY, (b"if-none-match", b"*")], "GET"),
    ("/rest/kpi", ID, [KEY, (b"accept-encoding", b"gzip")], "GET"),
    ("/rest/kpi", b"", [KEY], "GET"),
    ("/rest/kpi", b"customerId=%00", [KEY], "GET"),
    ("/rest/kpi", ID, [], "GET"),
    ("/rest/kpi/nonsense", ID, [], "GET"),
    ("/rest/kpi/t\u00f6ken", ID, [], "GET"),
    *(("/rest/kpi", ID, [KEY], method) for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")),
    *((f"/rest/kpi/{TOKEN}", ID, [], method) for method in ("HEAD", "POST")),
    *(
        (path, ID, [KEY], "GET")
        for path in ("/", "/rest", "/rest/kpi/", "/rest/kpi/a/b", "/rest/kpix", "/docs")
    ),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_the_quick_path_and_the_described_route_answer_the_same(
    made: tuple[Service, Desk], request_: tuple[str, bytes, list[tuple[bytes, bytes]], str]
) -> None:
    quick, _ = made
    assert ask(quick, *request_) == ask(quick._api, *request_)


@settings(max_examples=100, deadline=None)
@given(
    path=st.sampled_from(["/rest/kpi", f"/rest/kpi/{TOKEN}", "/rest/kpi/x"]),
    query=st.binary(max_size=30) | st.binary(max_size=20).map(lambda value: b"customerId=" + value),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"x-api-key", b"authorization", b"if-none-match", b"accept-encoding"]),
            st.sampled_from([TOKEN.encode(), b"Bearer " + TOKEN.encode(), b"*", b"gzip", b'"1"', b"\xff"]),
        ),
        max_size=3,
    ),
)
def test_whatever_is_sent_is_answered_the_same(
    made: tuple[Service, Desk], path: str, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    quick, _ = made
    assert ask(quick, path, query, headers) == ask(quick._api, path, query, headers)


@pytest.mark.parametrize("path", ["/", "/docs", "/rest/kpi/", "/rest/kpi/a/b", "/metrics"])
def test_elsewhere_there_is_a_problem(made: tuple[Service, Desk], path: str) -> None:
    status, headers, body = ask(made[0], path, f"customerId={CANARY}".encode())
    assert status == 404
    assert (b"content-type", b"application/problem+json") in headers
    assert Problem.model_validate_json(body).status == 404
    assert CANARY.encode() not in body


def test_health_and_readiness_need_no_token(made: tuple[Service, Desk]) -> None:
    assert json.loads(ask(made[0], "/health")[2]) == {"status": "ok"}
    status, _, body = ask(made[0], "/ready")
    assert status == 200
    told = Readiness.model_validate_json(body)
    assert (told.status, told.cards, told.troubles, told.failed_sections) == ("ready", 1, [], [])
    assert b'"asOf":"2026-11-22T00:00:00Z"' in body


def test_readiness_fails_with_old_cards_and_with_none(tmp_path: Path) -> None:
    old, desk = service(tmp_path, age=timedelta(hours=37))
    status, _, body = ask(old, "/ready")
    assert status == 503
    assert "older than allowed" in Problem.model_validate_json(body).detail
    assert ask(old, "/health")[0] == 200
    desk._shelf = None
    status, _, body = ask(old, "/ready")
    assert status == 503
    assert "there are none" in Problem.model_validate_json(body).detail


def test_readiness_tells_what_does_not_work(made: tuple[Service, Desk]) -> None:
    api = build_api(made[1], lambda: ["Accesses wait."])
    assert json.loads(ask(api, "/ready")[2])["troubles"] == ["Accesses wait."]


@pytest.mark.parametrize("path", ["/rest/kpi", "/ready"])
def test_an_exception_is_told_by_its_place_and_never_by_its_words(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app, desk = service(tmp_path)

    def fail(*_: object) -> Any:  # noqa: ANN401 - it never returns
        raise RuntimeError(f"no card for {CANARY}")

    desk._readings = fail
    api = app._api
    for route in api.routes:
        if getattr(route, "path", "") == "/ready":
            route.app = fail  # type: ignore[attr-defined]
            route.endpoint = fail  # type: ignore[attr-defined]
    status, headers, body = ask(app, path, f"customerId={CANARY}".encode(), [KEY])
    assert status == 500
    assert (b"content-type", b"application/problem+json") in headers
    assert Problem.model_validate_json(body).status == 500
    assert "unforeseen RuntimeError at test_app.py" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY.encode() not in body


def test_companions_start_in_order_and_stop_in_reverse(made: tuple[Service, Desk]) -> None:
    told: list[str] = []

    class Companion:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            told.append(f"start {self.name}")

        def stop(self) -> None:
            told.append(f"stop {self.name}")

    with on_loopback(Service(made[1], made[0]._api, [Companion("a"), Companion("b")])):
        assert told == ["start a", "start b"]
    assert told == ["start a", "start b", "stop b", "stop a"]


def test_the_document_names_every_way_in_and_every_answer(made: tuple[Service, Desk]) -> None:
    told = json.loads(ask(made[0], "/openapi.json")[2])
    assert set(told["paths"]) == {"/rest/kpi", "/rest/kpi/{token}", "/health", "/ready"}
    card = told["paths"]["/rest/kpi"]["get"]
    assert card["security"] == [{"bearer": []}, {"header": []}, {"parameter": []}]
    assert set(told["components"]["securitySchemes"]) == {"bearer", "header", "parameter"}
    assert set(card["responses"]) == {"200", "304", "400", "401", "405", "500", "503"}
    assert card["responses"]["200"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Kpi"}}
    }
    (customer,) = [one for one in card["parameters"] if one["name"] == "customerId"]
    assert (customer["in"], customer["required"], customer["schema"]["maxLength"]) == ("query", True, 128)
    by_path = told["paths"]["/rest/kpi/{token}"]["get"]
    assert by_path["security"] == []
    assert [one["name"] for one in by_path["parameters"]] == ["token", "customerId", "If-None-Match"]
    assert {"Kpi", "KpiDocument", "KpiNamedField", "Problem"} <= set(told["components"]["schemas"])


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    app, _ = service(tmp_path / "cards")
    (tmp_path / "schemathesis.toml").write_text(
        f'[[operations]]\ninclude-path = "/rest/kpi/{{token}}"\nparameters = {{ "path.token" = "{TOKEN}" }}\n'
    )
    options = ["--mode", "all", "--max-examples", "40", "--seed", "2026", "--no-color"]
    with on_loopback(app) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
                *("--header", f"X-API-Key: {TOKEN}", *options),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    assert "4 selected / 4 total" in done.stdout
    assert "No issues found" in done.stdout


def test_the_customer_of_these_tests_has_a_card(made: tuple[Service, Desk]) -> None:
    assert CUSTOMER == "C-100/7 ü"
    assert b'"documentNumber": "C-1"' in ask(made[0], "/rest/kpi", ID, [KEY])[2]
