"""Build the catalogue aside and swap it in.

The tables of `ops` are filled once, at the build: reading 20,000 receipts takes seconds, which no analyst
should wait for, and whoever may read the catalogue need not be able to read the quarantine. A rebuild keeps
the rows of files that have not changed, and the monthly files whose days have not.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.calls import mark_made_good, read_calls
from pipelines.errors import Permanent
from pipelines.settings import CONTACT_WINDOW_DAYS
from pipelines.telephone import READ_BY
from pipelines.warehouse import evidence, monthly, phones, things
from pipelines.warehouse.marts import create_marts
from pipelines.warehouse.query import catalogue_path, connect, open_engine, spill_path, told_in_one_line
from pipelines.warehouse.statements import all_definitions_digest, definitions_digest, sections
from pipelines.warehouse.swap import replacing, write_ahead_log
from pipelines.warehouse.views import columns_of, statements_for
from pipelines.warehouse.working_days import KNOWN_BY, calendar
from pipelines.whole_files import alone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.errors import Damaged
    from pipelines.feeds import Feed
    from pipelines.lake import Lake
    from pipelines.warehouse.evidence import LakeFile
    from pipelines.warehouse.monthly import Month
    from pipelines.warehouse.views import ViewColumn

TABLES = (
    "catalogue",
    "settings",
    "feeds",
    "columns",
    "files",
    "receipts",
    "controls",
    "quarantine",
    "failures",
    "revised_days",
    "revisions",
    "late_arrival",
    "months",
    "completeness",
    "calendar",
    "phones",
    "case_numbers",
    "call_numbers",
    "case_calls",
    "outbound_log",
    "calls",
)
CONTACTS = "marts/contacts"
JOINED = ("case_numbers", "call_numbers", "case_calls")  # what it reads; each is made of those before
KEPT = ("files", "receipts", "controls", "quarantine")  # files first: the others keep what it kept
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
    months: int
    months_written: int
    marts: int

    def __str__(self) -> str:
        """One line for a person."""
        days = ", ".join(f"{count} {status}" for status, count in sorted(self.days.items())) or "no days"
        damaged = f", {self.files_damaged} damaged" if self.files_damaged else ""
        return (
            f"{self.path}: {self.feeds} feeds, {self.marts} marts; {days}; "
            f"{self.files_read} files read, {self.files_kept} unchanged{damaged}; "
            f"{self.months_written} of {self.months} monthly files written"
        )


def build(  # noqa: PLR0913 - all but the first two by name
    lake: Lake,
    feeds: Mapping[str, Feed],
    *,
    until: ReportDay,
    since: ReportDay,
    contact_window_days: int = CONTACT_WINDOW_DAYS,
    outbound_log: pl.DataFrame | None = None,
    afresh: bool = False,
    wait_seconds: float = WAIT_SECONDS,
) -> CatalogueSummary:
    """Make the catalogue of a lake and swap it in; readers of the old one go on undisturbed.

    `ops.completeness` spans `since` to `until`; `marts.contacts` goes by `contact_window_days`;
    `ops.outbound_log` is filled with `outbound_log`, the dispatcher's own account of what it did. `afresh`
    reads every file again and writes every monthly file again. Raises Transient when another process is still
    rebuilding after `wait_seconds`, Permanent when it cannot be built.
    """
    target = catalogue_path(lake)
    try:
        with alone(target, wait_seconds, todo="wait for it to end, then run `casehouse rebuild`"):
            with replacing(target) as aside:
                with closing(open_engine(spill_path(lake))) as engine:
                    builder = _Builder(
                        engine, lake, feeds, since, until, contact_window_days, outbound_log, afresh
                    )
                    summary, files = builder.build(aside, target)
                if write_ahead_log(aside).exists():
                    raise Permanent(
                        "DuckDB did not finish writing the catalogue", todo="run `casehouse rebuild`"
                    )
            # Still alone: another build may be about to name one of the files that this one does not.
            monthly.sweep(lake, files)
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


def is_current(
    lake: Lake,
    feeds: Mapping[str, Feed],
    *,
    until: ReportDay,
    since: ReportDay,
    contact_window_days: int = CONTACT_WINDOW_DAYS,
) -> bool:
    """Say whether these feeds, days, settings and definitions made it; not whether days came in since."""
    try:
        with closing(connect(lake)) as engine:
            row = engine.execute(
                sections("ops/catalogue")["is_current"],
                {
                    "made_by": _made_by(feeds, contact_window_days),
                    "lake_dir": str(lake.root.resolve()),
                    "since": since.date,
                    "until": until.date,
                },
            ).fetchone()
    except (Permanent, duckdb.Error):
        return False  # there is none, or one of another make
    return row == (True,)


def _made_by(feeds: Mapping[str, Feed], contact_window_days: int) -> str:
    """Digest all that decides what a catalogue of the same lake says: comments and libraries' tables, too."""
    told = [
        (key, feed.description, feed.contract.fingerprint, columns_of(feed)) for key, feed in feeds.items()
    ]
    made_from = (all_definitions_digest(), READ_BY, KNOWN_BY, contact_window_days, told)
    return hashlib.sha256(repr(made_from).encode()).hexdigest()


