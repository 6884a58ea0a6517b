"""iCasework's room: its hosts and routes, and how a call is read, checked and done.

Method, host, db, and token or signature are checked, in this order. What may happen to a call on its way
stands in `visits.py`; the operations themselves in `reports.py`, `cases.py` and `writes.py`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer, send
from pipelines.sandbox.calls import Call
from pipelines.sandbox.icasework.auth import GRANT_TYPE, BadGrant, Holder, signed_by, verify_assertion
from pipelines.sandbox.icasework.cases import (
    document_link,
    get_case_details,
    get_case_documents,
    get_cases,
    read_case_window,
)
from pipelines.sandbox.icasework.faults import ExpiredToken
from pipelines.sandbox.icasework.pages import (
    ERROR_PAGE,
    HTML,
    INVALID_METHOD,
    NOT_HERE,
    OTHER,
    Refused,
    login_page,
    numbered,
)
from pipelines.sandbox.icasework.reports import Unreadable, find_report, get_report, read_window
from pipelines.sandbox.icasework.writes import (
    add_case_notes,
    create_case,
    update_case,
    update_customer,
    update_external_id,
)
from pipelines.sandbox.visits import Meet, Visit

if TYPE_CHECKING:
    from aiohttp import web

    from pipelines.sandbox.faults import Fault
    from pipelines.sandbox.icasework.cases import Link
    from pipelines.sandbox.state import Sandbox

_INVALID_GRANT = 2  # 19002: CODE/live
_INVALID_TOKEN = 3  # GUESS: an expired token was never seen
MAIN = "/icasework"
CASE_PAGE = "case"  # GUESS: where a browser sees a case, as settings.icasework_case_pattern has it
_WINDOWS = {"getreport": read_window, "getcases": read_case_window}


@dataclass(frozen=True)
class Asked:
    """One iCasework call as read: the shared part, and what only this room needs.

    `is_legacy` tells the older address, `/services/ACCOUNT/OPERATION`.
    """

    call: Call
    host: Host
    url: str
    root: str
    account: str
    token: str
    is_legacy: bool

    @property
    def params(self) -> Mapping[str, str]:
        """The parameters, query and form body together."""
        return self.call.params


Handler = Callable[["Sandbox", Asked, Meet], Answer]


@dataclass(frozen=True)
class Operation:
    """A path word: the methods it takes and what answers it."""

    methods: frozenset[str]
    handler: Handler


@dataclass(frozen=True)
class Host:
    """One of the vendor's hosts, played by a path prefix: which operations it has, whether it wants db."""

    role: str
    prefix: str
    operations: frozenset[str]
    needs_db: bool


def hosts(environment: str) -> tuple[Host, ...]:
    """Return the hosts of an environment.

    UAT has everything in one place. In production the main host refuses getreport and getcases, which live on
    the report host and the portal host (DOC, CODE); a token from one works on all (CODE). The older address
    with the account in its path is served by every host (GUESS: SEED shows it on the portal host alone).
    """
    every = frozenset(OPERATIONS)
    if environment == "uat":
        return (Host("all calls", MAIN, every, needs_db=True),)
    return (
        Host("main", MAIN, every - {"getreport", "getcases"}, needs_db=False),
        Host("reports", "/icasework-reports", frozenset({"token", "getreport"}), needs_db=False),
        Host("portal", "/icasework-portal", every - {"getreport"}, needs_db=False),
    )


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put the hosts' routes into the application."""
    for host in hosts(sandbox.config.environment):
        handler = partial(_answer, sandbox, host)
        if host.prefix == MAIN:
            app.router.add_get(f"{MAIN}/{CASE_PAGE}", _case_page)
        for path in ("/{operation}", "/services/{account}/{operation}"):
            app.router.add_route("*", host.prefix + path, handler)
        for path in ("", "/{path:.*}"):
            app.router.add_route("*", host.prefix + path, _not_found)


async def _not_found(request: web.Request) -> web.StreamResponse:
    """Answer an address that is nothing of the vendor's, as its server answers: with the page."""
    return await send(request, _baked(request, Refused("", status=HTTPStatus.NOT_FOUND).answer()))


async def _case_page(request: web.Request) -> web.StreamResponse:
    """Answer the link of a case, as a card shows it, with a page to sign in: no call of the vendor's API."""
    return await send(request, _baked(request, login_page(request.query.get("CaseId", ""))))


async def _answer(sandbox: Sandbox, host: Host, request: web.Request) -> web.StreamResponse:
    try:
        asked = await _read(sandbox, host, request)
    except Refused as refusal:
        return await send(request, _baked(request, refusal.answer()))

    def act(fault: Fault) -> None:
        if isinstance(fault, ExpiredToken):
            sandbox.tokens.revoke(asked.token)

    visit = Visit(
        sandbox,
        request,
        asked.call,
        done=partial(_done, sandbox, asked),
        page=_error_page,
        act=act,
        finish=partial(_baked, request),
    )
    return await visit.answered()


def _error_page() -> Answer:
    return Answer(headers={"Content-Type": HTML}, chunks=[ERROR_PAGE])


