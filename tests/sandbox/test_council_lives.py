"""What the invented council promises about cases, the people behind them and the reading calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import holidays
import pytest

from pipelines.sandbox.council import BY_NAME, Council
from pipelines.sandbox.council.services import STREET_FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, str]

COUNCIL = Council()
FIRST, LAST = date(2026, 6, 1), date(2026, 11, 18)
at = datetime.fromisoformat  # the council's times are naive London times
NOW = at("2026-11-18T23:59:59")
STAGE_ENDS = ("Outcome", "OutcomeBy", "DateCompleted", "ResponseInTarget")
MAIN_PARTY = tuple(column for column in BY_NAME["cases"].columns if column.startswith("MainParty."))


def read(name: str, first: date, last: date) -> list[Row]:
    columns = BY_NAME[name].columns
    chunks = COUNCIL.report(name, first, last)
    return [dict(zip(columns, row, strict=True)) for chunk in chunks for row in chunk]


@pytest.fixture(scope="module")
def cases() -> list[Row]:
    return read("cases", FIRST, LAST)


def weekdays(first: date, last: date) -> Iterator[date]:
    """Working days after `first` up to `last`, counted without the council's own calendar."""
    quiet = holidays.country_holidays("GB", subdiv="ENG")
    day = first
    while day < last:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in quiet:
            yield day


def test_a_case_comes_back_on_many_days_with_other_values() -> None:
    seen: dict[str, list[str]] = defaultdict(list)
    for offset in range(60):
        day = date(2026, 9, 1) + timedelta(days=offset)
        for row in read("cases", day, day):
            seen[row["CaseDetails.CaseId"]].append(row["CaseStatus.Status"])
    of_the_first_days = {case: statuses for case, statuses in seen.items() if statuses[0] == "New"}
    assert sum(len(set(statuses)) >= 3 for statuses in of_the_first_days.values()) > 300
    assert sum(statuses[-1] == "Closed" for statuses in of_the_first_days.values()) > 300


def test_numbers_grow_with_the_time_of_receipt(cases: list[Row]) -> None:
    received = [row["CaseStatusReceipt.TimeCreated"] for row in cases]
    assert received == sorted(received)
    assert all(
        row["CaseStatusTouchTimes.FirstTouchTime"] > row["CaseStatusReceipt.TimeCreated"] for row in cases
    )


def test_targets_are_working_days_and_are_met_and_missed(cases: list[Row]) -> None:
    verdicts = Counter(row["CaseStageStage1.ResponseInTarget"] for row in cases)
    assert verdicts["Yes"] > verdicts["No"] > 100
    assert {row["CaseStageStage2.ResponseInTarget"] for row in cases} == {"", "Yes", "No"}
    for row in cases:
        completed, due = row["CaseStageStage1.DateCompleted"], row["CaseStageStage1.DateDue"]
        if completed:
            assert row["CaseStageStage1.ResponseInTarget"] == ("Yes" if completed <= due else "No")
    quiet = [row for row in cases if not "08:" <= row["CaseStatusReceipt.TimeCreated"][11:] < "16:15"]
    assert len(quiet) > 200
    for row in cases[:400] + quiet[:200]:
        received = date.fromisoformat(row["CaseStatusReceipt.DateReceived"])
        until = date.fromisoformat(row["CaseStageStage1.DateDue"])
        assert len(list(weekdays(received, until))) == int(row["CaseStageStage1.TargetDays"])


def test_no_closed_case_has_an_open_stage(cases: list[Row]) -> None:
    ends = set()
    for row in cases:
        if not row["CaseStatusClosure.DateClosed"]:
            continue
        ends.add(row["CaseStatus.Status"])
        for stage in range(1, 5):
            cells = {name: row[f"CaseStageStage{stage}.{name}"] for name in STAGE_ENDS}
            assert all(cells.values()) or not any(cells.values())
            assert bool(row[f"CaseStageStage{stage}.DateDue"]) == bool(cells["Outcome"])
        assert row["CaseStatus.CurrentStageOutcome"] == row["CaseStatus.CurrentOutcome"] != ""
        last = max(stage for stage in range(1, 5) if row[f"CaseStageStage{stage}.DateDue"])
        assert row["CaseStatusClosure.ClosureInTarget"] == row[f"CaseStageStage{last}.ResponseInTarget"]
    assert {"Rejected", "Withdrawn", "Closed"} <= ends


