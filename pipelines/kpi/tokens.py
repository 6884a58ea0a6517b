"""The tokens that open the service: several at once, so that one can be replaced without a gap.

Whoever asks is known by the name of the token. Neither a token nor anything that was sent as one leaves here.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Tokens:
    """The valid tokens by name."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._known = [(token.encode(), name) for name, token in tokens.items()]

    def name_of(self, sent: Iterable[bytes]) -> str | None:
        """Return the name of the token that was sent, None when there is none or one of them is not valid.

        Each is compared with every token, in a time that tells nothing but how long the sent one is.
        """
        name = None
        is_valid = True
        for text in sent:
            found = None
            for known, its_name in self._known:
                if hmac.compare_digest(known, text):
                    found = its_name
            is_valid &= found is not None
            name = found
        return name if is_valid else None
