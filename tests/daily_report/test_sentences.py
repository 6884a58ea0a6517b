"""The report says in words what it draws, and says plainly what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from pipelines.daily_report import sentences
from pipelines.daily_report.figures import CALLS, CASES, NOT_LOADED
from tests.daily_report.days import DAY, FEEDS, a_day

ACTIONS = FEEDS[1]


def test_a_whole_day_is_told_with_what_is_usual() -> None:
    figures = a_day()
    assert sentences.verdict(figures) == (True, "Complete: all 3 feeds have this day.")
    assert sentences.volumes(figures) == (
        "36 cases were received and 28 closed. Fridays before it brought 35 and closed 29 on average."
    )
    assert sentences.still_open(figures) == (
        "527 cases were open when the day ended, 7 more than a week before. "
        "Only cases with activity since 5 January 2026 are known."
    )
    assert sentences.backlog(figures) == (
        "43 of 527 open cases (8%) are past the target date; 105 more fall due within seven days."
    )
    assert sentences.calls(figures) == (
        "120 calls came in; 6 callers gave up (5%). 90 (75%) were answered within 20 seconds. "
        "The busiest half hour began at 08:30, with 6."
    )
    assert sentences.completeness(figures) == (
        "All 91 days of all 3 feeds since 22 August 2026 are complete."
    )
    assert sentences.gaps(figures) == []


@pytest.mark.parametrize("status", sorted(NOT_LOADED))
def test_a_day_that_is_not_loaded_has_no_figures(status: str) -> None:
    figures = a_day({(CASES, DAY): status, (CALLS, DAY): status})
    is_complete, verdict = sentences.verdict(figures)
    assert not is_complete
    assert verdict.startswith("Incomplete: 2 of 3 feeds. icasework/cases and xima/calls: ")
    for told in (sentences.volumes, sentences.still_open, sentences.backlog, sentences.calls):
        assert "are not there" in told(figures)
        assert not any(character.isdigit() for character in told(figures))


def test_an_unverified_day_has_figures_and_a_warning() -> None:
    figures = a_day({(CASES, DAY): "unverified", (CALLS, DAY): "unverified"})
    assert not sentences.verdict(figures)[0]
    for told in (sentences.volumes, sentences.still_open, sentences.backlog, sentences.calls):
        assert "Unverified: " in told(figures)


def test_rows_that_were_set_aside_are_named_and_no_gap() -> None:
    figures = a_day({(CALLS, DAY): "quarantined"})
    is_complete, told = sentences.verdict(figures)
    assert is_complete
    assert told.endswith("set aside in xima/calls.")
    assert sentences.gaps(figures) == []


def test_gaps_are_put_together_over_days_and_feeds_the_latest_first() -> None:
    lost = [date(2026, 10, 27), date(2026, 10, 28)]
    statuses = {(feed, day): "missing" for feed in FEEDS for day in lost}
    statuses |= {(ACTIONS, date(2026, 11, 19)): "failed", (CASES, date(2026, 11, 12)): "unverified"}
    figures = a_day(statuses)
    assert [(one.status, one.days, one.feeds) for one in sentences.gaps(figures)] == [
        ("failed", "19 November 2026", ACTIONS),
        ("unverified", "12 November 2026", CASES),
        ("missing", "27 to 28 October 2026", "all feeds"),
    ]
    assert sentences.completeness(figures).endswith("265 of 273 (97%) are complete. Not so:")


def test_what_is_usual_leaves_out_days_that_are_not_loaded() -> None:
    weeks = [DAY - timedelta(weeks=number) for number in (1, 2, 3)]
    one_left = a_day({(CASES, day): "missing" for day in weeks[:2]})
    assert sentences.usual(one_left.case_days, lambda one: one.received) is None
    two_left = a_day({(CASES, weeks[0]): "failed"})
    assert sentences.usual(two_left.case_days, lambda one: one.received) == 34
    assert "on average" not in sentences.volumes(one_left)


def test_the_week_before_is_compared_only_when_it_is_loaded() -> None:
    assert "a week before" not in sentences.still_open(a_day({(CASES, DAY - timedelta(days=7)): "missing"}))


def test_days_that_are_lost_are_told_beside_what_is_open() -> None:
    lost = a_day({(CASES, DAY - timedelta(days=4)): "failed", (CASES, DAY - timedelta(days=5)): "missing"})
    told = "2 of the last 28 days are not loaded: what changed then may be lacking."
    assert sentences.still_open(lost).endswith(told)


def test_nothing_happening_is_not_nothing_known() -> None:
    quiet = a_day()
    silent = replace(quiet.call_days[-1], calls_in=0, abandoned=0, answered_in_time=0)
    quiet = replace(quiet, backlog=[], call_days=[*quiet.call_days[:-1], silent], half_hours=[])
    assert sentences.backlog(quiet) == "No case is open."
    assert sentences.calls(quiet) == "No call came in."


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 10, "0%"),
        (1, 1000, "under 1%"),
        (999, 1000, "over 99%"),
        (10, 10, "100%"),
        (1, 3, "33%"),
        (0, 0, "none"),
    ],
)
def test_shares_do_not_round_to_none_or_all(part: int, whole: int, told: str) -> None:
    assert sentences.share(part, whole) == told


def test_spans_name_no_more_than_is_needed() -> None:
    span = sentences.span_in_words
    assert span(date(2026, 10, 27), date(2026, 10, 28)) == "27 to 28 October 2026"
    assert span(date(2026, 10, 27), date(2026, 11, 2)) == "27 October to 2 November 2026"
    assert span(date(2025, 12, 30), date(2026, 1, 2)) == "30 December 2025 to 2 January 2026"
    assert sentences.count(1, "case", "cases") == "1 case"
    assert sentences.count(1204, "case", "cases") == "1,204 cases"
