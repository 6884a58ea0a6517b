"""The HTTP library's own log lines, which tell whole addresses: what is searched for stands in them.

At the level of information httpx writes every address it asks, httpcore below that every header. A search by
a contact's reference or a card's customer must not end in somebody's log because a level was turned up.
"""

from __future__ import annotations

import logging

TALKATIVE = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


def keep_unheard() -> None:
    """Hold those lines back from now on, in the whole process, whatever level is set."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_refuse)


def _refuse(_: logging.LogRecord) -> bool:
    """Let no record pass."""
    return False
