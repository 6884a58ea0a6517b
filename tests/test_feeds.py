"""Each source is opened, allowed and told apart from the stand-in by its own settings."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.feeds import FEEDS, SOURCES, connect, policy_for
from pipelines.settings import load_settings
from pipelines.sources.dialect import ICASEWORK, TASCOMI, XIMA


def test_every_feed_has_a_source_and_speaks_its_dialect() -> None:
    assert {feed.source for feed in FEEDS.values()} == set(SOURCES)
    spoken = {feed.source: feed.dialect for feed in FEEDS.values()}
    assert spoken == {"icasework": ICASEWORK, "xima": XIMA, "tascomi": TASCOMI}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_can_be_opened(source: str) -> None:
    with closing(connect(source, load_settings())) as opened:
        assert opened.origin == "sandbox sandbox"


def test_each_feed_of_xima_says_for_itself_whether_it_may_lack_totals() -> None:
    settings = load_settings(
        xima_reconcile={"account_usage": "none"}, xima_concurrency=3, icasework_concurrency=5
    )
    allowed = {key: policy_for(key, settings).may_lack_total for key in FEEDS}
    assert [key for key, may in allowed.items() if may] == ["xima/account_usage"]
    assert policy_for("xima/calls", settings).concurrency == 3
    assert policy_for("icasework/tasks", settings).concurrency == 5


def test_all_feeds_of_icasework_share_one_setting() -> None:
    settings = load_settings(icasework_reconcile="none", bad_row_share=0.2)
    assert policy_for("icasework/tasks", settings).may_lack_total
    assert not policy_for("xima/calls", settings).may_lack_total
    assert policy_for("xima/calls", settings).bad_row_share == 0.2


@pytest.mark.parametrize(
    ("source", "moved"),
    [
        ("icasework", {"icasework_base_url": "http://127.0.0.1:1"}),
        ("icasework", {"icasework_reports_url": "http://127.0.0.1:1"}),
        ("xima", {"xima_base_url": "http://127.0.0.1:1"}),
        ("tascomi", {"tascomi_base_url": "http://127.0.0.1:1/rest"}),
    ],
)
def test_a_source_that_was_led_elsewhere_is_known(source: str, moved: dict[str, str]) -> None:
    settings = load_settings(**moved)
    assert [name for name, one in SOURCES.items() if one.is_moved(settings)] == [source]


def test_where_each_source_answers_is_told() -> None:
    settings = load_settings(sandbox_port=9000, xima_environment="production", xima_tenant="anytown")
    told = {name: (one.environment(settings), one.address(settings)) for name, one in SOURCES.items()}
    assert told == {
        "icasework": ("sandbox", "http://127.0.0.1:9000/icasework"),
        "xima": ("production", "https://anytown.xima.cloud"),
        "tascomi": ("sandbox", "http://127.0.0.1:9000/tascomi/rest"),
    }
