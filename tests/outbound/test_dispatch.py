"""Check, send, mark: what the dispatcher does when all goes well, and with each thing that goes wrong."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import Permanent, SettingsError
from pipelines.outbound.dead_letters import dead_letters, retry
from pipelines.outbound.dispatch import Busy, alone
from pipelines.outbound.ledger import Ledger, read_log
from pipelines.outbound.searching import Untrustworthy
from pipelines.outbound.templates import CreateTemplate, FromAddress, FromText, LocationMap, Templates
from pipelines.settings import load_settings
from pipelines.sources.tascomi.codes import Ambiguous
from pipelines.sources.writing import NotAllowed, NotIdentified
from tests.outbound.fake_systems import CODES, ORIGIN, FakeCodes, Office, case

if TYPE_CHECKING:
    from pathlib import Path

DONE = {
    "contact": "sent",
    "second contact": "linked",
    "service request": "sent",
    "external id": "sent",
    "note": "sent",
}


@pytest.mark.parametrize(
    "pattern",
    [
        "casehouse",
        "casehouse/{account}",
        "casehouse/{case_id:.3}",  # 417207 and 417208 would be one
        "casehouse/{case_id!r}",
        "casehouse/{case}",
        "casehouse/{}",
        "casehouse/{case_id",
        "A & B/{case_id}",  # comes back as HTML
        "{case_id} ",  # comes back trimmed
    ],
)
def test_a_reference_that_could_be_lost_or_shared_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(outbound_reference=pattern)
    assert load_settings(outbound_reference="CH-{case_id}").outbound_reference == "CH-{case_id}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def dead(office: Office) -> list[tuple[str, str | None, str | None]]:
    with office.ledger() as ledger:
        return [(str(step.step), step.field, step.reason) for step in dead_letters(ledger)]


def take_up(office: Office, **options: object) -> None:
    with office.ledger() as ledger:
        for step in dead_letters(ledger):
            retry(ledger, step.n, office.fate.now(), **options)  # type: ignore[arg-type]


def test_a_case_becomes_one_service_request_and_is_told(office: Office) -> None:
    office.due(case(7))
    summary = office.run()
    (contact,), (request,) = office.contacts, office.requests
    assert contact["code"] == "C1"
    assert contact["surname"] == "Archer C1"
    assert request["external_reference"] == "casehouse/sandbox/7"
    assert request["requester_id"] == contact["id"]
    assert (request["core_function_id"], request["complaint_code_id"]) == ("1", "2")
    assert office.casework.external_ids == {"7": request["complaint_number"]}
    assert office.casework.notes == {
        "7": [f"Raised as {request['complaint_number']}.\n[casehouse/sandbox/7/5]"]
    }
    assert office.states("7") == DONE
    assert summary is not None
    assert (summary.planned, summary.waiting, summary.blocked) == (1, 0, 0)


def test_a_second_run_sends_nothing(office: Office) -> None:
    office.due(case(7), case(8))
    office.run()
    writes = office.tascomi.writes, office.casework.writes
    office.run()
    assert (office.tascomi.writes, office.casework.writes) == writes


def test_exactly_one_contact_is_linked_and_changed_where_it_differs(office: Office) -> None:
    known = office.tascomi.add_contact(code="C1", surname="Archer C1", firstname="Anne", notes="keep")
    office.due(case(7), case(8))
    office.run()
    (contact,) = office.contacts
    assert (contact["firstname"], contact["notes"]) == ("Ann", "keep")
    assert {request["requester_id"] for request in office.requests} == {known}
    assert office.tascomi.writes == 1 + 2  # the second case found nothing to change


def test_text_that_comes_back_as_html_is_no_difference(office: Office) -> None:
    office.tascomi.add_contact(code="C1", surname="O&#039;Hara &amp; Son", firstname="Ann")
    office.due(case(7, customer_last_name="O'Hara & Son"))
    office.run()
    assert office.states("7")["contact"] == "linked"
    assert office.tascomi.writes == 1


def test_of_many_contacts_none_is_taken_and_ceased_ones_do_not_count(office: Office) -> None:
    for name in ("Ann", "Anna"):
        office.tascomi.add_contact(code="C1", firstname=name)
    office.tascomi.add_contact(code="C2", ceased="t")
    office.due(case(7), case(8, customer="C2"))
    office.run()
    assert [one["requester_id"] for one in office.requests] == ["4", "6"]


def test_a_contact_without_a_reference_carries_our_mark(office: Office) -> None:
    office.due(case(7, customer=None))
    office.run()
    assert [contact["code"] for contact in office.contacts] == ["CH-7-r"]


def test_the_second_contact_follows_the_same_rule(office: Office) -> None:
    known = office.tascomi.add_contact(code="LANDLORD")
    office.due(case(7, contact="LANDLORD"))
    office.run()
    assert office.requests[0]["contact_id"] == known


@pytest.mark.parametrize("fault", ["lost before", "lost after", "late"])
@pytest.mark.parametrize("place", range(4))
def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(office: Office, fault: str, place: int) -> None:
    office.due(case(7))
    office.run(*["ok"] * place, fault)
    assert "unknown" in office.states("7").values()
    office.run()  # too early to tell: the request may be on its way
    assert "unknown" in office.states("7").values()
    office.wait(61)
    office.run()
    assert office.states("7") == DONE
    assert len(office.requests) == len(office.contacts) == len(office.casework.notes["7"]) == 1


def test_what_is_found_after_a_lost_answer_is_told_as_such(office: Office) -> None:
    office.due(case(7))
    office.run("ok", "lost after")
    office.wait(61)
    office.run()
    told = [(str(one.step), str(one.outcome)) for one in read_log(office.data_dir)]
    assert ("service request", "unknown") in told
    reasons = [one.reason for one in read_log(office.data_dir) if one.reason]
    assert "no answer came, but it is there" in reasons


def test_two_cases_of_one_person_do_not_make_two_contacts_of_a_lost_answer(office: Office) -> None:
    office.due(case(7), case(8))
    office.run("late")
    assert office.requests == []
    office.wait(61)
    office.run()
    assert len(office.contacts) == 1
    assert len(office.requests) == 2


def test_a_connection_fault_waits_longer_each_time_and_ends_after_ten_tries(office: Office) -> None:
    office.due(case(7))
    waits = []
    for _ in range(9):
        office.run("not sent")
        with office.ledger() as ledger:
            step = ledger.steps("7")[0]
        assert step.not_before is not None
        waits.append((step.not_before - office.fate.clock).total_seconds())
        office.run()  # too early
        office.fate.clock = step.not_before
    assert waits == [60, 120, 240, 480, 960, 1920, 3840, 7680, 14400]
    office.run("not sent")
    ((_, _, reason),) = dead(office)
    assert reason is not None
    assert reason.startswith("given up after 10 tries: no connection")
    take_up(office)
    office.run()
    assert office.states("7") == DONE


def test_what_cannot_be_looked_at_counts_as_a_try(office: Office) -> None:
    office.due(case(7))
    office.tascomi.is_down = True
    for _ in range(10):
        office.run()
        office.wait_all()
    assert [step for step, *_ in dead(office)] == ["contact"]
    assert office.tascomi.writes == 0


def test_a_refusal_is_never_tried_again_by_itself_and_names_the_field(office: Office) -> None:
    office.due(case(7), case(8, customer="C2"))
    office.run("ok", "refused")
    office.wait_all()
    office.run()
    assert dead(office) == [("service request", "remarks", "This field is wrong.")]
    assert [one["external_reference"] for one in office.requests] == ["casehouse/sandbox/8"]
    take_up(office)
    office.run()
    assert len(office.requests) == 2


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"form_type": None}, "service_request.request_code"),
        ({"form_type": "Odour"}, "service_request.request_code"),
    ],
)
def test_a_mandatory_field_without_a_value_is_refused_before_anything_is_sent(
    office: Office, cells: dict[str, str | None], field: str
) -> None:
    office.due(case(7, **cells))
    office.run()
    assert [found for _, found, _ in dead(office)] == [field]
    assert office.tascomi.writes == 0


def test_a_code_that_is_not_in_the_table_is_refused_before_anything_is_sent(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(CODES, ("users", "EHDUTY"))
    office.due(case(7))
    office.run()
    assert dead(office) == [
        ("contact", "service_request.investigating_officer", "its code is not in Tascomi's table users")
    ]
    assert office.tascomi.writes == 0


def test_a_service_request_that_is_there_already_is_linked(office: Office) -> None:
    office.tascomi._create("complaints", {"external_reference": "casehouse/sandbox/7"})
    office.due(case(7))
    office.run()
    assert len(office.requests) == 1
    assert office.states("7")["service request"] == "linked"


def test_two_service_requests_of_one_case_wait_for_a_person(office: Office) -> None:
    for _ in range(2):
        office.tascomi._create("complaints", {"external_reference": "casehouse/sandbox/7"})
    office.due(case(7))
    office.run()
    ((step, _, reason),) = dead(office)
    assert step == "service request"
    assert reason == "2 service requests carry the reference of this case (ids 1, 2)"


def test_a_server_that_drops_our_reference_gets_nothing_more(office: Office) -> None:
    office.tascomi.keeps_reference = False
    office.due(case(7), case(8))
    with pytest.raises(Untrustworthy, match="did not keep our reference"):
        office.run()
    assert len(office.requests) == 1
    assert office.states("7")["service request"] == "sent"


@pytest.mark.parametrize("is_escaped", [False, True])
def test_nothing_more_is_sent_by_later_runs_until_the_reference_can_be_found(
    office: Office, *, is_escaped: bool
) -> None:
    office.tascomi.keeps_reference = is_escaped
    office.tascomi.escapes_reference = is_escaped
    office.due(case(7), case(8))
    for _ in range(3):
        with pytest.raises(Untrustworthy, match="casehouse/sandbox/7 is not found again"):
            office.run()
        office.wait_all()
    assert len(office.requests) == 1
    assert len(office.contacts) == 1
    office.tascomi.keeps_reference, office.tascomi.escapes_reference = True, False
    first = str(office.requests[0]["id"])
    office.tascomi.change("complaints", first, external_reference="casehouse/sandbox/7")
    office.run()
    assert len(office.requests) == 2
    assert office.states("8") == {**DONE, "contact": "linked"}


def test_that_the_reference_is_found_again_is_seen_once(office: Office) -> None:
    office.due(case(7))
    office.run()
    searches = office.tascomi.reads
    office.due(case(8, customer="C2"))
    office.run()
    assert office.tascomi.reads - searches <= 2 + 1 + 1 + 1  # days of read-back, both contacts, request


def test_a_ledger_that_was_lost_sends_nothing_again(office: Office) -> None:
    office.due(case(7), case(8, customer=None), case(9, contact="LANDLORD"))
    office.run()
    before = office.requests, office.contacts, dict(office.casework.notes)
    writes = office.tascomi.writes
    for file in (office.data_dir / "outbound").glob("ledger*"):
        file.unlink()
    office.run()
    office.wait_all()
    office.run()
    assert (office.requests, office.contacts, office.casework.notes) == before
    assert {len(notes) for notes in office.casework.notes.values()} == {1}
    assert office.tascomi.writes == writes


def test_a_ledger_from_a_backup_sends_nothing_again(office: Office) -> None:
    office.due(case(7))
    office.run()
    for file in (office.data_dir / "outbound").glob("ledger*"):
        shutil.copy(file, office.data_dir)
    office.due(case(8), case(9, customer="C3"))
    office.run()
    before = office.requests, office.contacts
    for file in office.data_dir.glob("ledger*"):
        shutil.copy(file, office.data_dir / "outbound")
    office.run()
    assert (office.requests, office.contacts) == before
    assert {len(notes) for notes in office.casework.notes.values()} == {1}


@pytest.mark.parametrize("name", ["SQLITE_NOTADB", "SQLITE_CORRUPT"])
def test_a_damaged_ledger_is_told_with_what_to_do(office: Office, name: str) -> None:
    office.due(*(case(number) for number in range(40)))
    office.run()
    path = office.data_dir / "outbound" / "ledger.sqlite"
    content = path.read_bytes()
    damaged = content[:4096] + b"\xff" * (len(content) - 4096)
    path.write_bytes(damaged if name == "SQLITE_CORRUPT" else b"no ledger" * 999)
    with pytest.raises(Permanent, match=name) as caught:
        office.run()
    assert "put the newest backup in its place" in caught.value.todo


def test_a_case_follows_the_view_to_another_template_until_its_request_went_out(office: Office) -> None:
    found = dict(office.templates._found)
    noise = found["noise"]
    assert isinstance(noise, CreateTemplate)
    told = noise.service_request.model_copy(
        update={"request_code": FromText(text="NOISED"), "details": FromText(text="By the other one")}
    )
    found["other"] = noise.model_copy(update={"service_request": told})
    office.templates = Templates(found)
    office.due(case(7, form_type="Unheard of"), case(8))
    office.run()
    ((_, field, _),) = dead(office)
    assert field == "service_request.request_code"
    office.due(case(7, form_type="Unheard of", template="other"), case(8, template="other"))
    office.run()
    take_up(office)
    office.run()
    with office.ledger() as ledger:
        assert [entry.template for entry in ledger.cases()] == ["other", "noise"]
    assert sorted(str(one["remarks"]) for one in office.requests) == [
        "By the other one",
        "Loud music, case 8",
    ]


def test_a_name_that_two_rows_have_is_the_case_s_own_fault_and_a_wrong_column_is_not(office: Office) -> None:
    asked: list[str] = []

    class Gazetteer(FakeCodes):
        def location(self, *, uprn: str | None = None, usrn: str | None = None) -> str | None:
            asked.append(uprn or usrn or "")
            raise Ambiguous("2 rows in use of Tascomi's dtf_locations have the same usrn")

    class Unfiltered(FakeCodes):
        def find(self, table: str, code: str) -> str | None:
            raise Permanent(f"the server does not filter {table}: {len(code)}")

    found = dict(office.templates._found)
    noise = found["noise"]
    assert isinstance(noise, CreateTemplate)
    place = LocationMap(usrn=FromAddress(address="usrn"))
    found["noise"] = noise.model_copy(
        update={"service_request": noise.service_request.model_copy(update={"location": place})}
    )
    office.templates = Templates(found)
    office.due(case(7, location_usrn="1"), case(8, customer="C2"))
    office.codes = Gazetteer()
    office.run()
    assert asked == ["1"]
    ((_, field, reason),) = dead(office)
    assert (field, "have the same usrn" in str(reason)) == ("service_request.location.usrn", True)
    assert len(office.requests) == 1
    office.due(case(9))
    office.codes = Unfiltered()
    with pytest.raises(Permanent, match="does not filter"):
        office.run()
    assert len(dead(office)) == 1


def test_a_case_that_waits_for_anothers_contact_says_so_once(office: Office) -> None:
    office.due(case(7), case(8))
    office.run("lost before")
    office.run()
    with office.ledger() as ledger:
        ((told, n), *more) = [(entry.reason, entry.n) for entry in ledger.log(case_id="8")]
        first = ledger.steps("7")[0].n
    assert told == f"waits for number {first}, of case 7: it may have made this very contact"
    assert not more, n


def test_a_server_that_ignores_a_filter_gets_nothing_at_all(office: Office) -> None:
    office.tascomi.add_contact(code="SOMEBODY")
    office.tascomi.filters = False
    office.due(case(7))
    with pytest.raises(Untrustworthy, match="also returned records"):
        office.run()
    assert office.tascomi.writes == 0


def test_a_right_that_is_missing_ends_the_run_and_condemns_no_case(office: Office) -> None:
    def not_allowed(*_: object) -> None:
        raise NotAllowed("the key may not write contacts")

    office.tascomi.create = not_allowed  # type: ignore[method-assign, assignment]
    office.due(case(7), case(8))
    with pytest.raises(NotAllowed):
        office.run()
    assert dead(office) == []
    with office.ledger() as ledger:
        assert ledger.steps("7")[0].tries == 0


@pytest.mark.parametrize("calls_before", range(7))
def test_a_key_that_is_refused_ends_the_run_wherever_it_stands(office: Office, calls_before: int) -> None:
    office.due(case(7), case(8))
    office.tascomi.refused_after = calls_before
    for _ in range(12):
        with pytest.raises(NotIdentified):
            office.run()
        office.wait_all()
    office.tascomi.refused_after = None
    with office.ledger() as ledger:
        assert all(step.tries <= 1 for number in "78" for step in ledger.steps(number))
    office.run()
    assert {office.states("7")["note"], office.states("8")["note"]} == {"sent"}
    assert len(office.requests) == 2


def test_one_fault_after_the_other_leaves_the_rest_to_the_next_run(office: Office) -> None:
    office.due(*(case(number, customer=f"C{number}") for number in range(20)))
    office.run(*["not sent"] * 20)
    with office.ledger() as ledger:
        assert sum(ledger.steps(str(number))[0].tries for number in range(20)) == 5
    office.wait_all()
    office.run()
    assert len(office.requests) == 20


def test_a_note_that_cannot_be_looked_up_waits_for_a_person_and_is_not_sent_again(office: Office) -> None:
    office.casework.shows_notes = False
    office.due(case(7))
    office.run("ok", "ok", "ok", "lost after")
    for _ in range(3):
        office.wait_all()
        office.run()
    ((step, _, reason),) = dead(office)
    assert step == "note"
    assert "shows no notes" in str(reason)
    assert len(office.casework.notes["7"]) == 1
    take_up(office, seen="there")
    office.run()
    assert office.states("7") == DONE
    assert len(office.casework.notes["7"]) == 1


def test_a_person_who_sees_that_a_note_is_missing_has_it_sent(office: Office) -> None:
    office.casework.shows_notes = False
    office.due(case(7))
    office.run("ok", "ok", "ok", "lost before")
    office.wait_all()
    office.run()
    take_up(office, seen="not there")
    office.run()
    assert len(office.casework.notes["7"]) == 1


@pytest.mark.parametrize("now_named", ["C2", None])
@pytest.mark.parametrize("fault", ["lost before", "lost after"])
def test_a_contact_that_was_renamed_while_its_answer_was_lost_is_for_a_person_to_end(
    office: Office, fault: str, now_named: str | None
) -> None:
    office.due(case(7))
    office.run(fault)
    office.due(case(7, customer=now_named))
    office.wait_all()
    office.run()
    take_up(office)
    office.run()  # looked up once more: it still cannot be told
    ((step, _, reason),) = dead(office)
    assert (step, "another reference" in str(reason)) == ("contact", True)
    with pytest.raises(Permanent, match="cannot be said that it is there"):
        take_up(office, seen="there")
    for contact in office.contacts:  # as the message says
        contact["code"] = now_named or "CH-7-r"
    take_up(office, seen="not there")
    office.run()
    (contact,), (request,) = office.contacts, office.requests
    assert request["requester_id"] == contact["id"]


@pytest.mark.parametrize("seen", ["there", "not there"])
def test_nobody_can_say_of_a_lost_service_request_what_became_of_it(office: Office, seen: str) -> None:
    office.due(case(7))
    office.run("ok", "lost after")
    office.tascomi._create("complaints", {"external_reference": "casehouse/sandbox/7"})
    office.wait_all()
    office.run()
    with pytest.raises(Permanent, match=f"cannot be said that it is {seen}"):
        take_up(office, seen=seen)


def test_nobody_can_say_of_a_service_request_that_it_is_there(office: Office) -> None:
    office.due(case(7))
    office.run("ok", "refused")
    with pytest.raises(Permanent, match="cannot be said that it is there"):
        take_up(office, seen="there")


def test_a_change_of_status_is_noted_once(office: Office) -> None:
    office.due(case(7))
    office.run()
    office.tascomi.change("complaints", "2", status="Closed &amp; done")
    for _ in range(3):
        office.wait(3600 * 10)
        office.run()
    first, second = office.casework.notes["7"]
    assert first.startswith("Raised as SR-2.")
    assert second == "SR-2 is now Closed & done.\n[casehouse/sandbox/7/6]"


def test_notes_stay_in_order_when_the_first_is_delayed(office: Office) -> None:
    office.due(case(7))
    office.run("ok", "ok", "ok", "lost before")
    office.tascomi.change("complaints", "2", status="Closed")
    office.run()
    assert office.casework.notes == {}
    office.wait_all()
    office.run()
    assert [note.splitlines()[0] for note in office.casework.notes["7"]] == [
        "Raised as SR-2.",
        "SR-2 is now Closed.",
    ]


def test_a_changed_case_updates_its_service_request_once(office: Office) -> None:
    office.due(case(7))
    office.updates = {"7": (case(7, template="noise_update", details="Worse at night"),)}
    office.run()
    office.run()
    assert office.requests[0]["remarks"] == "Worse at night"
    writes = office.tascomi.writes
    office.run()
    assert office.tascomi.writes == writes
    office.updates = {"7": (case(7, template="noise_update", details="Quiet now"),)}
    office.run()
    assert office.requests[0]["remarks"] == "Quiet now"


def test_a_case_that_is_not_due_any_more_is_not_sent_but_is_finished_when_it_was(office: Office) -> None:
    office.due(case(7), case(8, customer="C2"))
    office.run("ok", "ok", "ok", "not sent", "not sent")  # case 7 lacks its note, case 8 its contact
    office.cases = {number: case(int(number), template=None) for number in ("7", "8")}
    office.wait_all()
    office.run()
    assert len(office.requests) == 1
    assert office.states("7")["note"] == "sent"
    assert office.states("8")["contact"] == "planned"


def test_another_payload_than_the_one_tried_is_told(office: Office) -> None:
    office.due(case(7))
    office.run("ok", "not sent")
    office.due(case(7, details="Something else"))
    office.wait_all()
    office.run()
    reasons = [one.reason for one in read_log(office.data_dir) if one.reason]
    assert any("another than the one tried before" in reason for reason in reasons)
    assert office.requests[0]["remarks"] == "Something else"


def test_a_second_dispatcher_sends_nothing_and_says_so(office: Office) -> None:
    office.due(case(7))
    with alone(office.data_dir), pytest.raises(Busy, match="nothing was sent"):
        office.run()
    assert office.tascomi.writes == 0


def test_the_ledger_holds_no_value_of_a_case(office: Office) -> None:
    office.due(case(7, customer="REF-4711", customer_last_name="Zebedee", details="Sensitive words"))
    office.run("lost after", "refused")
    office.wait_all()
    office.run("refused")
    stored = b"".join(path.read_bytes() for path in (office.data_dir / "outbound").iterdir())
    for value in (b"Zebedee", b"Sensitive words", b"REF-4711"):
        assert value not in stored


def test_a_ledger_belongs_to_its_accounts(office: Office) -> None:
    office.due(case(7))
    office.run()
    with pytest.raises(SettingsError, match="belongs to other accounts"):
        Ledger(office.data_dir, origin=f"{ORIGIN}!")
