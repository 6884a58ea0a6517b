"""What needs somebody stands first, and numbers add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import errors
from pipelines.calendar import gaps
from pipelines.day_status import COMPLETE, SIGNS
from tests.calendar.invented import CALLS, CASES, LAST, ONE_DAY, TROUBLED, a_calendar

CALENDAR = a_calendar(400, TROUBLED)


def test_what_waits_for_a_person_comes_first() -> None:
    told = [(one.status, one.kind, one.count) for one in gaps.troubles(CALENDAR)]
    assert told == [
        ("failed", "drift", "1 day"),
        ("unverified", "", "1 day"),
        ("held", "", "1 day"),
        ("failed", "transient", "1 day"),
        ("missing", "", "4 days"),
    ]


def test_feeds_that_lack_the_same_days_stand_together() -> None:
    missing = gaps.troubles(CALENDAR)[-1]
    assert missing.gaps == [gaps.Gap("22 to 23 October 2026", "all 2 feeds", f"#{CASES}/2026-10-23")]
    assert missing.todo == "casehouse backfill --missing --from 2026-10-22 --to 2026-10-23"


def test_only_the_newest_stretches_are_named() -> None:
    scattered = {(CALLS, LAST - 2 * number * ONE_DAY): {"status": "unverified"} for number in range(20)}
    (trouble,) = gaps.troubles(a_calendar(50, scattered))
    assert trouble.gaps[0].link == f"#{CALLS}/{LAST}"
    assert (len(trouble.gaps), trouble.untold) == (gaps.MOST_STRETCHES, 20 - gaps.MOST_STRETCHES)
    assert trouble.todo == "docs/runbooks/unverified.md"


@pytest.mark.parametrize(
    "kind", ["transient", "permanent", "settings", "drift", "violations", "unverified", "damaged", "storage"]
)
def test_each_kind_of_failure_has_its_runbook(kind: str) -> None:
    (trouble,) = gaps.troubles(a_calendar(3, {(CASES, LAST): {"status": "failed", "kind": kind}}))
    assert trouble.todo == f"docs/runbooks/{kind}.md"


def test_every_kind_that_errors_know_has_a_runbook() -> None:
    kinds = {
        one.kind
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.CasehouseError)
    }
    assert kinds - {errors.CasehouseError.kind} == set(gaps.RUNBOOKS)


def test_the_verdict_counts_every_day() -> None:
    assert gaps.verdict(CALENDAR) == (
        False,
        (
            "99.0% verified: 792 of 800 days of 2 feeds, 19 October 2025 to 22 November 2026;"
            " 1 complete but for rows set aside. 7 days are not there or not proved."
        ),
    )
    assert gaps.verdict(a_calendar(5)) == (
        True,
        "100% verified: 10 of 10 days of 2 feeds, 18 to 22 November 2026.",
    )


def test_years_and_months_add_up_to_the_whole() -> None:
    complete = sum(number for status, number in gaps.by_status(CALENDAR).items() if status in COMPLETE)
    years, by_year = gaps.years(CALENDAR)
    assert years == [2025, 2026]
    for lines in (by_year, gaps.months(CALENDAR)):
        tallies = [one for line in lines for one in line.tallies if one]
        assert sum(one.total for one in tallies) == 800
        assert sum(one.complete for one in tallies) == complete
    first = gaps.months(CALENDAR)[0]
    assert (first.feed, first.year) == (CASES, 2026)
    assert [one.told if one else "" for one in first.tallies][-3:] == ["29 of 31", "19 of 22", ""]


@given(st.integers(0, 60_000), st.integers(1, 60_000))
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, more: int) -> None:
    assert gaps.share(part, part + more) not in {"100%", "100.0%"}
    assert (gaps.share(part, part + more) in {"0%", "0.0%"}) == (part == 0)
    assert gaps.share(more, more) == "100%"


def test_every_status_is_complete_or_needs_somebody() -> None:
    assert set(gaps.URGENCY) | COMPLETE == set(SIGNS)
    assert set(gaps.URGENCY) & COMPLETE == {"held"}
