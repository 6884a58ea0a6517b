"""A small house to look at: lakes of receipts without rows, a clock to turn, an address that writes down."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from pipelines.alerts.watch import Watch, look
from pipelines.days import ReportDay
from pipelines.errors import Transient
from pipelines.lake import Lake
from pipelines.receipts import Receipt, seal
from pipelines.revisions import Record, RevisionBook
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipelines.alerts.incidents import Note
    from pipelines.alerts.watch import Looked
    from pipelines.errors import CasehouseError

YESTERDAY = ReportDay.parse("2026-11-22")
SEVEN = datetime(2026, 11, 23, 7, 1, tzinfo=UTC)
FEEDS = ("icasework/cases", "icasework/tasks", "xima/calls")
ADDRESS = "1 (json)"


@dataclass
class Address:
    """Somewhere messages go; `refuses` is why it takes none, `dies` what stops the sender."""

    got: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    refuses: str = ""
    dies: BaseException | None = None

    def __call__(self, note: Note) -> str:
        if self.dies:
            raise self.dies
        if not self.refuses:
            self.got.append(note.title)
            self.bodies.append(note.body)
        return self.refuses


@dataclass
class House:
    """A lake, its settings and a clock."""

    lake: Lake
    settings: Settings
    now: datetime = SEVEN
    address: Address = field(default_factory=Address)
    skew: float | None = 0.2

    @property
    def watch(self) -> Watch:
        return Watch(
            self.settings,
            self.lake,
            FEEDS,
            {"icasework", "xima"},
            {ADDRESS: self.address},
            lambda _: self.skew,
            lambda: self.now,
        )

    def look(self, after: timedelta = timedelta(0), *, by_daemon: bool = False) -> Looked:
        self.now += after
        return look(self.watch, by_daemon=by_daemon)

    def settle(self) -> Looked:
        """Look, and again when what is seen has lasted."""
        self.look()
        return self.look(timedelta(minutes=61))

    def alerts(self) -> list[str]:
        """Titles of what arrived, the digest left out."""
        return [
            title.removeprefix("Casehouse")
            for title in self.address.got
            if not title.startswith("Casehouse, 20")
        ]

    def revise(self, feed: str, day: ReportDay, *counts: int, kept: str = "") -> None:
        """Record that a re-pull changed a day: rows added, changed and gone; or why it was held back."""
        added, changed, gone = counts
        receipt = self.lake.receipt(feed, day)
        assert receipt is not None
        record = Record(
            feed=feed,
            report_date=str(day),
            at=self.now,
            added=added,
            changed=changed,
            gone=gone,
            rows_before=100,
            rows_after=100 + added - gone,
            old_seal="",
            new_seal=receipt.seal,
            kept=bool(kept),
            why=kept,
        )
        book = RevisionBook(self.lake.root, feed, day)
        with self.lake.staging() as stage:
            if kept:
                book.hold(record, stage)
            else:
                with book.telling(record, stage):
                    pass

    def load(self, feed: str, day: ReportDay, rows: int, quarantined: int = 0) -> None:
        write_day(self.lake, feed, day, rows, quarantined)

    def load_weeks(self, *, rows: int = 100, feeds: Iterable[str] = FEEDS, days: int = 63) -> None:
        """Load so many days up to yesterday, a few rows more or fewer each."""
        for feed in feeds:
            for back in range(days):
                self.load(feed, YESTERDAY.plus(-back), rows + back % 3)

    def fail(self, feed: str, *days: ReportDay, error: CasehouseError | None = None) -> None:
        for day in days:
            fault = error or Transient("the source did not answer", why="HTTP 503", todo="wait")
            fault.feed = fault.day = ""
            self.lake.record_failure(feed, day, fault.about(feed, str(day)), self.now)


def write_day(lake: Lake, feed: str, day: ReportDay, rows: int, quarantined: int = 0) -> None:
    """Put a file with a receipt of so many rows into the lake, without going through a source."""
    digest = hashlib.sha256(f"{feed} {day} {rows}".encode()).hexdigest()
    receipt = Receipt(
        feed=feed,
        report_date=str(day),
        origin="sandbox sandbox",
        window_from="",
        window_until="",
        source_total=rows + quarantined,
        rows_good=rows,
        rows_quarantined=quarantined,
        body_format="csv",
        body_sha256=digest,
        body_bytes=1,
        contract="none",
        version="0",
    )
    path = lake.path(feed, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"n": [1]}).write_parquet(path, metadata=receipt.as_metadata())
    seal(path)
    os.utime(path.parent.parent, (0, 0))  # the clock of the house is not the disk's: it came long ago
    lake._failure_path(feed, day).unlink(missing_ok=True)


def make_house(folder: Path, **settings: object) -> House:
    return House(
        Lake(folder), load_settings(data_dir=folder, start_date="2026-06-01", alert_disk_gib=0, **settings)
    )
