"""`/_sandbox`: dials, faults on order, the log of calls and what was written, as JSON over the same port.

This is the stand-in's own door, no part of any vendor's protocol. A wrong order is answered with 400 and what
is wrong with it, an order that is not in the book with 404.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from pydantic import ValidationError

from pipelines.sandbox.holdings import HELD, rows_held
from pipelines.sandbox.menu import catalogue
from pipelines.sandbox.systems import FEEDS
from pipelines.sandbox.xima.reports import REPORTS as XIMA_REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.sandbox.state import Sandbox

PREFIX = "/_sandbox"
_DIGITS = 12

_T = TypeVar("_T")


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put the control routes into the application."""
    door = _Door(sandbox)
    router = app.router
    router.add_get(PREFIX, door.show)
    router.add_get(f"{PREFIX}/faults", door.list_faults)
    router.add_post(f"{PREFIX}/faults", door.order_fault)
    router.add_delete(f"{PREFIX}/faults", door.clear_faults)
    router.add_delete(f"{PREFIX}/faults/{{number:[0-9]{{1,12}}}}", door.clear_faults)
    router.add_get(f"{PREFIX}/requests", door.list_calls)
    router.add_delete(f"{PREFIX}/requests", door.clear_calls)
    router.add_get(f"{PREFIX}/rows", door.count_rows)
    router.add_get(f"{PREFIX}/written", door.list_written)
    router.add_delete(f"{PREFIX}/written", door.forget_written)
    router.add_get(f"{PREFIX}/dials", door.show_dials)
    router.add_post(f"{PREFIX}/dials", door.turn_dials)


class _Door:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def show(self, _: web.Request) -> web.Response:
        config = self._sandbox.config
        return web.json_response(
            {
                "environment": config.environment,
                "accounts": {name: sorted(keys) for name, keys in config.accounts.items()},
                "reports": {number: report.name for number, report in self._sandbox.reports.items()},
                "xima_reports": {report.key: report.name for report in XIMA_REPORTS},
                "dials": self._sandbox.dials.model_dump(),
                "now": self._sandbox.now().isoformat(),
                "faults": self._sandbox.faults.told(),
                "calls": self._sandbox.calls.count,
                "faults_to_order": catalogue(),
            }
        )

    async def list_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._sandbox.faults.told())

    async def order_fault(self, request: web.Request) -> web.Response:
        number = await obeyed(request, self._sandbox.faults.order)
        return web.json_response({"id": number}, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Take away the order of a number, those that name a feed, or all."""
        _allow_only(request, "id", "feed")
        text = request.match_info.get("number") or request.query.get("id")
        feed = request.query.get("feed")
        if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
            raise _wrong([{"where": "id", "what": "not a number"}])
        if feed is not None and feed not in FEEDS:
            raise _wrong([{"where": "feed", "what": f"not one of {', '.join(FEEDS)}"}])
        gone = self._sandbox.faults.clear(None if text is None else int(text), feed)
        if text is not None and not gone:
            raise web.HTTPNotFound(
                text=json.dumps({"wrong": [{"where": "id", "what": "no such order"}]}),
                content_type="application/json",
            )
        return web.json_response({"cleared": gone})

    async def list_calls(self, request: web.Request) -> web.Response:
        _allow_only(request, "operation", "feed")
        query = request.query
        return web.json_response(self._sandbox.calls.told(query.get("operation"), query.get("feed")))

    async def clear_calls(self, _: web.Request) -> web.Response:
        self._sandbox.calls.clear()
        return web.json_response({"cleared": True})

    async def count_rows(self, request: web.Request) -> web.Response:
        """Tell how many rows a report, or a table of Tascomi, holds for a day, past every fault."""
        _allow_only(request, "feed", "day")
        feed, text = request.query.get("feed"), request.query.get("day", "")
        if feed not in HELD:
            raise _wrong([{"where": "feed", "what": f"not one of {', '.join(HELD)}"}])
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise _wrong([{"where": "day", "what": "not a day"}]) from None
        return web.json_response({"rows": rows_held(self._sandbox, feed, day)})

    async def list_written(self, _: web.Request) -> web.Response:
        """Tell what was written to cases, oldest first: each call that was carried out, by case."""
        return web.json_response(self._sandbox.council.writings.told())

    async def forget_written(self, _: web.Request) -> web.Response:
        self._sandbox.forget_written()
        return web.json_response({"forgotten": True})

    async def show_dials(self, _: web.Request) -> web.Response:
        return web.json_response(self._sandbox.dials.model_dump())

    async def turn_dials(self, request: web.Request) -> web.Response:
        dials = await obeyed(request, self._sandbox.turn)
        return web.json_response(dials.model_dump())


async def obeyed(request: web.Request, obey: Callable[[object], _T], *, empty: object = None) -> _T:
    """Do what the JSON body says (`empty` stands for no body, where one may be left out), or refuse it."""
    body = await request.read()
    try:
        return obey(json.loads(body) if body or empty is None else empty)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise _wrong([{"where": "body", "what": "not JSON"}]) from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        told = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in faults]
        raise _wrong(told) from None


def _allow_only(request: web.Request, *names: str) -> None:
    """Refuse a query with another name in it: a slip must not clear or show more than was meant."""
    others = sorted(set(request.query) - set(names))
    if others:
        raise _wrong([{"where": name, "what": f"not one of {', '.join(names)}"} for name in others])


def _wrong(told: list[dict[str, Any]]) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"wrong": told}), content_type="application/json")
