"""Codes and places are looked up in the live tables, and each only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.demonstration import TASCOMI_DUTY_OFFICER, TASCOMI_REQUEST_CODES
from pipelines.errors import Permanent
from pipelines.sources.tascomi.codes import Codes

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread
    from pipelines.sources.tascomi.client import TascomiClient


def lists(sandbox: SandboxThread) -> int:
    return len(sandbox.calls.told(operation="list")["calls"])


def test_a_code_is_found_and_asked_for_once(client: TascomiClient, sandbox: SandboxThread) -> None:
    codes, office = Codes(client), sandbox.sandbox.office
    for code in TASCOMI_REQUEST_CODES:
        number = codes.find("complaint_codes", code)
        assert number is not None
        row = office.find("complaint_codes", number)
        assert row is not None
        assert row["code"] == code
    asked = lists(sandbox)
    assert codes.find("complaint_codes", " RATS ") is not None
    assert lists(sandbox) == asked


def test_officers_and_titles_go_by_their_own_columns(client: TascomiClient) -> None:
    codes = Codes(client)
    assert codes.find("users", TASCOMI_DUTY_OFFICER) == "3"
    assert codes.find("titles", "Mx") == "5"


def test_what_is_not_in_use_is_not_found_and_asked_for_again(
    client: TascomiClient, sandbox: SandboxThread
) -> None:
    codes, office = Codes(client), sandbox.sandbox.office
    assert codes.find("core_functions", "OLD") is None
    assert codes.find("core_functions", "NEW") is None
    assert codes.find("core_functions", " ") is None
    row = dict(office.rows("core_functions")[0])
    made = office.create(
        "core_functions", {"code": "NEW", "name": row["name"]}, by="2", now=sandbox.sandbox.tascomi_now()
    )
    assert codes.find("core_functions", "NEW") == made["id"]


def test_a_code_that_two_rows_have_is_nobodys(client: TascomiClient, sandbox: SandboxThread) -> None:
    office, now = sandbox.sandbox.office, sandbox.sandbox.tascomi_now()
    office.create("core_functions", {"code": "EP", "name": "again"}, by="2", now=now)
    with pytest.raises(Permanent, match="core_functions") as caught:
        Codes(client).find("core_functions", "EP")
    assert caught.value.todo


def test_a_property_goes_by_its_uprn(client: TascomiClient, sandbox: SandboxThread) -> None:
    codes, rows = Codes(client), sandbox.sandbox.office.rows("dtf_locations")
    by_uprn: dict[str, list[dict[str, str | None]]] = {}
    for row in rows:
        if row["uprn"]:
            by_uprn.setdefault(row["uprn"], []).append(row)
    twice = next(found for found in by_uprn.values() if len(found) == 2)
    history = next(found for found in by_uprn.values() if found[-1]["ceased"] == "t")
    for found in (twice, history):
        assert codes.location(uprn=f"00{found[0]['uprn']}") == found[0]["id"]
    assert codes.location(uprn="1") is None
    assert codes.location(uprn="", usrn=" ") is None


def test_a_street_is_the_one_whose_text_says_so(client: TascomiClient, sandbox: SandboxThread) -> None:
    codes = Codes(client)
    streets = [r for r in sandbox.sandbox.office.rows("dtf_locations") if r["pao_text"] == "STREET RECORD"]
    assert codes.location(usrn=streets[5]["usrn"]) == streets[5]["id"]
    asked = lists(sandbox)
    assert codes.location(usrn=streets[5]["usrn"]) == streets[5]["id"]
    assert lists(sandbox) == asked
    assert codes.location(usrn="99999999") is None
