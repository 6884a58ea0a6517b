"""One question, one answer: who is let in, which card comes, what it says of its age, what is recorded."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kpi.access import AccessBook
from pipelines.kpi.card_file import POINTER, CardFile
from pipelines.kpi.desk import Desk, Identifying, spliced
from pipelines.kpi.identity import hash_of, readings
from pipelines.kpi.replies import NOT_RECORDED
from pipelines.kpi.schema import Kpi, Problem
from pipelines.kpi.tokens import Tokens
from tests.kpi.cards import AS_OF, SHARED_BODY, UNKNOWN_BODY, body, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipelines.kpi.replies import Reply

TOKEN, SECOND = "first-token-0123456789", "second-token-0123456789"
ONE, TWO = body("A-1"), body("B-1", "B-2")
LARGE = body(*(f"L-{number}" for number in range(300)))
KNOWN = {"id:C-1": 0, "tel:+442079460000": 1, "id:C 2": 1, "id:Ünal/7": 1, "id:large": 2, "id:a+b": 0}
HEADERS = [(b"host", b"x"), (b"x-api-key", TOKEN.encode())]


class Ledger:
    """Keeps what is recorded, or refuses to."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, int, str]] = []
        self.refusals: list[tuple[int, str]] = []
        self.is_full = False

    def record(self, token: str, customer: str, status: int, card: str, micros: int) -> None:
        assert 0 <= micros < 10_000_000
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.records.append((token, customer, status, card))

    def refuse(self, status: int, token: str) -> None:
        self.refusals.append((status, token))


