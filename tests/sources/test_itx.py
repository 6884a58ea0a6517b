"""Asking as ITX does: the address as it was entered, with customerId; and not a word of it anywhere."""

from __future__ import annotations

import logging

import pytest

from pipelines.errors import CasehouseError, Permanent
from pipelines.sources.itx import MOST_BYTES, Panel
from tests.sources.fake_server import HANG_UP, FakeServer, whole

CUSTOMER, TOKEN = "+44 20 7946 0123&x=1", "t0ken=/?"


def test_fixed_parameters_stay_and_the_identifier_is_added(server: FakeServer) -> None:
    server.on("/rest/kpi", whole(b"{}"))
    panel = Panel(f"{server.url}/rest/kpi?db=a%20b&empty=", seconds=1)
    heard = panel.ask("card", CUSTOMER)
    panel.close()
    (asked,) = server.asked
    assert asked.query == {"db": "a b", "customerId": CUSTOMER}  # the server drops what is empty
    assert heard.answer.status == 200
    assert 0 < heard.seconds < 1


def test_a_redirect_is_an_answer(server: FakeServer) -> None:
    server.on("/kpi", whole(b"", "307 Temporary Redirect", {"Location": "/elsewhere"}))
    panel = Panel(f"{server.url}/kpi", seconds=1)
    assert panel.ask("card", CUSTOMER).answer.status == 307
    panel.close()
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [whole(b"{}"), HANG_UP, whole(b"x" * (MOST_BYTES + 1))])
def test_neither_identifier_nor_token_is_said_anywhere(
    server: FakeServer, reply: object, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("/kpi/t0ken%3D%2F%3F", reply)  # type: ignore[arg-type]  # a Reply
    panel = Panel(f"{server.url}/kpi/{{token}}", token=TOKEN, seconds=1)
    said = ""
    try:
        panel.ask("card", CUSTOMER)
    except CasehouseError as error:
        said = f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
    panel.close()
    said += caplog.text
    assert "t0ken" not in said
    assert "7946" not in said


def test_the_librarys_own_log_tells_no_address_at_any_level(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.on("/kpi", whole(b"{}"))
    panel = Panel(f"{server.url}/kpi", seconds=1)
    panel.ask("card", CUSTOMER)
    panel.close()
    assert not [one.name for one in caplog.records if one.name.startswith("http")]


@pytest.mark.parametrize(
    "url",
    [
        "s3cret.example/kpi",
        "ftp://s3cret.example/kpi",
        "http:///s3cret",
        "http://[::s3cret/kpi",
        "http://a:99999/s3cret",
        "http://a/s3cret#there",
        "http://a/s3cret?customerId=1",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_unsaid(url: str) -> None:
    with pytest.raises(Permanent) as caught:
        Panel(url, seconds=1)
    assert "s3cret" not in str(caught.value)
