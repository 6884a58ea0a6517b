"""What was written shows from the London day of writing on, on the cases written to and nowhere else."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from pipelines.sandbox.council import NOTES, REPORTS
from pipelines.sandbox.council.casework import FIRST_WRITTEN
from pipelines.sandbox.server import SandboxThread
from tests.sandbox.caller import NOTED, Caller, HandClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

Rows = dict[str, dict[str, str]]  # by case

TODAY, YESTERDAY = "2026-11-23", "2026-11-22"
QUIET = "400500"  # closed long ago: nothing of its own happens any more


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[SandboxThread, HandClock]]:
    clock = HandClock()
    with SandboxThread(clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture
def clock(running: tuple[SandboxThread, HandClock]) -> HandClock:
    running[1].now = HandClock().now
    return running[1]


@pytest.fixture
def sandbox(running: tuple[SandboxThread, HandClock]) -> SandboxThread:
    running[0].sandbox.forget_written()
    return running[0]


@pytest.fixture
def caller(http: httpx.Client, sandbox: SandboxThread, clock: HandClock) -> Caller:
    return Caller(http, sandbox.icasework_url, clock)


def body(caller: Caller, day: str, report_id: int = 50521) -> bytes:
    window = {"FromTime": f"{day}T00:00:00.000", "UntilTime": f"{day}T23:59:59.999"}
    answer = caller.report(report_id, None, **window)
    assert answer.status_code == 200
    return answer.content


def table(caller: Caller, day: str, report_id: int = 50521) -> list[dict[str, str]]:
    header, *rows, footer = csv.reader(io.StringIO(body(caller, day, report_id).decode(), newline=""))
    assert footer == ["Rows", str(len(rows))]
    return [dict(zip(header, row, strict=True)) for row in rows]


def cases(caller: Caller, day: str) -> Rows:
    rows = table(caller, day)
    numbers = [int(row["CaseDetails.CaseId"]) for row in rows]
    assert numbers == sorted(set(numbers))
    return {row["CaseDetails.CaseId"]: row for row in rows}


def details(caller: Caller, number: str) -> dict[str, str]:
    told: dict[str, str] = caller.get("getcasedetails", CaseId=number, Format="json").json()
    return told


def make(caller: Caller, **params: str) -> str:
    root: Any = etree.fromstring(caller.post("createcase", **{"Type": "Service request", **params}).content)
    return str(root.findtext("caseid"))


def test_a_case_appears_on_the_london_day_of_its_writing(caller: Caller, clock: HandClock) -> None:
    clock.forward(hours=16, minutes=30)  # 00:30 of the 24th
    before = {day: body(caller, day) for day in (YESTERDAY, TODAY)}
    others = cases(caller, "2026-11-24")
    number = make(caller, **{"Customer.Surname": "Bloggs", "Customer.FirstName": "Fred", "Details": "Noise"})
    assert number == str(FIRST_WRITTEN)
    assert {day: body(caller, day) for day in before} == before
    now = cases(caller, "2026-11-24")
    row = now.pop(number)
    assert now == others
    assert {name: text for name, text in row.items() if text} == {
        "CaseDetails.CaseId": number,
        "CaseDetails.CaseType": "Service request",
        "CaseDetails.FormType": "Service request",
        "CaseDetails.CaseLabel": "SR - Noise",
        "CaseDetails.Rating": "Medium",
        "CaseDetails.Confidential": "No",
        "CaseDetails.Team": "Customer Relations Team",
        "CaseDetails.TeamCode": "INBOXSR",
        "CaseDetails.Directorate": "Corporate Resources",
        "CaseStatus.Status": "New",
        "CaseStatus.CurrentTargetDate": "2026-12-01",
        "CaseStatus.CurrentTargetDays": "5",
        "CaseStatus.CurrentStage": "Request",
        "CaseStageStage1.TargetDays": "5",
        "CaseStageStage1.DateDue": "2026-12-01",
        "CaseStatusReceipt.Method": "Web service",
        "CaseStatusReceipt.CreatedBy": "Web service",
        "CaseStatusReceipt.DateReceived": "2026-11-24",
        "CaseStatusReceipt.TimeCreated": "2026-11-24T00:30:00",
        "CaseStatusTouchTimes.FirstTouchTime": "2026-11-24T00:30:00",
        "CaseStatusTouchTimes.LastUpdatedTime": "2026-11-24T00:30:00",
        "CaseStatusTouchTimes.LastTouchTime": "2026-11-24T00:30:00",
        "MainParty.Reference": "800000001",
        "MainParty.FullName": "Bloggs, Fred",
        "MainParty.FirstName": "Fred",
        "MainParty.LastName": "Bloggs",
    }
    assert details(caller, number) == row
    clock.forward(days=1)
    assert number not in cases(caller, "2026-11-25")
    assert cases(caller, "2026-11-24")[number] == row


def test_what_is_written_to_a_case_touches_it_and_no_other(caller: Caller, clock: HandClock) -> None:
    past = {report_id: body(caller, YESTERDAY, report_id) for report_id in REPORTS}
    others, was = cases(caller, TODAY), details(caller, QUIET)
    assert QUIET not in others
    caller.post("updateexternalid", CaseId=QUIET, ExternalId="TSC-1", RequestDate=NOTED["RequestDate"])
    clock.forward(minutes=5)
    caller.post("addcasenotes", ExternalId="TSC-1", Notes="seen", **NOTED)
    now = cases(caller, TODAY)
    touched = {
        "CaseDetails.ExternalId": "TSC-1",
        "CaseStatusTouchTimes.LastUpdatedTime": "2026-11-23T08:05:00",
        "CaseStatusTouchTimes.LastTouchTime": "2026-11-23T08:05:00",
    }
    assert now.pop(QUIET) == was | touched
    assert {case: row for case, row in now.items() if case in others} == others
    clock.forward(days=1)
    assert {report_id: body(caller, YESTERDAY, report_id) for report_id in REPORTS} == past
    assert cases(caller, TODAY)[QUIET] == was | touched
    assert QUIET not in cases(caller, "2026-11-24")


def test_a_case_with_news_of_its_own_keeps_them(caller: Caller, clock: HandClock) -> None:
    clock.forward(hours=10)
    number, was = next(iter(cases(caller, TODAY).items()))
    caller.post("updatecase", CaseId=number, Attribute="CaseStatus.Status", Value="With contractor")
    row = cases(caller, TODAY)[number]
    changed = {name for name in row if row[name] != was[name]}
    assert changed == {
        "CaseStatus.Status",
        "CaseStatusTouchTimes.LastUpdatedTime",
        "CaseStatusTouchTimes.LastTouchTime",
    }


def test_the_reports_on_cases_with_news_show_what_a_touched_case_has(caller: Caller) -> None:
    before = table(caller, TODAY, 50524)
    number = "400507"
    caller.post("addcasenotes", CaseId=number, Notes="seen", **NOTED)
    after = table(caller, TODAY, 50524)
    new = [row for row in after if row["CaseDetails.CaseId"] == number]
    assert [row for row in after if row not in new] == before
    assert new
    assert {row["Classification.TimeAdded"][:4] for row in new} == {"2025"}
    for report_id in (50522, 50523):  # nothing was sent, and no task was opened or done
        assert number not in {row["CaseDetails.CaseId"] for row in table(caller, TODAY, report_id)}


def test_notes_are_a_report_of_their_own(caller: Caller, clock: HandClock) -> None:
    assert table(caller, TODAY, NOTES.report_id) == []
    caller.post("addcasenotes", CaseId=QUIET, Notes='One, "two"\nthree', **{**NOTED, "Type": "Phone call"})
    caller.post("addcasenotes", CaseId="400499", Notes="other", **{**NOTED, "SelfServiceAccess": "true"})
    clock.forward(days=1)
    caller.post("addcasenotes", CaseId=QUIET, Notes="later", **NOTED)
    first, second = table(caller, TODAY, NOTES.report_id)
    assert (first["CaseDetails.CaseId"], first["CaseNote.SelfServiceAccess"]) == ("400499", "Yes")
    assert second == {
        "CaseDetails.CaseId": QUIET,
        "CaseDetails.CaseType": details(caller, QUIET)["CaseDetails.CaseType"],
        "CaseNote.Id": f"N{QUIET}-1",
        "CaseNote.Type": "Phone call",
        "CaseNote.Text": 'One, "two"\nthree',
        "CaseNote.SelfServiceAccess": "No",
        "CaseNote.AddedBy": "sandbox-key",
        "CaseNote.TimeAdded": "2026-11-23T08:00:00",
    }
    (later,) = table(caller, "2026-11-24", NOTES.report_id)
    assert (later["CaseNote.Id"], later["CaseNote.Text"]) == (f"N{QUIET}-2", "later")


def test_a_customers_change_shows_on_every_case_of_that_customer(
    caller: Caller, sandbox: SandboxThread, clock: HandClock
) -> None:
    council = sandbox.sandbox.council
    now = sandbox.sandbox.london_now()
    reference = details(caller, "405000")["MainParty.Reference"]
    numbers = [str(number) for number in council.cases_of(reference, now)]
    assert len(numbers) > 1
    past = body(caller, YESTERDAY)
    others = {case: row for case, row in cases(caller, TODAY).items() if case not in numbers}
    was = {number: details(caller, number) for number in numbers}
    caller.post("updatecustomer", Id=reference, Surname="Nouveau", Email="new@example.org", City="Elsewhere")
    rows = cases(caller, TODAY)
    for number in numbers:
        assert rows.pop(number) == details(caller, number)
        first_name = was[number]["MainParty.FirstName"]
        assert details(caller, number) == was[number] | {
            "MainParty.LastName": "Nouveau",
            "MainParty.FullName": f"Nouveau, {first_name}",
            "MainParty.EmailAddress": "new@example.org",
            "MainParty.Town": "Elsewhere",
            "CaseStatusTouchTimes.LastUpdatedTime": "2026-11-23T08:00:00",
            "CaseStatusTouchTimes.LastTouchTime": "2026-11-23T08:00:00",
        }
    assert rows == others
    assert body(caller, YESTERDAY) == past
    clock.forward(hours=1)
    caller.post("updatecustomer", Id=reference, Surname="Nouveau")  # as it is held already: no news
    assert details(caller, numbers[0])["CaseStatusTouchTimes.LastUpdatedTime"] == "2026-11-23T08:00:00"


def test_a_new_case_of_a_held_customer_shows_and_changes_what_is_held(caller: Caller) -> None:
    held = details(caller, "405000")
    reference = held["MainParty.Reference"]
    number = make(caller, **{"Customer.Id": reference, "Customer.Mobile": "07700 900999"})
    party = {name: text for name, text in held.items() if name.startswith("MainParty.")}
    party["MainParty.Mobile"] = "07700 900999"
    shown = details(caller, number)
    assert {name: shown[name] for name in party} == party
    assert details(caller, "405000")["MainParty.Mobile"] == "07700 900999"


def test_a_customers_new_reference_is_shown_and_known(caller: Caller) -> None:
    reference = details(caller, "405000")["MainParty.Reference"]
    caller.post("updatecustomer", Id=reference, NewId="C-9")
    assert details(caller, "405000")["MainParty.Reference"] == "C-9"
    caller.post("updatecustomer", Id="C-9", Phone="01632 960999")
    assert details(caller, "405000")["MainParty.Phone"] == "01632 960999"


def test_an_external_id_moves_with_its_case(caller: Caller) -> None:
    rows = cases(caller, "2026-11-18")
    number, row = next((case, row) for case, row in rows.items() if row["CaseDetails.ExternalId"])
    old = row["CaseDetails.ExternalId"]
    others = found(caller, old) - {number}
    caller.post("updateexternalid", CaseId=number, ExternalId="TSC-7", RequestDate=NOTED["RequestDate"])
    assert found(caller, old) == others
    assert found(caller, "TSC-7") == {number}


def found(caller: Caller, external_id: str) -> set[str]:
    answer = caller.get("getcasedetails", ExternalId=external_id)
    if answer.status_code == 400:
        return set()
    root: Any = etree.fromstring(answer.content)
    return {case.findtext("CaseDetails.CaseId") for case in root}


def test_a_council_of_another_seed_has_nothing_written_to_it(caller: Caller, sandbox: SandboxThread) -> None:
    number = make(caller)
    before = sandbox.sandbox.dials
    sandbox.sandbox.turn({"seed": 7})
    assert caller.get("getcasedetails", CaseId=number).status_code == 400
    assert number not in cases(caller, TODAY)
    sandbox.sandbox.turn(before.model_dump())


def test_what_was_written_is_told_and_forgotten_at_the_control_room(
    caller: Caller, sandbox: SandboxThread
) -> None:
    number = make(caller, ExternalId="x")
    (told,) = caller.http.get(f"{sandbox.url}/_sandbox/written").json()
    assert told == {
        "case_id": int(number),
        "at": "2026-11-23T08:00:00",
        "act": "createcase",
        "by": "sandbox-key",
        "cells": {},
        "note": None,
        "documents": [],
    }
    assert caller.http.delete(f"{sandbox.url}/_sandbox/written").json() == {"forgotten": True}
    assert caller.http.get(f"{sandbox.url}/_sandbox/written").json() == []
    assert caller.get("getcasedetails", CaseId=number).status_code == 400