class Counter:
    """A desk with three cards, its ledger, and a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        publish(folder, [ONE, TWO, LARGE], KNOWN | {"id:both": -1})
        self.ledger = Ledger()
        self.now = AS_OF.timestamp()
        self.desk = Desk(
            Tokens({"first": TOKEN, "second": SECOND}),
            Identifying(readings, lambda text: hash_of(text, b"key")),
            self.ledger,
            max_age=timedelta(hours=36),
            clock=lambda: self.now,
        )
        self.file = CardFile.open(folder / POINTER)
        self.desk.take(self.file)

    def ask(self, query: str | bytes, *headers: tuple[bytes, bytes]) -> Reply:
        raw = query if isinstance(query, bytes) else query.encode()
        return self.desk.answer("GET", None, raw, [*HEADERS, *headers])

    def card(self, customer: str) -> Reply:
        return self.ask(f"customerId={quote(customer, safe='')}")


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def header(reply: Reply, name: bytes) -> bytes | None:
    values = [value for known, value in reply.headers if known == name]
    assert len(values) <= 1
    return values[0] if values else None


def problem(reply: Reply) -> str:
    assert header(reply, b"content-type") == b"application/problem+json"
    assert header(reply, b"content-length") == str(len(reply.body)).encode()
    told = Problem.model_validate_json(reply.body)
    assert told.status == reply.status
    return told.detail


def test_a_card_is_sent_as_it_is_stored(counter: Counter) -> None:
    reply = counter.card("C-1")
    assert (reply.status, reply.body.decode()) == (200, ONE)
    assert dict(reply.headers) == {
        b"content-type": b"application/json",
        b"content-length": str(len(reply.body)).encode(),
        b"etag": header(reply, b"etag"),
        b"cache-control": b"private, no-store",
    }
    Kpi.model_validate_json(reply.body)
    hashed = hash_of("id:C-1", b"key")
    assert counter.ledger.records == [("first", hashed, 200, "found")]


def test_nobody_and_several_have_answers_of_their_own(counter: Counter) -> None:
    assert counter.card("nobody").body.decode() == UNKNOWN_BODY
    assert counter.card("both").body.decode() == SHARED_BODY
    assert [record[2:] for record in counter.ledger.records] == [(200, "unknown"), (200, "shared")]


@pytest.mark.parametrize(
    ("path_token", "query", "headers"),
    [
        (TOKEN, "", []),
        (None, f"&token={TOKEN}", []),
        (None, f"&token=%66{TOKEN[1:]}", []),
        (None, f"&t%6Fken={TOKEN}", []),
        (None, "", [(b"authorization", b"Bearer " + TOKEN.encode())]),
        (None, "", [(b"authorization", b"bearer  " + TOKEN.encode() + b" ")]),
        (None, "", [(b"x-api-key", TOKEN.encode())]),
        (TOKEN, "", [(b"x-api-key", SECOND.encode())]),
    ],
)
def test_a_token_opens_from_each_of_its_places(
    counter: Counter, path_token: str | None, query: str, headers: list[tuple[bytes, bytes]]
) -> None:
    reply = counter.desk.answer("GET", path_token, f"customerId=C-1{query}".encode(), headers)
    assert reply.body.decode() == ONE


@pytest.mark.parametrize(
    ("path_token", "query", "headers"),
    [
        (None, "", []),
        ("nonsense", "&token=", [(b"authorization", b"Bearer"), (b"x-api-key", b"")]),
        (None, f"&Token={TOKEN}", [(b"authorization", b"Basic " + TOKEN.encode())]),
        (TOKEN[:-1], "", []),
        (TOKEN, "", [(b"authorization", b"Basic eDp5")]),
        (None, f"&token={TOKEN}x", [(b"authorization", TOKEN.encode())]),
        (None, f"&token={TOKEN}", [(b"authorization", b"Bearer nonsense")]),
        (TOKEN, "&token=", []),
        ("tökén \udcff", "&token=%FF%00", [(b"x-api-key", b"\xff")]),
    ],
)
def test_without_a_valid_token_nothing_is_said(
    counter: Counter, path_token: str | None, query: str, headers: list[tuple[bytes, bytes]]
) -> None:
    for customer in ("C-1", "nobody", ""):
        reply = counter.desk.answer("GET", path_token, f"customerId={customer}{query}".encode(), headers)
        assert reply.status == 401
        assert header(reply, b"www-authenticate") == b"Bearer"
        assert "token" in problem(reply)
    assert not counter.ledger.records
    assert counter.ledger.refusals == [(401, "")] * 3


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "missing"),
        ("customerid=C-1", "missing"),
        ("customerId", "empty"),
        ("customerId=", "empty"),
        ("customerId=%20+%20", "empty"),
        ("customerId=C-1&customerId=C-1", "more than once"),
        ("customerId=C-1&customer%49d=C-2", "more than once"),
        ("customerId=" + "x" * 129, "longer than 128"),
        ("customerId=" + "%C3%BC" * 129, "longer than 128"),
        ("customerId=C-1%00", "control"),
        ("customerId=%0AC-1", "control"),
        ("customerId=C%7F1", "control"),
        ("customerId=C%C2%851", "control"),
        ("customerId=%FF", "not UTF-8"),
        ("customerId=%C3", "not UTF-8"),
        ("customerId=%ED%A0%80", "not UTF-8"),
        ("customerId=C%1", "not UTF-8"),
        ("customerId=C%zz", "not UTF-8"),
        (b"customerId=\xff", "not UTF-8"),
    ],
)
def test_what_names_no_customer_is_told_and_not_repeated(
    counter: Counter, query: str | bytes, told: str
) -> None:
    reply = counter.ask(query)
    assert reply.status == 400
    assert told in problem(reply)
    assert not counter.ledger.records
    assert counter.ledger.refusals == [(400, "first")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("customerId=C%2D1", ONE),
        ("customer%49d=C-1", ONE),
        ("x=1&customerId=C-1&y", ONE),
        ("customerId=%20C-1+", ONE),
        ("customerId=C+2", TWO),
        ("customerId=C%202", TWO),
        ("customerId=%C3%9Cnal%2F7", TWO),
        ("customerId=%c3%9cnal/7", TWO),
        ("customerId=Ünal/7", TWO),
        ("customerId=a%2Bb", ONE),
        ("customerId=a+b", UNKNOWN_BODY),
        ("customerId=+442079460000", TWO),
        ("customerId=+44+20+7946+0000", TWO),
        ("customerId=%2B44%20(0)20%207946%200000", TWO),
        ("customerId=0044%2020%207946%200000", TWO),
        ("customerId=020+7946+0000", TWO),
        ("customerId=" + "x" * 128, UNKNOWN_BODY),
        ("customerId=" + "%C3%BC" * 128, UNKNOWN_BODY),
        ("customerId=tel:%2B442079460000", TWO),
        ("customerId=id:C-1", UNKNOWN_BODY),
    ],
)
def test_spellings_of_an_identifier(counter: Counter, query: str, expected: str) -> None:
    reply = counter.ask(query)
    assert (reply.status, reply.body.decode()) == (200, expected)


def test_every_spelling_of_a_number_has_one_hash(counter: Counter) -> None:
    for query in ("+442079460000", "020+7946+0000", "0044%2020%207946%200000"):
        counter.ask(f"customerId={query}")
    assert len({record[1] for record in counter.ledger.records}) == 1


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"])
def test_only_get_is_answered(counter: Counter, method: str) -> None:
    reply = counter.desk.answer(method, TOKEN, b"customerId=C-1", [])
    assert reply.status == 405
    assert header(reply, b"allow") == b"GET"
    assert problem(reply)


def test_a_card_that_is_known_is_not_sent_again(counter: Counter) -> None:
    tag = header(counter.card("C-1"), b"etag") or b""
    for told in (tag, b"W/" + tag, b'"x", ' + tag, b"*", b' W/"y" , ' + tag + b' , "z"'):
        reply = counter.ask("customerId=C-1", (b"if-none-match", told))
        assert (reply.status, reply.body) == (304, b"")
        assert dict(reply.headers) == {b"etag": tag, b"cache-control": b"private, no-store"}
    for told in (b'"x"', tag.strip(b'"'), b"", b'W/"', tag[:-2] + b'"'):
        assert counter.ask("customerId=C-1", (b"if-none-match", told)).status == 200
    assert {record[2] for record in counter.ledger.records} == {200, 304}


@pytest.mark.parametrize(
    "encodings",
    [b"gzip", b"br, GZIP;q=0.1", b"gzip, deflate", b"deflate,gzip ; q=1.000", b"identity;q=0,gzip"],
)
def test_a_large_card_is_compressed_for_whoever_takes_it(counter: Counter, encodings: bytes) -> None:
    reply = counter.ask("customerId=large", (b"accept-encoding", encodings))
    assert header(reply, b"content-encoding") == b"gzip"
    assert header(reply, b"vary") == b"accept-encoding"
    assert header(reply, b"content-length") == str(len(reply.body)).encode()
    assert gzip.decompress(reply.body).decode() == LARGE
    plain = counter.card("large")
    tag = header(reply, b"etag") or b""
    assert tag != header(plain, b"etag")
    again = counter.ask("customerId=large", (b"accept-encoding", encodings), (b"if-none-match", tag))
    assert again.status == 304
    assert dict(again.headers).keys() == {b"etag", b"cache-control", b"vary"}
    assert counter.ask("customerId=large", (b"if-none-match", tag)).status == 200


@pytest.mark.parametrize(
    "encodings", [b"", b"br", b"gzip;q=0", b"gzip;q=0.000", b"x-gzip2", b"gzipped", b"*"]
)
def test_a_large_card_is_plain_for_others(counter: Counter, encodings: bytes) -> None:
    reply = counter.ask("customerId=large", (b"accept-encoding", encodings))
    assert reply.body.decode() == LARGE
    assert header(reply, b"content-encoding") is None
    assert header(reply, b"vary") == b"accept-encoding"
    assert header(counter.ask("customerId=C-1", (b"accept-encoding", b"gzip")), b"content-encoding") is None


def test_cards_that_are_too_old_say_so_and_are_others(counter: Counter) -> None:
    fresh = {name: counter.card(name) for name in ("C-1", "nobody", "both", "large")}
    ages = []
    for counter.now in (AS_OF.timestamp() + 36 * 3600 + moment for moment in (-0.001, 0.001)):
        ages.append((counter.desk.is_stale, counter.card("C-1") == fresh["C-1"]))
    assert ages == [(False, True), (True, False)]
    for name, before in fresh.items():
        reply = counter.ask(f"customerId={name}", (b"accept-encoding", b"gzip"))
        told = json.loads(reply.body)
        notice = {
            "title": "Information",
            "message": "These cases are as of 22 Nov 2026 00:00.",
            "documents": [],
        }
        assert told["sections"] == [notice, *json.loads(before.body)["sections"]]
        Kpi.model_validate_json(reply.body)
        tag = header(reply, b"etag") or b""
        assert tag != header(before, b"etag")
        assert header(reply, b"content-encoding") is None
        assert counter.ask(f"customerId={name}", (b"if-none-match", tag)).status == 304
        known = header(before, b"etag") or b""
        assert counter.ask(f"customerId={name}", (b"if-none-match", known)).status == 200


def test_a_clock_that_goes_back_does_not_count_time(counter: Counter) -> None:
    steps = iter([AS_OF.timestamp(), AS_OF.timestamp() - 3600])
    counter.desk._clock = lambda: next(steps, 0.0)
    assert counter.card("C-1").status == 200  # its ledger refuses a negative time


def test_several_lines_of_a_header_are_one_list(counter: Counter) -> None:
    tag = header(counter.card("C-1"), b"etag") or b""
    told = [(b"if-none-match", tag), (b"if-none-match", b'"x"')]
    assert counter.ask("customerId=C-1", *told).status == 304
    encodings = [(b"accept-encoding", b"gzip"), (b"accept-encoding", b"br")]
    assert header(counter.ask("customerId=large", *encodings), b"content-encoding") == b"gzip"


def test_a_card_without_sections_may_be_old_too() -> None:
    assert spliced(b'{"sections":[]}', b"{}") == b'{"sections":[{}]}'


def test_without_a_file_there_is_a_problem_and_it_is_recorded(counter: Counter) -> None:
    empty = Desk(
        Tokens({"first": TOKEN}), Identifying(readings, str), counter.ledger, max_age=timedelta(hours=1)
    )
    reply = empty.answer("GET", TOKEN, b"customerId=C-1", [])
    assert reply.status == 503
    assert "no cards yet" in problem(reply)
    assert header(reply, b"retry-after")
    assert [record[2:] for record in counter.ledger.records] == [(503, "none")]
    assert not empty.is_stale
    assert empty.file is None


def test_what_cannot_be_recorded_is_not_shown(counter: Counter) -> None:
    counter.ledger.is_full = True
    reply = counter.card("C-1")
    assert reply == NOT_RECORDED
    assert "recorded" in problem(reply)


def test_a_file_that_was_closed_in_between_is_not_asked_again(counter: Counter, tmp_path: Path) -> None:
    publish(tmp_path, [TWO], {"id:C-1": 0})
    newer = CardFile.open(tmp_path / POINTER)

    def while_asked(text: str) -> Sequence[str]:
        counter.desk.take(newer)
        counter.file.close()
        counter.desk._readings = readings
        return [f"id:{text}"]

    counter.desk._readings = while_asked
    assert counter.card("C-1").body.decode() == TWO


CANARY = "QQ123456C"
ANYTHING = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: f"customerId={quote(text)}".encode()),
    st.sampled_from([b"customerId=", b"customerId=%", b"token=", b"&", b"customerId=C-1&" * 3]),
)


@settings(max_examples=300, deadline=None)
@given(
    queries=st.lists(ANYTHING, max_size=3),
    path_token=st.none() | st.text(max_size=20),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"authorization", b"x-api-key", b"if-none-match", b"accept-encoding", b"x"]),
            st.binary(max_size=30),
        ),
        max_size=4,
    ),
    is_let_in=st.booleans(),
)
def test_whatever_is_sent_is_answered_and_never_repeated(
    tmp_path_factory: pytest.TempPathFactory,
    queries: list[bytes],
    path_token: str | None,
    headers: list[tuple[bytes, bytes]],
    *,
    is_let_in: bool,
) -> None:
    counter = _standing(tmp_path_factory)
    query = b"&".join([*queries, f"x={CANARY}".encode()])
    given = [*headers, *(HEADERS if is_let_in else [])]
    reply = counter.desk.answer("GET", path_token, query, given)
    assert reply.status in ({200, 304, 400, 401} if is_let_in else {401})
    if reply.status >= 400:
        problem(reply)
    told = repr((reply, counter.ledger.records[-1:], counter.ledger.refusals[-1:]))
    assert CANARY not in told


def _standing(factory: pytest.TempPathFactory, made: list[Counter] = []) -> Counter:  # noqa: B006 - made once
    if not made:
        made.append(Counter(factory.mktemp("standing")))
    return made[0]


def test_the_access_book_is_a_recorder(tmp_path: Path) -> None:
    lines: list[bytes] = []
    tell: Callable[[bytes], Any] = lines.append
    book = AccessBook(tmp_path, keep_days=1, echo=tell)
    desk = Desk(
        Tokens({"first": TOKEN}),
        Identifying(readings, lambda text: hash_of(text, b"key")),
        book,
        max_age=timedelta(hours=1),
    )
    desk.answer("GET", TOKEN, f"customerId={CANARY}".encode(), [])
    book.fold()
    (line,) = map(json.loads, lines)
    assert line | {"at": "", "micros": 0} == {
        "at": "",
        "token": "first",
        "customer": hash_of(f"id:{CANARY}", b"key"),
        "status": 503,
        "card": "none",
        "micros": 0,
    }
