"""Tascomi's room: its address, and how a call is read, checked and done.

Checked in this order (GUESS): signature, table, right, fields. What may happen to a call on its way stands in
`visits.py`. Error bodies are small JSON objects (GUESS: only the words of the 401 were seen).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from pipelines.sandbox import control
from pipelines.sandbox.answers import Answer, send
from pipelines.sandbox.calls import Call
from pipelines.sandbox.tascomi.bodies import JSON, read_fields, write_row, write_rows
from pipelines.sandbox.tascomi.judging import Wrong
from pipelines.sandbox.tascomi.keys import FAILED, Right, find_signer
from pipelines.sandbox.tascomi.listing import read_wanted
from pipelines.sandbox.tascomi.office import API_USER, COLLEAGUE
from pipelines.sandbox.tascomi.shifting import shift
from pipelines.sandbox.tascomi.tables import TABLES
from pipelines.sandbox.visits import Meet, Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.sandbox.state import Sandbox
    from pipelines.sandbox.tascomi.judging import Given, Row
    from pipelines.sandbox.tascomi.keys import ApiKey

PREFIX = "/tascomi"
REST = PREFIX + "/rest"
_TOLD = 500  # how many characters of a field the log keeps
# What a method does to a table, and to one record of it (CODE).
_VERBS = {
    ("GET", False): "list",
    ("PUT", False): "create",
    ("GET", True): "read",
    ("POST", True): "update",
    ("DELETE", True): "delete",
}
# The right that each needs. Nobody who integrates is given that to delete (SEED): it is always refused.
_RIGHTS: Mapping[str, Right] = {"list": "view", "read": "view", "create": "write", "update": "write"}
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Stand-in</title></head><body><h1>Sign in</h1></body></html>\n"


class Refused(Exception):
    """A call that the stand-in refuses."""

    def __init__(self, status: HTTPStatus, told: Mapping[str, object]) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.told = told

    def answer(self) -> Answer:
        """Return the status with its reason."""
        return Answer(self.status, {"Content-Type": JSON}, [json.dumps(self.told).encode()])


@dataclass(frozen=True)
class Asked:
    """One call as it came; `verb` is empty for a method that means nothing here, `wrong` a body unread."""

    verb: str
    table: str
    record: str
    key: ApiKey | None
    fields: Given
    wrong: Wrong | None = None


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put Tascomi's routes, and its own on the control page, into the application."""
    router = app.router
    for path in ("/v1/{table}", "/v1/{table}/{record}"):
        router.add_route("*", REST + path, partial(_answer, sandbox))
    for path in ("", "/{path:.*}"):
        router.add_route("*", PREFIX + path, _not_found)
    router.add_get(f"{control.PREFIX}/tascomi/writes", partial(_tell_writes, sandbox))
    router.add_post(f"{control.PREFIX}/tascomi/{{table}}/{{record}}", partial(_work, sandbox))


async def _not_found(request: web.Request) -> web.StreamResponse:
    return await send(request, _nothing_here().answer())


def _nothing_here() -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, {"error": "There is no such resource."})


async def _tell_writes(sandbox: Sandbox, _: web.Request) -> web.Response:
    """Tell every write that was carried out, whatever its caller was told."""
    return web.json_response(sandbox.office.told())


async def _work(sandbox: Sandbox, request: web.Request) -> web.Response:
    """Change a record as a colleague does who works in Tascomi itself."""
    table, record = request.match_info["table"], request.match_info["record"]
    if table not in TABLES:
        return web.json_response({"wrong": [{"where": "table", "what": "unknown"}]}, status=404)
    try:
        given = await read_fields(request)
        row = sandbox.office.update(table, record, given, by=COLLEAGUE, now=sandbox.tascomi_now())
    except Wrong as wrong:
        return web.json_response({"wrong": [{"where": wrong.field, "what": str(wrong)}]}, status=400)
    if row is None:
        return web.json_response({"wrong": [{"where": "id", "what": "unknown"}]}, status=404)
    return web.json_response(row)


async def _answer(sandbox: Sandbox, request: web.Request) -> web.StreamResponse:
    asked = await _read(sandbox, request)
    visit = Visit(
        sandbox,
        request,
        _call(asked, request.method),
        done=partial(_done, sandbox, asked),
        page=lambda: Answer(headers={"Content-Type": "text/html;charset=UTF-8"}, chunks=[_PAGE]),
    )
    return await visit.answered()


