"""The desk: one question, one answer. It holds the open card file and answers from its stored bytes.

The service's quick path, its documented route and the preview all ask here, so that they cannot differ.
Every answer about a customer is recorded before it is given; one that cannot be recorded is not given. Not
here: who opens the file (watching.py), where records go (access.py), how bytes reach the network (app.py).
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import lmdb

from pipelines.kpi.asked import has_tag, read_customer, read_request, takes_gzip
from pipelines.kpi.card_file import OPENING, Card
from pipelines.kpi.replies import (
    NO_CARDS,
    NOT_KEPT,
    NOT_RECORDED,
    UNAUTHORISED,
    WRONG_METHOD,
    Reply,
)
from pipelines.kpi.schema import told_on_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from pipelines.kpi.card_file import CardFile
    from pipelines.kpi.tokens import Tokens

_OK, _NOT_MODIFIED = 200, 304
_JSON = (b"content-type", b"application/json")
_VARY = (b"vary", b"accept-encoding")
_GZIP = (b"content-encoding", b"gzip")
_MARK_DIGITS = 16


class Recorder(Protocol):
    """Where accesses go. Both methods return at once."""

    def record(self, token: str, customer: str, status: int, card: str, micros: int) -> None:
        """Keep that a token asked for a customer (a hash); raise OSError when it cannot be kept."""

    def refuse(self, status: int, token: str) -> None:
        """Count a request that was refused before it was about anybody; the token is empty when unknown."""


@dataclass(frozen=True)
class Identifying:
    """How an identifier is spelled for looking up, and what stands for it in records."""

    readings: Callable[[str], Iterable[str]]
    hash_of: Callable[[str], str]


@dataclass(frozen=True)
class Shelf:
    """A card file as it is served: when its cards become stale, and the bytes that then say so."""

    file: CardFile
    stale_at: float
    notice: bytes
    mark: bytes


class Desk:
    """Answers requests for cards, from the shelf that stands there at the moment."""

    def __init__(
        self,
        tokens: Tokens,
        identifying: Identifying,
        recorder: Recorder,
        *,
        max_age: timedelta,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._readings, self._hash_of = identifying.readings, identifying.hash_of
        self._recorder = recorder
        self._max_age = max_age
        self._clock = clock
        self._shelf: Shelf | None = None

    @property
    def file(self) -> CardFile | None:
        """The card file that is served now, None before there is any."""
        return self._shelf.file if self._shelf else None

    @property
    def is_stale(self) -> bool:
        """Whether the cards that are served now are older than the settings allow."""
        return self._shelf is not None and self._clock() >= self._shelf.stale_at

    def take(self, file: CardFile) -> None:
        """Serve another file from now on. The caller may close the old one at once."""
        about = file.about
        section = {
            "title": about.information_title,
            "message": about.stale_message.replace("{as_of}", told_on_clock(about.as_of)),
            "documents": [],
        }
        notice = json.dumps(section, ensure_ascii=False, separators=(",", ":")).encode()
        mark = b"-" + hashlib.blake2b(notice).hexdigest()[:_MARK_DIGITS].encode()
        self._shelf = Shelf(file, (about.as_of + self._max_age).timestamp(), notice, mark)

    def answer(
        self, method: str, path_token: str | None, query: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> Reply:
        """Answer a request for a card; never raises for anything that was sent.

        `path_token` is what stands behind the path of the card, `query` the raw query string, `headers` those
        of an ASGI scope.
        """
        began = time.perf_counter()
        if method != "GET":
            return self._refused(WRONG_METHOD)
        customers, tokens, tags, encodings = read_request(path_token, query, headers)
        name = self._tokens.name_of(tokens)
        if name is None:
            return self._refused(UNAUTHORISED)
        customer = read_customer(customers)
        if isinstance(customer, Reply):
            return self._refused(customer, name)
        reading, card, shelf = self._find(customer)
        if card is None or shelf is None:
            reply, which = NO_CARDS, "none"
        elif self._clock() < shelf.stale_at:
            reply, which = _reply(card, tags, encodings), card.which
        else:
            reply, which = _reply(_aged(card, shelf), tags, encodings), card.which
        micros = int((time.perf_counter() - began) * 1e6)
        try:
            self._recorder.record(name, self._hash_of(reading), reply.status, which, micros)
        except OSError:
            return NOT_RECORDED
        return reply

    def _refused(self, reply: Reply, token: str = "") -> Reply:
        self._recorder.refuse(reply.status, token)
        return reply

    def _find(self, customer: str) -> tuple[str, Card | None, Shelf | None]:
        """Return the reading under which a card was found, or the last one tried; card and shelf, if any."""
        shelf, reading = self._shelf, customer
        try:
            for reading in self._readings(customer):
                if shelf and (card := shelf.file.find(reading.encode())):
                    return reading, card, shelf
        except lmdb.Error:
            # Another file has been taken, and this one closed, since the shelf was looked at.
            if shelf is self._shelf:
                raise
            return self._find(customer)
        return reading, shelf.file.unknown if shelf else None, shelf


def _aged(card: Card, shelf: Shelf) -> Card:
    """Return a card that says how old it is, under a tag of its own."""
    return Card(card.which, card.tag + shelf.mark, spliced(card.body, shelf.notice), None)


def _reply(card: Card, tags: bytes, encodings: bytes) -> Reply:
    _, tag, body, packed = card
    headers = [(b"etag", b'"%b"' % tag), NOT_KEPT]
    if packed is not None:
        headers.append(_VARY)
        if takes_gzip(encodings):
            tag, body = tag + b"-gzip", packed
            headers[0] = (b"etag", b'"%b"' % tag)
            headers.append(_GZIP)
    if tags and has_tag(tags, tag):
        return Reply(_NOT_MODIFIED, [header for header in headers if header is not _GZIP], b"")
    return Reply(_OK, [_JSON, (b"content-length", b"%d" % len(body)), *headers], body)


def spliced(body: bytes, section: bytes) -> bytes:
    """Put one more section before those of a card."""
    rest = body[len(OPENING) :]
    return b"".join((OPENING, section, b"" if rest.startswith(b"]") else b",", rest))
