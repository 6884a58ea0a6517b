"""Did the whole body come? Reading a response's bytes as they were before any encoding, to their proven end.

Length and chunks are checked by the HTTP library. It does not check that a compressed body ends where its
own trailer says, so compressed bodies are undone here. What the bytes mean is no matter of this module.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

_GZIP_BITS = 16 + zlib.MAX_WBITS


class CutShort(Exception):
    """A compressed body ended before its trailer, or its bytes do not fit its check sum."""


class UnknownEncoding(Exception):
    """A body came in an encoding that was not asked for and cannot be checked."""


def plain(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body's own bytes; raise CutShort or UnknownEncoding, and whatever the library finds."""
    encoding = _encoding(response)
    if not encoding:
        return response.iter_raw()
    if encoding in {"gzip", "x-gzip"}:
        return _gunzipped(response.iter_raw())
    raise UnknownEncoding(encoding)


def is_framed(response: httpx.Response) -> bool:
    """Whether the end of the body is told by something other than the end of the connection."""
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return chunked or "Content-Length" in response.headers or bool(_encoding(response))


def _encoding(response: httpx.Response) -> str:
    encoding: str = response.headers.get("Content-Encoding", "").strip().lower()
    return "" if encoding == "identity" else encoding


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip, of one member or several, each to its trailer."""
    member = zlib.decompressobj(_GZIP_BITS)
    begun = False
    try:
        for received in pieces:
            piece = received
            while piece:
                if member.eof:
                    member = zlib.decompressobj(_GZIP_BITS)
                begun = True
                yield member.decompress(piece)
                piece = member.unused_data
    except zlib.error:
        raise CutShort from None
    if begun and not member.eof:
        raise CutShort
