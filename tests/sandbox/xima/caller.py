"""A small client of Xima by somebody else: it knows the vendor's wire, nothing of Casehouse's own client."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.days import LONDON
from pipelines.demonstration import SANDBOX_XIMA_KEY, XIMA_AGENTS, XIMA_REPORTS

if TYPE_CHECKING:
    import httpx

Row = dict[str, Any]
EXECUTION = re.compile(rb'"executionId":"[0-9a-f-]{36}"')
CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)")


def timeframe(first: str, last: str | None = None) -> dict[str, Any]:
    """Write whole London days as the parameter that names them."""
    start = datetime.combine(date.fromisoformat(first), time.min, LONDON)
    end = datetime.combine(date.fromisoformat(last or first), time(23, 59, 59, 999000), LONDON)
    bounds = {name: at.isoformat(timespec="milliseconds") for name, at in (("start", start), ("end", end))}
    return {
        "name": "Report Timeframe",
        "valueType": "REPORT_TIMEFRAME",
        "value": {"type": "REPORT_TIMEFRAME", **bounds},
    }


def agents(*keys: str) -> dict[str, Any]:
    users = [{"key": key} for key in keys or XIMA_AGENTS]
    return {
        "name": "Rows (Agent)",
        "valueType": "PBX_USERS",
        "value": {"type": "PBX_USERS", "pbxUsers": users},
    }


def skills(*keys: str) -> dict[str, Any]:
    return {
        "name": "Skills",
        "valueType": "SKILLS",
        "value": {"type": "SKILLS", "skills": [{"key": key} for key in keys]},
    }


@dataclass
class XimaCaller:
    """Asks one sandbox for reports."""

    http: httpx.Client
    base: str
    key: str = SANDBOX_XIMA_KEY

    def url(self, report: str) -> str:
        return f"{self.base}/rest/api/v1/historic-data/{XIMA_REPORTS.get(report, report)}"

    def send(self, report: str, body: bytes, **headers: str) -> httpx.Response:
        head = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        return self.http.post(self.url(report), content=body, headers=head)

    def ask(self, report: str, *parameters: dict[str, Any]) -> httpx.Response:
        return self.send(report, body(*parameters))

    def day(self, report: str, day: str, last: str | None = None) -> dict[str, Any]:
        """Return a report of whole days, all agents named where the report needs them."""
        rows = [agents()] if report == "agent_summary" else []
        answer = self.ask(report, timeframe(day, last), *rows)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def raw(self, report: str, sent: bytes) -> bytes:
        """Return every byte of one answer, head included, till the connection ends."""
        where = urlsplit(self.url(report))
        head = (
            f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n"
        )
        with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
            connection.sendall(head.encode() + sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def body(*parameters: dict[str, Any]) -> bytes:
    return json.dumps({"format": "json", "parameters": parameters}).encode()


def rows(told: dict[str, Any]) -> list[Row]:
    """Return a report's rows by title; a cell without a value is None."""
    titles = {column["key"]: column["title"] for column in told["columns"]}
    return [
        {title: row["values"].get(key, {}).get("value") for key, title in titles.items()}
        for row in told["rows"]
    ]


def told_in(content: bytes) -> bytes:
    """Return an answer's bytes but for the id of its execution, which every run has anew."""
    return EXECUTION.sub(b"", content)


def totals(told: dict[str, Any]) -> dict[str, Any]:
    return {item["title"]: item["value"] for item in told["summaryItems"]}


def shown_ms(text: str) -> int:
    """Read H:MM:SS back, in milliseconds."""
    match = CLOCK.fullmatch(text)
    assert match is not None, text
    hours, minutes, seconds = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000