def test_a_response_is_overdue_from_the_day_after_it_was_due() -> None:
    found = []
    for offset in range(120):
        day = date(2026, 7, 1) + timedelta(days=offset)
        found += [
            (row, day.isoformat())
            for row in read("cases", day, day)
            if row["CaseStatus.Status"] == "Response overdue"
        ]
    assert len(found) > 30
    for row, today in found:
        assert row["CaseStatus.CurrentTargetDate"] < today


def test_how_a_case_came_in_fits_who_sent_it(cases: list[Row]) -> None:
    methods = Counter(row["CaseStatusReceipt.Method"] for row in cases)
    assert set(methods) == {"Online Form", "Email", "Phone", "Letter", "In person"}
    for row in cases:
        method = row["CaseStatusReceipt.Method"]
        if row["CaseDetails.ExternalId"]:
            assert method == "Online Form"
        if method == "Email":
            assert row["MainParty.EmailAddress"]
        if method == "Phone":
            assert row["MainParty.Phone"] or row["MainParty.Mobile"]
        if not row["MainParty.Reference"]:
            assert not row["CustomerSatisfaction.OverallRating"]


def test_a_case_came_in_on_a_form_that_fits_it(cases: list[Row]) -> None:
    for row in cases:
        form, label = row["CaseDetails.FormType"], row["CaseDetails.CaseLabel"]
        if form in STREET_FORMS.values():
            assert row["CaseDetails.CaseType"] == "Service request"
            assert STREET_FORMS[label.removeprefix("SR - ")] == form
    schemes = Counter(
        row["CaseDetails.FormType"] for row in cases if row["CaseDetails.CaseType"] == "Information request"
    )
    share = schemes["Environmental information request"] / schemes.total()
    assert 0.05 < share < 0.15


def test_a_case_reads_the_same_whether_time_goes_on_or_back() -> None:
    forward, backward = Council(), Council()
    days = [date(2026, 11, 2) + timedelta(days=offset) for offset in range(14)]

    def rows(council: Council, day: date) -> list[tuple[str, ...]]:
        return [row for chunk in council.report("cases", day, day) for row in chunk]

    assert {day: rows(forward, day) for day in days} == {day: rows(backward, day) for day in reversed(days)}


def test_a_prepared_council_answers_as_any_other_and_makes_nothing_again() -> None:
    council = Council(cases_per_day=10)
    pieces = list(council.prepare(LAST))
    assert len(pieces) > 50
    assert pieces[0] == 20
    before = council._plan.cache_info().misses
    rows = [row for chunk in council.report("cases", LAST, LAST) for row in chunk]
    assert council._plan.cache_info().misses == before
    assert rows == [row for chunk in Council(cases_per_day=10).report("cases", LAST, LAST) for row in chunk]
    large = Council(cases_per_day=50_000)
    assert next(large.prepare(LAST)) == 20
    assert large._plan.cache_info().misses == 20


def test_cases_end_in_every_way_and_some_climb_the_stages(cases: list[Row]) -> None:
    assert {"Closed", "Rejected", "Withdrawn", "New", "Accepted", "Response sent"} <= {
        row["CaseStatus.Status"] for row in cases
    }
    assert len({row["CaseDetails.CaseType"] for row in cases}) == 11
    stages = Counter(
        sum(bool(row[f"CaseStageStage{stage}.DateReceived"]) for stage in (2, 3, 4)) for row in cases
    )
    assert stages[0] > stages[1] > stages[2] > 0
    for row in cases:
        if row["CaseStatus.Status"] == "Rejected":
            assert row["CaseStatusRejection.DateReturned"]
            assert row["CaseStatusRejection.ReturnedReason"]
            assert not row["CaseStatusAcceptance.DateAccepted"]
        if row["CaseStatusClosure.DateClosed"]:
            assert not row["CaseStatus.CurrentTargetDate"]


