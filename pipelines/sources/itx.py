"""Asking a KPI endpoint as ITX's panel does: one GET with customerId, and the fixed parameters of its URL.

ITX asks and a council's service answers; this is the asking side, to try a service with. The call is the one
way round in which identifier and token stand in the address (SEED), so nothing here or below may log it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from pipelines.errors import Permanent
from pipelines.sources.exchange import Call
from pipelines.sources.patience import Patience
from pipelines.sources.transport import Transport

if TYPE_CHECKING:
    from pipelines.sources.exchange import Answer

CUSTOMER_ID = "customerId"
TOKEN_PLACE = "{token}"  # noqa: S105 - where the token goes, not one
CONNECT_SECONDS = 5.0
MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Heard:
    """An answer, of any status, and the seconds from asking to its last byte."""

    answer: Answer
    seconds: float


class Panel:
    """One KPI endpoint, asked again and again; redirects are answers, never followed.

    `url` is as it would be entered in ITX. The token goes where `{token}` stands in its path or query, else
    into the Authorization header. Raises Permanent for an address that is none; no message holds the address.
    """

    def __init__(self, url: str, *, token: str | None = None, seconds: float) -> None:
        self._url = _checked(url)
        self._token = token
        self._transport = Transport(
            connect_seconds=CONNECT_SECONDS, read_seconds=seconds, patience=Patience(attempts=1)
        )

    def ask(self, what: str, customer_id: str | None, *, token: str | None = None) -> Heard:
        """Ask for a customer's card, or with None without saying whose; `what` names the question in errors.

        `token` is sent instead of the panel's own. Raises Transient when no whole answer comes within the
        time, Permanent when it is larger than any card or cannot be read.
        """
        call = self._call(what, customer_id, token or self._token)
        began = time.perf_counter()
        answer = self._transport.knock(call, most=MOST_BYTES)
        return Heard(answer, time.perf_counter() - began)

    def close(self) -> None:
        """Give back the connections."""
        self._transport.close()

    def _call(self, what: str, customer_id: str | None, token: str | None) -> Call:
        url = self._url
        is_placed = TOKEN_PLACE in url
        if is_placed and token is not None:
            url = url.replace(TOKEN_PLACE, quote(token, safe=""))
        if customer_id is not None:
            parts = urlsplit(url)
            asked = f"{CUSTOMER_ID}={quote(customer_id, safe='')}"
            url = urlunsplit(parts._replace(query=f"{parts.query}&{asked}" if parts.query else asked))
        return Call(
            what,
            url,
            bearer=None if is_placed else token,
            secrets=tuple(filter(None, (customer_id, token))),
            good=frozenset({HTTPStatus.OK}),
        )


def _checked(url: str) -> str:
    """Return the address, without a trailing question mark."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or parts.fragment:
        raise Permanent(
            "the endpoint's address is none of the web",
            todo="write it as it is entered in ITX, such as https://cards.example.gov.uk/rest/kpi",
        )
    if CUSTOMER_ID in dict(parse_qsl(parts.query, keep_blank_values=True)):
        raise Permanent(
            f"the endpoint's address holds {CUSTOMER_ID} already", todo=f"leave {CUSTOMER_ID} out of it"
        )
    return urlunsplit(parts)
