"""The path of every call, whatever its system: written down, met by faults, answered, perhaps cut off.

A room reads its request into a `Call` and says how the call is answered; what may happen to it on the way is
the same for all and stands here. Faults that replace an answer come first and spare the call all others; only
an answer that went well is met by the faults of table and wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer, Cut, RawAnswer, send, send_cut
from pipelines.sandbox.faults import (
    AnswerLost,
    CutOff,
    Empty,
    GzipHalf,
    HangUp,
    Hold,
    Html,
    Status,
    TooMany,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from aiohttp import web

    from pipelines.sandbox.calls import Call, Entry
    from pipelines.sandbox.faults import Fault
    from pipelines.sandbox.orders import Hit
    from pipelines.sandbox.state import Sandbox

Meet = Callable[[], "list[Hit]"]  # takes the faults of the table, once a call has proved good


def _as_it_is(answer: Answer) -> Answer:
    return answer


@dataclass
class Visit:
    """One call on its way. `done` answers it and tells whether as asked; `page` is the system's web page.

    `act` does what a fault of the system's own asks before the call is answered; `finish` gives every answer
    what the system gives them all. `hits` are the faults of table and wire taken so far.
    """

    sandbox: Sandbox
    request: web.Request
    call: Call
    done: Callable[[Meet], tuple[Answer, bool]]
    page: Callable[[], Answer]
    act: Callable[[Fault], None] = lambda _: None
    finish: Callable[[Answer], Answer] = _as_it_is
    hits: list[Hit] = field(default_factory=list)

    async def answered(self) -> web.StreamResponse:
        """Answer the call as the faults on order let it."""
        sandbox = self.sandbox
        entry = sandbox.calls.note(self.call, at=sandbox.now().isoformat(), path=self.request.path)
        if hits := sandbox.faults.take(self.call, "answer"):
            return await self._otherwise(entry, hits[0])
        return await self._as_asked(entry)

    async def _otherwise(self, entry: Entry, hit: Hit) -> web.StreamResponse:
        """Answer a call met by a fault that replaces the answer, delays it or changes what it finds."""
        hit.struck = True
        entry.faults = (hit.fault.fault,)
        match hit.fault:
            case HangUp():
                return RawAnswer(b"")
            case Hold(seconds=seconds):
                await self._held_back(seconds)
        self.act(hit.fault)
        answer = self._instead(hit.fault) or self.done(list)[0]
        entry.status = int(answer.status)
        return await send(self.request, self.finish(answer))

    async def _held_back(self, seconds: float) -> None:
        """Wait; a call that nobody waits for any more is carried out all the same, when its time has come."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            loop.call_at(due, self.done, list)
            raise

    async def _as_asked(self, entry: Entry) -> web.StreamResponse:
        """Answer a call whose answer no fault replaces; one that goes well may meet those of the wire."""
        faults = self.sandbox.faults
        answer, went_well = self.done(self._meet)
        entry.status = int(answer.status)

        def settle() -> None:
            faults.settle(self.hits)
            entry.faults += tuple(hit.fault.fault for hit in self.hits if hit.struck)
            self.hits.clear()

        answer = self.finish(replace(answer, chunks=_followed(answer.chunks, settle)))
        try:
            for hit in faults.take(self.call, "wire") if went_well else ():
                try:
                    return await self._broken(entry, answer, hit)
                finally:
                    self.hits.append(hit)
            return await send(self.request, answer)
        finally:
            settle()

    async def _broken(self, entry: Entry, answer: Answer, hit: Hit) -> web.StreamResponse:
        """Send the answer to a call that was done as a fault of the wire lets it through, if at all."""
        if not isinstance(hit.fault, AnswerLost):
            response, hit.struck = await send_cut(self.request, answer, _cut_of(hit.fault))
            return response
        hit.struck = True
        if hit.fault.how == "error":
            entry.status = hit.fault.status
            return await send(self.request, self.finish(_plain_page(hit.fault.status)))
        entry.status = None
        if hit.fault.how == "silence":
            await asyncio.sleep(hit.fault.seconds)
        return RawAnswer(b"", "reset" if hit.fault.how == "reset" else "close")

    def _meet(self) -> list[Hit]:
        self.hits += self.sandbox.faults.take(self.call, "table")
        return self.hits

    def _instead(self, fault: Fault) -> Answer | None:
        """Return the answer that a fault puts in place of the real one, None when it leaves the real one."""
        match fault:
            case Status(status=status):
                return _plain_page(status)
            case TooMany(retry_after=seconds, as_date=as_date):
                told = _moment(self.sandbox.now(), seconds) if as_date else str(seconds)
                return _plain_page(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": told})
            case Empty():
                return Answer()
            case Html():
                return self.page()
        return None


def _moment(now: datetime, seconds: int) -> str:
    return format_datetime(now + timedelta(seconds=seconds), usegmt=True)


def _followed(chunks: Iterable[bytes], then: Callable[[], None]) -> Iterator[bytes]:
    """Yield the chunks, then call `then`: before the answer's end is written, so that its log is ready."""
    yield from chunks
    then()


def _cut_of(fault: Fault) -> Cut:
    """Return how a fault of the wire breaks an answer off."""
    match fault:
        case CutOff():
            return Cut(fault.framing, fault.after, fault.whole_lines, end=fault.end, seconds=fault.seconds)
        case GzipHalf():
            return Cut(squeezed=True)
    raise TypeError(f"{type(fault).__name__} is no fault of the wire")


def _plain_page(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a page as a load balancer in front of a vendor writes it."""
    named = status in HTTPStatus.__members__.values()
    title = f"{status} {HTTPStatus(status).phrase}" if named else str(status)
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return Answer(status, {"Content-Type": "text/html", **(headers or {})}, [page.encode()])
