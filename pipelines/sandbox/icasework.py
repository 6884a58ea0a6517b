"""iCasework's room: its hosts and routes, and the path that every call takes before it is answered.

A call is read, written down, met by the faults on order, checked (method, host, db, token or signature), and
only then answered. Operations themselves stand in `icasework_reports.py` and `icasework_cases.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer, Cut, RawAnswer, send
from pipelines.sandbox.calls import Call
from pipelines.sandbox.faults import (
    AnyFault,
    CutOff,
    Empty,
    ExpiredToken,
    GzipHalf,
    Hold,
    Html,
    Refuse,
    Status,
    TooMany,
)
from pipelines.sandbox.icasework_auth import GRANT_TYPE, BadGrant, Holder, signed_by, verify_assertion
from pipelines.sandbox.icasework_cases import (
    document_link,
    get_case_details,
    get_case_documents,
    get_cases,
    read_case_window,
)
from pipelines.sandbox.icasework_pages import ERROR_PAGE, HTML, INVALID_METHOD, NOT_HERE, Refused, numbered
from pipelines.sandbox.icasework_reports import Unreadable, find_report, get_report, read_window

if TYPE_CHECKING:
    from aiohttp import web

    from pipelines.sandbox.calls import Entry
    from pipelines.sandbox.icasework_cases import Link
    from pipelines.sandbox.state import Sandbox

_INVALID_GRANT = 2  # 19002: CODE/live
_INVALID_TOKEN = 3  # GUESS: an expired token was never seen
_WINDOWS = {"getreport": read_window, "getcases": read_case_window}


@dataclass(frozen=True)
class Asked:
    """One iCasework call as read: the shared part, and what only this room needs."""

    call: Call
    host: Host
    url: str
    root: str
    account: str
    token: str

    @property
    def params(self) -> Mapping[str, str]:
        """The parameters, query and form body together."""
        return self.call.params


Handler = Callable[["Sandbox", Asked, Sequence[AnyFault]], Answer]


@dataclass(frozen=True)
class Operation:
    """A path word: the methods it takes and what answers it."""

    methods: frozenset[str]
    handler: Handler


@dataclass(frozen=True)
class Host:
    """One of the vendor's hosts, played by a path prefix: which operations it has, whether it wants db."""

    prefix: str
    operations: frozenset[str]
    needs_db: bool


def hosts(environment: str) -> tuple[Host, ...]:
    """Return the hosts of an environment.

    UAT has everything in one place. In production the main host refuses getreport and getcases, which live on
    the report host and the portal host (DOC, CODE); a token from one works on all (CODE).
    """
    every = frozenset(OPERATIONS)
    if environment == "uat":
        return (Host("/icasework", every, needs_db=True),)
    return (
        Host("/icasework", every - {"getreport", "getcases"}, needs_db=False),
        Host("/icasework-reports", frozenset({"token", "getreport"}), needs_db=False),
        Host("/icasework-portal", every - {"getreport"}, needs_db=False),
    )


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put the hosts' routes into the application."""
    for host in hosts(sandbox.config.environment):
        handler = partial(_answer, sandbox, host)
        for path in ("/{operation}", "/services/{account}/{operation}"):
            app.router.add_route("*", host.prefix + path, handler)


async def _answer(sandbox: Sandbox, host: Host, request: web.Request) -> web.StreamResponse:
    try:
        asked = await _read(sandbox, host, request)
    except Refused as refusal:
        return await send(request, refusal.answer())
    entry = sandbox.calls.note(asked.call, at=sandbox.now().isoformat(), path=request.path)
    faults = sandbox.faults.take(asked.call)
    entry.faults = tuple(fault.fault for fault in faults)
    match faults:
        case [Refuse()]:
            return RawAnswer(b"")
        case [Hold(seconds=seconds)]:
            await asyncio.sleep(seconds)
    return await _sent(sandbox, request, asked, faults, entry)


