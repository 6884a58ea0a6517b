"""Xima's room: its address, and how a call is read, checked and done.

Checked in this order (GUESS): method, key, report, content type, body, sight. What may happen to a call on
its way stands in `visits.py`. Error bodies are small JSON objects (GUESS: none was seen).
"""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from pipelines.sandbox import control
from pipelines.sandbox.answers import Answer, send
from pipelines.sandbox.calls import Call
from pipelines.sandbox.systems import BY_SYSTEM
from pipelines.sandbox.visits import Meet, Visit
from pipelines.sandbox.xima.bodies import json_chunks, sheet
from pipelines.sandbox.xima.centre.times import Span, london, milliseconds
from pipelines.sandbox.xima.faults import TimedOut
from pipelines.sandbox.xima.parameters import Forbidden, Malformed, read_asked, read_body, read_timeframe
from pipelines.sandbox.xima.reports import BY_KEY, TIMEFRAME, Report
from pipelines.sandbox.xima.service_user import Run
from pipelines.sandbox.xima.tables import Gathered, table
from pipelines.sandbox.xima.tampering import tamper, thin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pipelines.sandbox.orders import Hit
    from pipelines.sandbox.state import Sandbox
    from pipelines.sandbox.xima.parameters import Asked

PREFIX = "/xima"
_JSON = "application/json"
_TOLD, _PARAMETERS_TOLD = 500, 20  # how many characters of how many parameters the log keeps
_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Xima stand-in</title></head><body><h1>Sign in</h1></body></html>\n"
)


class Refused(Exception):
    """A call that the stand-in refuses."""

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return the status with its reason."""
        return _note(self.status, {"error": self.status.phrase, "message": str(self)}, self.headers)


@dataclass(frozen=True)
class Request:
    """One call as it came: the report it names (None: unknown), its body, and the body as far as it was read.

    `unreadable` says why the body could not be read.
    """

    method: str
    content_type: str
    bears_key: bool
    report: Report | None
    body: bytes
    kind: object = None
    parameters: Sequence[Mapping[str, Any]] = ()
    unreadable: str = ""


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put Xima's routes, and its own on the control page, into the application."""
    router = app.router
    router.add_route("*", PREFIX + "/rest/api/v1/historic-data/{key}", partial(_answer, sandbox))
    for path in ("", "/{path:.*}"):
        router.add_route("*", PREFIX + path, _not_found)
    router.add_post(f"{control.PREFIX}/xima/refresh-key", partial(_refresh_key, sandbox))


async def _not_found(request: web.Request) -> web.StreamResponse:
    return await send(request, Refused(HTTPStatus.NOT_FOUND, "There is nothing here.").answer())


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[!-~]+$")


async def _refresh_key(sandbox: Sandbox, request: web.Request) -> web.Response:
    """Put another key in place: the one that the body names, or a new one."""
    wish = await control.obeyed(request, _Key.model_validate, empty={})
    return web.json_response({"key": sandbox.service_user.refresh_key(wish.key)})


async def _answer(sandbox: Sandbox, request: web.Request) -> web.StreamResponse:
    asked = await _read(sandbox, request)
    visit = Visit(
        sandbox,
        request,
        _call(asked, request.match_info["key"]),
        done=partial(_done, sandbox, asked),
        page=lambda: Answer(headers={"Content-Type": "text/html;charset=UTF-8"}, chunks=[_PAGE]),
    )
    return await visit.answered()


async def _read(sandbox: Sandbox, request: web.Request) -> Request:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    body = await request.read()
    kind: object = None
    parameters: Sequence[Mapping[str, Any]] = ()
    unreadable = ""
    try:
        kind, parameters = read_body(body)
    except Malformed as problem:
        unreadable = str(problem)
    return Request(
        request.method,
        request.content_type,
        scheme.lower() == "bearer" and sandbox.service_user.holds(key.strip()),
        BY_KEY.get(request.match_info["key"]),
        body,
        kind,
        parameters,
        unreadable,
    )


