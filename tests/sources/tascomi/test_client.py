"""What a call brings back, and what is said of one that brings nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import CasehouseError, Permanent, Transient, Unverified
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.tascomi.dialect import VIEWED
from pipelines.sources.writing import NotAllowed, NotSent, OutcomeUnknown, Refused
from tests.sources.fake_server import HANG_UP, FakeServer, whole
from tests.sources.tascomi.conftest import World, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.sandbox.server import SandboxThread
    from pipelines.sources.tascomi.client import TascomiClient
    from pipelines.sources.writing import Record
    from tests.sources.fake_server import Reply

DATE = {"Date": "Mon, 23 Nov 2026 08:00:20 GMT"}
PAGED = {**DATE, "X-Number-Of-Results": "1", "X-Results-Per-Page": "100", "X-Page-Number": "1"}


def writes_of(sandbox: SandboxThread) -> list[str]:
    return [write["verb"] for write in sandbox.sandbox.office.told()["writes"]]


@pytest.fixture
def told(server: FakeServer, world: World) -> Iterator[TascomiClient]:
    """A client of a server that answers what it is told."""
    server.on("/rest", whole(b"", headers=DATE))
    with connect_tascomi(
        made(tascomi_base_url=f"{server.url}/rest"), clock=world.ours, sleep=world.sleep
    ) as client:
        yield client


def test_a_record_is_made_changed_read_and_found(
    client: TascomiClient, request_fields: dict[str, str | None]
) -> None:
    said = 'Neighbour\'s <b>"bass"</b> & drums\nnightly'
    made = client.create("complaints", {**request_fields, "remarks": said, "external_reference": "ours/1"})
    assert made["remarks"] == said
    changed = client.update("complaints", str(made["id"]), {"remarks": None, "asbo": "t"})
    assert (changed["remarks"], changed["asbo"], changed["id"]) == (None, "t", made["id"])
    assert client.read("complaints", str(made["id"])) == changed
    assert client.search("complaints", {"external_reference": "ours/1"}) == [changed]
    assert client.search("complaints", {"external_reference": "OURS/2"}) == []
    assert client.read("complaints", "999999") is None
    assert client.read("complaints", "no/such?id") is None


def test_the_skew_is_that_of_the_servers_clock(
    world: World, sandbox: SandboxThread, client: TascomiClient
) -> None:
    world.skew = 47.3
    assert client.skew_seconds() == pytest.approx(47.3, abs=1)
    assert sandbox.calls.count == 0
    client.look("titles")
    assert {call["status"] for call in sandbox.calls.told()["calls"]} == {200}


def test_a_clock_that_is_set_costs_one_signature(
    world: World, sandbox: SandboxThread, client: TascomiClient, request_fields: Record
) -> None:
    client.look("titles")
    world.skew = 300
    client.create("complaints", request_fields)
    assert [call["status"] for call in sandbox.calls.told(operation="create")["calls"]] == [401, 200]
    assert writes_of(sandbox) == ["create"]


def test_a_wrong_key_is_not_sent_and_not_told(world: World, sandbox: SandboxThread) -> None:
    settings = made(tascomi_base_url=sandbox.tascomi_url, tascomi_private_key="my-very-own-key")
    with connect_tascomi(settings, clock=world.ours, sleep=world.sleep) as client:
        for call in (lambda: client.create("contacts", {"surname": "Bloggs"}), lambda: client.look("titles")):
            with pytest.raises(NotSent) as caught:
                call()
            assert "Authentication failures, invalid public key or HMAC" in str(caught.value)
            assert "my-very-own-key" not in f"{caught.value!r} {caught.value}"
    assert [call["status"] for call in sandbox.calls.told(operation="create")["calls"]] == [401] * 3
    assert writes_of(sandbox) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"core_function_id": None}, "core_function_id"),
        ({"dtf_location_id": "12345"}, "dtf_location_id"),
        ({"remarks": "Bloggs" * 1000}, "remarks"),
        ({"colour": "crimson"}, "colour"),
    ],
)
def test_a_refusal_names_the_field_and_no_value(
    client: TascomiClient, sandbox: SandboxThread, request_fields: Record, change: Record, field: str
) -> None:
    with pytest.raises(Refused) as caught:
        client.create("complaints", {**request_fields, **change})
    assert caught.value.field == field
    assert caught.value.reason
    assert not any(value in str(caught.value) for value in change.values() if value)
    assert writes_of(sandbox) == []
    assert sandbox.calls.count == 1


def test_what_the_key_may_not_do_is_not_allowed(client: TascomiClient, sandbox: SandboxThread) -> None:
    for call in (
        lambda: client.create("titles", {"title": "Lord"}),
        lambda: client.update("users", "3", {"surname": "x"}),
        lambda: client.try_writing("titles"),
        lambda: client.look("applications"),
    ):
        with pytest.raises(NotAllowed):
            call()
    with pytest.raises(Refused) as caught:
        client.update("complaints", "999999", {"remarks": "x"})
    assert caught.value.field == "id"
    for table in VIEWED:
        client.look(table)
    client.try_writing("complaints")
    assert writes_of(sandbox) == []


@pytest.mark.parametrize(
    ("fault", "outcome", "writes"),
    [
        ({"fault": "status", "status": 500}, OutcomeUnknown, 0),
        ({"fault": "status", "status": 408}, OutcomeUnknown, 0),
        ({"fault": "hang_up"}, OutcomeUnknown, 0),
        ({"fault": "empty"}, OutcomeUnknown, 0),
        ({"fault": "html"}, OutcomeUnknown, 0),
        ({"fault": "hold", "seconds": 5}, OutcomeUnknown, 0),
        ({"fault": "too_many_requests"}, NotSent, 0),
        ({"fault": "answer_lost", "how": "hang_up"}, OutcomeUnknown, 1),
        ({"fault": "answer_lost", "how": "reset"}, OutcomeUnknown, 1),
        ({"fault": "answer_lost", "how": "error", "status": 503}, OutcomeUnknown, 1),
        ({"fault": "answer_lost", "how": "silence", "seconds": 5}, OutcomeUnknown, 1),
        ({"fault": "cut"}, OutcomeUnknown, 1),
        ({"fault": "cut", "end": "stall", "seconds": 5}, OutcomeUnknown, 1),
        ({"fault": "gzip_half"}, OutcomeUnknown, 1),
    ],
)
def test_a_write_is_sent_once_and_what_became_of_it_told(
    client: TascomiClient,
    hasty: TascomiClient,
    sandbox: SandboxThread,
    fault: dict[str, object],
    outcome: type[CasehouseError],
    writes: int,
) -> None:
    sandbox.faults.order({**fault, "calls": 1, "system": "tascomi", "operation": "create"})
    with pytest.raises(outcome) as caught:
        (hasty if "seconds" in fault else client).create("contacts", {"surname": "Bloggs"})
    assert isinstance(caught.value, Transient)
    assert caught.value.todo
    assert len(sandbox.calls.told(operation="create")["calls"]) == 1
    assert len(writes_of(sandbox)) == writes
    assert len(client.search("contacts", {"surname": "Bloggs"})) == writes


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 503},
        {"fault": "hang_up"},
        {"fault": "hold", "seconds": 5},
        {"fault": "cut"},
        {"fault": "answer_lost"},
        {"fault": "too_many_requests", "retry_after": 0},
    ],
)
def test_a_call_that_only_reads_is_tried_again(
    client: TascomiClient, hasty: TascomiClient, sandbox: SandboxThread, fault: dict[str, object]
) -> None:
    sandbox.faults.order({**fault, "calls": 2, "system": "tascomi", "operation": "list"})
    asking = hasty if "seconds" in fault else client
    assert len(asking.search("titles", {"title": "Mx"})) == 1
    assert len(sandbox.calls.told(operation="list")["calls"]) == 3


def test_reading_gives_up_in_the_end(client: TascomiClient, sandbox: SandboxThread) -> None:
    sandbox.faults.add("status", status=502, system="tascomi")
    with pytest.raises(Transient) as caught:
        client.read("titles", "1")
    assert not isinstance(caught.value, OutcomeUnknown | NotSent)
    assert sandbox.calls.count == 3


def test_nothing_is_sent_where_nobody_listens(world: World) -> None:
    settings = made(tascomi_base_url="http://127.0.0.1:9/rest")
    with connect_tascomi(settings, clock=world.ours, sleep=world.sleep) as client:
        with pytest.raises(NotSent) as caught:
            client.create("contacts", {"surname": "Bloggs"})
        assert "refused" in caught.value.why
        assert caught.value.todo == "start the sandbox with `casehouse sandbox`"
        with pytest.raises(Transient):
            client.search("contacts", {})


def test_a_server_that_goes_away_between_calls_was_not_reached(world: World) -> None:
    with FakeServer() as server:
        server.on("/rest", whole(b"", headers=DATE))
        client = connect_tascomi(
            made(tascomi_base_url=f"{server.url}/rest"), clock=world.ours, sleep=world.sleep
        )
        client.skew_seconds()
    with client, pytest.raises((NotSent, OutcomeUnknown)):
        client.create("contacts", {"surname": "Bloggs"})


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (whole(b'{"id":0}', headers=DATE), OutcomeUnknown),
        (whole(b'{"surname":"x"}', headers=DATE), OutcomeUnknown),
        (whole(b"null", headers=DATE), OutcomeUnknown),
        (whole(b"<html></html>", headers=DATE), OutcomeUnknown),
        (whole(b'{"id":"7","ward":3}', headers=DATE), OutcomeUnknown),
        (whole(b"", status="202 Accepted", headers=DATE), OutcomeUnknown),
        (whole(b"", status="302 Found", headers={**DATE, "Location": "/login"}), OutcomeUnknown),
        (whole(b"", status="303 See Other", headers={**DATE, "Location": "/7"}), OutcomeUnknown),
        (whole(b"", status="307 Temporary Redirect", headers={**DATE, "Location": "/x"}), NotSent),
        (whole(b"", status="425 Too Early", headers=DATE), NotSent),
        (whole(b'{"error":"Bloggs is there twice"}', status="500 X", headers=DATE), OutcomeUnknown),
        (whole(b'{"error":"too many of Bloggs"}', status="429 X", headers=DATE), NotSent),
        (whole(b'{"errors":[{"name":"bloggs","message":"bad"}]}', status="400 X", headers=DATE), Refused),
        (whole(b'{"error":"Dear BLOGGS, no"}', status="400 X", headers=DATE), Refused),
        (whole(b'{"error":"O&#39;Quaye is too long"}', status="400 X", headers=DATE), Refused),
        (whole(b'{"error":"no Quaye Bloggs here"}', status="400 X", headers=DATE), Refused),
        (whole(b"", status="404 Not Found", headers=DATE), NotAllowed),
        (whole(b'{"error":"surname Bloggs is too long"}', status="422 X", headers=DATE), Refused),
        (whole(b"<h1>Bloggs?</h1>", status="400 Bad Request", headers=DATE), Refused),
        (HANG_UP, OutcomeUnknown),
    ],
)
def test_no_answer_is_taken_for_more_than_it_says(
    told: TascomiClient,
    server: FakeServer,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    outcome: type[CasehouseError],
) -> None:
    server.on("/rest/v1/contacts", reply)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(outcome) as caught:
        told.create("contacts", {"surname": "Bloggs", "contact_name": "O'Quaye", "notes": "of Quaye Bloggs"})
    said = f"{caught.value!r} {caught.value} {vars(caught.value)} {caplog.text}".casefold()
    assert "bloggs" not in said
    assert "quaye" not in said
    assert len(server.asked_for("/rest/v1/contacts")) == 1


@pytest.mark.parametrize(
    "content",
    [
        b'{"error":"surname Bloggs is too long"}',
        b'{"errors":{"surname":["Bloggs is too long"]}}',
        b'{"errors":[{"field":"surname","message":"Bloggs is too long"}]}',
        b'{"surname":"is too long: Bloggs"}',
        b'[{"name":"surname","error":"too long (Bloggs)"}]',
        b'"surname: Bloggs is too long"',
    ],
)
def test_a_field_is_found_wherever_a_refusal_names_it(
    told: TascomiClient, server: FakeServer, content: bytes
) -> None:
    server.on("/rest/v1/contacts", whole(content, status="400 Bad Request", headers=DATE))
    with pytest.raises(Refused) as caught:
        told.create("contacts", {"firstname": None, "surname": "Bloggs"})
    assert caught.value.field == "surname"
    assert "too long" in caught.value.reason
    assert "Bloggs" not in caught.value.reason


UNSIGNED = b'{"error":"Authentication failures, invalid public key or HMAC"}'


@pytest.mark.parametrize("status", ["401 Unauthorized", "400 Bad Request", "403 Forbidden", "200 OK"])
def test_a_refused_signature_is_known_by_its_words_too(
    told: TascomiClient, server: FakeServer, status: str
) -> None:
    server.on("/rest/v1/contacts", whole(UNSIGNED, status=status, headers=DATE))
    for call in (lambda: told.create("contacts", {"surname": "Bloggs"}), lambda: told.look("contacts")):
        with pytest.raises(NotSent, match="refused the signature"):
            call()
    assert len(server.asked_for("/rest/v1/contacts")) == 6


@pytest.mark.parametrize(
    "reply",
    [
        whole(UNSIGNED, status="500 X", headers=DATE),
        whole(b'{"error":"Authentication failures", "id":"0"}', headers=DATE),
        whole(b'{"id":null,"remarks":"Authentication failures"}', headers=DATE),
    ],
)
def test_what_was_perhaps_carried_out_is_not_signed_anew(
    told: TascomiClient, server: FakeServer, reply: Reply
) -> None:
    server.on("/rest/v1/contacts", reply)
    with pytest.raises(OutcomeUnknown):
        told.create("contacts", {"surname": "Bloggs"})
    assert len(server.asked_for("/rest/v1/contacts")) == 1


def test_a_record_that_holds_the_words_of_a_refusal_is_a_record(
    client: TascomiClient, request_fields: dict[str, str | None], sandbox: SandboxThread
) -> None:
    said = "Authentication failures, invalid public key or HMAC"
    made = client.create("complaints", {**request_fields, "remarks": said})
    assert client.search("complaints", {"remarks": said}) == [made]
    assert writes_of(sandbox) == ["create"]


def test_whom_a_search_is_about_is_in_no_log(client: TascomiClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.search("contacts", {"code": "200050", "surname": "Bloggs"})
    assert "200050" not in caplog.text
    assert "Bloggs" not in caplog.text
    assert "sandbox-p" not in caplog.text
    assert "sandbox-private-key" not in f"{client!r} {client.settings!r} {vars(client)!r}"


def test_secrets_are_in_no_word(
    told: TascomiClient, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    said = b'{"error":"bad X-Hash=YmFi for sandbox-public-key and sandbox-private-key"}'
    server.on("/rest/v1/contacts", whole(said, status="401 Unauthorized", headers=DATE))
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as caught:
        told.create("contacts", {"surname": "Bloggs"})
    for secret in ("sandbox-private-key", "sandbox-public-key", "YmFi"):
        assert secret not in f"{caught.value}"
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (whole(b"", headers=PAGED), Unverified),
        (whole(b"<html></html>", headers=PAGED), Unverified),
        (whole(b'{"id":"1"}', headers=PAGED), Unverified),
        (whole(b'[{"id":"1","code":"A","n":1.5}]', headers=PAGED), Unverified),
        (whole(b'[{"id":"1","code":"A"}]', headers=DATE), Unverified),
        (whole(b'[{"id":"1","code":"A"}]', headers={**PAGED, "X-Page-Number": "2"}), Unverified),
        (whole(b'[{"id":"1","code":"A"}]', headers={**PAGED, "X-Number-Of-Results": "3"}), Unverified),
        (whole(b'[{"code":"A"}]', headers=PAGED), Unverified),
        (whole(b'[{"id":"1","code":"B"}]', headers=PAGED), Permanent),
        (whole(b'[{"id":"1"}]', headers=PAGED), Permanent),
    ],
)
def test_no_list_is_believed_that_proves_nothing(
    told: TascomiClient, server: FakeServer, reply: Reply, outcome: type[CasehouseError]
) -> None:
    server.on("/rest/v1/contacts", reply)
    with pytest.raises(outcome):
        told.search("contacts", {"code": "A"})


@pytest.mark.parametrize(
    "reply",
    [
        whole(b"null", headers=DATE),
        whole(b"", status="202 Accepted", headers=DATE),
        whole(b"null", status="202 Accepted", headers=DATE),
        whole(b"[]", headers={**PAGED, "X-Number-Of-Results": "0"}),
    ],
)
def test_nothing_found_is_an_empty_list(told: TascomiClient, server: FakeServer, reply: Reply) -> None:
    server.on("/rest/v1/contacts", reply)
    assert told.search("contacts", {"code": "A"}) == []


def test_an_answer_without_a_date_is_no_hindrance(told: TascomiClient, server: FakeServer) -> None:
    server.on("/rest", whole(b""))
    server.on("/rest/v1/contacts/7", whole(b'{"id":7,"code":"&lt;A&gt;"}'))
    assert told.read("contacts", "7") == {"id": "7", "code": "<A>"}
    assert told.skew_seconds() == 0


def test_the_doctor_can_reach_and_be_let_in(client: TascomiClient, sandbox: SandboxThread) -> None:
    assert client.hosts == (sandbox.tascomi_url,)
    assert client.server_clock(client.hosts[0]) == pytest.approx(0, abs=1)
    assert "accepted" in client.prove_access()


def test_a_closed_client_sends_nothing(client: TascomiClient, sandbox: SandboxThread) -> None:
    client.look("titles")
    client.close()
    with pytest.raises(NotSent):
        client.create("contacts", {"surname": "Bloggs"})
    assert writes_of(sandbox) == []
