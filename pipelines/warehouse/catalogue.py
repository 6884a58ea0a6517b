"""Build the catalogue aside and swap it in.

The tables of `ops` are filled once, at the build: reading 20,000 receipts takes seconds, which no analyst
should wait for, and whoever may read the catalogue need not be able to read the quarantine. A rebuild keeps
the rows of files that have not changed.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.errors import Permanent
from pipelines.settings import CONTACT_WINDOW_DAYS
from pipelines.warehouse import evidence, phones
from pipelines.warehouse.query import catalogue_path, open_engine, spill_path, told_in_one_line
from pipelines.warehouse.statements import definitions_digest, sections, type_name
from pipelines.warehouse.swap import replacing, write_ahead_log
from pipelines.warehouse.views import REPORT_DATE, statements_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.lake import Lake
    from pipelines.warehouse.evidence import LakeFile

KEPT = ("files", "receipts", "controls", "quarantine")  # files first: the others keep what it kept
TABLES = ("catalogue", "settings", "feeds", "columns", *KEPT, "failures", "completeness", "phones")
WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class CatalogueSummary:
    """What was built: where, days by status, files read now and files whose rows were kept."""

    path: Path
    feeds: int
    days: dict[str, int]
    files_read: int
    files_kept: int
    files_damaged: int

    def __str__(self) -> str:
        """One line for a person."""
        days = ", ".join(f"{count} {status}" for status, count in sorted(self.days.items())) or "no days"
        damaged = f", {self.files_damaged} damaged" if self.files_damaged else ""
        return (
            f"{self.path}: {self.feeds} feeds; {days}; "
            f"{self.files_read} files read, {self.files_kept} unchanged{damaged}"
        )


def build(  # noqa: PLR0913 - all but the first two by name
    lake: Lake,
    feeds: Mapping[str, Feed],
    *,
    until: ReportDay,
    since: ReportDay,
    contact_window_days: int = CONTACT_WINDOW_DAYS,
    afresh: bool = False,
    wait_seconds: float = WAIT_SECONDS,
) -> CatalogueSummary:
    """Make the catalogue of a lake and swap it in; readers of the old one go on undisturbed.

    `ops.completeness` spans `since` to `until`; `marts.contacts` goes by `contact_window_days`. `afresh`
    reads every file again. Raises Transient when
    another process is still rebuilding after `wait_seconds`, Permanent when it cannot be built.
    """
    target = catalogue_path(lake)
    try:
        with replacing(target, wait_seconds=wait_seconds) as aside:
            with closing(open_engine(spill_path(lake))) as engine:
                builder = _Builder(engine, lake, feeds, since, until, contact_window_days)
                summary = builder.build(aside, None if afresh else target)
            if write_ahead_log(aside).exists():
                raise Permanent("DuckDB did not finish writing the catalogue", todo="run `casehouse rebuild`")
    except duckdb.Error as error:
        raise Permanent(
            "the catalogue cannot be built",
            why=told_in_one_line(error),
            todo="the old one still stands; run `casehouse doctor`",
        ) from None
    except OSError as error:
        raise Permanent(
            f"{target.name} cannot be written in the data directory",
            why=error.strerror or type(error).__name__,
            todo="the old one still stands; check room and rights with `casehouse doctor`",
        ) from None
    return summary


@dataclass(frozen=True)
class _Builder:
    engine: duckdb.DuckDBPyConnection
    lake: Lake
    feeds: Mapping[str, Feed]
    since: ReportDay
    until: ReportDay
    contact_window_days: int

    def build(self, aside: Path, previous: Path | None) -> CatalogueSummary:
        # Without a storage version DuckDB 2 writes files that DuckDB 1 tools cannot open.
        self.engine.execute("ATTACH ? AS casehouse (STORAGE_VERSION 'v1.2.0')", [str(aside)])
        self.engine.execute("USE casehouse")
        can_keep = previous is not None and self._attach(previous)
        self.engine.begin()
        found = evidence.list_files(self.lake, self.feeds)
        self._create_tables()
        self._tell_registry()
        files_read, damaged = self._fill_evidence(found, can_keep=can_keep)
        days = self._fill_completeness()
        self._create_views(found)
        phones.fill(self.engine, self.feeds, can_keep=can_keep)
        self.engine.commit()
        self.engine.execute("CHECKPOINT casehouse")
        return CatalogueSummary(
            path=catalogue_path(self.lake),
            feeds=len(self.feeds),
            days=days,
            files_read=files_read,
            files_kept=len(found) - files_read - damaged,
            files_damaged=damaged,
        )

    def _attach(self, previous: Path) -> bool:
        """Attach the catalogue that stands, if its rows can be kept."""
        if not previous.exists():
            return False
        try:
            self.engine.execute("ATTACH ? AS previous (READ_ONLY)", [str(previous)])
            row = self.engine.execute(
                sections("ops/catalogue")["matches_previous"],
                {"definitions": definitions_digest(), "lake_dir": str(self.lake.root.resolve())},
            ).fetchone()
        except duckdb.Error:
            return False  # locked by a read-write session, damaged or of another make: read the lake instead
        return row == (True,)

    def _create_tables(self) -> None:
        self.engine.execute("CREATE SCHEMA ops")
        for table in TABLES:
            self.engine.execute(sections(f"ops/{table}")["create"])

    def _tell_registry(self) -> None:
        bounds = {"since": self.since.date, "until": self.until.date}
        made_from = {"definitions": definitions_digest(), "lake_dir": str(self.lake.root.resolve())}
        self.engine.execute(sections("ops/catalogue")["fill"], made_from | bounds)
        self.engine.execute(
            sections("ops/settings")["fill"], {"contact_window_days": self.contact_window_days}
        )
        self._fill("feeds", "feeds_told", _registry(self.feeds))
        self._fill("columns", "columns_told", _dictionary(self.feeds))

    def _fill_evidence(self, found: list[LakeFile], *, can_keep: bool) -> tuple[int, int]:
        """Fill the tables that come from files; return how many were read and how many were damaged."""
        self.engine.register("files_found", evidence.frame_of(found))
        for table in KEPT if can_keep else ():
            self.engine.execute(sections(f"ops/{table}")["keep"])
        changed = self.engine.execute(sections("ops/files")["changed"]).fetchall()
        read = evidence.read_evidence(self.lake, evidence.files_of(changed))
        self._fill("files", "files_read", read.files)
        self._fill("receipts", "receipts_read", read.receipts)
        self._fill("controls", "controls_read", read.controls)
        self._fill("quarantine", "quarantine_read", read.quarantine)
        failures = evidence.failures_of(self.lake, self.feeds, read.damaged)
        self._fill("failures", "failures_noted", failures)
        return len(changed) - len(read.damaged), len(read.damaged)

    def _fill_completeness(self) -> dict[str, int]:
        sql = sections("ops/completeness")
        self.engine.execute(sql["fill"], {"since": self.since.date, "until": self.until.date})
        return dict(self.engine.execute(sql["by_status"]).fetchall())

    def _create_views(self, found: list[LakeFile]) -> None:
        with_files = {file.feed for file in found if file.kind == "data"}
        for feed in self.feeds.values():
            for statement in statements_for(feed, self.lake, has_files=feed.key in with_files):
                self.engine.execute(statement)

    def _fill(self, table: str, frame_name: str, frame: pl.DataFrame) -> None:
        self.engine.register(frame_name, frame)
        self.engine.execute(sections(f"ops/{table}")["fill"])
        self.engine.unregister(frame_name)


def _registry(feeds: Mapping[str, Feed]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (feed.key, f"{feed.source}.{feed.name}", feed.description, feed.contract.fingerprint)
            for feed in feeds.values()
        ],
        schema=dict.fromkeys(("feed", "view_name", "description", "contract"), pl.String),
        orient="row",
    )


def _dictionary(feeds: Mapping[str, Feed]) -> pl.DataFrame:
    rows: list[tuple[object, ...]] = []
    for feed in feeds.values():
        columns = feed.contract.columns
        rows.extend(
            (
                feed.key,
                position,
                column.name,
                type_name(column.dtype),
                not column.nullable,
                column.privacy,
                column.description,
                column.wire,
            )
            for position, column in enumerate(columns, 1)
        )
        rows.append((feed.key, len(columns) + 1, "report_date", "DATE", True, "public", REPORT_DATE, None))
    return pl.DataFrame(
        rows,
        schema={
            "feed": pl.String,
            "position": pl.Int32,
            "column_name": pl.String,
            "data_type": pl.String,
            "is_required": pl.Boolean,
            "privacy": pl.String,
            "description": pl.String,
            "wire_name": pl.String,
        },
        orient="row",
    )
