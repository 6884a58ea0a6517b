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
