"""The sockets of a client's connections, so that another thread can end whatever waits for them.

Closing a connection wakes nobody who already waits for its next byte; shutting its socket down does.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Mapping

# The HTTP library's names for "there is a new connection" and "it now speaks TLS", without their prefixes.
_OPENED = ("connect_tcp.complete", "start_tls.complete")


class OpenSockets:
    """Hears of sockets by the HTTP library's "trace" extension, and shuts them all down when told to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._are_ended = False

    def trace(self, event: str, told: Mapping[str, Any]) -> None:
        """Take note of a socket; one that opens after the end is shut down at once."""
        if not event.endswith(_OPENED):
            return
        opened = told["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets.add(opened)
            if self._are_ended:
                _shut_down(opened)

    def end(self) -> None:
        """Shut every socket down, now and from now on; whoever reads from one finds that it has ended."""
        with self._lock:
            self._are_ended = True
            for opened in self._sockets:
                _shut_down(opened)


def _shut_down(opened: socket.socket) -> None:
    # Already closed, or handed over to its TLS successor: there is nothing to end. The plain method, because
    # that of a TLS socket takes its state from under the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
