"""A small client of somebody else: it knows the vendor's wire and nothing of Casehouse's own client."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from tests.sandbox.caller import HandClock

PUBLIC, PRIVATE = "sandbox-public-key", "sandbox-private-key"


def signed(minute: str, public: str = PUBLIC, private: str = PRIVATE) -> dict[str, str]:
    token = hashlib.sha256((public + minute).encode()).hexdigest()
    text = hmac.new(private.encode(), token.encode(), hashlib.sha256).hexdigest()
    return {"X-Public": public, "X-Hash": base64.b64encode(text.encode()).decode()}


def minute_of(now: datetime) -> str:
    return now.astimezone(ZoneInfo("Europe/London")).strftime("%Y%m%d%H%M")


@dataclass
class TascomiCaller:
    """Calls one sandbox; `clock` is the time it signs with."""

    http: httpx.Client
    base: str
    clock: HandClock
    codes: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **how: Any,  # noqa: ANN401 - the options of the library that sends it
    ) -> httpx.Response:
        headers = signed(minute_of(self.clock())) | (headers or {})
        return self.http.request(method, f"{self.base}/v1/{path}", headers=headers, **how)

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.ask("GET", path, params=params)

    def rows(self, path: str, **params: str) -> list[dict[str, str | None]]:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, str | None]] = answer.json()
        return rows

    def only(self, path: str, **params: str) -> dict[str, str | None]:
        (row,) = self.rows(path, **params)
        return row

    def code(self, table: str, code: str) -> str:
        key = f"{table} {code}"
        if key not in self.codes:
            number = self.only(table, **{"username" if table == "users" else "code": code})["id"]
            assert number is not None
            self.codes[key] = number
        return self.codes[key]

    def request_fields(self, **others: str) -> dict[str, str]:
        """The three fields that a service request needs, and others."""
        return {
            "core_function_id": self.code("core_functions", "EP"),
            "complaint_code_id": self.code("complaint_codes", "NOISED"),
            "investigating_officer_id": self.code("users", "EHDUTY"),
            **others,
        }

    def writes(self) -> list[dict[str, Any]]:
        root = self.base.removesuffix("/tascomi/rest")
        told: list[dict[str, Any]] = self.http.get(f"{root}/_sandbox/tascomi/writes").json()["writes"]
        return told
