"""Tokens: every one is tried, in constant time, and several are valid while one replaces another."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SettingsError
from pipelines.kpi.tokens import Tokens
from pipelines.settings import load_settings

OLD, NEW, THIRD = "old-token-0123456789", "new-token-0123456789", "third-0123456789abcdef"


def test_two_tokens_are_valid_while_one_replaces_the_other_and_a_removed_one_is_not() -> None:
    rotating = Tokens({"old": OLD, "new": NEW})
    assert rotating.name_of([OLD.encode()]) == "old"
    assert rotating.name_of([NEW.encode()]) == "new"
    after = Tokens({"new": NEW})
    assert after.name_of([OLD.encode()]) is None
    assert after.name_of([NEW.encode(), NEW.encode()]) == "new"
    assert after.name_of([b"nonsense", NEW.encode()]) is None
    assert after.name_of([NEW.encode(), b"nonsense"]) is None
    assert after.name_of([]) is None


@pytest.mark.parametrize("sent", [OLD, NEW, THIRD, "", "nonsense", OLD[:-1], OLD + "x"])
def test_every_token_is_tried_whatever_was_found_before(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        tried.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    known = {"a": OLD, "b": NEW, "c": THIRD}
    assert (Tokens(known).name_of([sent.encode()]) is not None) == (sent in known.values())
    assert tried == [(token.encode(), sent.encode()) for token in known.values()]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_nothing_but_a_token_opens(sent: list[bytes]) -> None:
    assert Tokens({"old": OLD}).name_of(sent) is None
    assert (Tokens({"old": OLD}).name_of([OLD.encode(), *sent]) == "old") == (not sent)


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        ({}, "needs a token at least"),
        ({"a b": OLD}, "each name"),
        ({'"': OLD}, "each name"),
        ({"x" * 41: OLD}, "each name"),
        ({"a": "short"}, "16 to 512"),
        ({"a": "0123456789abcdef/"}, "16 to 512"),
        ({"a": "0123456789 abcdef"}, "16 to 512"),
        ({"a": OLD, "b": OLD}, "two names have the same token"),
    ],
)
def test_tokens_that_would_not_do_are_refused_and_not_shown(tokens: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(kpi_tokens=tokens)
    assert "CASEHOUSE_KPI_TOKENS" in str(error.value)
    assert told in str(error.value)
    assert OLD not in str(error.value)


def test_a_short_hash_key_is_refused_and_secrets_are_not_printed() -> None:
    with pytest.raises(SettingsError, match=r"CASEHOUSE_KPI_HASH_KEY: it must have 16 characters"):
        load_settings(kpi_hash_key="short")
    told = repr(load_settings(kpi_tokens={"a": OLD}, kpi_hash_key=NEW))
    assert OLD not in told
    assert NEW not in told
