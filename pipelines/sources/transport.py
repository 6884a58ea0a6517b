"""The HTTP client every source uses: time-outs, tries, whole bodies, and nothing secret in what it says.

A source describes a call and gets an answer (see exchange.py). Which failures may pass is decided here; how
long to wait for that is in patience.py, what became of each try is put on record by tries.py, and what a
vendor's refusal means, tokens and bodies' contents are the source's own. Every error raised is one of
pipelines/errors.py, and holds no address, header or field.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, TypeVar

import httpx

from pipelines.errors import CasehouseError, Permanent, Transient
from pipelines.sources.exchange import (
    ANY_STATUS,
    Answer,
    Call,
    Clock,
    Download,
    Refused,
    Unreachable,
    Unsendable,
    Untrusted,
    clock_skew,
    http_date,
    no_code,
    plain_reason,
    utc_now,
)
from pipelines.sources.patience import Patience, Setback, Unfinished, retrying
from pipelines.sources.sockets import OpenSockets
from pipelines.sources.tries import Try, TryLog
from pipelines.sources.unheard import keep_unheard
from pipelines.sources.wholeness import CutShort, UnknownEncoding, is_framed, plain
from pipelines.sources.wording import clip, scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipelines.calls import CallBook

T = TypeVar("T")

logger = logging.getLogger("casehouse.sources.transport")

# A page that explains a refusal is small, an answer held in memory is a token or a record; a body beyond
# these bounds is neither.
_PAGE_BYTES = 64 << 10
_ANSWER_BYTES = 16 << 20
_HEAD_BYTES = 8 << 10

# The last comes of host names: too long a label, or characters that no name has.
_MALFORMED = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError)

_BROKEN: tuple[tuple[type[Exception], str], ...] = (
    (httpx.TimeoutException, "timed out"),
    (httpx.ConnectError, "no connection"),
    (httpx.ProxyError, "no connection through the proxy"),
    (httpx.RemoteProtocolError, "the answer was cut short or is not HTTP"),
    (CutShort, "the answer was cut short"),
)


class Transport:
    """A pool of connections to one source, for use from several threads.

    `patience` is for tries that fail, `polls` for those that the server has not finished. `explain` reads the
    vendor's reason from an answer that is not good, `code` the vendor's own code for it. Every try goes into
    `book`. Proxies and certificates are taken
    from the environment as usual (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE), except that loopback is always
    spoken to directly. Cookies are dropped: a report must not depend on an earlier call.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        *,
        connect_seconds: float,
        read_seconds: float,
        patience: Patience,
        polls: Patience | None = None,
        clock: Clock = utc_now,
        explain: Callable[[Answer], str] = plain_reason,
        code: Callable[[Answer], str] = no_code,
        book: CallBook | None = None,
    ) -> None:
        keep_unheard()
        self._log = TryLog(book, clock, code)
        self._patience = patience
        self._polls = polls or patience
        self._clock = clock
        self._explain = explain
        self._closed = threading.Event()
        self._sockets = OpenSockets()
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._client = httpx.Client(
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds, pool=None),
            headers={"Accept-Encoding": "identity", "User-Agent": "casehouse"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            mounts={f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")},
        )

    def call(self, call: Call) -> Answer:
        """Call and return the answer in memory; raise Transient after the last try, Refused at once."""
        return self._collect(call, lambda response: _held(call, response, _ANSWER_BYTES))

    def download(self, call: Call, into: Path) -> Download:
        """Call and stream the body to `into`; a body that is cut is asked for again from the start.

        When no try succeeds the file is removed.
        """
        try:
            return self._collect(call, lambda response: _saved(response, into))
        except CasehouseError:
            into.unlink(missing_ok=True)
            raise

    def knock(self, call: Call, *, most: int = _PAGE_BYTES) -> Answer:
        """Call once and return whatever is answered, of any status; raise Transient when nothing is.

        A body of more than `most` bytes raises Permanent.
        """
        tries = self._log.tries(call)
        try:
            return self._attempt(call, lambda response: _held(call, response, most), tries, any_status=True)
        except Setback as setback:
            last = setback
        if self._closed.is_set():
            raise _closed(call)
        raise _kind_of(last)(
            f"{call.what}: {call.host} cannot be reached",
            why=last.reason,
            todo="check the base URLs in the settings, the network and the proxy",
        )

    def clock_ahead(self, call: Call) -> float | None:
        """Knock; return the seconds the server's clock is ahead of ours, None when it tells no time."""
        began = self._clock()
        answer = self.knock(replace(call, good=ANY_STATUS))
        return clock_skew(answer, began + (self._clock() - began) / 2)

    def close(self) -> None:
        """Give back connections, from any thread and as often as one likes.

        Calls that wait for an answer or for another try give up at once, raising Transient; one that is just
        connecting does so when it has connected or its time is out.
        """
        self._closed.set()
        self._sockets.end()
        self._client.close()

    def _collect(self, call: Call, take: Callable[[httpx.Response], T]) -> T:
        """Call again as long as the server is still at it; each time with all the tries there are."""
        polls, tries = retrying(self._polls, self._closed, Unfinished), self._log.tries(call)
        try:
            taken: T = polls(self._try, call, take, tries)
        except Unfinished as unfinished:
            last = unfinished
        else:
            return taken
        if self._closed.is_set():
            raise _closed(call)
        if (last.wait or 0) > self._polls.longest_wait:
            raise _asks_too_long(last, self._polls, call)
        raise Transient(
            f"{call.what}: the report did not finish",
            why=f"{last.reason}; asked {_times(polls.statistics['attempt_number'])}",
            todo="run it again later: what is asked stays the same, so that it may have finished by then",
        )

    def _try(self, call: Call, take: Callable[[httpx.Response], T], tries: Iterator[Try]) -> T:
        again = retrying(self._patience, self._closed)
        try:
            taken: T = again(self._attempt, call, take, tries)
        except Unfinished:
            raise
        except Setback as setback:
            last = setback
        else:
            return taken
        # Raised outside the handler, so that no library's error, with its request, hangs on to this one.
        raise self._gave_up(call, last, again.statistics["attempt_number"])

    def _gave_up(self, call: Call, last: Setback, tries: int) -> Transient:
        if self._closed.is_set():
            return _closed(call)
        if (last.wait or 0) > self._patience.longest_wait:
            return _asks_too_long(last, self._patience, call)
        return _kind_of(last)(
            f"{call.what} got no answer from {call.host}",
            why=f"{last.reason}; tried {_times(tries)}",
            todo="run it again later; if it stays so, run `casehouse doctor` and ask the vendor",
        )

    def _attempt(
        self,
        call: Call,
        take: Callable[[httpx.Response], T],
        tries: Iterator[Try],
        *,
        any_status: bool = False,
    ) -> T:
        """Try once, on record; raise Setback where another try may help, else one of our own errors."""
        if self._closed.is_set():
            raise _closed(call)
        with next(tries) as one:
            return self._exchange(call, take, one, any_status=any_status)

    def _exchange(self, call: Call, take: Callable[[httpx.Response], T], one: Try, *, any_status: bool) -> T:
        try:
            headers = call.headers
            one.begin()
            with (
                self._client.stream(
                    call.method,
                    call.url,
                    params=dict(call.query) or None,
                    data=dict(call.form) or None,
                    content=call.json,
                    headers=headers,
                    extensions={"trace": self._sockets.trace},
                ) as response,
                one.hearing(response),
            ):
                if any_status or response.status_code in call.good:
                    taken = take(response)
                    if not self._closed.is_set():
                        if isinstance(taken, Answer):
                            one.read_code(taken)
                        return taken
                    # A body that ends with its connection looks whole when we end the connection.
                    raise _closed(call)
                answer = Answer(response.status_code, dict(response.headers), _page(response))
                one.read_code(answer)
                refusal = self._judge(call, answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, CutShort, UnicodeError) as error:
            refusal = self._broken(call, error)
        except UnknownEncoding as error:
            refusal = Permanent(
                f"{call.what}: the answer came encoded as {error}, though plain bytes were asked for",
                todo="have the proxy or server in between leave bodies as they are",
            )
        except RuntimeError:
            # The client says so when it was closed between our look and its own.
            if not self._closed.is_set():
                raise
            refusal = _closed(call)
        raise _closed(call) if self._closed.is_set() else refusal

    def _judge(self, call: Call, answer: Answer) -> Exception:
        """Return the error that a status outside the good ones is."""
        told = scrub(self._explain(answer), (*call.secrets, call.bearer or ""))
        reason = f"{answer.status}: {clip(told)}"
        if answer.status in call.unfinished:
            return Unfinished(call.what, reason, wait=self._asked_wait(answer))
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Setback(call.what, reason, wait=self._asked_wait(answer))
        return Refused(f"{call.what} was refused by {call.host}", answer=answer, why=reason)

    def _broken(self, call: Call, error: Exception) -> Exception:
        """Return the error that a failed exchange is; the library's own words may hold what we sent."""
        if isinstance(error, _MALFORMED):
            return Unsendable(
                f"{call.what} cannot be sent to {call.host}",
                why=type(error).__name__,
                todo="correct the base URL, key or account in the settings",
            )
        if _has_cause(error, ssl.SSLCertVerificationError):
            return Untrusted(
                f"{call.what}: the certificate of {call.host} cannot be trusted",
                todo="check the host; behind an inspecting proxy, name its root certificate in SSL_CERT_FILE",
            )
        is_unreachable = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError))
        return Setback(
            call.what,
            self._why_broken(error),
            is_unreachable=is_unreachable,
            is_timeout=isinstance(error, httpx.TimeoutException),
        )

    def _why_broken(self, error: Exception) -> str:
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._connect_seconds:g} s"
        if isinstance(error, httpx.ReadTimeout):
            return f"not a byte for {self._read_seconds:g} s"
        if _has_cause(error, socket.gaierror):
            return "no such host name is known"
        if _has_cause(error, ConnectionRefusedError):
            return "the connection was refused"
        return next((words for kind, words in _BROKEN if isinstance(error, kind)), "the connection broke")

    def _asked_wait(self, answer: Answer) -> float | None:
        """Return the seconds that Retry-After asks for, given as a number or an HTTP date; None if not."""
        asked = answer.header("Retry-After").strip()
        if asked.isdecimal():
            return float(asked)
        until, now = http_date(asked), http_date(answer.header("Date")) or self._clock()
        return max((until - now).total_seconds(), 0.0) if until else None


