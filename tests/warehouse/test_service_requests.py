"""Service requests in their latest state, beside the case and the customer they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, run_query
from tests.contact_centre import DAY, LONG_DAY, case, contact, load, request

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def requests(lake: Lake) -> list[tuple[Any, ...]]:
    build(lake, FEEDS, since=DAY, until=LONG_DAY)
    asked = (
        "SELECT complaint_id, status, is_open, case_id, customer_id FROM marts.service_requests ORDER BY ALL"
    )
    return run_query(lake, asked).rows()


def test_a_request_is_the_cases_whose_external_id_is_its_number(lake: Lake) -> None:
    cases = [case(1, external_id="SR26/501"), case(2, external_id="WEB-1", customer_id="")]
    load(lake, DAY, cases=cases, complaints=[request(501), request(502)])
    assert requests(lake) == [(501, "Open", True, 1, "200001"), (502, "Open", True, None, None)]


def test_a_number_that_two_cases_name_is_of_neither(lake: Lake) -> None:
    cases = [case(1, external_id="SR26/501"), case(2, external_id="SR26/501")]
    load(lake, DAY, cases=cases, complaints=[request(501)])
    assert requests(lake) == [(501, "Open", True, None, None)]


def test_without_a_case_the_requester_says_whose_it_is_where_casework_knows_them(lake: Lake) -> None:
    asked = [request(501, requester_id=7), request(502, requester_id=8), request(503, requester_id=9)]
    contacts = [contact(7, "200001"), contact(8, "CH-12-r"), contact(9, "")]
    load(lake, DAY, cases=[case(1)], complaints=asked, contacts=contacts)
    assert [row[-2:] for row in requests(lake)] == [(None, "200001"), (None, None), (None, None)]


def test_the_requester_of_a_case_without_a_customer_is_not_taken_for_its_customer(lake: Lake) -> None:
    cases = [case(1), case(2, external_id="SR26/501", customer_id="")]
    load(
        lake,
        DAY,
        cases=cases,
        complaints=[request(501, requester_id=7)],
        contacts=[contact(7, "200001")],
    )
    assert requests(lake) == [(501, "Open", True, 2, None)]


def test_the_latest_day_tells_and_what_was_given_up_is_gone(lake: Lake) -> None:
    load(lake, DAY, cases=[case(1)], complaints=[request(501), request(502)])
    later = "2026-10-25T16:00:00"
    closed = request(501, changed=later, status="Closed", closed_at="2026-10-25 16:00:00")
    load(lake, LONG_DAY, complaints=[closed, request(502, changed=later, is_ceased="t")])
    assert requests(lake) == [(501, "Closed", False, None, None)]