def test_parts_agree_with_each_other() -> None:
    tasks = read("tasks", FIRST, LAST)
    assert {row["Task.Status"] for row in tasks} == {"Open", "Completed", "Cancelled"}
    for row in tasks:
        is_open = row["Task.Status"] == "Open"
        assert is_open == (row["Task.DateCompleted"] == "") == (row["Task.CompletedInTarget"] == "")
        if not is_open:
            assert row["Task.TimeCreated"] <= row["Task.TimeCompleted"]
            on_time = row["Task.DateCompleted"] <= row["Task.DateDue"]
            assert row["Task.CompletedInTarget"] == ("Yes" if on_time else "No")
    redress = read("redress", FIRST, LAST)
    assert {row["Redress.Status"] for row in redress} == {"Agreed", "Paid"}
    assert any(not row["Redress.Amount"].endswith(".00") for row in redress)
    assert all(bool(row["Redress.DatePaid"]) == (row["Redress.Status"] == "Paid") for row in redress)
    actions = read("corrective_actions", FIRST, LAST)
    assert {row["CorrectiveAction.CompletedInTarget"] for row in actions} == {"", "Yes", "No"}
    letters = read("correspondence", FIRST, LAST)
    assert {row["Correspondence.Method"] for row in letters} == {"Email", "Post"}
    assert all(
        "@" in row["Correspondence.RecipientAddress"]
        for row in letters
        if row["Correspondence.Method"] == "Email"
    )


def test_a_customer_is_the_same_in_every_case_and_many_come_back(cases: list[Row]) -> None:
    parties: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    number: Counter[str] = Counter()
    for row in cases:
        parties[row["MainParty.Reference"]].add(tuple(row[column] for column in MAIN_PARTY))
        number[row["MainParty.Reference"]] += 1
    assert all(len(versions) == 1 for versions in parties.values())
    assert sum(count > 1 for count in number.values()) > 300
    homes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in cases:
        if row["MainParty.Category"] not in {"Councillor", "MP"}:
            homes[row["MainParty.Address"], row["MainParty.Postcode"]].add(row["MainParty.Reference"])
    assert sum(len(people) > 1 for people in homes.values()) > 50


def test_people_are_hard_on_careless_code(cases: list[Row]) -> None:
    names = {row["MainParty.LastName"] for row in cases} | {row["MainParty.FirstName"] for row in cases}
    assert {"Zoë", "Siân", "O'Connor", "Nguyễn", "García Márquez"} <= names
    addresses = {row["MainParty.Address"] for row in cases}
    assert any("\n" in address and "," in address for address in addresses)
    assert any('"' in row["CaseDetails.CaseLabel"] for row in cases)
    assert any("'" in row["CaseDetails.CaseLabel"] for row in cases)
    for column in ("EmailAddress", "DateOfBirth", "Phone", "Title", "Notes"):
        filled = sum(bool(row[f"MainParty.{column}"]) for row in cases)
        assert 0 < filled < len(cases)


def test_nobody_can_be_reached(cases: list[Row]) -> None:
    for row in cases:
        email = row["MainParty.EmailAddress"]
        assert not email or email.endswith(("@example.com", "@example.org"))
        assert email.isascii()
        for number in (row["MainParty.Phone"], row["MainParty.Mobile"]):
            digits = number.replace(" ", "").replace("+44", "0")
            assert not digits or digits.startswith(("01632960", "07700900", "02079460"))
            assert len(digits) in {0, 11}


def test_a_case_reads_as_its_row_in_the_report(cases: list[Row]) -> None:
    for row in cases[::200]:
        assert COUNCIL.case(int(row["CaseDetails.CaseId"]), NOW) == row


def test_a_case_does_not_exist_before_it_is_received(cases: list[Row]) -> None:
    row = cases[-1]
    number = int(row["CaseDetails.CaseId"])
    received = at(row["CaseStatusReceipt.TimeCreated"])
    assert COUNCIL.case(number, received - timedelta(seconds=1)) is None
    found = COUNCIL.case(number, received + timedelta(seconds=1))
    assert found is not None
    assert found["CaseStatus.Status"] == "New"
    for unknown in (0, 399_999, 99_999_999):
        assert COUNCIL.case(unknown, NOW) is None
        assert COUNCIL.documents(unknown, NOW) == []


