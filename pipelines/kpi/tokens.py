"""The tokens that open the service: several at once, so that one can be replaced without a gap.

Whoever asks is known by the name of the token. Neither a token nor anything that was sent as one leaves here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Tokens:
    """The valid tokens, kept as digests under a key that only this object has."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._key = secrets.token_bytes(32)
        self._known = [(self._digest(token.encode()), name) for name, token in tokens.items()]

    def name_of(self, sent: Iterable[bytes]) -> str | None:
        """Return the name of a token that was sent, None when none of them is valid.

        Each is compared with every token, by digests of one length, in a time that tells nothing.
        """
        name = None
        for text in sent:
            digest = self._digest(text)
            for known, its_name in self._known:
                if hmac.compare_digest(digest, known):
                    name = its_name
        return name

    def _digest(self, token: bytes) -> bytes:
        return hashlib.blake2b(token, key=self._key, digest_size=32).digest()
