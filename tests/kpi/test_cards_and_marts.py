"""Every figure on every card is the marts' figure: cards are read back and compared, document by document."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
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


def length(seconds: Decimal) -> str:
    whole = int(seconds.quantize(Decimal(1), ROUND_HALF_UP))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def latest(lake: Lake, feed: str, key: str) -> list[Json]:
    """Return the latest state of the parts of cases, as marts.case_timeline takes it."""
    return rows(
        lake,
        f"SELECT parts.* FROM icasework.{feed} AS parts JOIN ops.latest_icasework_{feed} "  # noqa: S608
        f"USING (case_id, {key}, report_date, report_row)",
    )


def lines_of(lake: Lake, team: dict[int, str | None]) -> dict[int, dict[str, Json]]:
    """Count every case's tasks and actions by kind, as a person would."""
    found: dict[int, dict[str, list[Json]]] = {}
    for feed, key, kind, begun in (
        ("tasks", "task_id", "task_type", "created_at"),
        ("corrective_actions", "corrective_action_id", "corrective_action_type", "raised_date"),
    ):
        for row in latest(lake, feed, key):
            name = row[kind] if feed == "tasks" else f"Corrective action: {row[kind]}"
            row["begun"] = row[begun]
            found.setdefault(row["case_id"], {}).setdefault(name, []).append(row)
    told: dict[int, dict[str, Json]] = {}
    for case, kinds in found.items():
        for name, every in kinds.items():
            newest = max(every, key=lambda row: row["begun"])["team"]
            shown = {
                "Due": people(
                    min((row["due_date"] for row in every if not row["completed_date"]), default=None)
                ),
                "Team": newest if newest != team[case] else None,
            }
            told.setdefault(case, {})[name] = {
                "name": name,
                "quantity": len(every),
                "delivered": sum(row["completed_date"] is not None for row in every),
            } | {"fields": {label: value for label, value in shown.items() if value}}
    return told


def subjects_of(lake: Lake) -> dict[int, set[str | None]]:
    found: dict[int, set[str | None]] = {}
    for row in rows(
        lake,
        "SELECT case_id, classification_title AS title FROM icasework.classifications "
        "QUALIFY rank() OVER (PARTITION BY case_id ORDER BY report_date DESC, added_at DESC NULLS LAST) = 1",
    ):
        found.setdefault(row["case_id"], set()).add(row["title"])
    return found


def agreed_of(lake: Lake) -> Counter[int]:
    agreed: Counter[int] = Counter()
    for row in latest(lake, "redress", "redress_id"):
        if row["agreed_date"] and row["amount_gbp"]:
            agreed[row["case_id"]] += row["amount_gbp"]
    return agreed


def letters_of(lake: Lake) -> dict[int, str]:
    letters = rows(lake, "FROM icasework.correspondence WHERE sent_date IS NOT NULL")
    letters.sort(key=lambda row: (row["sent_date"], row["sent_at"], row["correspondence_id"]))
    return {row["case_id"]: f"{row['correspondence_type']}, {people(row['sent_date'])}" for row in letters}


def test_cases_are_the_marts_cases(town: Lake, file: CardFile) -> None:
    cases = rows(town, "FROM marts.cases_current WHERE customer_id IS NOT NULL")
    judged = rows(town, "FROM marts.case_targets ORDER BY case_id, stage_number")
    stages = {row["case_id"]: row for row in judged}
    agreed = agreed_of(town)
    parts = lines_of(town, {row["case_id"]: row["team"] for row in rows(town, "FROM marts.cases_current")})
    letters = letters_of(town)
    subjects = subjects_of(town)
    seen: Counter[str] = Counter()
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
        assert told.get("About") in subjects.get(case["case_id"], {None})
        assert told.get("Last letter") == letters.get(case["case_id"])
        assert told.get("Outcome") == case["current_outcome"]
        assert told.get("Closed") == people(case["closed_date"])
        is_due = stage is not None and case["is_open"] and stage["ended_date"] is None
        assert told.get("Due") == (people(stage["due_date"]) if stage and is_due else None)
        lines = {
            line["name"]: line | {"fields": fields(line)}
            for line in document.get("lines", ())
            if line["name"] != "History"
        }
        assert lines == parts.get(case["case_id"], {})
        seen.update(told.keys() | {f"line {label}" for line in lines.values() for label in line["fields"]})
        seen["amount"] += "amount" in document
        seen["delivered"] += any(line["delivered"] for line in lines.values())
    assert len(shown) == sum(min(count, 20) for count in by_customer.values())
    assert set(colours) == {"NORMAL", "GREEN", "ORANGE", "RED"}
    figures = {"About", "Due", "Last letter", "Closed", "line Due", "line Team", "amount", "delivered"}
    assert min(seen[figure] for figure in figures) > 0


def test_history_is_the_timelines_latest(town: Lake, file: CardFile) -> None:
    days: dict[int, list[date]] = {}
    told: dict[int, set[tuple[str | None, str]]] = {}
    for row in rows(town, "FROM marts.case_timeline ORDER BY event_date DESC"):
        days.setdefault(row["case_id"], []).append(row["event_date"])
        kind, detail = row["event_type"], row["detail"]
        if kind == "stage ended":
            words = f"Stage {detail}"
        elif kind in {"returned", "withdrawn"} or not detail:
            words = kind.capitalize()
        else:
            words = f"{kind.capitalize()}: {detail}"
        told.setdefault(row["case_id"], set()).add((people(row["event_date"]), words))
    seen = 0
    for body in every_body(file):
        for document in section(body, "Cases")["documents"]:
            for line in document.get("lines", ()):
                for part in line.get("expandableFields", ()):
                    case = int(document["documentNumber"])
                    cells = [field["value"] for field in part["fields"] if field["name"] == "Date"]
                    events = [field["value"] for field in part["fields"] if field["name"] == "Event"]
                    assert cells == [people(day) for day in days[case][:8]]
                    assert set(zip(cells, events, strict=True)) <= told[case]
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
            row = calls[document["documentNumber"].removeprefix("Call ")]
            assert row["customers_with_number"] == 1
            assert json.loads(ask(file, owners[row["customer_e164"]]).body) == json.loads(body)
            assert document["documentDate"] == wire_instant(row["started_at"].astimezone(UTC))
            missed = row["direction"] == "Inbound" and not row["is_answered"]
            assert document["status"]["colorCode"] == ("ORANGE" if missed else "NORMAL")
            told = fields(document)
            assert told.get("Queue") == row["skill"]
            assert told.get("Repeat contact") == ("Yes" if row["is_repeat_contact"] else None)
            assert told.get("Talked") == (length(row["talk_seconds"]) if row["is_answered"] else None)
            inbound = row["direction"] == "Inbound"
            assert told.get("Waited") == (length(row["ring_seconds"]) if inbound else None)
            assert told[""] == f"Call {'from' if inbound else 'to'} the customer"
            words = {"Transferred": "Answered and transferred", "Abandoned": "Missed: the caller gave up"}
            assert document["status"]["name"] == words.get(row["outcome"], row["outcome"])
            assert told.get("Agent") == (row["agent"] and row["agent"].partition("(")[0])
            seen[row["call_id"]] += 1
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
