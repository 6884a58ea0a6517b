"""Calls of which the HTTP library keeps no log: their addresses or headers tell of a person.

The library writes the whole address at the level of information, and the answer's headers at that of
debugging. What a call of ours is about is logged by us, without either.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library and what it is built of.
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
# Each thread's own: another thread's call meanwhile is heard as ever, and its end ends nothing here.
_is_unheard: ContextVar[bool] = ContextVar("is_unheard", default=False)


@contextmanager
def unheard() -> Iterator[None]:
    """Keep the HTTP library's own log lines back while this thread makes a call."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_let_pass)
    token = _is_unheard.set(True)
    try:
        yield
    finally:
        _is_unheard.reset(token)


def _let_pass(_: logging.LogRecord) -> bool:
    return not _is_unheard.get()