def test_cases_received_are_listed_newest_first_and_by_type() -> None:
    week = date(2026, 11, 9), date(2026, 11, 15)
    listed = list(COUNCIL.cases_received(*week, NOW))
    assert [case.case_id for case in listed] == sorted((case.case_id for case in listed), reverse=True)
    assert {case.request_date[:10] for case in listed} <= {f"2026-11-{day:02}" for day in range(9, 16)}
    requests = list(COUNCIL.cases_received(*week, NOW, "Information request"))
    assert requests == [case for case in listed if case.case_type == "Information request"]
    assert all(case.attributes["Details"] for case in listed)
    early = at("2026-11-10T12:00:00")
    assert {case.request_date <= "2026-11-10T12:00:00" for case in COUNCIL.cases_received(*week, early)} == {
        True
    }


def test_only_answered_requests_in_the_disclosure_log_are_public() -> None:
    listed = list(COUNCIL.cases_received(date(2026, 9, 1), date(2026, 9, 30), NOW))
    public = [case for case in listed if case.is_public]
    assert 0 < len(public) < len(listed)
    assert {case.case_type for case in public} == {"Information request"}
    assert {case.attributes["PublishInTheDisclosureLog"] for case in public} == {"Yes"}
    assert all(case.classifications and case.documents for case in public)
    assert set().union(*(case.attributes for case in public)) == {
        "Details",
        "InformationWillBe",
        "PublishInTheDisclosureLog",
        "ReasonInformationNotHeld",
        "SuitableForPublicationScheme",
    }
    council = Council()
    window = date(2026, 9, 1), date(2026, 9, 30)
    shown = list(council.cases_received(*window, NOW, public_kinds_only=True))
    assert [case for case in shown if case.is_public] == public
    assert council._plan.cache_info().misses == len(shown) < len(listed) / 5


def test_documents_grow_with_the_case(cases: list[Row]) -> None:
    numbers = [int(row["CaseDetails.CaseId"]) for row in cases[:400:20]]
    for number in numbers:
        earlier = COUNCIL.documents(number, at("2026-06-10T12:00:00"))
        assert set(earlier) <= set(COUNCIL.documents(number, NOW))
    held = [document for number in numbers for document in COUNCIL.documents(number, NOW)]
    assert held
    assert len({document.document_id for document in held}) == len(held)
    assert all(document.document_date <= "2026-11-18T23:59:59" for document in held)


def test_an_external_id_finds_its_case_or_the_two_that_share_it(cases: list[Row]) -> None:
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in cases:
        if row["CaseDetails.ExternalId"]:
            by_id[row["CaseDetails.ExternalId"]].append(row)
    shared = {external: rows for external, rows in by_id.items() if len(rows) == 2}
    assert len(by_id) > len(shared) > 5
    for external, rows in shared.items():
        assert COUNCIL.find_external(external, NOW) == [int(row["CaseDetails.CaseId"]) for row in rows]
        assert len({row["MainParty.Reference"] for row in rows}) == 1
        assert COUNCIL.find_external(external, at("2025-01-01T09:00:00")) == []
    for unknown in ("", "WEB-", "WEB-1", "WEB-" + "9" * 30, "OTHER-0000001"):
        assert COUNCIL.find_external(unknown, NOW) == []


def test_a_linked_case_is_an_earlier_one_of_the_same_customer(cases: list[Row]) -> None:
    linked = [row for row in cases if row["CaseDetails.ParentCaseId"]]
    assert linked
    for row in linked[:50]:
        parent = COUNCIL.case(int(row["CaseDetails.ParentCaseId"]), NOW)
        assert parent is not None
        assert int(parent["CaseDetails.CaseId"]) < int(row["CaseDetails.CaseId"])
        assert parent["MainParty.Reference"] == row["MainParty.Reference"]
