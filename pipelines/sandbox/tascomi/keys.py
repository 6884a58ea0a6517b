"""API keys: what a signature must be in the server's present minute, and what its key may do to which table.

The hash is the base64 of the hexadecimal TEXT of an HMAC-SHA256, made with the private key over the
hexadecimal SHA-256 of public key and minute (CODE, three published clients). Neither address, method nor body
is signed. Only the current minute counts: SEED says minute accuracy; that there is no tolerance is a GUESS.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pipelines.demonstration import SANDBOX_TASCOMI_PRIVATE_KEY, SANDBOX_TASCOMI_PUBLIC_KEY
from pipelines.sandbox.tascomi.tables import TABLES, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Right = Literal["view", "write"]

FAILED = "Authentication failures, invalid public key or HMAC"  # SEED


def usual_rights() -> Mapping[str, frozenset[Right]]:
    """Return what a key for such an integration is given: all tables to view, two to write (GUESS)."""
    view, both = frozenset[Right]({"view"}), frozenset[Right]({"view", "write"})
    return MappingProxyType({table: both if table in WRITTEN else view for table in TABLES})


@dataclass(frozen=True)
class ApiKey:
    """The private part of a key, and its rights by table."""

    private: str = field(repr=False)
    rights: Mapping[str, frozenset[Right]] = field(default_factory=usual_rights)

    def may(self, right: Right, table: str) -> bool:
        """Whether the key has this right to the table."""
        return right in self.rights.get(table, frozenset())


def demonstration_keys() -> Mapping[str, ApiKey]:
    """Return the one published key by its public part."""
    return MappingProxyType({SANDBOX_TASCOMI_PUBLIC_KEY: ApiKey(SANDBOX_TASCOMI_PRIVATE_KEY)})


def expected_hash(public: str, private: str, now: datetime, zone: str) -> str:
    """Return the X-Hash that is good at the aware instant `now`: 88 characters."""
    minute = now.astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M")
    token = sha256(f"{public}{minute}".encode()).hexdigest()
    signature = hmac.new(private.encode(), token.encode(), sha256).hexdigest()
    return base64.b64encode(signature.encode()).decode()


def find_signer(
    keys: Mapping[str, ApiKey], public: str, given: str, now: datetime, zone: str
) -> ApiKey | None:
    """Return the key that made this hash in the present minute, None when none did."""
    key = keys.get(public)
    if key is None:
        return None
    wanted = expected_hash(public, key.private, now, zone)
    return key if hmac.compare_digest(wanted.encode(), given.encode(errors="surrogateescape")) else None