async def _read(sandbox: Sandbox, request: web.Request) -> Asked:
    path, config = request.match_info, sandbox.config
    key = find_signer(
        config.tascomi_keys,
        request.headers.get("X-Public", ""),
        request.headers.get("X-Hash", ""),
        sandbox.now(),
        config.tascomi_dialect.zone,
    )
    verb = _VERBS.get((request.method, "record" in path), "")
    fields: Given = dict(request.query)
    wrong = None
    if verb in {"create", "update"}:
        try:
            fields = await read_fields(request)
        except Wrong as problem:
            wrong = problem
    return Asked(verb, path["table"], path.get("record", ""), key, fields, wrong)


def _call(asked: Asked, method: str) -> Call:
    """Note what is asked for; a list of one day's changes has that day for its window."""
    params = {name: (text or "")[:_TOLD] for name, text in asked.fields.items()}
    if asked.record:
        params["id"] = asked.record[:_TOLD]
    day = _day(params.get("last_updated", "")) if asked.verb == "list" else None
    return Call(
        "tascomi",
        asked.verb or "none",
        method,
        {"table": asked.table[:_TOLD], **params},
        first=day,
        last=day,
        bears_token=asked.key is not None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _done(sandbox: Sandbox, asked: Asked, meet: Meet) -> tuple[Answer, bool]:
    """Check the call and do it; return the answer and whether it is what was asked for."""
    try:
        _check(asked)
        try:
            if asked.wrong:
                raise asked.wrong
            return _VERBS_DONE[asked.verb](sandbox, asked, meet), True
        except Wrong as wrong:
            told = {"errors": [{"field": wrong.field, "message": str(wrong)}]}
            raise Refused(sandbox.config.tascomi_dialect.refused, told) from None
    except Refused as refusal:
        return refusal.answer(), False


def _check(asked: Asked) -> None:
    """Raise Refused for a call that may not be made at all."""
    if asked.key is None:
        raise Refused(HTTPStatus.UNAUTHORIZED, {"error": FAILED})
    if asked.table not in TABLES:
        raise _nothing_here()
    right = _RIGHTS.get(asked.verb, "write")
    if asked.verb == "delete" or not asked.key.may(right, asked.table):
        raise Refused(HTTPStatus.FORBIDDEN, {"error": "This API key has no such access to this resource."})
    if not asked.verb:
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "This method is not known here."})


def _list(sandbox: Sandbox, asked: Asked, meet: Meet) -> Answer:
    """Answer one page, and how many rows and pages there are."""
    dialect, table = sandbox.config.tascomi_dialect, asked.table
    wanted = read_wanted(TABLES[table], {name: text or "" for name, text in asked.fields.items()})
    shift(sandbox.office, table, wanted, meet(), now=sandbox.tascomi_now())
    rows = sandbox.office.matching(table, wanted)
    first = (wanted.page - 1) * dialect.page_size
    page = rows[first : first + dialect.page_size]
    headers = {
        "Content-Type": JSON,
        "X-Number-Of-Results": str(len(rows)),
        "X-Results-Per-Page": str(dialect.page_size),
        "X-Page-Number": str(wanted.page),
    }
    if not page:
        return _nothing(sandbox, headers)
    return Answer(headers=headers, chunks=[write_rows(page, escapes=dialect.escapes)])


def _read_one(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
    """Answer one record; that an unknown one is answered like an empty list is a GUESS."""
    row = sandbox.office.find(asked.table, asked.record)
    return _nothing(sandbox, {"Content-Type": JSON}) if row is None else _record(sandbox, row)


def _create(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
    row = sandbox.office.create(asked.table, asked.fields, by=API_USER, now=sandbox.tascomi_now())
    return _record(sandbox, row, sandbox.config.tascomi_dialect.created)


def _update(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
    """Change a record; one whose id is no number, or (GUESS) of nothing, is answered with an id of 0."""
    row = sandbox.office.update(
        asked.table, asked.record, asked.fields, by=API_USER, now=sandbox.tascomi_now()
    )
    if row is None:
        return Answer(headers={"Content-Type": JSON}, chunks=[b'{"id":0}'])  # CODE/stub
    return _record(sandbox, row)


def _nothing(sandbox: Sandbox, headers: Mapping[str, str]) -> Answer:
    """Say that nothing was found: 202 (CODE), its body null or none."""
    body = sandbox.config.tascomi_dialect.nothing.encode()
    return Answer(HTTPStatus.ACCEPTED, headers, [body] if body else [])


def _record(sandbox: Sandbox, row: Row, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    body = write_row(row, escapes=sandbox.config.tascomi_dialect.escapes)
    return Answer(status, {"Content-Type": JSON}, [body])


_VERBS_DONE = {"list": _list, "read": _read_one, "create": _create, "update": _update}
