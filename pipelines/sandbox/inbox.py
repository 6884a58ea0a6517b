"""The sandbox's inbox: a stand-in for whoever receives alerts, by apprise's `json://HOST:PORT/inbox`.

It takes any POST of a JSON object below /inbox, keeps the last of them and shows them: as a page at /inbox,
as JSON at /_sandbox/inbox. It plays no vendor, so it has two faults of its own and none of theirs: it answers
with an error, or late. What it answered with an error it did not keep.
"""

from __future__ import annotations

import asyncio
import html
import json
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.sandbox.control import PREFIX as CONTROL
from pipelines.sandbox.control import obeyed

if TYPE_CHECKING:
    from pipelines.sandbox.state import Sandbox

PREFIX = "/inbox"
_KEPT = 500
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Inbox of the sandbox</title>
<style>body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
article {{ border-left: 4px solid #888; margin: 1.2rem 0; padding: .2rem 1rem }}
.failure {{ border-color: #c2410c }} .warning {{ border-color: #d97706 }} .success {{ border-color: #15803d }}
h2 {{ font-size: 1rem; margin: 0 }} pre {{ white-space: pre-wrap; font: inherit; margin: .3rem 0 }}
time {{ color: #666 }}</style></head><body><h1>{count} messages</h1>
{messages}</body></html>
"""
_MESSAGE = '<article class="{tone}"><h2>{title}</h2><pre>{text}</pre><time>{at}</time> {path}</article>\n'


class InboxFault(BaseModel):
    """How the next messages are met: a status to answer with, seconds to wait before; `calls` None: all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int | None = Field(default=None, ge=400, le=599)
    seconds: float = Field(default=0, ge=0, le=3600)
    calls: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.status is None and not self.seconds:
            raise ValueError("name a status to answer with, or seconds to wait")
        return self


class Inbox:
    """The messages that arrived, oldest first, and the fault in force. Lives in the server's thread alone."""

    def __init__(self) -> None:
        self.messages: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self.count = 0
        self.refused = 0
        self.fault: InboxFault | None = None
        self._left: int | None = None

    def order(self, wish: object) -> InboxFault:
        """Put a fault into force instead of the one before; raise pydantic.ValidationError."""
        self.fault = InboxFault.model_validate(wish)
        self._left = self.fault.calls
        return self.fault

    def clear(self) -> None:
        """Forget messages and fault."""
        self.messages.clear()
        self.count = self.refused = 0
        self.fault = None

    def take_fault(self) -> InboxFault | None:
        """Return the fault that the next message meets, and count it."""
        fault = self.fault
        if fault is not None and self._left is not None:
            self._left -= 1
            if not self._left:
                self.fault = None
        return fault

    def keep(self, message: dict[str, Any]) -> None:
        """Keep a message that arrived."""
        self.count += 1
        self.messages.append({"number": self.count, **message})

    def told(self) -> dict[str, Any]:
        """Return everything as the control page shows it."""
        fault = self.fault.model_dump() if self.fault else None
        return {
            "count": self.count,
            "refused": self.refused,
            "fault": fault,
            "messages": list(self.messages),
        }


def mount(app: web.Application, sandbox: Sandbox) -> None:
    """Put the inbox, and its part of the control page, into the application."""
    door = _Door(sandbox, Inbox())
    router = app.router
    for path in ("", "/{rest:.*}"):
        router.add_post(PREFIX + path, door.receive)
    router.add_get(PREFIX, door.page)
    router.add_get(f"{CONTROL}/inbox", door.show)
    router.add_delete(f"{CONTROL}/inbox", door.clear)
    router.add_post(f"{CONTROL}/inbox/fault", door.order)


class _Door:
    def __init__(self, sandbox: Sandbox, inbox: Inbox) -> None:
        self._sandbox = sandbox
        self._inbox = inbox

    async def receive(self, request: web.Request) -> web.Response:
        """Take a message, unless a fault is in force."""
        fault = self._inbox.take_fault()
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.status is not None:
                self._inbox.refused += 1
                return web.Response(status=fault.status, text=f"{fault.status}\n")
        try:
            message = json.loads(await request.read())
        except (json.JSONDecodeError, UnicodeDecodeError):
            message = None
        if not isinstance(message, dict):
            self._inbox.refused += 1
            return web.Response(status=HTTPStatus.BAD_REQUEST, text="a message is a JSON object\n")
        told = {"at": self._sandbox.now().isoformat(), "path": request.path, "message": message}
        self._inbox.keep(told)
        return web.Response(text="received\n")

    async def page(self, _: web.Request) -> web.Response:
        """Show the messages to a person, the newest first."""
        shown = "".join(map(_shown, reversed(self._inbox.messages)))
        page = _PAGE.format(count=self._inbox.count, messages=shown)
        return web.Response(text=page, content_type="text/html")

    async def show(self, _: web.Request) -> web.Response:
        return web.json_response(self._inbox.told())

    async def clear(self, _: web.Request) -> web.Response:
        self._inbox.clear()
        return web.json_response({"cleared": True})

    async def order(self, request: web.Request) -> web.Response:
        fault = await obeyed(request, self._inbox.order)
        return web.json_response(fault.model_dump(), status=201)


def _shown(told: dict[str, Any]) -> str:
    message = told["message"]
    parts = {
        "tone": message.get("type", ""),
        "title": message.get("title", ""),
        "text": message.get("message", ""),
        "at": told["at"],
        "path": told["path"],
    }
    return _MESSAGE.format(**{name: html.escape(str(text), quote=True) for name, text in parts.items()})