async def _sent(
    sandbox: Sandbox, request: web.Request, asked: Asked, faults: Sequence[AnyFault], entry: Entry
) -> web.StreamResponse:
    try:
        answer = _instead(sandbox, faults) or _done(sandbox, asked, faults)
    except Refused as refusal:
        answer = refusal.answer()
    entry.status = int(answer.status)
    return await send(request, answer, next(filter(None, map(_cut, faults)), None))


async def _read(sandbox: Sandbox, host: Host, request: web.Request) -> Asked:
    """Read a request: the form body completes and outranks the query, as SEED allows GET and POST."""
    params = {**request.query, **await _form(request)}
    root = f"{request.scheme}://{request.host}"
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    operation = request.match_info["operation"]
    return Asked(
        call=_call(sandbox, operation, request.method, params),
        host=host,
        url=root + request.raw_path,
        root=root + host.prefix,
        account=_account(sandbox, host, request.match_info.get("account"), params),
        token=credentials.strip() if scheme.lower() == "bearer" else params.get("access_token", ""),
    )


async def _form(request: web.Request) -> dict[str, str]:
    try:
        form = await request.post() if request.method == "POST" else {}
    except (ValueError, LookupError):
        raise Refused("The form cannot be read.") from None
    return {name: text for name, text in form.items() if isinstance(text, str)}


def _call(sandbox: Sandbox, operation: str, method: str, params: Mapping[str, str]) -> Call:
    """Note feed and window as far as they can be read; a wrong one is refused later, in its turn."""
    report = find_report(params) if operation == "getreport" else None
    try:
        read = _WINDOWS.get(operation)
        window = read(params, sandbox.london_now()) if read is not None else None
    except Unreadable:
        window = None
    return Call(
        "icasework",
        operation,
        method,
        params,
        feed=report.name if report is not None else None,
        first=window.first if window is not None else None,
        last=window.last if window is not None else None,
    )


def _account(sandbox: Sandbox, host: Host, in_path: str | None, params: Mapping[str, str]) -> str:
    """Return the account meant: in the path (legacy), as db (UAT), or the host's own (production)."""
    if in_path is not None:
        return in_path
    if host.needs_db:
        return params.get("db", "")
    return next(iter(sandbox.config.accounts))


def _instead(sandbox: Sandbox, faults: Sequence[AnyFault]) -> Answer | None:
    """Return the answer that a fault puts in place of the real one."""
    match faults:
        case [Status(status=status)]:
            return _plain_page(status)
        case [TooMany(retry_after=seconds, as_date=as_date)]:
            moment = format_datetime(sandbox.now() + timedelta(seconds=seconds), usegmt=True)
            return _plain_page(
                HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": moment if as_date else str(seconds)}
            )
        case [Empty()]:
            return Answer()
        case [Html()]:
            return Answer(headers={"Content-Type": HTML}, chunks=[ERROR_PAGE])
    return None


