from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from pipelines.errors import CasehouseError, Permanent, Transient
from pipelines.sources.exchange import Refused
from pipelines.sources.icasework.auth import TokenSource, sign_assertion
from pipelines.sources.icasework.error_page import read_reason
from pipelines.sources.patience import Patience
from pipelines.sources.transport import Transport
from tests.sources.conftest import NOW
from tests.sources.fake_server import FakeServer, Reply, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "bar-the-secret"
REFUSAL = {"X-Application-Error-Code": "19002", "X-Application-Error-Info": "invalid_grant"}


def grant(token: str, seconds: int = 3600) -> Reply:
    body = f'{{\n "access_token" : "{token}",\n "token_type" : "Bearer",\n "expires_in" : {seconds}\n}}'
    return whole(body.encode(), headers={"Content-Type": "application/json;charset=UTF-8"})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(server: FakeServer, clock: Clock) -> Iterator[TokenSource]:
    transport = Transport(
        connect_seconds=2,
        read_seconds=2,
        patience=Patience(attempts=2, first_wait=0, longest_wait=0, jitter=0),
        clock=clock,
        explain=read_reason,
    )
    yield TokenSource(
        transport, base=server.url, account="council", key="foo", secret=SecretStr(SECRET), clock=clock
    )
    transport.close()


def test_the_assertion_is_the_recorded_vector() -> None:
    assert sign_assertion(
        key="foo",
        secret="bar",
        audience="https://uat.icasework.com/token?db=test",
        issued_at=datetime.fromtimestamp(1614764400.9, UTC),
    ) == (
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJmb28iLCJhdWQiOiJodHRwczovL3VhdC5pY2FzZXdvcmsuY29tL3Rva2VuP2RiPXRlc3Qi"
        "LCJpYXQiOjE2MTQ3NjQ0MDB9.CyKQfSfX44ZM9zC6kdPuGfHacO50XSOvUbbWc8xt-7U"
    )


