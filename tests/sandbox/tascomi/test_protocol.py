"""Signatures, rights, verbs and lists, as published clients know them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import SandboxConfig
from pipelines.sandbox.tascomi.dialect import TascomiDialect
from pipelines.sandbox.tascomi.keys import ApiKey, expected_hash
from pipelines.sandbox.tascomi.tables import TABLES
from tests.sandbox.caller import HandClock
from tests.sandbox.tascomi.caller import PRIVATE, PUBLIC, TascomiCaller, minute_of, signed

if TYPE_CHECKING:
    import httpx

TEXT_OF_401 = "Authentication failures, invalid public key or HMAC"


def test_the_hash_is_that_of_the_published_rule() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert expected_hash("pubkey", "privkey", now, "Europe/London") == (
        "YmFiMDFkZDU5ZGI3OGZjYTVlYzFjMDllN2FhZmQ3MTgzMDQwYjU0YTAyOWUxNDBjNzZmYTFhMzZjOGUyNmJmYQ=="
    )


def test_each_of_the_eleven_tables_can_be_viewed(tascomi: TascomiCaller) -> None:
    assert len(TABLES) == 11
    for table, columns in TABLES.items():
        rows = tascomi.rows(table)
        assert rows
        for row in rows:
            assert list(row) == list(columns)
            assert all(value is None or isinstance(value, str) for value in row.values())
            assert row["id"]


@pytest.mark.parametrize("minutes", [-1, 1, -60, 60])
def test_no_other_minute_is_good(tascomi: TascomiCaller, clock: HandClock, minutes: int) -> None:
    stale = signed(minute_of(clock() + timedelta(minutes=minutes)))
    answer = tascomi.ask("GET", "titles", headers=stale)
    assert answer.status_code == 401
    assert TEXT_OF_401 in answer.text


def test_a_signature_holds_to_the_end_of_its_minute(tascomi: TascomiCaller, clock: HandClock) -> None:
    mine = signed(minute_of(clock()))
    clock.forward(seconds=59.999)
    assert tascomi.ask("GET", "titles", headers=mine).status_code == 200
    clock.forward(seconds=0.002)
    assert tascomi.ask("GET", "titles", headers=mine).status_code == 401


def test_the_clock_is_londons_in_summer_too(tascomi: TascomiCaller, clock: HandClock) -> None:
    clock.now = datetime(2026, 7, 1, 11, 30, tzinfo=UTC)
    assert tascomi.ask("GET", "titles", headers=signed("202607011230")).status_code == 200
    assert tascomi.ask("GET", "titles", headers=signed("202607011130")).status_code == 401


def test_the_dial_puts_the_servers_clock_and_its_date_off(
    tascomi: TascomiCaller, clock: HandClock, http: httpx.Client, sandbox: SandboxThread
) -> None:
    http.post(f"{sandbox.url}/_sandbox/dials", json={"clock_offset_seconds": 90})
    answer = tascomi.get("titles")
    assert answer.status_code == 401
    told = parsedate_to_datetime(answer.headers["Date"])
    assert told == clock() + timedelta(seconds=90)
    assert tascomi.ask("GET", "titles", headers=signed(minute_of(told))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Public": "", "X-Hash": ""},
        {"X-Public": PUBLIC, "X-Hash": "é".encode("latin-1").decode("latin-1")},
        signed("202611230800", public="other"),
        signed("202611230800", private="other"),
    ],
)
def test_a_wrong_key_is_refused(tascomi: TascomiCaller, headers: dict[str, str]) -> None:
    told: Any = {name: text.encode("utf-8") for name, text in headers.items()}
    answer = tascomi.ask("GET", "titles", headers=told)
    assert (answer.status_code, answer.json()) == (401, {"error": TEXT_OF_401})


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "titles"), ("POST", "users/3"), ("DELETE", "titles/1"), ("DELETE", "contacts/34608")],
)
def test_a_verb_without_right_is_forbidden(tascomi: TascomiCaller, method: str, path: str) -> None:
    assert tascomi.ask(method, path, json={}).status_code == 403
    assert tascomi.writes() == []


def test_rights_are_the_keys_own(http: httpx.Client) -> None:
    clock = HandClock()
    config = SandboxConfig(tascomi_keys={PUBLIC: ApiKey(PRIVATE, {"titles": frozenset({"view"})})})
    with SandboxThread(config, clock=clock) as narrow:
        caller = TascomiCaller(http, narrow.tascomi_url, clock)
        assert caller.get("titles").status_code == 200
        assert caller.get("contacts").status_code == 403
        assert caller.ask("PUT", "contacts", json={}).status_code == 403


def test_what_is_not_there_is_404(tascomi: TascomiCaller, http: httpx.Client, sandbox: SandboxThread) -> None:
    assert tascomi.get("applications").status_code == 404
    assert http.get(f"{sandbox.url}/tascomi/rest/v2/titles").status_code == 404
    assert http.get(f"{sandbox.url}/tascomi").status_code == 404
    assert tascomi.ask("DELETE", "contacts").status_code == 405
    assert tascomi.ask("POST", "contacts").status_code == 405


@pytest.mark.parametrize("way", ["form", "json", "query"])
def test_each_published_way_to_write_works(tascomi: TascomiCaller, way: str) -> None:
    def how(fields: dict[str, str]) -> dict[str, Any]:
        return {{"form": "data", "json": "json", "query": "params"}[way]: fields}

    made = tascomi.ask("PUT", "complaints", **how(tascomi.request_fields(remarks="one", asbo="true")))
    assert made.status_code == 200
    row = made.json()
    assert (row["remarks"], row["asbo"], row["complaint_number"][:3]) == ("one", "t", "SR-")
    changed = tascomi.ask("POST", f"complaints/{row['id']}", **how({"remarks": "two"}))
    assert changed.json() == {**row, "remarks": "two", "last_updated": changed.json()["last_updated"]}
    assert tascomi.get(f"complaints/{row['id']}").json() == changed.json()
    assert [write["verb"] for write in tascomi.writes()] == ["create", "update"]


def test_records_are_numbered_and_stamped_in_london_time(tascomi: TascomiCaller, clock: HandClock) -> None:
    clock.now = datetime(2026, 7, 1, 11, 30, 5, tzinfo=UTC)
    first, second = (
        tascomi.ask("PUT", "complaints", json=tascomi.request_fields(received_date="now")).json()
        for _ in range(2)
    )
    assert int(second["id"]) == int(first["id"]) + 1
    assert int(second["complaint_number"][3:]) == int(first["complaint_number"][3:]) + 1
    assert first["received_date"] == first["submit_date"] == "2026-07-01 12:30:05"
    assert first["last_updated"][:19] == "2026-07-01 12:30:05"
    assert len(first["last_updated"]) > 19
    clock.forward(seconds=90)
    changed = tascomi.ask("POST", f"complaints/{first['id']}", json={"status": "Closed"}).json()
    assert changed["last_updated"][:19] == "2026-07-01 12:31:35"
    assert changed["submit_date"] == first["submit_date"]


def test_an_update_of_nothing_has_the_id_0(tascomi: TascomiCaller) -> None:
    for record in ("none", "999999999"):
        answer = tascomi.ask("POST", f"complaints/{record}", json={"remarks": "x"})
        assert (answer.status_code, answer.text) == (200, '{"id":0}')
    assert tascomi.writes() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"core_function_id": ""}, "core_function_id"),
        ({"complaint_code_id": None}, "complaint_code_id"),
        ({"investigating_officer_id": ""}, "investigating_officer_id"),
        ({"dtf_location_id": "1"}, "dtf_location_id"),
        ({"requester_id": "none"}, "requester_id"),
        ({"remarks": "x" * 4001}, "remarks"),
        ({"external_reference": "x" * 51}, "external_reference"),
        ({"received_date": "2026-02-30"}, "received_date"),
        ({"received_date": "23/11/2026"}, "received_date"),
        ({"asbo": "maybe"}, "asbo"),
        ({"complaint_number": "SR-1"}, "complaint_number"),
        ({"id": "1"}, "id"),
        ({"colour": "red"}, "colour"),
        ({"remarks": ["x"]}, "remarks"),
    ],
)
def test_a_refusal_names_the_field(tascomi: TascomiCaller, change: dict[str, Any], field: str) -> None:
    fields: dict[str, Any] = tascomi.request_fields()
    answer = tascomi.ask("PUT", "complaints", json={**fields, **change})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"]
    made = tascomi.ask("PUT", "complaints", json=fields).json()
    assert tascomi.ask("POST", f"complaints/{made['id']}", json=change).status_code == 400
    assert [write["verb"] for write in tascomi.writes()] == ["create"]


def test_a_code_that_was_given_up_cannot_be_used(tascomi: TascomiCaller) -> None:
    fields = tascomi.request_fields(complaint_code_id=tascomi.code("complaint_codes", "OLD"))
    answer = tascomi.ask("PUT", "complaints", json=fields)
    assert answer.json()["errors"][0]["field"] == "complaint_code_id"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"\xff", "application/json"),
        (b"a=b", "text/plain"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(tascomi: TascomiCaller, content: bytes, kind: str) -> None:
    answer = tascomi.ask("PUT", "contacts", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "body")


def test_text_comes_back_escaped_as_the_dialect_says(tascomi: TascomiCaller, http: httpx.Client) -> None:
    said = {"remarks": '<b>"Tom & Jerry\'s"</b>'}
    made = tascomi.ask("PUT", "complaints", json=tascomi.request_fields(**said)).json()
    assert made["remarks"] == "&lt;b&gt;&quot;Tom &amp; Jerry&#x27;s&quot;&lt;/b&gt;"
    clock = HandClock()
    config = SandboxConfig(tascomi_dialect=TascomiDialect(escapes=False, nothing=""))
    with SandboxThread(config, clock=clock) as plain:
        other = TascomiCaller(http, plain.tascomi_url, clock)
        row = other.ask("PUT", "complaints", json=other.request_fields(**said)).json()
        assert row["remarks"] == said["remarks"]
        nothing = other.get("titles", title="Lord")
        assert (nothing.status_code, nothing.content) == (202, b"")


def test_lists_are_filtered_by_all_that_is_asked(tascomi: TascomiCaller) -> None:
    closed = tascomi.rows("complaints", status="Closed")
    day = str(closed[0]["closed_date"])[:10]
    both = tascomi.rows("complaints", status="Closed", closed_date=day)
    assert both
    assert all(str(row["closed_date"])[:10] == day and row["status"] == "Closed" for row in both)
    at = str(both[0]["closed_date"])
    assert both[0] in tascomi.rows("complaints", closed_date=at)
    assert tascomi.get("complaints", status="Open", closed_date=day).status_code == 202
    assert tascomi.only("complaint_codes", code="RATS")["description"] == "Rats or mice"


def test_nothing_found_is_202(tascomi: TascomiCaller) -> None:
    answer = tascomi.get("contacts", code="nobody")
    assert (answer.status_code, answer.text, answer.headers["X-Number-Of-Results"]) == (202, "null", "0")
    assert tascomi.get("contacts", page="99").status_code == 202
    assert tascomi.get("contacts/1").status_code == 202


def test_pages_tell_the_whole(tascomi: TascomiCaller) -> None:
    first = tascomi.get("complaints", sort="id")
    total = int(first.headers["X-Number-Of-Results"])
    assert (first.headers["X-Results-Per-Page"], first.headers["X-Page-Number"]) == ("100", "1")
    pages = -(-total // 100)
    assert pages > 3
    ids = [
        int(str(row["id"]))
        for page in range(1, pages + 1)
        for row in tascomi.rows("complaints", sort="id", page=str(page))
    ]
    assert ids == sorted(set(ids))
    assert len(ids) == total
    assert tascomi.get("complaints", sort="-id").json()[0]["id"] == str(ids[-1])
    names = [str(row["surname"]).casefold() for row in tascomi.rows("contacts", sort="-surname")]
    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize("params", [{"colour": "red"}, {"sort": "colour"}, {"page": "0"}, {"page": "x"}])
def test_a_list_that_makes_no_sense_is_refused(tascomi: TascomiCaller, params: dict[str, str]) -> None:
    answer = tascomi.get("titles", **params)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, next(iter(params)))


def test_a_record_saved_anew_comes_last_unless_sorted(tascomi: TascomiCaller) -> None:
    first = tascomi.rows("contacts")[0]["id"]
    assert tascomi.ask("POST", f"contacts/{first}", json={"notes": "x"}).status_code == 200
    total = int(tascomi.get("contacts").headers["X-Number-Of-Results"])
    assert tascomi.rows("contacts")[0]["id"] != first
    assert tascomi.rows("contacts", page=str(-(-total // 100)))[-1]["id"] == first
    assert tascomi.rows("contacts", sort="id")[0]["id"] == first


def test_the_records_are_those_of_the_same_council(
    tascomi: TascomiCaller, http: httpx.Client, clock: HandClock
) -> None:
    with SandboxThread(clock=clock) as other:
        again = TascomiCaller(http, other.tascomi_url, clock)
        for table in TABLES:
            assert again.rows(table) == tascomi.rows(table)
    street = tascomi.only("dtf_locations", usrn="13500001", pao_text="STREET RECORD")
    assert street["uprn"] is None
    anonymous = tascomi.only("contacts", code="ANON")
    assert anonymous["surname"] is None
    pages = [tascomi.rows("contacts", page=str(page)) for page in range(1, 10)]
    linked = [row["code"] for rows in pages for row in rows if row["code"]]
    assert 3 <= len(linked) - len(set(linked)) < 10
    assert max(str(row["last_updated"]) for row in tascomi.rows("complaints", sort="-last_updated")) < str(
        clock().date()
    )


def test_a_colleague_may_change_a_record(
    tascomi: TascomiCaller, http: httpx.Client, sandbox: SandboxThread
) -> None:
    made = tascomi.ask("PUT", "complaints", json=tascomi.request_fields()).json()
    door = f"{sandbox.url}/_sandbox/tascomi/complaints/{made['id']}"
    assert http.post(door, json={"status": "Closed", "closed_date": "now"}).json()["status"] == "Closed"
    seen = tascomi.get(f"complaints/{made['id']}").json()
    assert (seen["status"], seen["last_updated_by"], seen["creation_user_id"]) == ("Closed", "2", "1")
    assert http.post(door, json={"colour": "red"}).status_code == 400
    assert http.post(f"{door}9", json={}).status_code == 404
    assert http.post(f"{sandbox.url}/_sandbox/tascomi/letters/1", json={}).status_code == 404
    assert [write["by"] for write in tascomi.writes()] == ["1", "2"]


def test_calls_are_on_record_without_signatures(tascomi: TascomiCaller, sandbox: SandboxThread) -> None:
    tascomi.ask("PUT", "contacts", json={"surname": "Bloggs"})
    tascomi.get("complaints", last_updated="2026-11-20")
    made, listed = sandbox.calls.told()["calls"]
    assert (made["operation"], made["params"]) == ("create", {"table": "contacts", "surname": "Bloggs"})
    assert (listed["operation"], listed["first"], listed["last"]) == ("list", "2026-11-20", "2026-11-20")
    assert "X-Hash" not in str(sandbox.calls.told())
