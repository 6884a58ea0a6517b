"""One file that stands alone, holds no stranger's markup, and can be read on a phone and printed."""

from __future__ import annotations

import functools
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.daily_report import calendar, charts
from pipelines.daily_report.figures import CALLS, CASES
from pipelines.daily_report.page import page
from pipelines.feeds import FEEDS as ALL_FEEDS
from tests.browser import DESKTOP, PHONE, look_at, print_pages
from tests.daily_report.days import DAY, FEEDS, a_day, of_ten_years, with_case_type

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
    "nothing": a_day({(one.feed, one.day): "failed" for one in a_day().statuses}),
    "ten years": of_ten_years(sorted(ALL_FEEDS), {date(2019, 5, 1): "missing", date(2026, 11, 1): "failed"}),
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
    assert text.count("<table>") >= drawn >= 1
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


def test_where_no_day_is_loaded_nothing_is_drawn_but_the_calendar() -> None:
    assert shown("nothing").count("<figure ") == 1
    assert "Incomplete: 3 of 3 feeds. All: failed to load." in shown("nothing")


def test_ten_years_stand_in_a_calendar_of_months() -> None:
    text = shown("ten years")
    assert "Every feed, every month since January 2016" in text
    assert ">2016</text>" in text
    assert ">2026</text>" in text
    told = re.search(r"([\d,]+) of ([\d,]+) days of (\d+) feeds since January 2016 \(over 99%\)", text)
    days = 3_668 * len(ALL_FEEDS)
    assert told
    assert told.groups() == (f"{days - 2 * len(ALL_FEEDS):,}", f"{days:,}", str(len(ALL_FEEDS)))
    assert re.search(r'<th scope="row">icasework/cases</th>(<td>336 of 336</td>){3}<td>334 of 336</td>', text)
    assert "every month" not in shown("whole")


def test_a_sign_can_be_read_on_its_colour() -> None:
    for status, colour in calendar.STATUS_COLOURS.items():
        if calendar.STATUS_MARKS[status]:
            assert contrast(colour, calendar.STATUS_INKS[status]) >= 4.5, status


def contrast(one: str, other: str) -> float:
    """Return how far two colours differ in lightness, as WCAG 2 reckons it."""

    def lightness(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((lightness(one), lightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


@given(st.integers(0, 10**7))
def test_an_axis_has_few_whole_numbers_and_reaches_the_largest(largest: int) -> None:
    marks = charts.ticks(largest)
    assert marks[0] == 0
    assert marks[-1] >= largest
    assert marks[-2] < max(largest, 1)
    assert 2 <= len(marks) <= 5
    assert len({later - earlier for earlier, later in pairwise(marks)}) == 1


@pytest.mark.parametrize("name", ["whole", "troubled", "ten years"])
def test_it_prints_on_one_sheet(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(shown(name), encoding="utf-8")
    assert print_pages(path, tmp_path) == 1
