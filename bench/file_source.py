"""A source whose reports are files already on disk: what is measured is the flow, not a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sources.icasework.reports import open_report

from pipelines.sources.report import Body, RawReport, ReportRequest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class FileSource:
    """Takes `folder/DAY.csv` (or .xml) away as the day's body."""

    folder: Path
    format: str = "csv"

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Move the file into place and digest it, as a client does with the bytes it receives."""
        (self.folder / f"{request.day}.{self.format}").rename(into)
        with into.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Body(into, self.format, digest, into.stat().st_size)

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Open it as the iCasework client would."""
        return open_report(request, body)

    def close(self) -> None:
        """Nothing is held."""
