"""What the invented contact centre promises: the same for ever, a believable week, callers who have cases."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.days import ReportDay
from pipelines.demonstration import XIMA_AGENTS, XIMA_DESK
from pipelines.sandbox.council import BY_NAME, Council
from pipelines.sandbox.xima.bodies import clock
from pipelines.sandbox.xima.centre import Centre
from pipelines.sandbox.xima.centre.lines import SKILLS, UNSEEN_AGENTS, UNSEEN_SKILLS
from pipelines.sandbox.xima.centre.rota import duties
from pipelines.sandbox.xima.centre.times import Span, london, milliseconds
from pipelines.sandbox.xima.dialect import XimaDialect
from pipelines.sandbox.xima.service_user import Run, Runs

if TYPE_CHECKING:
    from pipelines.sandbox.xima.centre import Call

MONDAY = date(2026, 11, 16)
DRAMA = re.compile(
    r"(07700900|01632960|0113496|0161496|0191498|029201[8]|0207946|0306999)\d+|\d{3}|Anonymous"
)
PROGRAM = """
from datetime import date
from tests.sandbox.xima.test_centre import calls_of, centre_of
print([call.number + str(call) for call in calls_of(centre_of(40), date(2026, 11, 18))])
"""


def centre_of(cases_per_day: int, seed: int = 2026) -> Centre:
    council = Council(seed=seed, cases_per_day=cases_per_day)
    return Centre(seed, cases_per_day, council.opened, council)


def span_of(day: date) -> Span:
    whole = ReportDay(day)
    return Span(milliseconds(whole.start), milliseconds(whole.end))


def calls_of(centre: Centre, day: date) -> list[Call]:
    span = span_of(day)
    return [call for working_day in centre.working_days(span) for call in working_day.calls(span)]


@pytest.fixture(scope="module")
def centre(real_council: Council) -> Centre:
    return Centre(2026, 40, real_council.opened, real_council)


@pytest.fixture(scope="module")
def week(centre: Centre) -> dict[date, list[Call]]:
    days = [MONDAY + timedelta(days=number) for number in range(7)]
    return {day: calls_of(centre, day) for day in days}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12673424, "3:31:13"), (1810489, "0:30:10"), (0, "0:00:00"), (999, "0:00:00"), (59_999, "0:00:59"),
     (360_000_000, "100:00:00"), (-1500, "-0:00:01")],
)  # fmt: skip
def test_durations_are_shown_truncated(value: int, shown: str) -> None:
    assert clock(value) == shown


def test_calls_do_not_depend_on_what_was_asked_before_or_where(centre: Centre) -> None:
    day = date(2026, 11, 18)
    expected = [call.number + str(call) for call in calls_of(centre, day)]
    fresh = centre_of(40)
    for other in (40, -3, 200):
        calls_of(fresh, day - timedelta(days=other))
    assert [call.number + str(call) for call in calls_of(fresh, day)] == expected
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert told.stdout.strip() == str(expected)


def test_another_seed_is_another_centre(centre: Centre) -> None:
    day = date(2026, 11, 18)
    assert [call.start for call in calls_of(centre_of(40, 7), day)] != [
        call.start for call in calls_of(centre, day)
    ]


def test_a_week_has_its_shape(week: dict[date, list[Call]]) -> None:
    counts = [len(calls) for calls in week.values()]
    assert all(150 <= count <= 320 for count in counts[:5])
    assert all(10 <= count <= 80 for count in counts[5:])
    assert counts[0] == max(counts)
    hours = Counter(london(call.start).hour for call in week[MONDAY])
    assert hours.most_common(1)[0][0] in {9, 10}
    every = [call for calls in week.values() for call in calls]
    assert {call.outcome for call in every} == {"Answered", "Abandoned", "Transferred", "Unanswered"}
    assert {call.direction for call in every} == {"Inbound", "Outbound", "Internal"}
    assert {call.skill for call in every} - {None} == set(SKILLS)
    assert {call.agent for call in every} - {None} == set(XIMA_AGENTS)
    assert 0.02 < sum(call.outcome == "Abandoned" for call in every) / len(every) < 0.15


def test_volume_follows_the_dial_up_to_a_bound() -> None:
    day = date(2026, 11, 18)
    counts = [len(calls_of(centre_of(dial), day)) for dial in (10, 160, 50_000)]
    assert counts[0] < 150
    assert counts[0] * 3 < counts[1] < counts[2] < 5000


def test_bank_holidays_are_quiet_and_before_the_opening_there_is_nothing(centre: Centre) -> None:
    assert len(calls_of(centre, date(2026, 12, 25))) < 60
    assert calls_of(centre, date(2024, 12, 31)) == []
    assert calls_of(centre, date(2025, 1, 1))


def test_nobody_is_in_two_places() -> None:
    """Sessions of one agent never overlap, over a year of rota, weekends, nights and bank holidays."""
    last: dict[str, int] = {}
    worked: Counter[str] = Counter()
    absent = lost = 0
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        for duty in duties(2026, day, is_quiet=day.weekday() > 4):
            for session in duty.sessions:
                assert last.get(duty.agent, 0) <= session.start < session.end
                last[duty.agent] = session.end
            assert all(
                any(pause.span.within(session) == pause.span for session in duty.sessions)
                for pause in duty.pauses
            )
            pauses = [pause.span for pause in duty.pauses]
            assert all(one.end <= two.start for one, two in itertools.pairwise(pauses))
            worked[duty.agent] += 1
            lost += len(duty.sessions) > 1
        absent += 13 - len(duties(2026, day, is_quiet=False))
    assert set(worked) == set(XIMA_AGENTS)
    assert worked[XIMA_DESK] == 365
    assert all(150 < worked[agent] < 280 for agent in XIMA_AGENTS if agent != XIMA_DESK)
    assert lost > 50
    assert absent > 365


def digits(number: str | None) -> str:
    """Write a number as digits in the home form; a withheld one is none."""
    plain = "".join(letter for letter in number or "" if letter.isdecimal() or letter == "+")
    return f"0{plain[3:]}" if plain.startswith("+44") else plain


def test_half_of_the_callers_are_customers_of_cases_of_those_days(
    week: dict[date, list[Call]], real_council: Council
) -> None:
    day = date(2026, 11, 18)
    columns = BY_NAME["cases"].columns
    cases = [
        dict(zip(columns, row, strict=True))
        for chunk in real_council.report("cases", day - timedelta(days=2), day)
        for row in chunk
    ]
    exact = {case[f"MainParty.{name}"] for case in cases for name in ("Phone", "Mobile")} - {""}
    known = {digits(number) for number in exact}
    inbound = [call for call in week[day] if call.direction == "Inbound" and london(call.start).hour >= 7]
    share = sum(digits(call.calling) in known for call in inbound) / len(inbound)
    assert 0.35 < share < 0.65
    assert sum(call.calling in exact for call in inbound) / len(inbound) > 0.25
    assert any(
        call.calling and call.calling not in exact and digits(call.calling) in known for call in inbound
    )


def test_nobody_can_be_reached(week: dict[date, list[Call]]) -> None:
    every = [call for calls in week.values() for call in calls]
    spellings: Counter[str] = Counter()
    for call in every:
        for number in (call.calling, call.called):
            assert number is None or DRAMA.fullmatch(digits(number) or number), number
        if call.direction == "Inbound":
            spellings["+44"] += (call.calling or "").startswith("+44")
            spellings["anonymous"] += call.calling == "Anonymous"
            spellings["none"] += call.calling is None
    assert min(spellings.values()) > 3


def test_unseen_agents_and_skills_are_in_no_report(week: dict[date, list[Call]]) -> None:
    every = [call for calls in week.values() for call in calls]
    assert not {call.agent for call in every} & set(UNSEEN_AGENTS)
    assert not {call.skill for call in every} & set(UNSEEN_SKILLS)


def test_remembered_runs_are_bounded() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    runs = Runs(XimaDialect(runs_kept=2))
    for number in range(3):
        runs.begin("CL7RT2QP", bytes([number]), Run(now, 1))
    assert [runs.find("CL7RT2QP", bytes([number]), now) is not None for number in range(3)] == [
        False,
        True,
        True,
    ]
