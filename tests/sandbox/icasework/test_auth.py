from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sandbox.icasework.auth import (
    BadGrant,
    Holder,
    TokenBook,
    decode_base64,
    legacy_signature,
    signed_by,
    verify_assertion,
)
from tests.sandbox.caller import sign

if TYPE_CHECKING:
    from collections.abc import Callable

# The one public test vector of the grant (secret "bar"), as another client's own tests have it.
VECTOR = (
    "eyJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJmb28iLCJhdWQiOiJodHRwczovL3VhdC5pY2FzZXdvcmsuY29tL3Rva2VuP2RiPXRlc3QiLCJpYXQiOjE2MTQ3NjQ0MDB9."
    "CyKQfSfX44ZM9zC6kdPuGfHacO50XSOvUbbWc8xt-7U"
)
AUDIENCE = "https://uat.icasework.com/token?db=test"
ISSUED = 1614764400
CLAIMS = {"iss": "foo", "aud": AUDIENCE, "iat": ISSUED}
SECRETS = {"foo": "bar"}


def verify(assertion: str, *, audience: str = AUDIENCE, now: float = ISSUED) -> str:
    return verify_assertion(assertion, secret_of=SECRETS.get, audience=audience, now=now, tolerance=300)


def padded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_the_public_vector_earns_a_token() -> None:
    assert verify(VECTOR) == "foo"


@pytest.mark.parametrize("encode", [padded, lambda raw: base64.urlsafe_b64encode(raw).decode()])
def test_either_alphabet_with_padding_and_a_time_in_text_are_taken(
    encode: Callable[[bytes], str],
) -> None:
    claims = {**CLAIMS, "iat": str(ISSUED), "note": "???>>>~~~"}
    assertion = sign(claims, "bar", {"alg": "HS256", "typ": "JWT"}, encode)
    assert verify(assertion) == "foo"


@given(st.binary(max_size=40))
@settings(deadline=None, max_examples=60)
def test_base64_is_read_in_every_spelling(raw: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(raw).decode()
        assert decode_base64(text) == decode_base64(text.rstrip("=")) == raw


def test_an_expiry_is_taken_while_it_lasts() -> None:
    for good in (ISSUED + 3600, str(ISSUED + 1)):
        assert verify(sign({**CLAIMS, "exp": good}, "bar")) == "foo"
    for exp in (ISSUED, ISSUED - 1, "soon", None, float("nan")):
        with pytest.raises(BadGrant):
            verify(sign({**CLAIMS, "exp": exp}, "bar"))


@pytest.mark.parametrize("late", [-300, 300])
def test_the_time_of_issue_may_be_off_by_the_tolerance(late: int) -> None:
    assert verify(VECTOR, now=ISSUED + late) == "foo"


@pytest.mark.parametrize(
    "assertion",
    [
        VECTOR[:-2] + "8U",
        sign(CLAIMS, "other"),
        sign({**CLAIMS, "iss": "who"}, "bar"),
        sign({**CLAIMS, "iss": ["foo"]}, "bar"),
        sign({**CLAIMS, "aud": "https://uat.icasework.com/token"}, "bar"),
        sign({**CLAIMS, "iat": ISSUED - 301}, "bar"),
        sign({**CLAIMS, "iat": ISSUED + 301}, "bar"),
        sign({**CLAIMS, "iat": "nan"}, "bar"),
        sign({**CLAIMS, "iat": None}, "bar"),
        sign({**CLAIMS, "iat": True}, "bar"),
        sign({**CLAIMS, "iat": 10**400}, "bar"),
        sign({"iss": "foo", "aud": AUDIENCE}, "bar"),
        sign(CLAIMS, "bar", {"alg": "none"}),
        "",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "W10.W10.W10",
        ".".join((VECTOR.split(".", maxsplit=1)[0], VECTOR.split(".")[1], "")),
    ],
)
def test_a_wrong_assertion_earns_nothing(assertion: str) -> None:
    with pytest.raises(BadGrant):
        verify(assertion)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("53342", "44365b38db1a1f36df7f91067b873493"),  # the vendor's own worked example
        ("", "089e5fe812757a5192811ccf39de0c6c"),
        ("50521", "ef8e55bc5a1bc7db3a21c88a9df4be61"),
    ],
)
def test_the_older_signature_is_as_published(extra: str, expected: str) -> None:
    assert legacy_signature("1e4ecd8c836bbd7bc9ae4b5e6", extra, "2010-01-01") == expected


def test_the_older_signature_takes_the_first_parameter_present_and_the_date_as_sent() -> None:
    extra = ("CaseId", "ExternalId")
    time = "2010-01-01T10:00:00"
    params = {"Key": "foo", "ExternalId": "WEB-1", "RequestDate": time}
    params["Signature"] = legacy_signature("bar", "WEB-1", time)
    assert signed_by(params, extra=extra, secret_of=SECRETS.get, today="2026-11-23") == "foo"
    params["CaseId"] = "7"
    assert signed_by(params, extra=extra, secret_of=SECRETS.get, today="2026-11-23") is None


def test_without_a_request_date_the_servers_own_date_is_signed() -> None:
    params = {"Key": "foo", "Signature": legacy_signature("bar", "", "2026-11-23")}
    assert signed_by(params, extra=(), secret_of=SECRETS.get, today="2026-11-23") == "foo"
    assert signed_by(params, extra=(), secret_of=SECRETS.get, today="2026-11-24") is None
    assert signed_by({"Key": "who", "Signature": "x"}, extra=(), secret_of=SECRETS.get, today="") is None
    assert signed_by({"Key": "foo"}, extra=(), secret_of=SECRETS.get, today="") is None


def test_a_token_speaks_for_its_holder_until_it_is_over_or_revoked() -> None:
    book, holder = TokenBook(), Holder("a", "k")
    token = book.issue(holder, now=100, seconds=3600)
    assert book.holder(token, now=3699) == holder
    assert book.holder(token, now=3700) is None
    assert book.holder("x.y", now=100) is None
    book.revoke(token)
    assert book.holder(token, now=100) is None


def test_tokens_that_are_over_are_forgotten_and_never_pile_up() -> None:
    book, holder = TokenBook(), Holder("a", "k")
    book.issue(holder, now=0, seconds=10)
    book.issue(holder, now=20, seconds=10)
    assert len(book._tokens) == 1


def test_neither_key_nor_error_shows_a_secret() -> None:
    from pipelines.sandbox.state import Key  # noqa: PLC0415 - only here

    assert "hush" not in repr(Key("hush"))
    with pytest.raises(BadGrant) as caught:
        verify(sign(CLAIMS, "other"))
    assert "bar" not in str(caught.value)
