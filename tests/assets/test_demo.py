"""What the demo says where there is little to show."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from rich.console import Console

from assets import demo
from assets.demo import Demo
from pipelines.feeds import FEEDS
from pipelines.sandbox.inbox import PREFIX
from pipelines.settings import load_settings
from pipelines.warehouse import build
from tests.assets.conftest import NOW
from tests.contact_centre import DAY, case, load

if TYPE_CHECKING:
    import pytest

    from assets.processes import Children
    from pipelines.lake import Lake
    from pipelines.settings import Settings


class Started:
    """Children that only remember what was started."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str, *_: object, **__: object) -> None:
        self.names.append(name)


def shown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what is said of the cards once the service is up."""
    monkeypatch.setattr(demo, "_wait_for", lambda *_: None)
    monkeypatch.setattr(demo, "require_port", lambda *_: 8780)
    console, children = Console(file=io.StringIO()), Started()
    shown = Demo(settings, days=1, serve=True, now=NOW, console=console)
    shown._serve_cards(cast("Children", children))
    assert children.names == ["kpi"]
    return cast("io.StringIO", console.file).getvalue()


def test_where_no_customer_has_called_one_with_a_case_is_asked_for(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(lake, DAY, cases=[case(1)])
    build(lake, FEEDS, since=DAY, until=DAY)
    assert "customerId=200001'" in shown(settings, monkeypatch)


def test_alerts_of_the_demo_go_to_the_sandbox_and_to_nobody_who_is_on_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CASEHOUSE_ALERT_URLS", '["slack://on/call/now"]')
    for name, value in demo._environment(8799).items():
        monkeypatch.setenv(name, value)
    (url,) = load_settings().alert_urls
    assert url.get_secret_value() == f"json://127.0.0.1:8799{PREFIX}"


def test_where_there_is_no_customer_the_address_is_told(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(lake, FEEDS, since=DAY, until=DAY)
    assert "customerId=CUSTOMER'" in shown(settings, monkeypatch)
