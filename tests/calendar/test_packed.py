"""Every receipt comes out of the page as it went in, and ten years of them stay small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calendar import packed
from pipelines.calendar.cells import Calendar, Cell
from tests.calendar.invented import (
    CALLS,
    CASES,
    LAST,
    NOW,
    ONE_DAY,
    a_calendar,
    a_cell,
    revised,
    ten_years,
    unpacked,
)

COUNTS = st.integers(0, 10**9)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
INSTANTS = st.datetimes(datetime(2016, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
REVISIONS = st.lists(
    st.builds(revised, INSTANTS, COUNTS, COUNTS, COUNTS, kept=st.booleans(), why=WORDS), max_size=3
)


@st.composite
def cells(draw: st.DrawFn, feed: str, back: int) -> Cell:
    day = LAST - back * ONE_DAY
    status = draw(st.sampled_from(["verified", "quarantined", "unverified", "missing", "failed"]))
    facts: dict[str, Any] = {}
    if status not in {"missing", "failed"}:
        windows = st.sampled_from([f"{day}T00:00:00.000", f"{day + ONE_DAY} 01:00", "1763769600"])
        facts = {
            "rows_good": draw(COUNTS),
            "rows_quarantined": draw(COUNTS),
            "source_total": draw(st.none() | COUNTS),
            "origin": draw(st.sampled_from(["uat council", "sandbox sandbox"])),
            "window_from": draw(windows),
            "body": draw(st.binary(min_size=6, max_size=6)).hex(),
            "revisions": draw(REVISIONS),
        }
    if status == "failed" or draw(st.booleans()):
        words = draw(WORDS)
        facts |= {"kind": "drift", "message": f"{feed} {day}: {words}", "attempted_at": draw(INSTANTS)}
    return a_cell(feed, day, status, **facts)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.integers(1, 6))
    feeds = {feed: [draw(cells(feed, back)) for back in range(days - 1, -1, -1)] for feed in (CASES, CALLS)}
    return Calendar(LAST - (days - 1) * ONE_DAY, LAST, NOW, feeds)


def minutes(cell: Cell, at: datetime | None) -> int | None:
    midnight = datetime(cell.day.year, cell.day.month, cell.day.day, tzinfo=UTC)
    return None if at is None else (at - midnight) // timedelta(minutes=1)


def plain(text: str | None) -> str | None:
    """Return a text with blanks for signs that no sentence has."""
    return None if text is None else "".join(" " if ord(sign) < 32 else sign for sign in text)


@given(calendars())
@settings(deadline=None, max_examples=60)
def test_what_went_in_comes_out(calendar: Calendar) -> None:
    known = unpacked(calendar)
    for cell in calendar.cells:
        told = known.pop((cell.feed, str(cell.day)))
        assert told["status"] == cell.status
        assert (told["message"], told["kind"]) == (plain(cell.message), cell.kind)
        assert told["attempted"] == minutes(cell, cell.attempted_at)
        assert told["good"] == cell.rows_good
        if cell.is_loaded:
            names = ("origin", "contract", "version", "window_from", "window_until", "body")
            assert [told[name] for name in names] == [getattr(cell, name) for name in names]
            assert told["aside"] == cell.rows_quarantined
            rows = told["good"] + told["aside"]
            assert (None if told["untold"] is None else rows + told["untold"]) == cell.source_total
        last = cell.revisions[-1] if cell.revisions else None
        assert told["revisions"] == (len(cell.revisions) or None)
        assert told["revised"] == minutes(cell, last.at if last else None)
        assert told["why"] == (plain(last.why) or None if last else None)
        if last:
            counts = [told[name] for name in ("added", "changed", "gone", "kept")]
            assert counts == [last.added, last.changed, last.gone, last.kept]
    assert not known


def test_ten_years_of_fourteen_feeds_stay_under_a_megabyte() -> None:
    assert len(ten_years().encode()) < 1_000_000


def test_words_beyond_the_room_for_them_are_left_out_the_oldest_first() -> None:
    words = {
        (CASES, LAST - back * ONE_DAY): {"status": "failed", "message": f"{back} " + "x" * 50_000}
        for back in range(6)
    }
    known = unpacked(a_calendar(6, words))
    told = [known[CASES, str(LAST - back * ONE_DAY)]["message"] for back in range(6)]
    room = packed.MOST_WORDS // 50_002
    assert [one[:2] for one in told[:room]] == [f"{back} " for back in range(room)]
    assert set(told[room:]) == {packed.UNTOLD}
