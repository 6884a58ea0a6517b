"""The preview as the service shows it: the desk is asked as ITX would ask it, and the answer becomes a page.

Given to the application only where the settings allow it. What the page looks like stands in preview.py;
which card is shown, who may see it and that it was looked at, is the desk's.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request, Response

from pipelines.kpi.asked import read_customer, read_request
from pipelines.kpi.preview import preview, preview_headers
from pipelines.kpi.replies import MISSING_ID

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipelines.kpi.desk import Desk
    from pipelines.kpi.replies import Reply

PATH = "/preview"
NEEDS_TOKEN = "Cards are shown to whoever has a token that is valid now: type it above."  # noqa: S105 - none


def add_preview(api: FastAPI, desk: Desk) -> None:
    """Add the preview to the service's application; it stays out of the OpenAPI document."""

    async def show(request: Request) -> Response:
        query = request.scope["query_string"]
        asked = read_request(None, query, ())
        reply = desk.answer("GET", None, query, ())
        customer = read_customer(asked.customers)
        is_let_in = reply.status != HTTPStatus.UNAUTHORIZED
        is_card = reply.status == HTTPStatus.OK
        # Aside, because the cards of the quick path are served by the same thread as this.
        page = await asyncio.to_thread(
            preview,
            reply.body if is_card else None,
            customer_id=customer if isinstance(customer, str) else "",
            token=asked.tokens[-1].decode(errors="replace") if is_let_in else None,
            problem="" if is_card or reply is MISSING_ID else _told(reply),
            notice=desk.file.about.information_title if desk.file else "",
        )
        status = HTTPStatus.OK if reply is MISSING_ID else reply.status
        return Response(page, status, headers=preview_headers())

    api.add_api_route(PATH, show, methods=["GET"], include_in_schema=False)


def _told(reply: Reply) -> str:
    """Tell a refusal for people; what the desk says of tokens is for programs."""
    return NEEDS_TOKEN if reply.status == HTTPStatus.UNAUTHORIZED else str(json.loads(reply.body)["detail"])
