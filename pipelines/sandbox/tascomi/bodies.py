"""Fields of a call as they come in, and records as they go out.

A write's fields come as a form, as JSON or, without a body, in the query: published clients do each of these
(CODE). What comes out is JSON in which every value is a text or null (CODE), text escaped as HTML (CODE: it
may be; that it always is, quotes too, is a GUESS).
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

from pipelines.sandbox.tascomi.judging import Wrong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from pipelines.sandbox.tascomi.judging import Given, Row

JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


async def read_fields(request: web.Request) -> Given:
    """Return the fields of a write; what the body says outranks the query. Raise Wrong for another body."""
    body = await request.read()
    fields: dict[str, str | None] = dict(request.query)
    if not body:
        return fields
    if request.content_type == JSON:
        return fields | _from_json(body)
    if request.content_type != _FORM:
        raise Wrong("body", f"A body is {JSON} or {_FORM}.")
    try:
        form = await request.post()
    except (ValueError, LookupError):
        raise Wrong("body", "The form cannot be read.") from None
    return fields | {name: text for name, text in form.items() if isinstance(text, str)}


def _from_json(body: bytes) -> dict[str, str | None]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise Wrong("body", "The body is not JSON.") from None
    if not isinstance(read, dict):
        raise Wrong("body", "The body is not an object.")
    return {name: _as_text(name, value) for name, value in read.items()}


def _as_text(name: str, value: object) -> str | None:
    """Take numbers and truth for the text they are kept as (GUESS)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return str(value)
    raise Wrong(name, "This field is neither text nor number.")


def write_row(row: Row, *, escapes: bool) -> bytes:
    """Write one record."""
    return _dumps(_told(row, escapes=escapes))


def write_rows(rows: Sequence[Row], *, escapes: bool) -> bytes:
    """Write a list of records."""
    return _dumps([_told(row, escapes=escapes) for row in rows])


def _told(row: Row, *, escapes: bool) -> Mapping[str, str | None]:
    return {name: html.escape(text) if text and escapes else text for name, text in row.items()}


def _dumps(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
