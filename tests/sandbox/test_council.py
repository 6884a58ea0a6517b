"""What the invented council promises about reports: the same for ever, faithful to its day, of one piece."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.demonstration import ICASEWORK_REPORTS
from pipelines.errors import Permanent, SettingsError
from pipelines.sandbox.council import BY_NAME, REPORTS, Council

Rows = list[tuple[str, ...]]
Row = dict[str, str]

at = datetime.fromisoformat  # the council's times are naive London times
COUNCIL = Council()
WEDNESDAY = date(2026, 11, 18)
SUNDAY = date(2026, 11, 15)
BOXING_DAY_OBSERVED = date(2026, 12, 28)

DATE = r"\d{4}-\d\d-\d\d"
TIME = DATE + r"T\d\d:\d\d:\d\d"
ALWAYS_FILLED = {"CaseDetails.CaseId", "CaseDetails.CaseType", "CaseStatus.Status", "CaseDetails.CaseLabel"}


def ask(council: Council, name: str, first: date, last: date, as_of: datetime | None = None) -> Rows:
    return [row for chunk in council.report(name, first, last, as_of=as_of) for row in chunk]


def number(name: str, row: tuple[str, ...]) -> int:
    return int(row[BY_NAME[name].columns.index("CaseDetails.CaseId")])


def read(name: str, first: date, last: date | None = None, as_of: datetime | None = None) -> list[Row]:
    columns = BY_NAME[name].columns
    return [dict(zip(columns, row, strict=True)) for row in ask(COUNCIL, name, first, last or first, as_of)]


FORMATS = (  # the first that matches a column's name holds; other columns are free text
    (r"CaseDetails\.(CaseId|ParentCaseId)|CustomerSatisfaction\.OverallRating|.*TargetDays", r"\d+"),
    (r".*FeesAndTimeSpent\..*|.*\.(PaymentAmount|Disbursements|ChargeableItemsCosts|Amount)", r"\d+\.\d\d"),
    (r"CaseStatusTouchTimes\..*|.*\.Time(Created|Sent|Completed|Added)", TIME),
    (r".*\.(Date\w+|\w+Date)", DATE),
    (r".*\.(\w+InTarget|Confidential|PublishInTheDisclosureLog|PressOfficeContact)", "Yes|No"),
    (r"(Correspondence|Task|Redress|CorrectiveAction)\.Id", r"[LTRA]\d+"),
    (r"Redress\.Currency", "GBP"),
)


def expected_format(column: str) -> str | None:
    return next((text for name, text in FORMATS if re.fullmatch(name, column)), None)


def test_the_reports_bear_the_numbers_the_product_asks_for_by_default() -> None:
    assert {report.name: number for number, report in REPORTS.items()} == ICASEWORK_REPORTS
    assert len(BY_NAME["cases"].columns) == 108


@pytest.mark.parametrize("name", BY_NAME)
def test_every_cell_is_text_in_the_format_of_its_column(name: str) -> None:
    columns = BY_NAME[name].columns
    assert len(set(columns)) == len(columns)
    rows = ask(COUNCIL, name, date(2026, 9, 1), date(2026, 11, 30))
    assert rows
    for place, column in enumerate(columns):
        cells = {row[place] for row in rows}
        pattern = expected_format(column)
        if pattern is not None:
            wrong = [cell for cell in cells if cell and not re.fullmatch(pattern, cell)]
            assert not wrong, column
        if column in ALWAYS_FILLED:
            assert "" not in cells
    assert {len(row) for row in rows} == {len(columns)}


@pytest.mark.parametrize("name", BY_NAME)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(name: str) -> None:
    rows = ask(COUNCIL, name, WEDNESDAY, WEDNESDAY)
    assert rows == ask(Council(), name, WEDNESDAY, WEDNESDAY)
    assert rows != ask(Council(seed=7), name, WEDNESDAY, WEDNESDAY)


def test_another_process_with_other_hashes_gives_the_same_rows() -> None:
    program = (
        "from datetime import date; from pipelines.sandbox.council import Council, BY_NAME; import hashlib;"
        f"day = date({WEDNESDAY.year}, {WEDNESDAY.month}, {WEDNESDAY.day}); council = Council();"
        "rows = [list(council.report(name, day, day)) for name in BY_NAME];"
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", BY_NAME)
def test_the_past_is_fixed_whatever_was_asked_before(name: str) -> None:
    council = Council()
    later = [WEDNESDAY + timedelta(days=days) for days in (30, 3, 1)]
    for day in later:
        ask(council, name, day, day)
    fixed = ask(COUNCIL, name, WEDNESDAY, WEDNESDAY)
    assert ask(council, name, WEDNESDAY, WEDNESDAY) == fixed
    assert ask(council, name, WEDNESDAY, WEDNESDAY, at("2027-05-01T09:30:00")) == fixed


def test_threads_that_ask_at_once_get_what_one_would_get() -> None:
    council = Council()
    asked = [(name, WEDNESDAY + timedelta(days=days)) for days in range(-3, 4) for name in BY_NAME]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda what: ask(council, what[0], what[1], what[1]), asked))
    assert answers == [ask(COUNCIL, name, day, day) for name, day in asked]


@settings(max_examples=20, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.integers(0, 9))
def test_a_window_is_the_sum_of_its_days(first: date, length: int) -> None:
    days = [first + timedelta(days=days) for days in range(length + 1)]
    last_seen: dict[int, tuple[str, ...]] = {}
    for day in days:
        last_seen |= {number("cases", row): row for row in ask(COUNCIL, "cases", day, day)}
    assert ask(COUNCIL, "cases", days[0], days[-1]) == [last_seen[case] for case in sorted(last_seen)]
    letters = ask(COUNCIL, "correspondence", days[0], days[-1])
    assert Counter(letters) == Counter(
        row for day in days for row in ask(COUNCIL, "correspondence", day, day)
    )


@pytest.mark.parametrize("name", BY_NAME)
def test_rows_come_by_case_and_then_id_in_chunks(name: str) -> None:
    chunks = list(COUNCIL.report(name, date(2026, 10, 1), date(2026, 11, 30)))
    assert all(0 < len(chunk) <= 1000 for chunk in chunks)
    rows = [row for chunk in chunks for row in chunk]
    cases = [number(name, row) for row in rows]
    assert cases == sorted(cases)
    if name not in {"cases", "classifications"}:
        ids = [int(row[2][1:]) for row in rows]
        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("day", [WEDNESDAY, WEDNESDAY + timedelta(days=1), SUNDAY, date(2026, 4, 7)])
def test_every_row_of_a_day_belongs_to_a_case_of_that_day(day: date) -> None:
    types = {row["CaseDetails.CaseId"]: row["CaseDetails.CaseType"] for row in read("cases", day)}
    for name in BY_NAME:
        for row in read(name, day):
            assert types[row["CaseDetails.CaseId"]] == row["CaseDetails.CaseType"]


def test_a_day_shows_what_happened_on_it_and_nothing_later() -> None:
    day = WEDNESDAY.isoformat()
    assert {row["CaseStatusTouchTimes.LastUpdatedTime"][:10] for row in read("cases", WEDNESDAY)} == {day}
    assert {row["Correspondence.DateSent"] for row in read("correspondence", WEDNESDAY)} == {day}
    for row in read("tasks", WEDNESDAY):
        assert day in {row["Task.TimeCreated"][:10], row["Task.DateCompleted"]}
    for name in BY_NAME:
        for row in read(name, WEDNESDAY):
            for column, cell in row.items():
                if re.fullmatch(TIME, cell) or (
                    re.fullmatch(DATE, cell) and not re.search("Due|Target", column)
                ):
                    assert cell[:10] <= day, column


def test_a_day_that_is_not_over_stops_at_the_present() -> None:
    noon = at("2026-11-18T12:00:00")
    whole = {row["CaseDetails.CaseId"]: row for row in read("cases", WEDNESDAY)}
    half = read("cases", WEDNESDAY, WEDNESDAY + timedelta(days=5), as_of=noon)
    assert 0 < len(half) < len(whole)
    assert all(row["CaseStatusTouchTimes.LastUpdatedTime"] <= "2026-11-18T12:00:00" for row in half)
    assert any(row != whole[row["CaseDetails.CaseId"]] for row in half)
    assert read("cases", WEDNESDAY, as_of=at("2026-11-17T23:00:00")) == []
    letters = read("correspondence", WEDNESDAY, as_of=noon)
    assert letters == [
        row
        for row in read("correspondence", WEDNESDAY)
        if row["Correspondence.TimeSent"] <= "2026-11-18T12:00:00"
    ]


@pytest.mark.parametrize("day", [SUNDAY, date(2025, 12, 25), BOXING_DAY_OBSERVED, date(2026, 4, 3)])
def test_weekends_and_bank_holidays_see_a_few_online_forms_and_no_officer(day: date) -> None:
    cases = read("cases", day)
    assert len(cases) <= 5
    for row in cases:
        assert row["CaseStatusReceipt.DateReceived"] == day.isoformat()
        assert row["CaseStatusReceipt.Method"] == "Online Form"
        assert row["CaseStatus.Status"] == "New"
        assert row["CaseDetails.AssignedTo"] == ""
    assert {row["Correspondence.SentBy"] for row in read("correspondence", day)} <= {"System"}
    assert {row["Task.Status"] for row in read("tasks", day)} <= {"Open"}
    assert not read("classifications", day) + read("redress", day) + read("corrective_actions", day)


def test_no_stamp_falls_into_the_hour_that_spring_takes_away() -> None:
    council = Council(cases_per_day=5000)
    spring, autumn = (
        Counter(
            cell[11:13] for row in ask(council, "cases", day, day) for cell in row if re.fullmatch(TIME, cell)
        )
        for day in (date(2026, 3, 29), date(2026, 10, 25))
    )
    assert spring["01"] == 0
    assert spring["00"]
    assert spring["02"]
    assert autumn["01"]


def test_before_the_council_opened_there_are_no_cases() -> None:
    assert not any(read(name, date(2020, 1, 1), date(2024, 12, 31)) for name in BY_NAME)
    first = read("cases", date(2000, 1, 1), date(2025, 1, 6))[0]
    assert first["CaseDetails.CaseId"] == "400001"
    assert ask(COUNCIL, "cases", WEDNESDAY, WEDNESDAY - timedelta(days=1)) == []
    young = Council(opened=date(2026, 11, 16))
    rows = ask(young, "cases", WEDNESDAY, WEDNESDAY)
    assert rows
    assert min(number("cases", row) for row in rows) >= 400001


@pytest.mark.parametrize("cases_per_day", [10, 40, 400])
def test_the_dial_turns_the_number_of_cases(cases_per_day: int) -> None:
    council = Council(cases_per_day=cases_per_day)
    monday = date(2026, 11, 9)
    received = sum(
        1 for _ in council.cases_received(monday, monday + timedelta(days=4), at("2027-01-01T00:00:00"))
    )
    assert received == pytest.approx(5 * cases_per_day, rel=0.15)


def test_the_largest_council_begins_to_answer_without_making_all_its_cases() -> None:
    council = Council(cases_per_day=50_000)
    chunks = list(islice(council.report("cases", WEDNESDAY, WEDNESDAY), 3))
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 1000]
    assert council._plan.cache_info().misses < 3100


def test_an_unknown_report_or_a_wrong_dial_is_refused_at_once() -> None:
    with pytest.raises(Permanent, match="no report 'letters'"):
        COUNCIL.report("letters", WEDNESDAY, WEDNESDAY)
    for dial in (9, 50_001):
        with pytest.raises(SettingsError, match="out of range"):
            Council(cases_per_day=dial)
