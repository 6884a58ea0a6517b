"""What is asked of a source and what comes back: calls, answers, refusals, and the time a server tells.

Plain values and the errors that carry them. How a call is made stands in transport.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

Clock = Callable[[], datetime]

# Good for a call that only wants to be answered.
ANY_STATUS = frozenset(range(100, 600))


def utc_now() -> datetime:
    """Return the present instant; the clock of everything that is not a test."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Call:
    """One call: what it is called in messages, where it goes, and which statuses are good.

    A secret never stands in `url` or `query`, which servers and proxies log. `secrets` are texts to be
    struck out of anything the server says back. `json` is a body that is JSON text already, so that every
    try sends the same bytes. `sign` makes headers anew for every try, and may wait for the moment to do so.
    A status among `unfinished` asks for the same call again, a little later.
    """

    what: str
    url: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: bytes | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    sign: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    good: frozenset[int] = frozenset({HTTPStatus.OK})
    unfinished: frozenset[int] = frozenset()

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, and what the body is, for one try."""
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        if self.json is not None:
            headers["Content-Type"] = "application/json"
        return headers | dict(self.sign()) if self.sign else headers

    @property
    def host(self) -> str:
        """Scheme, host and port: all that messages tell of the address."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return "an address that is none"
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass(frozen=True)
class Answer:
    """A small answer in memory."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Return a header by its name in any case; empty when it was not sent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Download:
    """A body written to a file: digest and size of its bytes, the first of them, and whether it was framed.

    `framed` means that the protocol itself (a length, chunks, a gzip trailer) showed the end of the body.
    """

    headers: Mapping[str, str] = field(repr=False)
    sha256: str
    size: int
    head: bytes = field(repr=False)
    framed: bool


class Refused(Permanent):
    """The source answered with a status that asking again will not change; `answer` is what it said."""

    def __init__(self, what: str, *, answer: Answer, why: str) -> None:
        super().__init__(what, why=why)
        self.answer = answer


class Unsendable(Permanent):
    """The call cannot even be put into words that HTTP knows: its address, or a header, is malformed."""


class Untrusted(Permanent):
    """The server's certificate cannot be trusted, so nothing was said to it."""


class Unreachable(Transient):
    """Not even a connection could be made."""


def plain_reason(answer: Answer) -> str:
    """Tell a refusal by its status alone, for a vendor of whom nothing more is known."""
    try:
        return HTTPStatus(answer.status).phrase
    except ValueError:
        return "unknown status"


def no_code(answer: Answer) -> str:
    """Return the code of a vendor who has none of its own beside the status."""
    del answer
    return ""


def http_date(text: str) -> datetime | None:
    """Read an HTTP date as an aware instant; None when it is none."""
    try:
        read = parsedate_to_datetime(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def clock_skew(answer: Answer, now: datetime) -> float | None:
    """Return by how many seconds the server's clock is ahead of ours; None when it does not tell the time."""
    told = http_date(answer.header("Date"))
    return (told - now).total_seconds() if told else None
