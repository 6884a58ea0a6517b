"""One try of a call as it goes on record: when it began, what came, what became of it.

What a failure is was judged by transport.py; here its name for the record is found. How the record is kept
stands in pipelines/calls.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from pipelines.calls.book import CallMade, concerned, utc
from pipelines.errors import Permanent
from pipelines.sources.exchange import Refused, Unsendable, Untrusted
from pipelines.sources.patience import Setback, Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import TracebackType

    import httpx

    from pipelines.calls import CallBook
    from pipelines.calls.book import Outcome
    from pipelines.sources.exchange import Answer, Call, Clock

_LONGEST_CODE = 60

# What ends a call for good, the narrower kinds first; whatever is not here ended it from our side.
_ENDS: tuple[tuple[type[Exception], Outcome], ...] = (
    (Refused, "refused"),
    (Unsendable, "not sent"),
    (Untrusted, "not sent"),
    (Permanent, "unreadable"),
    (OSError, "not kept"),
)


class TryLog:
    """Where a transport's tries are written down; without a book they are not. For several threads."""

    def __init__(self, book: CallBook | None, clock: Clock, code: Callable[[Answer], str]) -> None:
        self.book = book
        self.clock = clock
        self.code = code

    def tries(self, call: Call) -> Iterator[Try]:
        """Yield the tries of one call, numbered from 1."""
        number = 0
        while True:
            number += 1
            yield Try(self, call, number)


class Try:
    """One try; a context manager that writes it down however it ends, unless it never began."""

    def __init__(self, log: TryLog, call: Call, number: int) -> None:
        self._log = log
        self._call = call
        self._number = number
        self._at: datetime | None = None
        self._began = 0.0
        self._status: int | None = None
        self._bytes = 0
        self._code = ""

    def begin(self) -> None:
        """Say that it is signed and goes out now."""
        self._at = self._log.clock()
        self._began = time.perf_counter()

    @contextmanager
    def hearing(self, response: httpx.Response) -> Iterator[None]:
        """Take down the status, and in the end how many bytes of the body came, as they were sent."""
        self._status = response.status_code
        try:
            yield
        finally:
            self._bytes = response.num_bytes_downloaded

    def read_code(self, answer: Answer) -> None:
        """Take down the vendor's own code, where the answer has one."""
        self._code = self._log.code(answer)[:_LONGEST_CODE]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._at is None or self._log.book is None:
            return
        feed, day = concerned()
        self._log.book.write(
            CallMade(
                at=utc(self._at),
                source=self._log.book.source,
                feed=feed,
                report_date=day,
                attempt=self._number,
                method=self._call.method,
                what=self._call.what,
                status=self._status,
                vendor_code=self._code,
                bytes=self._bytes,
                seconds=round(time.perf_counter() - self._began, 4),
                outcome=self._outcome(error),
            )
        )

    def _outcome(self, error: BaseException | None) -> Outcome:
        if isinstance(error, Setback):
            return self._setback(error)
        if error is None:
            return "ok" if self._status in self._call.good else self._refusal()
        return next((name for kind, name in _ENDS if isinstance(error, kind)), "given up")

    def _setback(self, error: Setback) -> Outcome:
        if isinstance(error, Unfinished):
            return "not finished"
        if error.is_unreachable:
            return "unreachable"
        if error.is_timeout:
            return "timed out"
        if self._status is None:
            return "no answer"
        return "cut short" if self._status in self._call.good else "failed"

    def _refusal(self) -> Outcome:
        """Name an answer that was wanted whatever its status."""
        status = self._status or 0
        is_theirs = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return "failed" if is_theirs else "refused"
