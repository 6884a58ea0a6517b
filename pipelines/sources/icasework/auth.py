"""Who we are to iCasework: signed assertions and the tokens they buy.

One `TokenSource` serves one account and is shared by threads. What a token is used for is not here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import jwt
import msgspec
from jwt.algorithms import HMACAlgorithm

from pipelines.calls import concerning_no_day
from pipelines.errors import CasehouseError, Permanent, Transient
from pipelines.sources.exchange import Call, Refused, clock_skew
from pipelines.sources.icasework.dialect import (
    ACCOUNT_PARAMETER,
    BAD_GRANT,
    STALE_TOKEN_INFO,
    TOKEN,
    TOKEN_MARGIN_SECONDS,
)
from pipelines.sources.icasework.error_page import error_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from pipelines.sources.exchange import Answer, Clock
    from pipelines.sources.transport import Transport

Failure = TypeVar("Failure", bound=CasehouseError)

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# A clock that is off by less than this is not worth telling of when a grant is refused.
_TELLING_SKEW_SECONDS = 30


@dataclass(frozen=True)
class Token:
    """A bearer token and the instant from which it is not used any more."""

    text: str = field(repr=False)
    expires_at: datetime


class _Grant(msgspec.Struct):
    """The token call's answer (CODE/live); further keys are let pass."""

    access_token: str
    expires_in: int = 3600


class _ShortKeys(HMACAlgorithm):
    """HS256 with whatever secret the vendor issued: its length is not ours to choose."""

    def check_key_length(self, key: bytes) -> str | None:  # noqa: ARG002 - the signature is the library's
        return None


def _signer() -> jwt.PyJWS:
    signer = jwt.PyJWS(algorithms=["HS256"])
    signer.unregister_algorithm("HS256")
    signer.register_algorithm("HS256", _ShortKeys(HMACAlgorithm.SHA256))
    return signer


def sign_assertion(*, key: str, secret: str, audience: str, issued_at: datetime) -> str:
    """Return the assertion that buys a token: HS256, header `{"alg":"HS256"}`, claims iss, aud, iat.

    `audience` is exactly the URL posted to, with its query (CODE).
    """
    claims = {"iss": key, "aud": audience, "iat": int(issued_at.timestamp())}
    payload = msgspec.json.encode(claims)
    return _signer().encode(payload, secret.encode(), algorithm="HS256", headers={"typ": None})


class TokenSource:
    """Buys tokens for one account and keeps the latest until shortly before it ends.

    A refusal is kept for good: a key that was refused for one day is not tried again for the next. A failure
    that may pass is shared by the threads that waited for that very try.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base: str,
        account: str | None,
        key: str,
        secret: SecretStr,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._url = f"{base}/{TOKEN}" + (f"?{urlencode({ACCOUNT_PARAMETER: account})}" if account else "")
        self._key = key
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._failure: Permanent | Transient | None = None

    def current(self) -> Token:
        """Return a token with life left; threads that come while one is bought wait for it."""
        return self._obtain(lambda token: token.expires_at > self._clock())

    def renew(self, stale: Token) -> Token:
        """Return a token other than `stale`, which was refused; several threads buy only one."""
        return self._obtain(lambda token: token.text != stale.text)

    def _obtain(self, is_good: Callable[[Token], bool]) -> Token:
        known = self._failure
        with self._lock:
            if self._token is not None and is_good(self._token):
                return self._token
            failure = self._failure
            if failure is not None and (failure is not known or isinstance(failure, Permanent)):
                raise _anew(failure)
            try:
                self._token = self._buy()
            except (Permanent, Transient) as error:
                self._token, self._failure = None, _anew(error)
                raise
            return self._token

    def _buy(self) -> Token:
        asked_at = self._clock()
        try:
            with concerning_no_day():
                answer = self._transport.call(self._call(asked_at))
        except Refused as refusal:
            raise self._refused(refusal, asked_at) from None
        if not answer.content.strip():
            raise Permanent(
                "iCasework gave an empty answer in place of a token, which is how it tells a wrong account",
                why="wrong account/db",
                todo="check CASEHOUSE_ICASEWORK_ACCOUNT and CASEHOUSE_ICASEWORK_ENVIRONMENT",
            )
        return self._read(answer, asked_at)

    def _call(self, asked_at: datetime) -> Call:
        secret = self._secret.get_secret_value()
        assertion = sign_assertion(key=self._key, secret=secret, audience=self._url, issued_at=asked_at)
        return Call(
            what="icasework token",
            url=self._url,
            method="POST",
            form={"grant_type": GRANT, "assertion": assertion},
            secrets=(assertion, secret),
        )

    def _read(self, answer: Answer, asked_at: datetime) -> Token:
        try:
            grant = msgspec.json.decode(answer.content, type=_Grant)
        except (msgspec.DecodeError, UnicodeDecodeError):
            grant = None
        if grant is None or not grant.access_token:
            raise Permanent(
                "what answered the token call holds no token",
                todo="check that CASEHOUSE_ICASEWORK_BASE_URL is iCasework itself, not a portal or a proxy",
            )
        life = grant.expires_in - min(TOKEN_MARGIN_SECONDS, grant.expires_in / 10)
        return Token(grant.access_token, asked_at + timedelta(seconds=life))

    def _refused(self, refusal: Refused, asked_at: datetime) -> Permanent:
        if error_info(refusal.answer) != BAD_GRANT:
            refusal.todo = (
                "check CASEHOUSE_ICASEWORK_BASE_URL, and that the key pair may be used from this address"
            )
            return refusal
        off = clock_skew(refusal.answer, asked_at) or 0
        is_telling = abs(off) > _TELLING_SKEW_SECONDS
        side = "behind" if off > 0 else "ahead"
        clock = f"; this machine's clock is {abs(off):.0f} s {side}" if is_telling else ""
        return Permanent(
            "iCasework refused the API key",
            why=refusal.why + clock,
            todo="check CASEHOUSE_ICASEWORK_API_KEY, CASEHOUSE_ICASEWORK_SECRET"
            " and the clock of this machine: the request is signed with all three",
        )


def is_stale_token(answer: Answer) -> bool:
    """Whether a new token may help: 401, or 400 with a text that begins as dialect.STALE_TOKEN_INFO."""
    if answer.status == HTTPStatus.BAD_REQUEST:
        return error_info(answer).startswith(STALE_TOKEN_INFO)
    return answer.status == HTTPStatus.UNAUTHORIZED


def _anew(error: Failure) -> Failure:
    """Return the failure as an error of its own, since every day writes its name into the one it gets."""
    again = type(error).__new__(type(error), *error.args)
    again.__dict__.update(error.__dict__)
    return again