def test_a_token_is_asked_for_at_the_address_it_is_signed_for(
    server: FakeServer, tokens: TokenSource
) -> None:
    server.on("/token", grant("one"))
    assert tokens.current().text == "one"
    (asked,) = server.asked
    assert (asked.method, asked.query) == ("POST", {"db": "council"})
    assert asked.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    payload = asked.form["assertion"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims == {
        "iss": "foo",
        "aud": f"{server.url}/token?db=council",
        "iat": int(NOW.timestamp()),
    }


def test_production_names_no_account(server: FakeServer, clock: Clock) -> None:
    transport = Transport(connect_seconds=2, read_seconds=2, patience=Patience(), clock=clock)
    tokens = TokenSource(
        transport, base=server.url, account=None, key="foo", secret=SecretStr(SECRET), clock=clock
    )
    server.on("/token", grant("one"))
    tokens.current()
    assert server.asked[0].query == {}
    transport.close()


def test_a_token_is_kept_until_shortly_before_it_ends(
    server: FakeServer, tokens: TokenSource, clock: Clock
) -> None:
    server.on("/token", grant("one"), grant("two", 10), grant("three"))
    assert tokens.current().text == "one"
    clock.now = NOW + timedelta(seconds=3600 - 61)
    assert tokens.current().text == "one"
    clock.now = NOW + timedelta(seconds=3600 - 59)
    assert tokens.current().text == "two"
    assert tokens.current().text == "two"
    clock.now += timedelta(seconds=10)
    assert tokens.current().text == "three"


def test_threads_that_come_together_buy_one_token(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", Reply(grant("one").raw, wait=0.05), grant("two"))
    together = threading.Barrier(8)

    def take(_: int) -> str:
        together.wait()
        return tokens.current().text

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(take, range(8))) == {"one"}
    assert len(server.asked) == 1


def test_threads_whose_token_was_refused_renew_it_once(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", grant("one"), grant("two"), grant("three"))
    stale = tokens.current()
    with ThreadPoolExecutor(8) as pool:
        assert {one.text for one in pool.map(lambda _: tokens.renew(stale), range(8))} == {"two"}
    assert len(server.asked) == 2


def test_a_wrong_account_is_named(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", whole(b""))
    with pytest.raises(Permanent, match=r"wrong account/db.*CASEHOUSE_ICASEWORK_ACCOUNT"):
        tokens.current()
    assert len(server.asked) == 1


def test_a_refused_key_names_key_secret_and_clock(server: FakeServer, tokens: TokenSource) -> None:
    headers = REFUSAL | {"Date": "Mon, 23 Nov 2026 05:10:00 GMT"}
    server.on("/token", whole(b"<title>Error Page</title>", "400 Bad Request", headers))
    with pytest.raises(Permanent) as error:
        tokens.current()
    said = str(error.value)
    assert "400: 19002 invalid_grant; this machine's clock is 600 s behind" in said
    assert "CASEHOUSE_ICASEWORK_API_KEY" in said
    assert "CASEHOUSE_ICASEWORK_SECRET" in said
    assert SECRET not in said
    assert len(server.asked) == 1


def test_a_clock_that_is_right_is_not_blamed(server: FakeServer, tokens: TokenSource) -> None:
    headers = REFUSAL | {"Date": "Mon, 23 Nov 2026 04:59:50 GMT"}
    server.on("/token", whole(b"", "400 Bad Request", headers))
    with pytest.raises(Permanent) as error:
        tokens.current()
    assert error.value.why == "400: 19002 invalid_grant"


def test_another_refusal_of_the_token_call_is_told_as_it_is(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", whole(b"", "403 Forbidden", {"X-Application-Error-Info": "address not allowed"}))
    with pytest.raises(Refused, match=r"403: address not allowed.*this address"):
        tokens.current()


@pytest.mark.parametrize(
    "body",
    [b"<html><title>Sign in</title></html>", b'{"access_token": ""}', b'{"access_token": 5}', b"{}", b"\xff"],
)
def test_an_answer_without_a_token_is_permanent(server: FakeServer, tokens: TokenSource, body: bytes) -> None:
    server.on("/token", whole(body))
    with pytest.raises(Permanent, match="holds no token"):
        tokens.current()


def test_a_token_call_is_tried_again_like_any_other(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", whole(b"", "503 Busy"), grant("one"))
    assert tokens.current().text == "one"


def test_no_secret_is_logged_or_shown(
    server: FakeServer, tokens: TokenSource, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("/token", whole(b"", "503 Busy"), grant("t0ken"))
    token = tokens.current()
    said = f"{caplog.text} {token!r} {server.asked[0].form['assertion'][:0]}"
    for secret in (SECRET, "t0ken", server.asked[0].form["assertion"]):
        assert secret not in said


REFUSALS = {
    "a wrong key": whole(b"", "400 Bad Request", REFUSAL),
    "another refusal": whole(b"", "403 Forbidden"),
    "a wrong account": whole(b""),
    "no token": whole(b"<html></html>"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_asked_for_once_and_told_to_every_day(
    server: FakeServer, tokens: TokenSource, refusal: Reply
) -> None:
    server.on("/token", refusal, grant("one"))
    told: list[CasehouseError] = []
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        with pytest.raises(Permanent) as error:
            tokens.current()
        told.append(error.value.about("icasework/cases", day))
    assert len(server.asked) == 1
    assert [one.day for one in told] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert len({(type(one), one.what, one.why, one.todo) for one in told}) == 1


def test_a_key_that_is_refused_at_renewal_is_not_tried_again_either(
    server: FakeServer, tokens: TokenSource
) -> None:
    server.on("/token", grant("one"), REFUSALS["a wrong key"])
    stale = tokens.current()
    for _ in range(2):
        with pytest.raises(Permanent, match="refused the API key"):
            tokens.renew(stale)
        with pytest.raises(Permanent, match="refused the API key"):
            tokens.current()
    assert len(server.asked) == 2


def test_threads_that_waited_for_a_try_share_its_failure(server: FakeServer, tokens: TokenSource) -> None:
    server.on("/token", *[Reply(whole(b"", "503 Busy").raw, wait=0.15)] * 2, grant("one"))
    together = threading.Barrier(6)

    def take(day: int) -> CasehouseError:
        together.wait()
        with pytest.raises(Transient, match="503") as error:
            tokens.current()
        return error.value.about("icasework/cases", str(day))

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(take, range(6)))
    assert [one.day for one in told] == [str(day) for day in range(6)]
    assert len(server.asked) == 2
    assert tokens.current().text == "one"