def _held(call: Call, response: httpx.Response, most: int) -> Answer:
    content = bytearray()
    for piece in plain(response):
        content += piece
        if len(content) > most:
            raise Permanent(
                f"{call.what}: the answer is larger than such an answer can be",
                why=f"over {most} bytes",
                todo="check the base URL in the settings",
            )
    return Answer(response.status_code, dict(response.headers), bytes(content))


def _saved(response: httpx.Response, into: Path) -> Download:
    digest, size, head = sha256(), 0, b""
    with into.open("wb") as file:
        for piece in plain(response):
            digest.update(piece)
            file.write(piece)
            size += len(piece)
            if len(head) < _HEAD_BYTES:
                head += piece[: _HEAD_BYTES - len(head)]
    return Download(dict(response.headers), digest.hexdigest(), size, head, is_framed(response))


def _page(response: httpx.Response) -> bytes:
    """Read what explains a refusal, as far as it comes: the status has already decided."""
    content = bytearray()
    try:
        for piece in plain(response):
            content += piece
            if len(content) >= _PAGE_BYTES:
                break
    except (httpx.HTTPError, CutShort, UnknownEncoding):
        logger.debug("the page that explains status %d did not come whole", response.status_code)
    return bytes(content[:_PAGE_BYTES])


def _asks_too_long(setback: Setback, patience: Patience, call: Call) -> Transient:
    return Transient(
        f"{call.what}: {call.host} asks to wait {setback.wait:.0f} s before the next try",
        why=f"{setback.reason}; the longest wait set is {patience.longest_wait:g} s",
        todo="run it again after that time; or raise the longest wait in the settings",
    )


def _times(count: int) -> str:
    return f"{count} time{'s' if count > 1 else ''}"


def _closed(call: Call) -> Transient:
    return Transient(f"{call.what}: the source was closed meanwhile", todo="run it again")


def _kind_of(setback: Setback) -> type[Transient]:
    return Unreachable if setback.is_unreachable else Transient


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
