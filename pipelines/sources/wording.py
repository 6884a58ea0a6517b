"""Making a server's words fit for a message: one short line, without anything secret it may echo.

Which words are taken from an answer is the source's business; errors themselves stand in pipelines/errors.py.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 200

# Parameters by which the sources' tokens and signatures travel, and JSON web tokens by their look.
_SECRET_PARAMETER = re.compile(
    r"""(?i)\b(access_token|refresh_token|assertion|signature|secret|key|password|token|x-hash|x-public)"""
    r"""(["']?\s*=\s*["']?|["']\s*:\s*["']?)[^\s"'&<>;,]+"""
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=%-]+")
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){1,2}")
_STARS = "***"

_WORD = re.compile(r"[\w@.+'-]+")
_TELLING = re.compile(r"@|(?:\d\D?){5}")  # an address, a telephone number: sent or not, it stays here
# The words that refusals are made of, which are nobody's own though somebody's text may hold them.
PLAIN = frozenset({
    "a", "access", "account", "an", "and", "api", "at", "attribute", "available", "be", "by", "case",
    "cannot", "characters", "customer", "date", "denied", "error", "field", "for", "form", "found", "from",
    "holds", "http", "identify", "in", "invalid", "is", "it", "long", "longer", "method", "missing", "most",
    "must", "no", "not", "of", "on", "or", "page", "parameter", "parameters", "record", "required",
    "signature", "such", "than", "that", "the", "there", "this", "to", "too", "type", "unable", "unknown",
    "value", "you",
})  # fmt: skip


def clip(text: str) -> str:
    """Return the text as one line of printable characters, at most LONGEST of them."""
    printable = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Strike out the given secrets, and whatever looks like a token, key or signature."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _STARS)
    text = _SECRET_PARAMETER.sub(rf"\1\2{_STARS}", text)
    text = _BEARER.sub(rf"\1 {_STARS}", text)
    return _WEB_TOKEN.sub(_STARS, text)


def strike(text: str, values: Iterable[str], *, names: Iterable[str] = ()) -> str:
    """Strike out what was sent: whole values and their words in any capitals, but not the `names` of fields.

    A server's refusal is quoted for whoever is on call, and what was sent is somebody's own.
    """
    told = [" ".join(value.split()) for value in values]
    for value in sorted(filter(None, told), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _STARS, text, flags=re.IGNORECASE)
    words = {word for value in told for word in words_of(value)} - PLAIN - {bare(name) for name in names}
    return _WORD.sub(lambda match: _STARS if _is_told(match[0], words) else match[0], text)


def words_of(text: str) -> list[str]:
    """Return a text's words in small letters; an address or a dotted name is one of them."""
    return [bare(word) for word in _WORD.findall(text)]


def bare(word: str) -> str:
    """Return a word in small letters, without what only surrounds it."""
    return word.strip(".'-").casefold()


def _is_told(word: str, words: set[str]) -> bool:
    return bare(word) in words or _TELLING.search(word) is not None
