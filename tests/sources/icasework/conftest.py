"""Reports on disk, and the client against the fake server."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import pytest

from pipelines.days import ReportDay
from pipelines.sources.report import Body, ReportRequest

if TYPE_CHECKING:
    from pathlib import Path

DAY = ReportDay.parse("2026-11-22")
FIELDS = ("CaseDetails.CaseId", "CaseDetails.CaseType", "MainParty.Address")
REQUEST = ReportRequest("icasework/cases", DAY, FIELDS)


class Writes(Protocol):
    def __call__(self, content: bytes, body_format: str, *, framed: bool = False) -> Body: ...


@pytest.fixture
def on_disk(tmp_path: Path) -> Writes:
    """Write a body as if it had been fetched."""

    def write(content: bytes, body_format: str, *, framed: bool = False) -> Body:
        path = tmp_path / f"body.{body_format}"
        path.write_bytes(content)
        return Body(path, body_format, hashlib.sha256(content).hexdigest(), len(content), framed=framed)

    return write


@pytest.fixture(params=["in memory", "by way of the disk"])
def any_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as for small bodies and as for large ones."""
    if request.param != "in memory":
        monkeypatch.setattr("pipelines.sources.spool.SMALL_BYTES", 0)
