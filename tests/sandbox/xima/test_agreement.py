"""The reports of a timeframe agree with each other, and with the clock on the days it changes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.days import LONDON
from pipelines.demonstration import XIMA_DESK, XIMA_REPORTS
from tests.sandbox.xima.caller import agents, rows, skills, timeframe, totals

if TYPE_CHECKING:
    from tests.sandbox.xima.caller import Row, XimaCaller

HOUR = 3_600_000
WEEK = ("2026-11-16", "2026-11-22")
PARTS = ("Break", "Do Not Disturb", "Talking", "Hold", "Wrap Up", "Idle")
LENGTHS = ("Ringing", "Hold", "Talking", "Wrap Up", "Call Duration")


@pytest.fixture(scope="module")
def week(standing: XimaCaller) -> dict[str, dict[str, Any]]:
    return {report: standing.day(report, *WEEK) for report in XIMA_REPORTS}


def ms(earlier: str, later: str) -> int:
    return round((datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() * 1000)


def added(found: list[Row], title: str) -> int:
    return sum(row[title] for row in found)


def test_totals_are_the_sums_of_the_rows(week: dict[str, dict[str, Any]]) -> None:
    calls, cards, usage = (rows(week[name]) for name in ("calls", "time_cards", "account_usage"))
    told = totals(week["calls"])
    assert told["Calls"] == len(calls) > 500
    assert {title: told[f"Total {title}"] for title in LENGTHS} == {t: added(calls, t) for t in LENGTHS}
    told = totals(week["time_cards"])
    assert told["Sessions"] == len(cards) > 50
    titles = ("Logged In", *PARTS)
    assert {title: told[f"Total {title}"] for title in titles} == {t: added(cards, t) for t in titles}
    told = totals(week["account_usage"])
    assert told == {
        "Account Codes": len(usage),
        "Total Calls": added(usage, "Calls"),
        "Total Talking": added(usage, "Talking"),
    }


def test_agent_summary_and_account_usage_count_the_calls_that_are_listed(
    week: dict[str, dict[str, Any]],
) -> None:
    calls = rows(week["calls"])
    told = totals(week["agent_summary"])
    for row in rows(week["agent_summary"]):
        mine = [call for call in calls if call["Agent"] == row["Agent"]]
        directions = Counter(call["Direction"] for call in mine)
        assert [row[f"{name} Calls"] for name in ("Inbound", "Outbound", "Internal", "Total")] == [
            directions["Inbound"],
            directions["Outbound"],
            directions["Internal"],
            len(mine),
        ]
        assert row["Total Talking"] == added(mine, "Talking")
        talked = [call for call in mine if call["Talking"]]
        assert row["Avg Talking"] == row["Total Talking"] // max(len(talked), 1)
    answered = [call for call in calls if call["Agent"] is not None]
    assert told["Total Calls"] == len(answered)
    assert told["Avg Total Calls"] == round(len(answered) / told["Agents"], 1)
    codes = Counter(call["Account Code"] for call in calls if call["Account Code"] is not None)
    assert {row["Account Code"]: row["Calls"] for row in rows(week["account_usage"])} == codes
    assert sorted(codes) == [row["Account Code"] for row in rows(week["account_usage"])]


def test_a_calls_parts_are_its_length(week: dict[str, dict[str, Any]]) -> None:
    calls = rows(week["calls"])
    assert [(call["Start Time"], call["Call ID"]) for call in calls] == sorted(
        (call["Start Time"], call["Call ID"]) for call in calls
    )
    assert len({call["Call ID"] for call in calls}) == len(calls)
    for call in calls:
        assert call["Call Duration"] == call["Ringing"] + call["Hold"] + call["Talking"]
        assert call["Call Duration"] == ms(call["Start Time"], call["End Time"])
        assert (call["Agent"] is None) == (call["Outcome"] == "Abandoned")
        assert (call["Talking"] == 0) == (call["Outcome"] in {"Abandoned", "Unanswered"})
        assert (call["Skill"] is None) == (call["Direction"] != "Inbound")


def test_a_cards_parts_are_its_length(week: dict[str, dict[str, Any]]) -> None:
    for card in rows(week["time_cards"]):
        assert card["Logged In"] == sum(card[part] for part in PARTS)
        assert card["Logged In"] == ms(card["Session Start"], card["Session End"]) > 0
        assert all(card[part] >= 0 for part in PARTS)
        assert (card["Shift Start"] is None) == (card["Agent"] == XIMA_DESK)


def test_calls_lie_in_their_agents_sessions_and_never_overlap(week: dict[str, dict[str, Any]]) -> None:
    def instants(row: Row, first: str, last: str) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(row[first]), datetime.fromisoformat(row[last])

    edge = datetime(2026, 11, 23, tzinfo=LONDON)
    for agent in {row["Agent"] for row in rows(week["time_cards"])}:
        spans = [
            instants(card, "Session Start", "Session End")
            for card in rows(week["time_cards"])
            if card["Agent"] == agent
        ]
        mine = [
            instants(call, "Start Time", "End Time") for call in rows(week["calls"]) if call["Agent"] == agent
        ]
        assert all(end <= start for (_, end), (start, _) in pairwise(mine))
        for start, end in mine:
            assert any(opened <= start and (end <= closed or closed == edge) for opened, closed in spans)


def test_the_week_is_the_sum_of_its_days(standing: XimaCaller, week: dict[str, dict[str, Any]]) -> None:
    days = [f"2026-11-{day}" for day in range(16, 23)]
    calls = [row for day in days for row in rows(standing.day("calls", day))]
    assert calls == rows(week["calls"])
    cards = [row for day in days for row in rows(standing.day("time_cards", day))]
    for part in ("Logged In", *PARTS):
        assert added(cards, part) == totals(week["time_cards"])[f"Total {part}"]
    met = Counter((card["Agent"], card["Session Start"]) for card in cards)
    assert max(met.values()) == 1


def test_a_call_across_midnight_is_yesterdays_but_its_time_is_cut(standing: XimaCaller) -> None:
    days = [f"2026-{month:02}-{day:02}" for month in (9, 10) for day in range(1, 31)]
    crossing = [
        (day, call)
        for day in days
        for call in rows(standing.day("calls", day))
        if call["End Time"][:10] > day and call["Talking"] and call["End Time"][11:] > "00:00:30"
    ]
    assert crossing
    day, call = crossing[0]
    tomorrow = call["End Time"][:10]
    assert call["Call ID"] not in {row["Call ID"] for row in rows(standing.day("calls", tomorrow))}
    talking = [totals(standing.day("time_cards", when))["Total Talking"] for when in (day, tomorrow)]
    calls = [totals(standing.day("calls", when))["Total Talking"] for when in (day, tomorrow)]
    assert talking[0] < calls[0]
    assert talking[1] > 0
    both = standing.day("time_cards", day, tomorrow)
    assert totals(both)["Total Talking"] == sum(talking)


@pytest.mark.parametrize(
    ("day", "hours", "first", "last"),
    [
        ("2026-10-25", 25, "2026-10-25T00:00:00+01:00", "2026-10-26T00:00:00+00:00"),
        ("2026-03-29", 23, "2026-03-29T00:00:00+00:00", "2026-03-30T00:00:00+01:00"),
        ("2026-11-18", 24, "2026-11-18T00:00:00+00:00", "2026-11-19T00:00:00+00:00"),
    ],
)
def test_the_desk_is_logged_in_for_as_long_as_the_day_is(
    standing: XimaCaller, day: str, hours: int, first: str, last: str
) -> None:
    cards = [card for card in rows(standing.day("time_cards", day)) if card["Agent"] == XIMA_DESK]
    assert added(cards, "Logged In") == hours * HOUR
    assert (cards[0]["Session Start"], cards[-1]["Session End"]) == (first, last)
    assert all(one["Session End"] == two["Session Start"] for one, two in pairwise(cards))


def test_a_night_shift_is_longer_when_the_clocks_go_back(standing: XimaCaller) -> None:
    def night(first: str, last: str) -> int:
        found = rows(standing.day("time_cards", first, last))
        nights = [card for card in found if (card["Shift Start"] or "").startswith(f"{first}T22")]
        return added(nights, "Logged In")

    assert round(night("2026-10-24", "2026-10-25") / HOUR) == 9
    assert round(night("2026-03-28", "2026-03-29") / HOUR) == 7
    assert round(night("2026-11-19", "2026-11-20") / HOUR) == 8


def test_filters_narrow_every_report(standing: XimaCaller) -> None:
    frame, two = timeframe("2026-11-18"), ("Dele Adeyemi(204)", XIMA_DESK)
    whole = rows(standing.day("calls", "2026-11-18"))
    mine = rows(standing.ask("calls", frame, agents(*two)).json())
    assert mine == [call for call in whole if call["Agent"] in two] != []
    waste = rows(standing.ask("calls", frame, skills("Waste and Recycling")).json())
    assert waste == [call for call in whole if call["Skill"] == "Waste and Recycling"] != []
    cards = rows(standing.ask("time_cards", frame, agents(*two)).json())
    assert {card["Agent"] for card in cards} == set(two)
    summary = standing.ask("agent_summary", frame, agents(*reversed(two)), skills("Waste and Recycling"))
    assert [row["Agent"] for row in rows(summary.json())] == [*reversed(two)]
    assert totals(summary.json())["Total Calls"] == sum(call["Agent"] in two for call in waste)
    usage = standing.ask("account_usage", frame, agents(*two)).json()
    assert totals(usage)["Total Calls"] == sum(call["Account Code"] is not None for call in mine)