@dataclass(frozen=True)
class _Builder:
    engine: duckdb.DuckDBPyConnection
    lake: Lake
    feeds: Mapping[str, Feed]
    since: ReportDay
    until: ReportDay
    contact_window_days: int
    outbound_log: pl.DataFrame | None
    afresh: bool

    def build(self, aside: Path, previous: Path) -> tuple[CatalogueSummary, set[Path]]:
        """Fill the file `aside`; return what is in it and the monthly files that it reads."""
        # Without a storage version DuckDB 2 writes files that DuckDB 1 tools cannot open.
        self.engine.execute("ATTACH ? AS casehouse (STORAGE_VERSION 'v1.2.0')", [str(aside)])
        self.engine.execute("USE casehouse")
        can_keep = not self.afresh and self._attach(previous)
        self.engine.begin()
        found = evidence.list_files(self.lake, self.feeds)
        self._create_tables()
        self._tell_registry()
        files_read, damaged = self._fill_evidence(found, can_keep=can_keep)
        findings = monthly.Findings(list(damaged))
        months = self._store_months(findings, self._standing_months(can_keep=can_keep))
        failures = evidence.failures_of(self.lake, self.feeds, findings.damaged)
        self._fill("failures", "failures_noted", failures)
        if self.outbound_log is not None:
            self._fill("outbound_log", "outbound_told", self.outbound_log)
        self._tell_revisions(can_keep=can_keep)
        self._fill("calls", "calls_made", mark_made_good(read_calls(self.lake.root)))
        days = self._fill_completeness()
        self._create_views(months)
        phones.fill(self.engine, self.feeds, can_keep=can_keep)
        marts = create_marts(self.engine, self.feeds)
        if CONTACTS in marts:
            self._join_calls_to_cases()
        self._fill("columns", "columns_told", _dictionary(_feed_columns(self.feeds) | marts))
        self.engine.commit()
        self.engine.execute("CHECKPOINT casehouse")
        summary = CatalogueSummary(
            path=catalogue_path(self.lake),
            feeds=len(self.feeds),
            days=days,
            files_read=files_read,
            files_kept=len(found) - files_read - len(damaged),
            files_damaged=len(findings.damaged),
            months=len(months),
            months_written=findings.written,
            marts=len(marts),
        )
        return summary, {month.path(self.lake) for month in months}

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
        made_by = {"made_by": _made_by(self.feeds, self.contact_window_days)}
        self.engine.execute(sections("ops/catalogue")["fill"], made_from | made_by | bounds)
        self.engine.execute(
            sections("ops/settings")["fill"], {"contact_window_days": self.contact_window_days}
        )
        self._fill("feeds", "feeds_told", _registry(self.feeds))
        self._fill("calendar", "calendar_told", calendar(self.since, self.until))

    def _fill_evidence(self, found: list[LakeFile], *, can_keep: bool) -> tuple[int, list[Damaged]]:
        """Fill the tables that come from files; return how many were read, and the damaged ones."""
        self.engine.register("files_found", evidence.frame_of(found))
        for table in KEPT if can_keep else ():
            self.engine.execute(sections(f"ops/{table}")["keep"])
        changed = self.engine.execute(sections("ops/files")["changed"]).fetchall()
        read = evidence.read_evidence(self.lake, evidence.files_of(changed))
        self._fill("files", "files_read", read.files)
        self._fill("receipts", "receipts_read", read.receipts)
        self._fill("controls", "controls_read", read.controls)
        self._fill("quarantine", "quarantine_read", read.quarantine)
        return len(changed) - len(read.damaged), read.damaged

    def _standing_months(self, *, can_keep: bool) -> monthly.Known | None:
        """Tell the monthly files as the catalogue before found them; None when all are to be written anew."""
        if self.afresh:
            return None
        rows = self.engine.execute(sections("ops/months")["proved"]).fetchall() if can_keep else []
        return {file: (size, at) for file, size, at in rows}

    def _store_months(self, findings: monthly.Findings, standing: monthly.Known | None) -> list[Month]:
        """Make the monthly files that are missing, and correct the evidence by what was met on the way."""
        wanted = list(
            monthly.plan(self.engine.execute(sections("ops/months")["wanted"]).fetchall(), self.feeds)
        )
        known = len(findings.damaged)
        # A connection of its own: a day that DuckDB cannot read must not undo what was filled.
        with closing(self.engine.cursor()) as engine:
            stored = [
                month
                for one in wanted
                if (month := monthly.store(engine, self.lake, one, findings, standing))
            ]
        for error in findings.damaged[known:]:
            self._forget(error.feed, error.day)
        for feed, day in findings.gone:
            self._forget(feed, str(day))
        for receipt in findings.replaced:
            self._forget(receipt.feed, receipt.report_date)
        self._fill("receipts", "receipts_read", evidence.receipts_of(findings.replaced))
        self._fill("controls", "controls_read", evidence.controls_of(findings.replaced))
        self._fill("months", "months_stored", monthly.frame_of(stored, self.lake))
        return stored

    def _forget(self, feed: str, day: str) -> None:
        """Take back what was told of a day's file; the next rebuild reads it again."""
        for table in ("files", "receipts", "controls"):
            self.engine.execute(sections(f"ops/{table}")["forget"], {"feed": feed, "day": day})

    def _tell_revisions(self, *, can_keep: bool) -> None:
        """Fill the tables of what changed in days that were asked for again, reading only new records."""
        found = evidence.list_revisions(self.lake, self.feeds)
        self.engine.register("revisions_found", evidence.names_of(found))
        for table in ("revised_days", "revisions") if can_keep else ():
            self.engine.execute(sections(f"ops/{table}")["keep"])
        unread = set(self.engine.execute(sections("ops/revised_days")["unread"]).fetchall())
        days, cells = evidence.read_revisions(
            file for file in found if (file.feed, file.day.date, file.name) in unread
        )
        self._fill("revised_days", "revised_days_read", days)
        self._fill("revisions", "revisions_read", cells)
        self.engine.execute(sections("ops/late_arrival")["fill"])

    def _fill_completeness(self) -> dict[str, int]:
        sql = sections("ops/completeness")
        self.engine.register("held_back_told", evidence.held_back_of(self.lake, self.feeds))
        self.engine.execute(sql["fill"], {"since": self.since.date, "until": self.until.date})
        self.engine.unregister("held_back_told")
        return dict(self.engine.execute(sql["by_status"]).fetchall())

    def _create_views(self, months: list[Month]) -> None:
        for feed in self.feeds.values():
            files = [month.path(self.lake) for month in months if month.feed is feed]
            for statement in (*statements_for(feed, files), *things.statements_for(feed, files)):
                self.engine.execute(statement)

    def _join_calls_to_cases(self) -> None:
        """Fill the tables that marts.contacts reads, from scratch."""
        for table in JOINED:
            self.engine.execute(sections(f"ops/{table}")["fill"])

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


def _feed_columns(feeds: Mapping[str, Feed]) -> dict[str, list[ViewColumn]]:
    return {feed.key: columns_of(feed) for feed in feeds.values()}


def _dictionary(views: Mapping[str, list[ViewColumn]]) -> pl.DataFrame:
    rows = [
        (
            key,
            position,
            column.name,
            column.type,
            column.is_required,
            column.privacy,
            column.description,
            column.wire,
        )
        for key, columns in views.items()
        for position, column in enumerate(columns, 1)
    ]
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
