"""The sandbox's inbox: it keeps what arrives, shows it, and fails when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from pipelines.sandbox.server import SandboxThread

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = {"title": "A <b>", "message": "two\nlines", "type": "warning"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with SandboxThread() as sandbox, httpx.Client(base_url=sandbox.url) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty(client: httpx.Client) -> None:
    assert client.delete("/_sandbox/inbox").json() == {"cleared": True}


def test_what_arrives_is_kept_and_shown(client: httpx.Client) -> None:
    assert client.post("/inbox/team", json=MESSAGE).status_code == 200
    told = client.get("/_sandbox/inbox").json()
    assert (told["count"], told["refused"], told["fault"]) == (1, 0, None)
    (kept,) = told["messages"]
    assert (kept["number"], kept["path"], kept["message"]) == (1, "/inbox/team", MESSAGE)
    page = client.get("/inbox")
    assert page.headers["content-type"].startswith("text/html")
    assert "A &lt;b&gt;" in page.text
    assert '<article class="warning">' in page.text


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b"\xff"])
def test_what_is_no_message_is_refused(client: httpx.Client, body: bytes) -> None:
    assert client.post("/inbox", content=body).status_code == 400
    assert client.get("/_sandbox/inbox").json()["refused"] == 1


def test_it_fails_as_often_as_it_is_told_to(client: httpx.Client) -> None:
    ordered = client.post("/_sandbox/inbox/fault", json={"status": 500, "calls": 2})
    assert ordered.status_code == 201
    statuses = [client.post("/inbox", json=MESSAGE).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert client.get("/_sandbox/inbox").json()["count"] == 1


def test_it_is_slow_when_it_is_told_to_be(client: httpx.Client) -> None:
    client.post("/_sandbox/inbox/fault", json={"seconds": 0.2})
    with pytest.raises(httpx.ReadTimeout):
        client.post("/inbox", json=MESSAGE, timeout=0.05)


@pytest.mark.parametrize(
    "wish", [{}, {"status": 200}, {"seconds": -1}, {"calls": 0, "status": 500}, {"x": 1}]
)
def test_a_fault_that_is_none_is_refused(client: httpx.Client, wish: dict[str, int]) -> None:
    answer = client.post("/_sandbox/inbox/fault", json=wish)
    assert answer.status_code == 400
    assert answer.json()["wrong"]
