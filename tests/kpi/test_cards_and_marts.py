"""Every figure on every card is the marts' figure: cards are read back and compared, document by document."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.days import LONDON
from pipelines.kpi.schema import wire_instant
from pipelines.warehouse import run_query
from tests.kpi.town import ask, every_body, make, opened, section

if TYPE_CHECKING:
    from pipelines.kpi.card_file import CardFile
    from pipelines.lake import Lake

Json = dict[str, Any]


@pytest.fixture(scope="module")
def file(town: Lake) -> CardFile:
    make(town)
    return opened(town)


def rows(lake: Lake, sql: str) -> list[Json]:
    return run_query(lake, sql).to_dicts()


def people(day: date | None) -> str | None:
    return None if day is None else f"{day.day} {day:%b %Y}"


def fields(document: Json) -> Json:
    return {field.get("name", ""): field["value"] for field in document.get("fields", ())}


def colour(case: Json, stage: Json | None) -> str:
    """Judge a case as the issue words it, from marts.case_targets."""
    if not case["is_open"] or stage is None or stage["target_status"] == "none":
        return "NORMAL"
    if stage["ended_date"] is not None:
        return "GREEN" if stage["target_status"] == "met" else "NORMAL"
    if stage["target_status"] == "breached":
        return "RED"
    return "ORANGE" if stage["working_days_left"] <= 2 else "GREEN"


def test_cases_are_the_marts_cases(town: Lake, file: CardFile) -> None:
    cases = rows(town, "FROM marts.cases_current WHERE customer_id IS NOT NULL")
    judged = rows(town, "FROM marts.case_targets ORDER BY case_id, stage_number")
    stages = {row["case_id"]: row for row in judged}
    agreed: Counter[int] = Counter()
    parts: dict[int, Counter[str]] = {}
    for row in rows(
        town,
        "SELECT case_id, event_type, count(*) AS many FROM marts.case_timeline "
        "WHERE event_type IN ('task opened', 'task ended', 'action raised', 'action ended') GROUP BY ALL",
    ):
        parts.setdefault(row["case_id"], Counter())[row["event_type"]] = row["many"]
    for row in rows(
        town,
        "SELECT case_id, amount_gbp FROM icasework.redress JOIN ops.latest_icasework_redress "
        "USING (case_id, redress_id, report_date, report_row) "
        "WHERE agreed_date IS NOT NULL AND amount_gbp > 0",
    ):
        agreed[row["case_id"]] += row["amount_gbp"]
    by_customer = Counter(row["customer_id"] for row in cases)
    shown = set()
    colours: Counter[str] = Counter()
    for case in cases:
        documents = {
            one["documentNumber"]: one
            for one in section(ask(file, case["customer_id"]).body, "Cases")["documents"]
        }
        assert len(documents) == min(by_customer[case["customer_id"]], 20)
        document = documents.get(str(case["case_id"]))
        if document is None:
            continue
        shown.add(case["case_id"])
        received = datetime.combine(case["received_date"], time(), LONDON)
        assert document["documentDate"] == wire_instant(received)
        assert str(case["case_id"]) in document["externalUrl"]
        if case["is_confidential"]:
            assert document["status"]["name"] == "Confidential"
            continue
        stage = stages.get(case["case_id"])
        assert document["status"]["name"].startswith(case["case_status"])
        assert document["status"]["colorCode"] == colour(case, stage)
        assert document["status"]["updatedDate"] == wire_instant(case["last_updated_at"])
        colours[document["status"]["colorCode"]] += 1
        assert Decimal(str(document.get("amount", 0))) == agreed[case["case_id"]]
        assert ("currency" in document) == ("amount" in document)
        told = fields(document)
        assert told[""] == case["case_type"]
        assert told.get("Team") == case["team"]
        assert told.get("Stage") == case["current_stage"]
        assert told.get("Outcome") == case["current_outcome"]
        assert told.get("Closed") == people(case["closed_date"])
        is_due = stage is not None and case["is_open"] and stage["ended_date"] is None
        assert told.get("Due") == (people(stage["due_date"]) if stage and is_due else None)
        lines = [line for line in document.get("lines", ()) if line["name"] != "History"]
        events = parts.get(case["case_id"], Counter())
        assert sum(line["quantity"] for line in lines) == events["task opened"] + events["action raised"]
        assert sum(line["delivered"] for line in lines) == events["task ended"] + events["action ended"]
    assert len(shown) == sum(min(count, 20) for count in by_customer.values())
    assert set(colours) == {"NORMAL", "GREEN", "ORANGE", "RED"}


def test_history_is_the_timelines_latest(town: Lake, file: CardFile) -> None:
    days: dict[int, list[date]] = {}
    for row in rows(town, "SELECT case_id, event_date FROM marts.case_timeline ORDER BY event_date DESC"):
        days.setdefault(row["case_id"], []).append(row["event_date"])
    seen = 0
    for body in every_body(file):
        for document in section(body, "Cases")["documents"]:
            for line in document.get("lines", ()):
                for part in line.get("expandableFields", ()):
                    cells = [field["value"] for field in part["fields"] if field["name"] == "Date"]
                    assert cells == [people(day) for day in days[int(document["documentNumber"])][:8]]
                    seen += 1
    assert seen > 50


def test_calls_are_the_marts_calls_and_only_of_numbers_of_one_customer(town: Lake, file: CardFile) -> None:
    calls = {
        row["call_id"]: row
        for row in rows(
            town,
            "SELECT calls.*, told.is_repeat_contact, told.customer_e164, told.customers_with_number "
            "FROM marts.calls AS calls JOIN marts.contacts AS told USING (report_date, call_id) "
            "WHERE told.is_first_of_call",
        )
    }
    owned = rows(town, "SELECT customer_id, unnest(phones) AS number FROM marts.customers")
    owners = {row["number"]: row["customer_id"] for row in owned}
    seen: Counter[str] = Counter()
    for body in every_body(file):
        for document in section(body, "Calls")["documents"]:
            row = calls[document["documentNumber"]]
            assert row["customers_with_number"] == 1
            assert json.loads(ask(file, owners[row["customer_e164"]]).body) == json.loads(body)
            assert document["documentDate"] == wire_instant(row["started_at"].astimezone(UTC))
            missed = row["direction"] == "Inbound" and not row["is_answered"]
            assert document["status"]["colorCode"] == ("ORANGE" if missed else "NORMAL")
            told = fields(document)
            assert told.get("Queue") == row["skill"]
            assert told.get("Repeat contact") == ("Yes" if row["is_repeat_contact"] else None)
            assert (told.get("Talked") is not None) == row["is_answered"]
            assert told.get("Agent") == (row["agent"] and row["agent"].partition("(")[0])
            seen[document["documentNumber"]] += 1
    assert seen
    assert max(seen.values()) == 1
    alone = {
        name
        for name, row in calls.items()
        if row["customers_with_number"] == 1 and row["customer_e164"] in owners
    }
    assert set(seen) == alone


def test_numbers_lead_where_the_marts_say(town: Lake, file: CardFile) -> None:
    known = rows(
        town,
        "SELECT DISTINCT customer_e164, customers_with_number FROM marts.contacts "
        "WHERE customers_with_number > 0",
    )
    assert len(known) > 20
    for row in known:
        assert (ask(file, row["customer_e164"]).which == "shared") == (row["customers_with_number"] > 1)