def _plain_page(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a page as a load balancer in front of the vendor writes it."""
    named = status in HTTPStatus.__members__.values()
    title = f"{status} {HTTPStatus(status).phrase}" if named else str(status)
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return Answer(status, {"Content-Type": "text/html", **(headers or {})}, [page.encode()])


def _cut(fault: AnyFault) -> Cut | None:
    match fault:
        case CutOff(framing=framing, after=after, whole_lines=whole_lines):
            return Cut(framing, after, whole_lines)
        case GzipHalf():
            return Cut(squeezed=True)
    return None


def _done(sandbox: Sandbox, asked: Asked, faults: Sequence[AnyFault]) -> Answer:
    """Check the call and do it."""
    name = asked.call.operation
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Refused("API not found.", status=HTTPStatus.NOT_FOUND)
    prefix = sandbox.dialect.prefixes[name]
    if asked.call.method not in operation.methods:
        raise Refused("Invalid HTTP Method.", code=numbered(prefix, INVALID_METHOD))
    if name not in asked.host.operations:
        raise Refused("API not available here.", code=numbered(prefix, NOT_HERE))
    if asked.account not in sandbox.config.accounts:
        return Answer()  # wrong db: 200 with nothing (CODE/live for token, GUESS for the others)
    if any(isinstance(fault, ExpiredToken) for fault in faults):
        sandbox.tokens.revoke(asked.token)
    return operation.handler(sandbox, asked, faults)


def _holder(sandbox: Sandbox, asked: Asked) -> Holder:
    """Return who calls, by token or by key and signature; raise Refused."""
    dialect, params, name = sandbox.dialect, asked.params, asked.call.operation
    if not asked.token and "Signature" in params:
        key = signed_by(
            params,
            extra=dialect.legacy_extra[name],
            secret_of=sandbox.secret_of(asked.account),
            today=sandbox.now().date().isoformat(),
        )
        if key is None:
            code = numbered(dialect.prefixes[name], _INVALID_TOKEN)
            raise Refused("Invalid signature.", code=code, status=dialect.bad_signature_status)
        return Holder(asked.account, key)
    holder = sandbox.tokens.holder(asked.token, now=sandbox.now().timestamp())
    if holder is None or holder.account != asked.account:
        code = numbered(dialect.prefixes["token"], _INVALID_TOKEN)
        raise Refused("invalid_token", code=code, status=dialect.bad_token_status)
    return holder


def _issue_token(sandbox: Sandbox, asked: Asked, _: Sequence[AnyFault]) -> Answer:
    """Answer token: the JWT-bearer grant (CODE/live for both answers)."""
    now = sandbox.now().timestamp()
    try:
        if asked.params.get("grant_type") != GRANT_TYPE:
            raise BadGrant("the grant type is another")  # noqa: TRY301 - one refusal for every bad grant
        key = verify_assertion(
            asked.params.get("assertion", ""),
            secret_of=sandbox.secret_of(asked.account),
            audience=asked.url,
            now=now,
            tolerance=sandbox.dialect.iat_tolerance_seconds,
        )
    except BadGrant:
        code = numbered(sandbox.dialect.prefixes["token"], _INVALID_GRANT)
        raise Refused("invalid_grant", code=code) from None
    seconds = sandbox.dialect.token_seconds
    token = sandbox.tokens.issue(Holder(asked.account, key), now=now, seconds=seconds)
    members = {"access_token": json.dumps(token), "token_type": '"Bearer"', "expires_in": str(seconds)}
    body = "{\n" + ",\n".join(f' "{name}" : {value}' for name, value in members.items()) + "\n}"
    return Answer(headers={"Content-Type": "application/json;charset=UTF-8"}, chunks=[body.encode()])


def _get_report(sandbox: Sandbox, asked: Asked, faults: Sequence[AnyFault]) -> Answer:
    holder = _holder(sandbox, asked)
    readable = sandbox.config.accounts[holder.account][holder.key].reports
    return get_report(sandbox, asked.params, faults, readable)


def _reading(handler: Callable[[Sandbox, Mapping[str, str], Link], Answer]) -> Operation:
    """Return an operation that reads cases: GET or POST, for whoever may call."""

    def answer(sandbox: Sandbox, asked: Asked, _: Sequence[AnyFault]) -> Answer:
        holder = _holder(sandbox, asked)
        return handler(sandbox, asked.params, document_link(asked.root, holder.account))

    return Operation(frozenset({"GET", "POST"}), answer)


OPERATIONS: Mapping[str, Operation] = {
    "token": Operation(frozenset({"POST"}), _issue_token),
    "getreport": Operation(frozenset({"GET", "POST"}), _get_report),
    "getcases": _reading(get_cases),
    "getcasedetails": _reading(get_case_details),
    "getcasedocuments": _reading(get_case_documents),
}
