"""Who writes: a bearer token, or a key with a signature over the call.

Either proves itself on one call and may be asked once for a fresh proof, when the server's answer shows that
the first was refused for its age. What any other answer means is decided in writing_refusals.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from pipelines.errors import Permanent, Transient
from pipelines.sources.exchange import http_date
from pipelines.sources.icasework.auth import is_stale_token
from pipelines.sources.icasework.dialect import REQUEST_DATE, SIGNED_PARAMETER
from pipelines.sources.writing import NotAllowed, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

    from pipelines.sources.exchange import Answer, Clock
    from pipelines.sources.icasework.auth import Token, TokenSource

_REFUSED_DATE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True)
class Proof:
    """What one call carries to be let in; `secrets` are texts that no message may hold."""

    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: Token | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


class Credentials(Protocol):
    """One way in. What keeps a proof from being had raises NotSent or NotAllowed: nothing was sent."""

    def prove(self, operation: str, fields: Mapping[str, str]) -> Proof:
        """Return a proof for this call."""
        ...

    def again(self, operation: str, fields: Mapping[str, str], proof: Proof, answer: Answer) -> Proof | None:
        """Return a fresh proof when the answer refuses the first one's age, None when another cannot help."""
        ...


class BearerToken:
    """A token that the key buys; see auth.TokenSource."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    def prove(self, operation: str, fields: Mapping[str, str]) -> Proof:
        """Return the present token, bought if need be."""
        del operation, fields
        return self._proof(self._tokens.current)

    def again(self, operation: str, fields: Mapping[str, str], proof: Proof, answer: Answer) -> Proof | None:
        """Return another token for one that was refused."""
        del operation, fields
        stale = proof.token
        if stale is None or not is_stale_token(answer):
            return None
        return self._proof(lambda: self._tokens.renew(stale))

    def _proof(self, obtain: Callable[[], Token]) -> Proof:
        failure: NotSent | NotAllowed
        try:
            token = obtain()
        except Transient as error:
            failure = NotSent(f"nothing was sent: {error.what}", why=error.why, todo=error.todo)
        except Permanent as error:
            failure = NotAllowed(f"nothing was sent: {error.what}", why=error.why, todo=error.todo)
        else:
            return Proof(token=token, secrets=(token.text,))
        raise failure


class KeySignature:
    """A key, and MD5 in hex of one parameter, the request date and the secret (DOC).

    A call with RequestDate signs its text. One without signs today's date in UTC, as the one public client
    does; should the server be in another day, its own Date header says which, and the call is signed again.
    """

    def __init__(self, key: str, secret: SecretStr, clock: Clock) -> None:
        self._key = key
        self._secret = secret
        self._clock = clock

    def prove(self, operation: str, fields: Mapping[str, str]) -> Proof:
        """Sign the call."""
        return self._signed(operation, fields, self._clock().astimezone(UTC).date().isoformat())

    def again(self, operation: str, fields: Mapping[str, str], proof: Proof, answer: Answer) -> Proof | None:
        """Sign the call with the server's day, when that is another and the call was refused."""
        there = http_date(answer.header("Date"))
        if answer.status not in _REFUSED_DATE or there is None:
            return None
        fresh = self._signed(operation, fields, there.astimezone(UTC).date().isoformat())
        return None if fresh == proof else fresh

    def _signed(self, operation: str, fields: Mapping[str, str], today: str) -> Proof:
        extra = next((fields[name] for name in SIGNED_PARAMETER[operation] if fields.get(name)), "")
        secret = self._secret.get_secret_value()
        signature = sign(extra, fields.get(REQUEST_DATE) or today, secret)
        return Proof({"Key": self._key, "Signature": signature}, secrets=(signature, secret))


def sign(extra: str, day: str, secret: str) -> str:
    """Return the signature over a parameter's value ("" for none) and a request date."""
    return hashlib.md5(f"{extra}{day}{secret}".encode(), usedforsecurity=False).hexdigest()