def _baked(request: web.Request, answer: Answer) -> Answer:
    """Give an answer the cookies of the vendor's load balancer and servlets (names: CODE, values: GUESS)."""
    cookies = [f"AWSALB={secrets.token_hex(16)}; Path=/"]
    if "JSESSIONID" not in request.cookies:
        cookies.append(f"JSESSIONID={secrets.token_hex(16).upper()}; Path=/; HttpOnly")
    return replace(answer, cookies=cookies)


async def _read(sandbox: Sandbox, host: Host, request: web.Request) -> Asked:
    """Read a request: a value in the query outranks one in the form, as servlets have it (GUESS)."""
    params = {**await _form(request), **request.query}
    root = f"{request.scheme}://{request.host}"
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    token = credentials.strip() if scheme.lower() == "bearer" else params.get("access_token", "")
    account_in_path = request.match_info.get("account")
    call = _call(sandbox, request.match_info["operation"], request.method, params)
    is_good = sandbox.tokens.holder(token, now=sandbox.now().timestamp()) is not None
    return Asked(
        call=replace(call, bears_token=is_good),
        host=host,
        url=root + request.raw_path,
        root=root + host.prefix,
        account=_account(sandbox, host, account_in_path, params),
        token=token,
        is_legacy=account_in_path is not None,
    )


async def _form(request: web.Request) -> dict[str, str]:
    """Read the body of a POST: a form, or a flat JSON object (CODE: one public client sends such)."""
    if request.method != "POST":
        return {}
    try:
        if request.content_type == "application/json":
            return _flat(json.loads(await request.text()))
        form = await request.post()
    except (ValueError, LookupError, RecursionError):
        raise Refused("The body cannot be read.") from None
    return {name: text for name, text in form.items() if isinstance(text, str)}


def _flat(members: object) -> dict[str, str]:
    """Return a JSON object's values as a form would hold them; null is as good as not sent (GUESS)."""
    if not isinstance(members, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one way out for every body that cannot be read
    texts: dict[str, str] = {}
    for name, value in members.items():
        if isinstance(value, dict | list):
            raise ValueError("not flat")  # noqa: TRY004 - as above
        if value is not None:
            texts[name] = value if isinstance(value, str) else json.dumps(value)
    return texts


def _call(sandbox: Sandbox, operation: str, method: str, params: Mapping[str, str]) -> Call:
    """Note feed and window as far as they can be read; a wrong one is refused later, in its turn."""
    report = find_report(sandbox.reports, params) if operation == "getreport" else None
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


def _done(sandbox: Sandbox, asked: Asked, meet: Meet) -> tuple[Answer, bool]:
    """Check the call and do it; return the answer and whether it is what was asked for."""
    try:
        operation = _checked(sandbox, asked)
        if asked.account not in sandbox.config.accounts:
            return Answer(), False  # wrong db: 200 with nothing (CODE/live for token, GUESS for the others)
        return operation.handler(sandbox, asked, meet), True
    except Refused as refusal:
        return refusal.answer(), False


def _checked(sandbox: Sandbox, asked: Asked) -> Operation:
    name = asked.call.operation
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Refused("API not found.", status=HTTPStatus.NOT_FOUND)
    prefix = sandbox.dialect.prefixes[name]
    if asked.call.method not in operation.methods:
        raise Refused("Invalid HTTP Method.", code=numbered(prefix, INVALID_METHOD))
    if name not in asked.host.operations and not asked.is_legacy:
        raise Refused("API not available here.", code=numbered(prefix, NOT_HERE))
    return operation


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


def _issue_token(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
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


def _get_report(sandbox: Sandbox, asked: Asked, meet: Meet) -> Answer:
    _holder(sandbox, asked)
    return get_report(sandbox, asked.params, meet)


def _reading(handler: Callable[[Sandbox, Mapping[str, str], Link], Answer]) -> Operation:
    """Return an operation that reads cases: GET or POST, for whoever may call."""

    def answer(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
        holder = _holder(sandbox, asked)
        return handler(sandbox, asked.params, document_link(asked.root, holder.account))

    return Operation(frozenset({"GET", "POST"}), answer)


def _writing(handler: Callable[[Sandbox, Mapping[str, str], str], Answer]) -> Operation:
    """Return an operation that writes: POST (DOC), for a key with that right (the refusal: GUESS)."""

    def answer(sandbox: Sandbox, asked: Asked, _: Meet) -> Answer:
        holder = _holder(sandbox, asked)
        if not sandbox.config.accounts[holder.account][holder.key].may_write:
            code = numbered(sandbox.dialect.prefixes[asked.call.operation], OTHER)
            raise Refused("Access denied.", code=code, status=HTTPStatus.FORBIDDEN)
        return handler(sandbox, asked.params, holder.key)

    return Operation(frozenset({"POST"}), answer)


OPERATIONS: Mapping[str, Operation] = {
    "token": Operation(frozenset({"POST"}), _issue_token),
    "getreport": Operation(frozenset({"GET", "POST"}), _get_report),
    "getcases": _reading(get_cases),
    "getcasedetails": _reading(get_case_details),
    "getcasedocuments": _reading(get_case_documents),
    "createcase": _writing(create_case),
    "addcasenotes": _writing(add_case_notes),
    "updateexternalid": _writing(update_external_id),
    "updatecustomer": _writing(update_customer),
    "updatecase": _writing(update_case),
}
