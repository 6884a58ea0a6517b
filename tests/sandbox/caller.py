"""A small client of somebody else: it knows the vendor's wire and nothing of Casehouse's own client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = {"FromTime": "2026-11-02T00:00:00.000", "UntilTime": "2026-11-02T23:59:59.999"}
CSV = {"Format": "csv", "CSVHeader": "true", "CSVFooter": "true"}
BROKEN = httpx.RemoteProtocolError
TIMED_OUT = httpx.TimeoutException
SECRET = "sandbox-secret"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What addcasenotes requires beside case and text (SEED).
NOTED = {"Type": "Note", "SelfServiceAccess": "false", "RequestDate": "2026-11-23T08:00:00"}


class HandClock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(
    claims: dict[str, Any],
    secret: str = SECRET,
    header: dict[str, str] | None = None,
    encode: Callable[[bytes], str] = plain,
) -> str:
    parts = (header or {"alg": "HS256"}, claims)
    signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{plain(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Caller:
    """Calls one sandbox; `clock` is the time it signs with."""

    http: httpx.Client
    base: str
    clock: HandClock
    db: str | None = "sandbox"

    def url(self, operation: str) -> str:
        return f"{self.base}/{operation}" + (f"?db={self.db}" if self.db else "")

    def claims(self, **other: object) -> dict[str, Any]:
        iat = int(self.clock.now.timestamp())
        return {"iss": "sandbox-key", "aud": self.url("token"), "iat": iat, **other}

    def ask_token(self, assertion: str | None = None, url: str | None = None) -> httpx.Response:
        form = {"grant_type": GRANT, "assertion": assertion or sign(self.claims())}
        return self.http.post(url or self.url("token"), data=form)

    def token(self) -> str:
        token: str = self.ask_token().json()["access_token"]
        return token

    def get(self, operation: str, token: str | None = None, **params: str) -> httpx.Response:
        if self.db:
            params = {"db": self.db, **params}
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return self.http.get(f"{self.base}/{operation}", params=params, headers=headers)

    def post(self, operation: str, token: str | None = None, **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return self.http.post(self.url(operation), data=params, headers=headers)

    def report(self, report_id: int = 50521, token: str | None = None, **params: str) -> httpx.Response:
        return self.post("getreport", token, ReportId=str(report_id), **{**DAY, **CSV, **params})

    def raw(self, report_id: int = 50521, **params: str) -> bytes:
        """Return every byte of one report's answer, head included, till the connection ends."""
        token = self.token()
        body = urlencode({"ReportId": report_id, **DAY, **CSV, **params, "access_token": token})
        where = urlsplit(self.url("getreport"))
        head = (
            f"POST {where.path}?{where.query} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((where.hostname, where.port), timeout=10) as line:
            line.sendall((head + body).encode())
            received = bytearray()
            while piece := line.recv(65536):
                received += piece
        return bytes(received)
