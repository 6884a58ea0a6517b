"""The stand-in with its own council: what the demo and the other rooms' tests talk to."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from pipelines.sandbox.council import REPORTS
from pipelines.sandbox.server import SandboxThread
from tests.sandbox.caller import Caller, HandClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

DAY = {"FromTime": "2026-11-18T00:00:00.000", "UntilTime": "2026-11-18T23:59:59.999"}


@pytest.fixture(scope="module")
def caller(http: httpx.Client) -> Iterator[Caller]:
    clock = HandClock()
    with SandboxThread(clock=clock) as sandbox:
        yield Caller(http, sandbox.icasework_url, clock)


def table(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


@pytest.mark.parametrize("report_id", sorted(REPORTS))
def test_a_day_of_each_report_is_whole_and_the_same_in_every_format(caller: Caller, report_id: int) -> None:
    header, *rows, footer = table(caller.report(report_id, None, **DAY))
    assert tuple(header) == REPORTS[report_id].columns
    assert footer == ["Rows", str(len(rows))]
    assert rows
    root: Any = etree.fromstring(caller.report(report_id, None, **DAY, Format="xml").content)
    assert [[cell.text or "" for cell in row] for row in root] == rows
    objects = json.loads(caller.report(report_id, None, **DAY, Format="json").content)
    assert [list(item.values()) for item in objects] == rows


def test_another_sandbox_of_the_same_seed_answers_with_the_same_bytes(caller: Caller) -> None:
    with SandboxThread(clock=caller.clock) as other:
        again = Caller(caller.http, other.icasework_url, caller.clock)
        for report_id in REPORTS:
            assert (
                again.report(report_id, None, **DAY).content == caller.report(report_id, None, **DAY).content
            )


def test_a_past_day_stays_as_it_was_when_time_goes_on(caller: Caller) -> None:
    before = caller.report(50521, None, **DAY).content
    clock = HandClock()
    clock.forward(days=40)
    with SandboxThread(clock=clock) as later:
        assert Caller(caller.http, later.icasework_url, clock).report(50521, None, **DAY).content == before


def test_cases_listed_can_be_read_one_by_one(caller: Caller) -> None:
    listed: Any = etree.fromstring(caller.get("getcases", From="2026-11-16", Until="2026-11-18").content)
    dates = [case.findtext("RequestDate") for case in listed]
    assert dates == sorted(dates, reverse=True)
    token = caller.token()
    for case in listed[:5]:
        number = case.findtext("CaseId")
        details: Any = etree.fromstring(caller.get("getcasedetails", token, CaseId=number).content)
        assert details[0].findtext("CaseStatus.Status") == case.findtext("Status")
        assert details[0].findtext("CaseStatusReceipt.TimeCreated") == case.findtext("RequestDate")
        documents: Any = etree.fromstring(caller.get("getcasedocuments", token, CaseId=number).content)
        assert [item.get("Id") for item in documents] == [
            item.get("Id") for item in case.iterfind("Documents/Document")
        ]


def test_a_case_is_found_by_its_external_id(caller: Caller) -> None:
    header, *rows, _ = table(caller.report(50521, None, **DAY))
    case_id, external_id = header.index("CaseDetails.CaseId"), header.index("CaseDetails.ExternalId")
    known = next(row for row in rows if row[external_id])
    answer = caller.get("getcasedetails", ExternalId=known[external_id])
    root: Any = etree.fromstring(answer.content)
    assert known[case_id] in [case.findtext("CaseDetails.CaseId") for case in root]
