from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from pipelines.sandbox.icasework.dialect import Dialect
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import Key, SandboxConfig
from tests.sandbox.caller import GRANT, Caller, HandClock, sign

if TYPE_CHECKING:
    import httpx


def assert_error_page(body: bytes) -> None:
    """The structure of the recorded page: what a client may lean on."""
    assert body.count(b"\r\n") == body.count(b"\n")
    page: Any = lxml.html.fromstring(body)
    assert page.findtext(".//title") == "Error Page"
    (content,) = page.xpath("//body/div[@class='error-wrapper']/div[@class='error-content']")
    assert [child.tag for child in content] == ["p", "span", "h1", "p", "p"]
    assert [child.get("class") for child in content] == ["uat-logo", "error-logo", None, "leading-text", None]
    assert content.findtext("h1").strip() == "An Unexpected Error Occured"
    assert (
        content.find("p[@class='leading-text']").text.strip() == "The Page You Were Looking For Was Not Found"
    )
    assert content[-1].findtext("strong") == "system administrator."


def test_a_token_is_given_in_the_recorded_layout(caller: Caller) -> None:
    answer = caller.ask_token()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert re.fullmatch(
        r'\{\n "access_token" : "[\w-]{64}\.[\w-]{22}==",\n "token_type" : "Bearer",\n'
        r' "expires_in" : 3600\n\}',
        answer.text,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "somebody"},
        {"aud": "https://uat.icasework.com/token?db=sandbox"},
        {"iat": 1},
    ],
)
def test_a_wrong_grant_is_answered_as_recorded(caller: Caller, wrong: dict[str, object]) -> None:
    answer = caller.ask_token(sign(caller.claims(**wrong)))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html;charset=UTF-8"
    assert answer.headers["X-Application-Error-Code"] == "19002"
    assert answer.headers["X-Application-Error-Info"] == "invalid_grant"
    assert_error_page(answer.content)


def test_a_wrong_secret_or_grant_type_or_no_form_at_all_is_a_wrong_grant(caller: Caller) -> None:
    url = caller.url("token")
    answers = [
        caller.ask_token(sign(caller.claims(), "guess")),
        caller.http.post(url, data={"grant_type": "password", "assertion": sign(caller.claims())}),
        caller.http.post(url),
        caller.http.post(url, json={"grant_type": GRANT}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert {answer.headers["X-Application-Error-Info"] for answer in answers} == {"invalid_grant"}


def test_the_audience_must_hold_the_db_just_as_posted(caller: Caller) -> None:
    bare = caller.url("token").partition("?")[0]
    assert caller.ask_token(sign(caller.claims(aud=bare))).status_code == 400


@pytest.mark.parametrize("query", ["?db=elsewhere", ""])
def test_a_wrong_db_is_answered_200_with_nothing(caller: Caller, query: str) -> None:
    answer = caller.ask_token(url=f"{caller.base}/token{query}")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == "0"
    assert "Content-Type" not in answer.headers


def test_a_token_is_posted_for(caller: Caller) -> None:
    answer = caller.http.get(caller.url("token"), params={"grant_type": GRANT, "db": "sandbox"})
    assert answer.status_code == 400
    assert answer.headers["X-Application-Error-Code"] == "19000"
    assert answer.headers["X-Application-Error-Info"] == "Invalid HTTP Method."


def test_a_token_lives_one_hour(caller: Caller, clock: HandClock) -> None:
    token = caller.token()
    clock.forward(seconds=3599)
    assert caller.report(token=token).status_code == 200
    clock.forward(seconds=1)
    refused = caller.report(token=token)
    assert refused.status_code == 401
    assert refused.headers["X-Application-Error-Info"] == "invalid_token"
    assert_error_page(refused.content)


def test_the_status_of_an_expired_token_is_one_setting(http: httpx.Client, clock: HandClock) -> None:
    config = SandboxConfig(dialect=Dialect(bad_token_status=400))
    with SandboxThread(config, clock=clock) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        assert caller.report(token="a.b").status_code == 400


def test_a_token_of_one_account_opens_no_other(http: httpx.Client, clock: HandClock) -> None:
    accounts = {"sandbox": {"sandbox-key": Key("sandbox-secret")}, "other": {"k": Key("s")}}
    with SandboxThread(SandboxConfig(accounts=accounts), clock=clock) as sandbox:
        caller = Caller(http, sandbox.icasework_url, clock)
        token = caller.token()
        caller.db = "other"
        assert caller.report(token=token).status_code == 401


def test_the_server_tells_its_own_time(caller: Caller, clock: HandClock) -> None:
    assert caller.ask_token().headers["Date"] == "Mon, 23 Nov 2026 08:00:00 GMT"
    clock.forward(hours=2)
    assert caller.ask_token().headers["Date"] == "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("application/x-www-form-urlencoded", b"assertion=\xff"),
        ("application/x-www-form-urlencoded; charset=nope", b"a=b"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(caller: Caller, kind: str, body: bytes) -> None:
    answer = caller.http.post(caller.url("token"), content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert_error_page(answer.content)


@pytest.mark.parametrize(
    "path", ["uploaddocuments", "", "services/sandbox/uploaddocuments", "servlet/a/b?ref=1"]
)
def test_what_is_not_there_is_not_found_and_the_vendors_page_says_so(caller: Caller, path: str) -> None:
    for url in (f"{caller.base}/{path}", caller.base):
        answer = caller.http.get(url)
        assert answer.status_code == 404
        assert_error_page(answer.content)


def test_answers_bring_the_cookies_of_balancer_and_servlets(http: httpx.Client, caller: Caller) -> None:
    http.cookies.clear()
    answer = caller.ask_token()
    assert {"AWSALB", "JSESSIONID"} == set(answer.cookies)
    assert {"AWSALB"} == set(caller.ask_token("x").cookies)  # the session goes on
    assert "AWSALB" in http.get(f"{caller.base}/nowhere").cookies
