"""Read a request: which customer it asks for, by which tokens, and what the asker already has.

Everything arrives as bytes and is read by hand, because a request's time is counted in microseconds. Nothing
here knows cards, and nothing raises: what cannot be read is a refusal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from pipelines.kpi.replies import (
    CONTROL_ID,
    EMPTY_ID,
    LONG_ID,
    LONGEST_ID,
    MISSING_ID,
    REPEATED_ID,
    UNREADABLE_ID,
    Reply,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_HALF_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_TAG = re.compile(rb'(?:W/)?"([^"]*)"')
_GZIP = re.compile(rb"(?:^|,)\s*gzip\s*(?:;\s*q=([0-9.]+)\s*)?(?=,|$)", re.IGNORECASE)


class Asked(NamedTuple):
    """What a request says: values of customerId, tokens, If-None-Match and Accept-Encoding."""

    customers: list[bytes]
    tokens: list[bytes]
    tags: bytes
    encodings: bytes


def read_request(path_token: str | None, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Asked:
    """Gather what counts of a request. `headers` have small names, as ASGI gives them; others are ignored."""
    tokens = [] if path_token is None else [path_token.encode(errors="replace")]
    customers: list[bytes] = []
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if b"%" in name:
            name = unquote_to_bytes(name)
        if name == b"customerId":
            customers.append(value)
        elif name == b"token":
            tokens.append(unquote_to_bytes(value))
    tags = encodings = b""
    for name, value in headers:
        if name == b"x-api-key":
            tokens.append(value.strip())
        elif name == b"authorization":
            tokens.append(_bearer(value))
        elif name == b"if-none-match":
            tags = b"%b, %b" % (tags, value) if tags else value  # several lines are one list
        elif name == b"accept-encoding":
            encodings = b"%b, %b" % (encodings, value) if encodings else value
    return Asked(customers, tokens, tags, encodings)


def _bearer(value: bytes) -> bytes:
    """Return the token of an Authorization header; of any other scheme none, which is never valid."""
    scheme, _, token = value.strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def read_customer(values: list[bytes]) -> str | Reply:
    """Return the customerId that was sent, or why it cannot be read.

    A plus sign at the beginning is one, of a telephone number that nobody encoded; further on it is a space,
    as forms write it.
    """
    if len(values) != 1:
        return REPEATED_ID if values else MISSING_ID
    value = values[0]
    if value.isalnum() and len(value) <= LONGEST_ID:  # ASCII letters and digits: nearly all there are
        return value.decode()
    text = _decoded(value)
    if text is None:
        return UNREADABLE_ID
    if len(text) > LONGEST_ID:
        return LONG_ID
    if _CONTROL.search(text):
        return CONTROL_ID
    return text if text.strip() else EMPTY_ID


def _decoded(value: bytes) -> str | None:
    if b"+" in value:
        value = value[:1] + value[1:].replace(b"+", b" ")
    if b"%" in value:
        if _HALF_ESCAPE.search(value):
            return None
        value = unquote_to_bytes(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def has_tag(tags: bytes, tag: bytes) -> bool:
    """Say whether If-None-Match names the tag, compared weakly as RFC 9110 wants it."""
    return tags.strip() == b"*" or tag in _TAG.findall(tags)


def takes_gzip(encodings: bytes) -> bool:
    """Say whether Accept-Encoding names gzip and does not rule it out by q=0."""
    found = _GZIP.search(encodings)
    return found is not None and (found[1] is None or any(digit in b"123456789" for digit in found[1]))
