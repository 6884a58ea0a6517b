"""The vendor's documented example, reports on disk, and no .env of this machine."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pipelines.days import ReportDay
from pipelines.settings import Settings
from pipelines.sources.report import Body, ReportRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY = ReportDay.parse("2026-11-22")
REQUEST = ReportRequest("xima/agent_summary", DAY, ())
TIMEFRAME = {"start": "2026-11-22T00:00:00+00:00", "end": "2026-11-22T23:59:59+00:00"}

# The vendor's own example answer (SEED), but for its timeframe, which is a day's here.
EXAMPLE: dict[str, Any] = {
    "reportId": 48,
    "executionId": "3eb08a9a-0f05-44b8-a0b0-ba7338a1d2e5",
    "title": "Agent Talking Summary",
    "timeframe": {"type": "REPORT_TIMEFRAME"} | TIMEFRAME,
    "skin": "Avaya Default",
    "columns": [
        {"key": "0", "title": "Agent", "format": "STRING"},
        {"key": "1", "title": "Inbound Calls", "format": "NUMBER"},
        {"key": "2", "title": "Outbound Calls", "format": "NUMBER"},
        {"key": "3", "title": "Internal Calls", "format": "NUMBER"},
        {"key": "4", "title": "Total Calls", "format": "NUMBER"},
        {"key": "5", "title": "Total Talking", "format": "DURATION"},
        {"key": "6", "title": "Avg Talking", "format": "DURATION"},
    ],
    "dataFlag": "INCLUDED",
    "summaryItems": [
        {"title": "Agents", "value": 1, "formattedValue": "1", "format": "NUMBER"},
        {"title": "Total Inbound Calls", "value": 4, "formattedValue": "4", "format": "NUMBER"},
        {"title": "Total Outbound Calls", "value": 6, "formattedValue": "6", "format": "NUMBER"},
        {"title": "Total Internal Calls", "value": 4, "formattedValue": "4", "format": "NUMBER"},
        {"title": "Total Calls", "value": 14, "formattedValue": "14", "format": "NUMBER"},
        {"title": "Avg Total Calls", "value": 14.0, "formattedValue": "14.0", "format": "NUMBER"},
        {"title": "Total Talking", "value": 12673424, "formattedValue": "3:31:13", "format": "NUMBER"},
        {"title": "Avg Talking", "value": 1810489, "formattedValue": "0:30:10", "format": "NUMBER"},
    ],
    "rows": [
        {
            "values": {
                "0": {"value": "Agent1(200)"},
                "1": {"value": 4, "formattedValue": "4"},
                "2": {"value": 6, "formattedValue": "6"},
                "3": {"value": 4, "formattedValue": "4"},
                "4": {"value": 14, "formattedValue": "14"},
                "5": {"value": 12673424, "formattedValue": "3:31:13"},
                "6": {"value": 1810489, "formattedValue": "0:30:10"},
            }
        }
    ],
    "charts": {"type": "CHARTS", "rows": []},
}


def report_of(
    columns: Sequence[tuple[str, str, str]], rows: Sequence[object], **parts: object
) -> dict[str, Any]:
    """Make a whole report of columns (key, title, format) and rows; `parts` replace its own."""
    told = [dict(zip(("key", "title", "format"), column, strict=True)) for column in columns]
    return EXAMPLE | {"columns": told, "rows": list(rows), "summaryItems": []} | parts


class Writes(Protocol):
    def __call__(self, content: bytes | dict[str, Any]) -> Body: ...


@pytest.fixture
def on_disk(tmp_path: Path) -> Writes:
    """Write a body as if it had been fetched."""

    def write(content: bytes | dict[str, Any]) -> Body:
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        path = tmp_path / "body.json"
        path.write_bytes(text)
        return Body(path, "json", hashlib.sha256(text).hexdigest(), len(text))

    return write


@pytest.fixture(params=["in memory", "by way of the disk"])
def any_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as for held bodies and as for large ones."""
    if request.param != "in memory":
        monkeypatch.setattr("pipelines.sources.xima.body.HELD_BYTES", 0)
        monkeypatch.setattr("pipelines.sources.spool.SMALL_BYTES", 0)


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of this machine reaches these tests."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
