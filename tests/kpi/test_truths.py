"""What a card must not say, and what it says in rare cases: clocks, calendars, twins, secrets, odd files."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.feeds import FEEDS
from pipelines.kpi.building import cards_folder
from pipelines.kpi.mapping import FOLDER
from pipelines.kpi.schema import Kpi
from pipelines.lake import Lake
from pipelines.warehouse import build
from tests.contact_centre import DAY, LONG_DAY, call, case, load
from tests.kpi.town import ask, every_body, make, opened, section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.contact_centre import Cells

    Json = dict[str, Any]

SECRET = "Cant de l'ocell"
MONDAY = DAY.plus(2)  # 26 October 2026


def built(lake: Lake, day: ReportDay = DAY, **feeds: Sequence[Cells]) -> Lake:
    load(lake, day, **feeds)
    build(lake, FEEDS, since=DAY, until=MONDAY)
    return lake


def cases_of(lake: Lake, customer: str) -> dict[str, Json]:
    """Return a customer's cases in the order of the card."""
    found = section(ask(opened(lake), customer).body, "Cases")["documents"]
    return {document["documentNumber"]: document for document in found}


def calls_of(lake: Lake, customer: str) -> list[Json]:
    return list(section(ask(opened(lake), customer).body, "Calls")["documents"])


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One customer with a case and a call."""
    lake = Lake(tmp_path_factory.mktemp("hamlet") / "data")
    cases = [case(1, mobile="07700 900123", customer_id="C")]
    return built(lake, cases=cases, calls=[call("K1", caller="07700 900123")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "card")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("received", "told"),
    [
        ("2026-03-28", "2026-03-28T00:00:00Z"),
        ("2026-03-29", "2026-03-29T00:00:00Z"),  # the clocks go forward at one
        ("2026-03-30", "2026-03-29T23:00:00Z"),
        ("2026-10-25", "2026-10-24T23:00:00Z"),  # and back at two
        ("2026-10-26", "2026-10-26T00:00:00Z"),
        ("2026-10-31", "2026-10-31T00:00:00Z"),  # a day that is still to come
    ],
)
def test_a_day_received_is_londons_midnight(lake: Lake, received: str, told: str) -> None:
    make(built(lake, cases=[case(1, received_date=received, customer_id="A")]))
    assert cases_of(lake, "A")["1"]["documentDate"] == told


def test_without_a_day_received_the_day_recorded_stands_and_not_the_last_report(lake: Lake) -> None:
    row = case(1, received_date="", created_at="2026-10-22T23:30:00", customer_id="A")
    make(built(lake, MONDAY, cases=[row]))
    assert cases_of(lake, "A")["1"]["documentDate"] == "2026-10-21T23:00:00Z"


@pytest.mark.parametrize(
    ("due", "colour", "words"),
    [
        ("2026-05-01", "RED", "Open, overdue"),  # the Friday itself: its end has come
        ("2026-05-05", "ORANGE", "Open, due soon"),  # Monday the 4th is a bank holiday
        ("2026-05-06", "ORANGE", "Open, due soon"),
        ("2026-05-07", "GREEN", "Open"),
        ("2099-01-01", "GREEN", "Open"),
        ("", "NORMAL", "Open"),
    ],
)
def test_colours_count_working_days_over_a_bank_holiday(
    lake: Lake, due: str, colour: str, words: str
) -> None:
    friday = ReportDay.parse("2026-05-01")
    load(lake, friday, cases=[case(1, stage1_due_date=due, received_date="2026-04-01", customer_id="A")])
    build(lake, FEEDS, since=friday, until=friday)
    make(lake)
    assert cases_of(lake, "A")["1"]["status"]["name"] == words
    assert cases_of(lake, "A")["1"]["status"]["colorCode"] == colour


def test_a_case_that_was_opened_again_is_open(lake: Lake) -> None:
    closed = case(1, case_status="Closed", closed_date="2026-10-24", customer_id="A")
    load(lake, DAY, cases=[closed])
    make(built(lake, LONG_DAY, cases=[case(1, case_status="Reopened", customer_id="A")]))
    document = cases_of(lake, "A")["1"]
    assert document["status"]["name"] == "Reopened"
    assert not [field for field in document["fields"] if field.get("name") == "Closed"]


def test_a_confidential_case_tells_neither_by_its_place_nor_by_a_date_whether_it_is_open(lake: Lake) -> None:
    seen = {}
    for state in ({}, {"closed_date": "2026-10-24", "stage1_due_date": "2026-10-01"}):
        hidden = (
            case(2, is_confidential="Yes", last_updated_at="2026-10-24T09:00:00", customer_id="A") | state
        )
        shown = [
            case(1, customer_id="A"),
            case(3, customer_id="A", closed_date="2026-10-20"),
            case(4, customer_id="A", stage1_due_date="2026-12-01"),
        ]
        make(built(lake, cases=[hidden, *shown]))
        assert list(cases_of(lake, "A")) == ["4", "1", "2", "3"]
        seen[str(state)] = cases_of(lake, "A")["2"]
        assert set(seen[str(state)]["status"]) == {"name", "colorCode"}
    assert len({json.dumps(document) for document in seen.values()}) == 1


def test_nobodys_own_words_are_on_a_card(lake: Lake) -> None:
    words = dict.fromkeys(("case_label", "details", "withdrawn_reason", "returned_reason"), SECRET)
    row = case(1, customer_id="A", withdrawn_date="2026-10-24", returned_date="2026-10-24", **words)
    make(built(lake, cases=[row]))
    assert not [body for body in every_body(opened(lake)) if b"ocell" in body]
    (history,) = cases_of(lake, "A")["1"]["lines"]
    events = {field["value"] for part in history["expandableFields"] for field in part["fields"]}
    assert {"Withdrawn", "Returned"} <= events


def test_numbers_that_differ_by_noughts_stay_two_customers(folder: Path, lake: Lake) -> None:
    edit(folder / "cases.sql", "judged.customer_id,", "CAST(judged.customer_id AS BIGINT) AS customer_id,")
    make(built(lake, cases=[case(1, customer_id="007"), case(2, customer_id="7")]), folder)
    assert set(cases_of(lake, "7")) == {"1", "2"}  # so says the query
    assert not cases_of(lake, "007")


def test_a_call_told_twice_is_shown_once_and_one_numbered_like_a_case_too(lake: Lake) -> None:
    twice = [call("1", caller="07700 900123"), call("1", caller="07700 900123", at=50_000)]
    load(lake, DAY, calls=twice)
    load(lake, LONG_DAY, calls=[call("1", caller="07700 900123", day=LONG_DAY)])
    assert make(built(lake, cases=[case(1, mobile="07700 900123", customer_id="A")])).failed == {}
    (shown,) = calls_of(lake, "A")
    assert shown["documentNumber"] == "Call 1"
    assert shown["documentDate"].startswith(str(LONG_DAY))


def test_a_call_that_nobody_took_is_not_one_that_the_caller_gave_up(lake: Lake) -> None:
    calls = [
        call(f"K{at}", at=36_000 + at, caller="07700 900123", outcome=outcome, agent="", talk_ms=0)
        for at, outcome in enumerate(("Abandoned", "Unanswered"))
    ]
    make(built(lake, cases=[case(1, mobile="07700 900123", customer_id="A")], calls=calls))
    told = [(one["status"]["name"], one["status"]["colorCode"]) for one in calls_of(lake, "A")]
    assert told == [("Missed", "ORANGE"), ("Missed: the caller gave up", "ORANGE")]


def test_on_a_households_card_the_most_urgent_case_comes_first_whoevers_it_is(lake: Lake) -> None:
    phone = "020 7946 0123"
    cases = [
        case(1, phone=phone, customer_id="A", closed_date="2026-10-20"),
        case(2, phone=phone, customer_id="A", closed_date="2026-10-22"),
        case(3, phone=phone, customer_id="B", stage1_due_date="2026-12-01"),
        case(4, phone=phone, customer_id="B", stage1_due_date="2026-10-01"),
    ]
    make(built(lake, cases=cases), kpi_households=True)
    assert list(cases_of(lake, phone)) == ["4", "3", "2", "1"]


def test_a_section_whose_feed_is_behind_says_so_beside_its_documents(lake: Lake) -> None:
    load(lake, DAY, calls=[call("K1", caller="07700 900123")])
    rows = [case(1, mobile="07700 900123", customer_id="A"), case(2, customer_id="B")]
    told = make(built(lake, MONDAY, cases=rows))
    for customer, many in (("A", 1), ("B", 0)):
        body = ask(opened(lake), customer).body
        Kpi.model_validate_json(body)
        calls = section(body, "Calls")
        assert calls["message"] == "Only what was known by 24 Oct 2026: later data has not come in."
        assert len(calls["documents"]) == many
    assert "message" not in section(body, "Cases")
    assert any(note.startswith("Calls: Only") for note in told.notes)


def test_a_section_of_a_feed_that_there_is_not_is_told(hamlet: Lake, folder: Path) -> None:
    edit(folder / "card.toml", 'feed = "xima/calls"', 'feed = "xima/rings"')
    assert "there is no feed xima/rings" in make(hamlet, folder).failed["Calls"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("skill", "DATE 'infinity'"),
        ("skill", "TIMESTAMPTZ 'infinity'"),
        ("skill", "TIMESTAMP '-infinity'"),
        ("skill", "DATE '20000-01-01'"),
        ("started_at AS document_at", "TIMESTAMPTZ 'infinity'"),
        ("started_at AS document_at", "TIMESTAMPTZ '0044-03-15 (BC)'"),
    ],
)
def test_a_day_beyond_all_calendars_stops_its_section_alone(
    hamlet: Lake, folder: Path, column: str, value: str
) -> None:
    edit(folder / "calls.sql", f"    {column},", f"    {value} AS {column.rpartition(' ')[2]},")
    failed = make(hamlet, folder).failed
    assert "beyond the years 1 to 9999 in 1 rows" in failed["Calls"]
    assert list(failed) == ["Calls"]
    assert cases_of(hamlet, "C")


@pytest.mark.parametrize("value", ["'nan'::DOUBLE", "'inf'::DOUBLE", "''", "NULL"])
def test_what_is_nothing_is_left_out(hamlet: Lake, folder: Path, value: str) -> None:
    edit(folder / "calls.sql", "    skill,", f"    {value} AS skill,")
    assert make(hamlet, folder).failed == {}
    assert "Queue" not in {field.get("name") for field in calls_of(hamlet, "C")[0]["fields"]}


def spoil_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes() + "-- £\n".encode("cp1252"))


@pytest.mark.parametrize(
    ("file", "spoil", "told"),
    [
        ("calls.sql", spoil_bytes, "not UTF-8"),
        ("numbers.sql", spoil_bytes, "numbers.sql: its line 1[0-9] is not UTF-8"),
        ("numbers.sql", lambda path: path.unlink(), "numbers.sql: it cannot be read"),
        ("numbers.sql", lambda path: edit(path, "AS person", "AS persn"), "returns no person"),
        (
            "numbers.sql",
            lambda path: edit(path, "phones.e164,", "phones.e16,"),
            "numbers.sql: the query failed",
        ),
        ("card.toml", spoil_bytes, "card.toml cannot be used .its line 1[0-9]* is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_name(
    hamlet: Lake, folder: Path, file: str, spoil: Callable[[Path], None], told: str
) -> None:
    make(hamlet)
    before = (cards_folder(hamlet) / "current.json").read_bytes()
    spoil(folder / file)
    if file == "calls.sql":
        assert told in make(hamlet, folder).failed["Calls"]
        return
    with pytest.raises(Permanent, match=told):
        make(hamlet, folder)
    assert (cards_folder(hamlet) / "current.json").read_bytes() == before


def test_files_as_other_systems_save_them_are_read(hamlet: Lake, folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    edit(folder / "calls.sql", "<= 20", "<= 20 ; -- the latest £20 worth;\n")
    assert make(hamlet, folder).failed == {}
    assert cases_of(hamlet, "C")
    assert calls_of(hamlet, "C")


def test_customers_that_only_the_query_of_numbers_knows_have_cards(hamlet: Lake, folder: Path) -> None:
    edit(
        folder / "numbers.sql",
        "    cases.customer_id\nFROM",
        "    'Z' || cases.customer_id AS customer_id\nFROM",
    )
    make(hamlet, folder)
    assert ask(opened(hamlet), "07700 900123").which == "found"
    assert not cases_of(hamlet, "07700 900123")


def test_a_build_tells_each_sections_documents(hamlet: Lake) -> None:
    told = make(hamlet)
    assert told.sections == {"Cases": (1, 1), "Calls": (1, 1), "Service requests": (0, 0)}
    assert "  Calls: 1 documents on 1 cards" in str(told)
    assert told.notes == ()
