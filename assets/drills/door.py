"""The sandbox's own door, `/_sandbox`: order faults, turn dials, see the calls that came, count what is held.

No part of any vendor's protocol, so it is asked with what Python has and not with the product's HTTP client.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from pipelines.days import ReportDay

HOST = "127.0.0.1"
OVER = "success"  # the type of a message that something is over
_SECONDS = 60.0


@dataclass(frozen=True)
class Message:
    """One message as it was delivered: an alert, the end of what it told of, or a digest."""

    title: str
    text: str
    type: str

    @property
    def is_of_incident(self) -> bool:
        """Whether it tells of an incident's beginning or end."""
        return "\nIncident " in self.text

    @property
    def is_end(self) -> bool:
        """Whether it tells that something is over."""
        return self.is_of_incident and self.type == OVER

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}"


class Door:
    """Asks one sandbox. Raises Transient when it does not answer, Permanent when it refuses."""

    def __init__(self, port: int) -> None:
        self.port = port

    def order(self, fault: str, **options: object) -> None:
        """Have calls meet a fault: so many (`calls`), or all until it is taken away."""
        self._ask("POST", "/faults", {"fault": fault, **options})

    def clear(self) -> None:
        """Take away every fault on order."""
        self._ask("DELETE", "/faults")

    def turn(self, **dials: object) -> None:
        """Turn dials, such as clock_offset_seconds."""
        self._ask("POST", "/dials", dials)

    def refresh_xima_key(self) -> str:
        """Give Xima's service user a new key, which kills the old one; return it."""
        return str(self._ask("POST", "/xima/refresh-key")["key"])

    def calls(self, feed: str | None = None) -> list[dict[str, Any]]:
        """Return the calls that came, oldest first, those of one report if it is named."""
        return list(self._ask("GET", f"/requests?{urlencode({'feed': feed} if feed else {})}")["calls"])

    def forget_calls(self) -> None:
        """Empty the log of calls."""
        self._ask("DELETE", "/requests")

    def messages(self) -> list[Message]:
        """Return what was delivered to the inbox, oldest first."""
        found = [one["message"] for one in self._ask("GET", "/inbox")["messages"]]
        return [Message(str(one["title"]), str(one["message"]), str(one["type"])) for one in found]

    def rows(self, feed: str, day: ReportDay) -> int:
        """Return how many rows the vendor holds of a feed's day, whatever faults are on order."""
        asked = urlencode({"feed": feed.rpartition("/")[2], "day": str(day)})
        return int(self._ask("GET", f"/rows?{asked}")["rows"])

    def _ask(self, method: str, path: str, wish: object = None) -> Any:  # noqa: ANN401 - JSON
        connection = HTTPConnection(HOST, self.port, timeout=_SECONDS)
        try:
            connection.request(method, f"/_sandbox{path}", None if wish is None else json.dumps(wish))
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            raise Transient(
                f"the sandbox on port {self.port} does not answer as it should", why=type(error).__name__
            ) from None
        finally:
            connection.close()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Permanent(f"the sandbox refused {method} {path}", why=json.dumps(told)[:300])
        return told
