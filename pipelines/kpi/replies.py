"""What goes back to whoever asked: a status, headers and bytes, ready to be sent; and every refusal.

A refusal is a problem document (RFC 9457) that never repeats what was sent. It is written once, at import.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from pipelines.kpi.schema import Problem

Headers = list[tuple[bytes, bytes]]

PROBLEM = "application/problem+json"
LONGEST_ID = 128  # characters of a customerId

# Personal data: no cache of a browser or a proxy may keep it, least of all under an address that may hold the
# token. Whoever keeps a card in memory can still ask by If-None-Match whether it changed.
NOT_KEPT = (b"cache-control", b"private, no-store")


class Reply(NamedTuple):
    """An answer as it is sent."""

    status: int
    headers: Headers
    body: bytes


def refusal(status: HTTPStatus, detail: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Make a refusal; `detail` is for the person who reads it and holds nothing of the request."""
    body = Problem(title=status.phrase, status=status.value, detail=detail).model_dump_json().encode()
    told: Headers = [
        (b"content-type", PROBLEM.encode()),
        (b"content-length", str(len(body)).encode()),
        NOT_KEPT,
        *headers,
    ]
    return Reply(status.value, told, body)


UNAUTHORISED = refusal(
    HTTPStatus.UNAUTHORIZED,
    "Send a token that is valid now, as Authorization: Bearer, as X-API-Key, as token= or in the path.",
    (b"www-authenticate", b"Bearer"),
)
WRONG_METHOD = refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is answered here.", (b"allow", b"GET"))
NOT_FOUND = refusal(HTTPStatus.NOT_FOUND, "There is nothing here; a card is at /rest/kpi?customerId=.")
FAILED = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed; its log says where.")
NO_CARDS = refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "There are no cards yet: the nightly build has not written any that could be read.",
    (b"retry-after", b"60"),
)
NOT_RECORDED = refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "No card is shown, because it could not be recorded who asked for it.",
    (b"retry-after", b"60"),
)

UNREADABLE = refusal(HTTPStatus.BAD_REQUEST, "This is no request of HTTP/1.1.")
TOO_LARGE = refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request, or what waits on its connection, is too much."
)
MISSING_ID = refusal(HTTPStatus.BAD_REQUEST, "The parameter customerId is missing.")
EMPTY_ID = refusal(HTTPStatus.BAD_REQUEST, "The parameter customerId is empty.")
REPEATED_ID = refusal(HTTPStatus.BAD_REQUEST, "The parameter customerId is there more than once.")
LONG_ID = refusal(HTTPStatus.BAD_REQUEST, f"The parameter customerId is longer than {LONGEST_ID} characters.")
CONTROL_ID = refusal(HTTPStatus.BAD_REQUEST, "The parameter customerId holds control characters.")
UNREADABLE_ID = refusal(
    HTTPStatus.BAD_REQUEST, "The parameter customerId is not UTF-8 text in percent-encoding."
)


def not_ready(why: str) -> Reply:
    """Make the answer of a service that has no cards to be shown."""
    return refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"No cards may be shown: {why}.")
