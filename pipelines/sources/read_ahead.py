"""Pieces of a large body read a few at a time beside whoever parts the body and whoever takes the rows.

It helps readers that let go of Python's lock while they read. What a piece is, is the format's business.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Piece = TypeVar("Piece")
Rows = TypeVar("Rows")

# Readers beside the one who parts, and pieces that may wait for them: more of either only cost memory.
READERS = 2
WAITING_PIECES = 4


def read_ahead(read: Callable[[Piece], Rows], pieces: Iterable[Piece]) -> Iterator[Rows]:
    """Yield what `read` makes of each piece, in order; memory holds a handful of them.

    The first error, of the pieces or of reading one, ends it.
    """
    with ThreadPoolExecutor(READERS, thread_name_prefix="read-ahead") as pool:
        waiting: deque[Future[Rows]] = deque()
        for piece in pieces:
            waiting.append(pool.submit(read, piece))
            while len(waiting) > WAITING_PIECES or (waiting and waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
