"""A month of a small contact centre: October 2026, whose 25th has 25 hours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.days import ReportDay, span
from pipelines.exports.period import Period
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build
from tests.contact_centre import LONG_DAY, call, card, load, usage

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER = Period.month("2026-10")
WEEK = Period.between("2026-10-25", "2026-10-31")
FIRST, LAST = ReportDay.parse("2026-10-01"), ReportDay.parse("2026-10-31")
DESK = "Out of Hours(290)"
TRICK = '=HYPERLINK("http://example.com")'  # an agent of this name would be a formula


def manifest(files: tuple[Path, ...]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(files[-1].read_bytes())
    return told


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Every day of the month, whole: calls and time cards on each, account usage on the last week."""
    lake = Lake(tmp_path_factory.mktemp("month") / "data")
    for day in span(FIRST, LAST):
        number = day.date.day
        outbound = {"direction": "Outbound", "caller": "03069 990100", "skill": ""}
        calls = [
            call(f"{day}-1", day=day, talk_ms=60_001 * number, account_code="=1+1"),
            call(
                f"{day}-2", day=day, at=40_000, called="01632 960001", talk_ms=61_000, hold_ms=500, **outbound
            ),
            call(f"{day}-3", day=day, at=45_000, called="07700 900123", account_code="", **outbound),
            call(
                f"{day}-4",
                day=day,
                at=50_000,
                called="07700 900123",
                outcome="Unanswered",
                talk_ms=0,
                **outbound,
            ),
        ]
        cards = [
            card(30_000, 59_999, day=day, talk_ms=1234, agent=TRICK),
            card(0, day.hours * 3600, day=day, agent=DESK),
        ]
        load(lake, day, calls=calls, time_cards=cards)
        if day >= LONG_DAY:
            load(lake, day, account_usage=[usage("0101", 2, 61_000), usage("=1+1", 1, 60_001 * number)])
    build(lake, FEEDS, since=FIRST, until=LAST)
    return lake


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    """A table that covers every outbound call of the month."""
    path = tmp_path / "rates.csv"
    path.write_text(
        "prefix,per_minute_gbp,minimum_gbp,increment_seconds\n"
        "+44,0.5,0.01,60\n01632,0.012,0.001,6\n+447700,0.111111,0.2,1\n",
        encoding="utf-8",
    )
    return path
