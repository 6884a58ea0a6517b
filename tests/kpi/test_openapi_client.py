"""A client that a generator made of the served OpenAPI document asks for cards and reads every member."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.kpi.served import CUSTOMER, TOKEN, on_loopback, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "generated_card_client"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app, _ = service(tmp_path_factory.mktemp("cards"))
    with on_loopback(app) as url:
        yield url


@pytest.fixture(scope="module")
def made(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Generate the client of what is served, a warning being an error, and make it importable."""
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": []}))
    words = ["--url", f"{url}/openapi.json", "--output-path", str(folder / PACKAGE), "--config", str(config)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--meta",
            "none",
            "--fail-on-warning",
            *words,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> Any:  # noqa: ANN401 - a module that is there only now
    return importlib.import_module(f"{PACKAGE}.{name}")


def operation(name: str) -> Any:  # noqa: ANN401 - as above
    return part(f"api.default.{name}")


def client(url: str, token: str = TOKEN) -> Any:  # noqa: ANN401 - as above
    return part("client").AuthenticatedClient(url, token, raise_on_unexpected_status=True)


@pytest.mark.usefixtures("made")
def test_every_member_of_a_card_arrives_in_its_type(url: str) -> None:
    with client(url) as asking:
        card = operation("get_card").sync(client=asking, customer_id=CUSTOMER)
    assert type(card).__name__ == "Kpi"
    cases, calls = card.sections
    assert (calls.title, calls.message, calls.documents) == ("Calls", "No data available", [])
    first, second = cases.documents
    assert first.document_number == "C-1"
    assert first.document_date == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert first.status.color_code == "ORANGE"
    assert first.status.updated_date == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert (first.amount, first.currency) == (12.5, "GBP")
    (line,) = first.lines
    assert (line.name, line.quantity, line.delivered) == ("Call back", 2, 1)
    (opened,) = line.expandable_fields
    assert opened.columns == ["Day", "Change"]
    assert [(one.name, one.value) for one in opened.fields] == [("Day", "Monday")]
    unset = part("types").UNSET
    assert [one.name for one in first.fields] == ["Caller", unset]
    assert second.lines is unset
    assert second.status.color_code is unset


@pytest.mark.usefixtures("made")
def test_a_card_goes_through_the_client_unchanged(url: str) -> None:
    with client(url) as asking:
        answer = operation("get_card").sync_detailed(client=asking, customer_id=CUSTOMER)
    told, sent = answer.parsed.to_dict(), json.loads(answer.content)
    # The client spells a date its own way; all else is as it came.
    assert json.loads(json.dumps(told).replace("+00:00", "Z")) == sent


@pytest.mark.usefixtures("made")
def test_the_other_ways_in_are_described_too(url: str) -> None:
    with part("client").Client(url, raise_on_unexpected_status=True) as asking:
        card = operation("get_card_by_path_token").sync(TOKEN, client=asking, customer_id="nobody")
        assert card.sections[0].message == "No data available"
        assert operation("get_health").sync(client=asking).status == "ok"
        assert operation("get_readiness").sync(client=asking).cards == 1


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(("token", "customer", "status"), [("wrong", CUSTOMER, 401), (TOKEN, "", 400)])
def test_refusals_arrive_as_described(url: str, token: str, customer: str, status: int) -> None:
    with client(url, token) as asking:
        answer = operation("get_card").sync_detailed(client=asking, customer_id=customer)
    assert answer.status_code == status
    assert type(answer.parsed).__name__ == "Problem"
    assert answer.parsed.status == status


def test_the_documents_address_is_open_and_says_version_3(url: str) -> None:
    document = httpx.get(f"{url}/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert set(document["paths"]) == {"/rest/kpi", "/rest/kpi/{token}", "/health", "/ready"}
