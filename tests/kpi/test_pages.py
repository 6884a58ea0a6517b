"""The preview as it is served: for whoever has a token, of what the desk answers, recorded as any card is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

from pipelines.kpi.preview import preview_headers
from tests.browser import visit
from tests.kpi.served import CUSTOMER, TOKEN, Ledger, on_loopback, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = f"/preview?token={TOKEN}"


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def client(tmp_path: Path, ledger: Ledger) -> Iterator[httpx.Client]:
    app, _ = service(tmp_path, ledger=ledger)
    with on_loopback(app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_a_card_is_shown_and_recorded(client: httpx.Client, ledger: Ledger) -> None:
    answer = client.get(HERE, params={"token": TOKEN, "customerId": CUSTOMER})
    assert answer.status_code == 200
    assert "Call back" in answer.text
    assert "breaks the shape" not in answer.text
    assert f'name="token" value="{TOKEN}"' in answer.text
    assert f'value="{CUSTOMER}"' in answer.text
    for name, value in preview_headers().items():
        assert answer.headers[name] == value
    assert ledger.kept == [("test", 200, "found")]


def test_without_a_customer_it_asks_for_one(client: httpx.Client) -> None:
    answer = client.get(HERE)
    assert answer.status_code == 200
    assert "as the contact centre has it" in answer.text
    assert 'role="alert"' not in answer.text


@pytest.mark.parametrize("token", ["", "?token=", "?token=wrong-token-0123456789"])
def test_without_a_token_it_shows_nothing_but_asks_for_one(client: httpx.Client, token: str) -> None:
    answer = client.get(f"/preview{token}", params={"customerId": CUSTOMER} if not token else None)
    assert answer.status_code == 401
    assert 'type="password" name="token"' in answer.text
    assert "a token that is valid now" in answer.text
    assert "wrong-token" not in answer.text
    assert "Call back" not in answer.text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "customerId is empty"),
        ("a%00b", "control characters"),
        ("1&customerId=2", "more than once"),
        ("%ff", "not UTF-8"),
    ],
)
def test_what_the_service_refuses_the_page_explains(client: httpx.Client, asked: str, told: str) -> None:
    answer = client.get(f"{HERE}&customerId={asked}")
    assert answer.status_code == 400
    assert told in answer.text


def test_somebody_nobody_knows_has_a_card_too(client: httpx.Client) -> None:
    answer = client.get(f"{HERE}&customerId=nobody")
    assert answer.status_code == 200
    assert "No data available" in answer.text


def test_what_cannot_be_recorded_is_not_shown(client: httpx.Client, ledger: Ledger) -> None:
    ledger.is_full = True
    answer = client.get(f"{HERE}&customerId={quote(CUSTOMER)}")
    assert answer.status_code == 503
    assert "could not be recorded" in answer.text
    assert "Call back" not in answer.text


def test_old_cards_say_so_above_all(tmp_path: Path) -> None:
    app, _ = service(tmp_path, age=timedelta(days=3))
    with on_loopback(app) as url:
        text = httpx.get(f"{url}{HERE}&customerId={quote(CUSTOMER)}").text
    assert re.search(r'<section class="notice"[^>]*><h2>.*Information</h2><p>These cases are as of', text)
    assert "Call back" in text


def test_a_browser_opens_it_as_it_is_served(tmp_path: Path) -> None:
    app, _ = service(tmp_path / "cards")
    with on_loopback(app) as url:
        page, console = visit(f"{url}{HERE}&customerId={quote(CUSTOMER)}", tmp_path)
    assert console == []
    assert "Call back" in page
