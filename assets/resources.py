"""What the assets work with: settings, lake, feeds, a way to open a source, a clock.

One object, made by `build_defs` and handed to every asset factory, so that a test gives other parts instead
of patching. Nothing here talks to a source or reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed, Policy
    from pipelines.lake import Lake
    from pipelines.settings import Settings
    from pipelines.sources.report import ReportSource


@dataclass(frozen=True)
class Workplace:
    """The parts of the product that assets use; `now` gives an aware instant."""

    settings: Settings
    lake: Lake
    feeds: Mapping[str, Feed]
    connect: Callable[[str, Settings], ReportSource]
    policy: Callable[[str, Settings], Policy]
    now: Callable[[], datetime]

    def yesterday(self) -> ReportDay:
        """Return the last report day that is over."""
        return self.settings.last_day(self.now())
