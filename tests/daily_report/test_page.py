"""One file that stands alone, holds no stranger's markup, and can be read on a phone and printed."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.daily_report import charts
from pipelines.daily_report.figures import CALLS, CASES
from pipelines.daily_report.page import page
from tests.browser import DESKTOP, PHONE, look_at, print_pages
from tests.daily_report.days import DAY, FEEDS, a_day, with_case_type

if TYPE_CHECKING:
    from pathlib import Path

TROUBLED = {
    (CASES, DAY - timedelta(days=3)): "missing",
    (CASES, DAY - timedelta(days=8)): "unverified",
    (FEEDS[1], DAY - timedelta(days=1)): "failed",
    (CALLS, DAY - timedelta(days=10)): "quarantined",
} | {(CALLS, DAY - timedelta(days=number)): "missing" for number in range(60, 91)}
SHOWN = {
    "whole": a_day(),
    "troubled": a_day(TROUBLED),
    "empty": a_day({(feed, DAY): "missing" for feed in FEEDS}),
}


@functools.cache
def shown(name: str) -> str:
    return page(SHOWN[name])


@pytest.fixture(params=SHOWN)
def text(request: pytest.FixtureRequest) -> str:
    return shown(str(request.param))


def test_it_needs_neither_network_nor_script(text: str) -> None:
    assert not re.findall(r"<script|@import|url\(|javascript:|\son\w+=", text)
    links = re.findall(r'(?:src|href|xlink:href)="([^"]*)"', text)
    assert links == ["data:,"]
    assert "http" not in text


def test_the_same_figures_give_the_same_bytes() -> None:
    assert page(SHOWN["troubled"]) == shown("troubled")


def test_what_strangers_wrote_is_text() -> None:
    name = "<script>alert('x')</script>&\"Bins\""
    text = page(with_case_type(a_day(), name))
    assert "<script" not in text
    assert "alert(" in text


def test_each_chart_is_told_in_words_and_in_a_table(text: str) -> None:
    drawn = text.count("<figure ")
    assert drawn == text.count('<figure role="img" aria-label="Chart: ')
    assert text.count("<table>") >= drawn >= 3
    assert text.count("<svg ") == text.count('aria-hidden="true" focusable="false"')


def test_days_that_are_not_there_are_not_drawn_as_nought() -> None:
    troubled = shown("troubled")
    assert len(re.findall(r"<td>not loaded</td>", troubled)) == 3
    assert len(re.findall(r"<td>\d+ \(unverified\)</td>", troubled)) == 3
    assert f'fill="{charts.ABSENT}"' in troubled
    assert f'fill="{charts.UNPROVED}"' in troubled
    assert shown("empty").count("is not loaded</span>") == 6


def test_it_fits_its_screen_without_a_word_on_the_console(text: str, tmp_path: Path) -> None:
    seen, console = look_at(text, (PHONE, DESKTOP), tmp_path)
    assert console == []
    assert [one.overflow for one in seen] == [0, 0]
    assert [one.collisions for one in seen] == [[], []]


def test_what_would_be_wrong_is_seen(tmp_path: Path) -> None:
    letters = '<svg viewBox="0 0 50 20" width="50">' + '<text y="15">Letters</text>' * 2 + "</svg>"
    fault = "<script>console.error('no');</script>"
    (seen,), console = look_at(f'<p style="width:500px">{fault}{letters}</p>', [PHONE], tmp_path)
    assert len(console) == 1
    assert seen.overflow > 0
    assert "Letters on Letters" in seen.collisions


@pytest.mark.parametrize("name", ["whole", "troubled"])
def test_it_prints_on_one_sheet(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(shown(name), encoding="utf-8")
    assert print_pages(path, tmp_path) == 1
