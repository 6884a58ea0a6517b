"""Kept bodies as a source of reports: ingest runs on them as on any other, and nobody is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.raw.kept_file import restore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.raw.shelf import Kept
    from pipelines.sources.report import Body, Opener, RawReport, ReportRequest


@dataclass(frozen=True)
class KeptSource:
    """Answers with the chosen bodies of one feed, which all came from `origin`; see ReportSource."""

    origin: str
    bodies: Mapping[ReportDay, Kept]
    opener: Opener

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Say what was asked for when the body came."""
        label = self.bodies[day].label
        return label.window_from, label.window_until

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Write the kept body to `into`; raise Damaged unless it is what was received."""
        return restore(self.bodies[request.day].path, into)

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Open the body as its source would, with the fields that are wanted today.

        Fields that were asked for, came as asked and are no longer pinned are let go, and others put into
        today's order: a call made today would have had them so. All else is for the flow to judge.
        """
        report = self.opener(request, body)
        asked = self.bodies[request.day].label.fields
        if report.fields == request.fields or report.fields != asked or not set(request.fields) <= set(asked):
            return report
        return replace(report, fields=request.fields, frame=report.frame.select(request.fields))

    def close(self) -> None:
        """Nothing is held."""
