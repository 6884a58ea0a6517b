"""Regular XML: documents proved, byte by byte, to hold nothing but rows of one known shape.

Regular means: UTF-8, an optional declaration, one root, and in it only rows with the same cells in the same
order, each cell plain text of characters that XML allows. So every cell that a reader with a fixed list of
fields would skip, merge or miss is ruled out. The proof is one compiled pattern, at a multiple of the speed
of a parser; it takes for granted that the reader refuses tags that do not pair, unknown entities and bytes
that are not UTF-8. What is not regular may still be right; it is then read by other means (see xml_body.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Larger reads cost more than they save: what is copied between them falls out of the processor's cache.
_READ_BYTES = 1 << 20
# A row longer than this is left to the other reader.
_LONGEST_ROW = 8 << 20

_BLANK = rb"[ \t\r\n]*+"
# The root's have been read by a parser before; a row may have one of its own.
_ATTRIBUTES = rb"(?:[ \t\r\n][^<>]*+)?+"
_ATTRIBUTE = rb"""(?:[ \t\r\n]++[A-Za-z_][\w.-]*+=(?:"[^<>&"]*+"|'[^<>&']*+'))?+[ \t\r\n]*+"""
_DECLARATION = (
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml[ ]version=["']1\.0["'](?:[ ]encoding=["'](?i:utf-8)["'])?"""
    rb"""(?:[ ]standalone=["'](?:yes|no)["'])?[ ]?\?>)?"""
)
# What no XML text may hold, though the pattern of a row lets it pass: control characters, the two that are
# none, the end of a CDATA section; and the first three as references. Looking for one byte costs next to
# nothing, so of those with more than one a rare byte comes first.
_CONTROLS = tuple(bytes([code]) for code in set(range(0x20)) - set(b"\t\n\r"))
_FORBIDDEN = ((b"]", b"]]>"), (b"\xef", b"\xef\xbf\xbe"), (b"\xef", b"\xef\xbf\xbf"))
_FORBIDDEN_REFERENCE = re.compile(
    rb"&#(?:X|0*+(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]);"
    rb"|x0*+(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF]);)"
)


class Irregular(Exception):
    """The document is not regular, which says nothing of whether it is right."""


@dataclass(frozen=True)
class Shape:
    """The tags of a document, as its first row shows them."""

    root: str
    row: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """Some rows of a regular document as a document of their own, and how many they are."""

    content: bytes
    rows: int


def prove_regular(path: Path, shape: Shape) -> Iterator[Piece]:
    """Yield the document in pieces of whole rows; raise Irregular as soon as it proves not to be regular.

    Only when the last piece has come is the whole document proved. Line ends are already as XML wants them
    read: CRLF and CR are LF, while those written as references stay what they are.
    """
    patterns = _patterns(shape)
    with path.open("rb") as file:
        buffer = file.read(_READ_BYTES)
        opening = patterns.opening.match(buffer)
        if opening is None:
            raise Irregular
        buffer = buffer[opening.end() :]
        while True:
            rows, end = _match_rows(patterns.row, buffer)
            if rows:
                yield Piece(_allowed(patterns.wrap(memoryview(buffer)[:end])), rows)
            more = file.read(_READ_BYTES)
            if not more:
                break
            if len(buffer) - end > _LONGEST_ROW:
                raise Irregular
            buffer = buffer[end:] + more
        if patterns.closing.fullmatch(buffer, end) is None:
            raise Irregular


def _match_rows(row: re.Pattern[bytes], buffer: bytes) -> tuple[int, int]:
    """Return how many whole rows the buffer begins with, and where they end."""
    rows = end = 0
    match = row.match
    while found := match(buffer, end):
        end = found.end()
        rows += 1
    return rows, end


def _allowed(document: bytes) -> bytes:
    """Return the document; raise Irregular when it holds what no XML text may hold."""
    if any(control in document for control in _CONTROLS):
        raise Irregular
    if any(rare in document and forbidden in document for rare, forbidden in _FORBIDDEN):
        raise Irregular
    if b"#" in document and _FORBIDDEN_REFERENCE.search(document):
        raise Irregular
    return document


@dataclass(frozen=True)
class _Patterns:
    root: bytes
    opening: re.Pattern[bytes]
    row: re.Pattern[bytes]
    closing: re.Pattern[bytes]

    def wrap(self, rows: memoryview) -> bytes:
        document = b"".join((b"<", self.root, b">", rows, b"</", self.root, b">"))
        if b"\r" in document:
            document = document.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return document


@lru_cache(maxsize=32)
def _patterns(shape: Shape) -> _Patterns:
    cells = b"".join(_cell(re.escape(name.encode())) for name in shape.fields)
    root, row = (re.escape(name.encode()) for name in (shape.root, shape.row))
    return _Patterns(
        root=shape.root.encode(),
        opening=re.compile(_DECLARATION + _BLANK + b"<" + root + _ATTRIBUTES + b">"),
        row=re.compile(_BLANK + b"<" + row + _ATTRIBUTE + b">[^<]*+" + cells + b"</" + row + b">"),
        closing=re.compile(_BLANK + b"</" + root + b">" + _BLANK),
    )


def _cell(name: bytes) -> bytes:
    # Which tag closes a cell need not be matched: with no other tag between, only its own leaves a
    # well-formed document, and readers do check that.
    return b"<" + name + b"(?:>[^<]*+</| ?/>)[^<]*+"
