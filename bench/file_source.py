"""A source whose reports are files already on disk: what is measured is the flow, not a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sources.icasework.reports import open_report
from pipelines.sources.report import Body, RawReport, ReportRequest

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay


@dataclass(frozen=True)
class FileSource:
    """Takes `folder/DAY.csv` (or .xml) away as the day's body, whole and digested as a client leaves it."""

    folder: Path
    format: str
    digests: dict[str, str]
    origin: str = "bench"

    @classmethod
    def receive(cls, folder: Path, body_format: str = "csv") -> FileSource:
        """Digest every body in the folder, which a client does while the bytes arrive."""
        digests = {}
        for path in folder.glob(f"*.{body_format}"):
            with path.open("rb") as file:
                digests[path.stem] = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(folder, body_format, digests)

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Tell the whole civil day; nobody is asked."""
        return day.civil_bounds

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Move the file into place."""
        (self.folder / f"{request.day}.{self.format}").rename(into)
        digest = self.digests[str(request.day)]
        return Body(into, self.format, digest, into.stat().st_size, framed=True)

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Open it as the iCasework client would."""
        return open_report(request, body)

    def close(self) -> None:
        """Nothing is held."""