def _call(asked: Request, key: str) -> Call:
    """Note feed and window as far as they can be read; a wrong one is refused later, in its turn."""
    params = {"report": key[:_TOLD], "format": json.dumps(asked.kind)[:_TOLD]}
    span: Span | None = None
    for parameter in asked.parameters[:_PARAMETERS_TOLD]:
        name, value = str(parameter.get("name"))[:_TOLD], parameter.get("value")
        params[name] = json.dumps(value, ensure_ascii=False)[:_TOLD]
        if name == TIMEFRAME and isinstance(value, dict):
            with contextlib.suppress(Malformed):
                span = read_timeframe(value).span
    return Call(
        "xima",
        BY_SYSTEM["xima"].reporting,
        asked.method,
        params,
        feed=asked.report.name if asked.report is not None else None,
        first=london(span.start).date() if span is not None else None,
        last=london(span.end - 1).date() if span is not None else None,
        bears_token=asked.bears_key,
    )


def _done(sandbox: Sandbox, asked: Request, meet: Meet) -> tuple[Answer, bool]:
    """Check the call and do it; return the answer and whether it is what was asked for."""
    try:
        report = _checked(asked)
        try:
            if asked.unreadable:
                raise Malformed(asked.unreadable)  # noqa: TRY301 - one answer for all that is malformed
            longest = sandbox.config.xima_dialect.longest_days
            wanted = read_asked(report, asked.kind, asked.parameters, longest)
        except Malformed as problem:
            raise Refused(HTTPStatus.BAD_REQUEST, str(problem)) from None
        except Forbidden as problem:
            raise Refused(HTTPStatus.FORBIDDEN, str(problem)) from None
    except Refused as refusal:
        return refusal.answer(), False
    return _run(sandbox, asked.body, report, wanted, meet)


def _checked(asked: Request) -> Report:
    if asked.method != "POST":
        allow = {"Allow": "POST"}
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "A report is asked for with POST.", allow)
    if not asked.bears_key:
        raise Refused(HTTPStatus.UNAUTHORIZED, "The authorization header is not valid.")
    if asked.report is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such report.")
    if asked.content_type != _JSON:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The content type must be {_JSON}.")
    return asked.report


def _run(sandbox: Sandbox, body: bytes, report: Report, wanted: Asked, meet: Meet) -> tuple[Answer, bool]:
    """Run the report, or say that it takes longer; its result is told as of the run's beginning."""
    runs, now = sandbox.runs, sandbox.now()
    run = runs.find(report.key, body, now)
    if run is not None and run.polls > 0:
        run.polls -= 1
        return _timed_out(), False
    hits = meet()
    if run is None:
        for hit in hits:
            if isinstance(hit.fault, TimedOut):
                hit.struck = True
                runs.begin(report.key, body, Run(now, hit.fault.polls))
                return _timed_out(), False
        run = Run(now, 0)
    runs.end(report.key, body)
    chunks = _report(sandbox, report, wanted, run.started, hits)
    return Answer(headers={"Content-Type": _JSON}, chunks=chunks), True


def _timed_out() -> Answer:
    """Return the 202 that asks for the same request again (DOC; its body is a GUESS)."""
    return _note(
        HTTPStatus.ACCEPTED, {"message": "The report is still running. Send the same request again."}
    )


def _note(status: HTTPStatus, told: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
    """Return a status and a small JSON object."""
    text = json.dumps({"status": int(status), **told})
    return Answer(status, {"Content-Type": _JSON, **(headers or {})}, [text.encode()])


def _report(
    sandbox: Sandbox, report: Report, wanted: Asked, now: datetime, hits: list[Hit]
) -> Iterator[bytes]:
    """Write a report on the calls begun and the time spent until `now`; let others in while it is made.

    A call that has begun is told whole, so a timeframe that is over never changes: its rows and totals are
    the same for ever. Its executionId is not: each run has one of its own, so that no two answers are the
    same bytes (GUESS; its name and form, a UUID, are SEED).
    """
    asked = wanted.timeframe.span
    span = Span(asked.start, min(asked.end, milliseconds(now)))
    gathered = Gathered(wanted)
    for day in sandbox.centre.working_days(span):
        gathered.add(report, day, span)
        yield b""
    thin(gathered, hits)
    made = sheet(report, table(report, gathered))
    tamper(made, hits)
    yield from json_chunks(
        made,
        report,
        execution=str(uuid.uuid4()),
        echo=wanted.timeframe.echo,
        dialect=sandbox.config.xima_dialect,
    )
