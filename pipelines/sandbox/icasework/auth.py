"""Who may call iCasework: the JWT-bearer grant, the tokens it gives, and the older key with signature.

Verification is as lenient as the live server was seen to be: either base64 alphabet, padding or none, `iat`
as number or text, unknown claims ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKENS_KEPT = 10_000


class BadGrant(Exception):
    """An assertion that earns no token; the text is for tests, the wire only ever says invalid_grant."""


@dataclass(frozen=True)
class Holder:
    """Whom a token or a signature speaks for."""

    account: str
    key: str


def verify_assertion(
    assertion: str, *, secret_of: Callable[[str], str | None], audience: str, now: float, tolerance: float
) -> str:
    """Return the issuer (the API key) of an HS256 assertion, or raise BadGrant.

    `audience` is the URL posted to, query included, as the client wrote it (CODE: three public clients); the
    secret's UTF-8 text is the HMAC key. `iat` in unix seconds must lie within `tolerance` of `now`, and an
    `exp`, where there is one, after `now` (both GUESS).
    """
    header, claims, signed, signature = _taken_apart(assertion)
    if header.get("alg") != "HS256":
        raise BadGrant("the algorithm is not HS256")
    issuer = claims.get("iss")
    secret = secret_of(issuer) if isinstance(issuer, str) else None
    if not isinstance(issuer, str) or secret is None:
        raise BadGrant("the issuer is unknown")
    if not hmac.compare_digest(hmac.digest(secret.encode(), signed, "sha256"), signature):
        raise BadGrant("the signature does not fit")
    if claims.get("aud") != audience:
        raise BadGrant("the audience is not the URL posted to")
    if not abs(_seconds(claims.get("iat")) - now) <= tolerance:  # so put, a NaN is refused too
        raise BadGrant("the time of issue is too far away")
    if "exp" in claims and not _seconds(claims["exp"]) > now:
        raise BadGrant("the assertion has expired")
    return issuer


def _taken_apart(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    parts = assertion.split(".")
    try:
        header_text, payload_text, signature_text = parts
        header = json.loads(decode_base64(header_text))
        claims = json.loads(decode_base64(payload_text))
        signature = decode_base64(signature_text)
        signed = f"{header_text}.{payload_text}".encode()
    except (ValueError, RecursionError):
        raise BadGrant("the assertion cannot be read") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadGrant("the assertion cannot be read")
    return header, claims, signed, signature


def decode_base64(text: str) -> bytes:
    """Decode either alphabet, padded or not; raise ValueError for anything else."""
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _seconds(claim: object) -> float:
    """Read a time claim as a number, or as text holding one (CODE: one public client sends `iat` as text)."""
    if isinstance(claim, bool) or not isinstance(claim, int | float | str):
        raise BadGrant("a time claim is missing")
    try:
        return float(claim)
    except (ValueError, OverflowError):
        raise BadGrant("a time claim is no number") from None


class TokenBook:
    """The tokens given out and not yet over; it lives in memory and survives nothing."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[Holder, float]] = {}

    def issue(self, holder: Holder, *, now: float, seconds: float) -> str:
        """Return a new token: two base64url parts with a dot, the second padded (shape: CODE/live)."""
        self._tokens = {text: kept for text, kept in self._tokens.items() if kept[1] > now}
        while len(self._tokens) >= _TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]
        left, right = secrets.token_bytes(48), secrets.token_bytes(16)
        token = f"{base64.urlsafe_b64encode(left).decode()}.{base64.urlsafe_b64encode(right).decode()}"
        self._tokens[token] = (holder, now + seconds)
        return token

    def holder(self, token: str, *, now: float) -> Holder | None:
        """Return whom the token speaks for, None when it is unknown, revoked or over."""
        kept = self._tokens.get(token)
        return kept[0] if kept is not None and now < kept[1] else None

    def revoke(self, token: str) -> None:
        """End one token at once."""
        self._tokens.pop(token, None)


def legacy_signature(secret: str, extra: str, day: str) -> str:
    """Return the older signature: MD5 of one parameter's value, the request date and the secret, in hex.

    DOC: the vendor's REST page with its worked example; `day` is RequestDate as sent.
    """
    return hashlib.md5(f"{extra}{day}{secret}".encode(), usedforsecurity=False).hexdigest()


def signed_by(
    params: Mapping[str, str], *, extra: Sequence[str], secret_of: Callable[[str], str | None], today: str
) -> str | None:
    """Return the key whose signature the call carries, None when there is none or it does not fit.

    Without RequestDate the server's own UTC date counts (CODE: one public client sends none). How old a
    RequestDate may be is not known; any is taken (GUESS).
    """
    key, signature = params.get("Key", ""), params.get("Signature", "")
    secret = secret_of(key)
    if secret is None or not signature:
        return None
    value = next((params[name] for name in extra if params.get(name)), "")
    expected = legacy_signature(secret, value, params.get("RequestDate") or today)
    return key if hmac.compare_digest(expected.encode(), signature.encode()) else None
