"""The service as an ASGI application: a quick path for cards beside FastAPI for what people read.

A request for a card goes straight to the desk and its stored bytes to the network. FastAPI describes that
route in the OpenAPI document, answers it the same way where it is asked, and serves health, readiness and
pages. Not here: what is answered (desk.py), the process around it (serving.py).
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import FastAPI, Request, Response

from pipelines.kpi.describing import CARD, CARD_BY_PATH, HEALTH, READY, TITLE, describe
from pipelines.kpi.replies import FAILED, NOT_FOUND, WRONG_METHOD, Reply, not_ready
from pipelines.kpi.schema import Health, Readiness
from pipelines.telling import where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from pipelines.kpi.desk import Desk

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Pages = Callable[[FastAPI, Desk], None]

PATH = "/rest/kpi"
_BELOW = f"{PATH}/"

_log = logging.getLogger(__name__)


class Companion(Protocol):
    """What lives beside the desk for as long as the service does."""

    def start(self) -> None:
        """Begin; a failure keeps the service from starting."""

    def stop(self) -> None:
        """End, with everything written that there is to write."""


class Service:
    """The ASGI application. Companions start before the first answer and stop after the last."""

    def __init__(self, desk: Desk, api: FastAPI, companions: Sequence[Companion] = ()) -> None:
        self._desk = desk
        self._api = api
        self._companions = companions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. An exception is told by its type and place, never by its words."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        token = path[len(_BELOW) :] if path.startswith(_BELOW) else None
        if scope["type"] != "http" or not (path == PATH or (token and "/" not in token)):
            await self._pass_on(scope, receive, send)
            return
        try:
            reply = self._desk.answer(scope["method"], token, scope["query_string"], scope["headers"])
        except Exception as error:  # noqa: BLE001 - whatever it is, its words must not reach a log
            _log.error("unforeseen %s", where(error))
            reply = FAILED
        status, headers, body = reply
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def tell(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._api(scope, receive, tell)
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("unforeseen %s", where(error))
            if not has_begun:
                await send(
                    {"type": "http.response.start", "status": FAILED.status, "headers": FAILED.headers}
                )
                await send({"type": "http.response.body", "body": FAILED.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        begun: list[Companion] = []
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for companion in reversed(begun):
                    await asyncio.to_thread(companion.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return
            for companion in self._companions:
                await asyncio.to_thread(companion.start)
                begun.append(companion)
            await send({"type": "lifespan.startup.complete"})


def build_api(
    desk: Desk,
    troubles: Callable[[], Sequence[str]] = lambda: (),
    obstacle: Callable[[], str] = lambda: "",
    pages: Sequence[Pages] = (),
) -> FastAPI:
    """Build what FastAPI serves: the described card, health, readiness, and pages that others add.

    `troubles` tells what the service cannot do although it answers, `obstacle` why it shows no card at all;
    `pages` are called with the application and the desk, and add their own routes.
    """
    api = FastAPI(title=TITLE, docs_url=None, redoc_url=None, redirect_slashes=False)

    async def card(request: Request) -> Response:
        scope = request.scope
        token = request.path_params.get("token")
        return sent(desk.answer(scope["method"], token, scope["query_string"], scope["headers"]))

    async def health() -> Health:
        return Health(status="ok")

    async def ready() -> Response:
        file = desk.file
        if file is None or desk.is_stale:
            return sent(not_ready("there are none" if file is None else "they are older than allowed"))
        if why := obstacle():
            return sent(not_ready(why))
        about = file.about
        return Response(
            Readiness(
                status="ready",
                as_of=about.as_of,
                built_at=about.built_at,
                cards=about.cards,
                failed_sections=list(about.failed_sections),
                troubles=list(troubles()),
            ).model_dump_json(),
            media_type="application/json",
        )

    api.add_api_route(PATH, card, methods=["GET"], **CARD)
    api.add_api_route(f"{PATH}/{{token}}", card, methods=["GET"], **CARD_BY_PATH)
    api.add_api_route("/health", health, methods=["GET"], **HEALTH)
    api.add_api_route("/ready", ready, methods=["GET"], **READY)
    for add in pages:
        add(api, desk)
    for status, reply in {404: NOT_FOUND, 405: WRONG_METHOD, 500: FAILED}.items():
        api.add_exception_handler(status, partial(_refuse, reply))
    api.openapi = lambda: describe(api)  # type: ignore[method-assign]  # FastAPI's documented way
    return api


async def _refuse(reply: Reply, _request: Request, _error: Exception) -> Response:
    return sent(reply)


def sent(reply: Reply) -> Response:
    """Turn a reply into FastAPI's kind of answer, byte for byte."""
    answer = Response(reply.body, reply.status)
    answer.raw_headers = list(reply.headers)
    return answer
