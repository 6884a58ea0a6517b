"""What every source of reports offers to the flow: fetch a day's body to a file, open it as a raw frame.

A new source implements `ReportSource`; nothing downstream knows which vendor it is. Wire protocol stays in
the source's own room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from pipelines.days import ReportDay

# What opening a body may cut off its file's end; before that, nothing of it is ever written over.
MOST_CUT_BYTES = 4 << 10


@dataclass(frozen=True)
class ReportRequest:
    """One feed and day, with the wire names of the fields asked for, in order."""

    feed: str
    day: ReportDay
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """A whole answer on disk: where it is, how it is written, and the digest of the bytes received.

    `framed` says that the protocol itself proved where the body ends; False where nothing but the end of the
    connection did.
    """

    path: Path
    format: str
    sha256: str
    size: int
    framed: bool = False


@dataclass(frozen=True)
class RawReport:
    """A body opened but not yet believed.

    `fields` are the wire names in the order they came; `frame` holds them as strings, null where empty;
    `total` is the source's own row count, None where the source gave none; `controls` are the whole-number
    totals that it told besides, by the vendor's titles.
    """

    fields: tuple[str, ...]
    frame: pl.LazyFrame
    total: int | None
    controls: Mapping[str, int] = field(default_factory=dict)


# What opens a body of a source, by the settings alone: it knows no host and no key. It consumes the file, as
# `ReportSource.open` does, and raises the same.
Opener = Callable[[ReportRequest, Body], RawReport]


class ReportSource(Protocol):
    """A system that answers reports by day; `origin` names the system and account, such as "uat council"."""

    @property
    def origin(self) -> str:
        """Say who answers, for receipts."""
        ...

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Say which first and last instant are asked for, as they go over the wire, for receipts."""
        ...

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Stream the day's answer into the file `into`; raise Transient or Permanent."""
        ...

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Read the body as a raw frame; raise Unverified when it cannot be a whole report.

        The file is consumed: its end is cut off by MOST_CUT_BYTES at most, or another file takes its place.
        What remains under its name is what the frame scans. So a body is opened once, and its file kept as
        long as the frame is used.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
