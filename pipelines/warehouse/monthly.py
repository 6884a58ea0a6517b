"""One Parquet file a feed and month, which the feed views read instead of a file a day.

They stand below `monthly/` in the data directory and are as disposable as the catalogue: the name of each
holds a digest of the days' seals and of today's contract, so that a file is made when its name is not there
yet, and never changes. Every day is proved against its receipt before it is copied. A file that no catalogue
names any more stays for two days, for readers that still have an older catalogue open.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from pipelines.days import ReportDay
from pipelines.errors import Damaged
from pipelines.receipts import Receipt, check_seal
from pipelines.warehouse.query import MONTHLY
from pipelines.warehouse.statements import (
    Sql,
    glob_of,
    identifier,
    listed,
    literal,
    render,
    section_digest,
    sections,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from pipelines.feeds import Feed
    from pipelines.lake import Lake

KEPT_SECONDS = 48 * 3600
_SUPERSEDED = ".superseded"
_MONTHS = {
    "feed": pl.String(),
    "month_date": pl.Date(),
    "days": pl.Int64(),
    "rows": pl.Int64(),
    "file": pl.String(),
}


@dataclass(frozen=True)
class StoredDay:
    """One day as its receipt tells it: the seal stands for the bytes of the file."""

    day: ReportDay
    seal: str
    rows: int


@dataclass(frozen=True)
class Month:
    """The days of one feed and month that belong into one file, in order."""

    feed: Feed
    days: tuple[StoredDay, ...]

    @property
    def first_date(self) -> date:
        """The first of the month."""
        return self.days[0].day.date.replace(day=1)

    def path(self, lake: Lake) -> Path:
        """Say where its file stands: what is in it is in the name."""
        digest = hashlib.sha256("\n".join(_made_by(self.feed)).encode())
        for one in self.days:
            digest.update(f"\n{one.day} {one.seal}".encode())
        name = f"{self.first_date:%Y-%m}-{digest.hexdigest()[:24]}.parquet"
        return lake.root / MONTHLY / self.feed.key / name


def _made_by(feed: Feed) -> tuple[str, ...]:
    """Tell what besides the days decides a file's bytes; DuckDB may hash otherwise in another version."""
    return section_digest("month"), duckdb.__version__, feed.contract.fingerprint


@dataclass
class Findings:
    """What was met while months were made: days that cannot be read, that were replaced, that are gone."""

    damaged: list[Damaged] = field(default_factory=list)
    replaced: list[Receipt] = field(default_factory=list)
    gone: list[tuple[str, ReportDay]] = field(default_factory=list)
    written: int = 0


def plan(rows: Iterable[tuple[Any, ...]], feeds: Mapping[str, Feed]) -> Iterator[Month]:
    """Group rows of (feed, date, seal, rows), sorted by feed and date, into months."""
    for (key, *_), days in groupby(rows, key=lambda row: (row[0], row[1].year, row[1].month)):
        yield Month(feeds[key], tuple(StoredDay(ReportDay(at), seal, count) for _, at, seal, count in days))


def store(
    engine: duckdb.DuckDBPyConnection, lake: Lake, month: Month, findings: Findings, *, afresh: bool
) -> Month | None:
    """Make a month's file unless it stands; return the month with the days that are in it, None without any.

    A day that cannot be read is left out and told in the findings: it stops neither its month nor the build.
    """
    while month.days and (afresh or not month.path(lake).exists()):
        with lake.staging() as folder:
            proved = _link(lake, month, folder, findings)
            if proved == month and _write(engine, lake, month, folder):
                findings.written += 1
                return month
            # Either the days are not what they were taken for, or one of them is not of today's contract.
            month = proved if proved != month else _without_unreadable(engine, month, folder, findings)
    return month if month.days else None


def frame_of(months: Sequence[Month], lake: Lake) -> pl.DataFrame:
    """Months as the table `ops.months` holds them."""
    rows = [
        (
            month.feed.key,
            month.first_date,
            len(month.days),
            sum(one.rows for one in month.days),
            str(month.path(lake).relative_to(lake.root)),
        )
        for month in months
    ]
    return pl.DataFrame(rows, schema=_MONTHS, orient="row")


def sweep(lake: Lake, named: Collection[Path]) -> None:
    """Mark the files that the catalogue does not name, and remove those marked two days ago."""
    long_ago = time.time() - KEPT_SECONDS
    for path in (lake.root / MONTHLY).rglob("*.parquet"):
        mark = path.with_suffix(_SUPERSEDED)
        if path in named:
            mark.unlink(missing_ok=True)
        elif not mark.exists():
            mark.touch()
        elif mark.stat().st_mtime < long_ago:
            path.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)


def _link(lake: Lake, month: Month, folder: Path, findings: Findings) -> Month:
    """Link each day's file into a folder, so that it stays what it is, and prove it; return what is there."""
    days = []
    for one in month.days:
        link = _name(folder, one.day)
        try:
            link.hardlink_to(lake.path(month.feed.key, one.day))
            receipt = check_seal(link)
        except FileNotFoundError:
            findings.gone.append((month.feed.key, one.day))
        except Damaged as error:
            findings.damaged.append(_about(month, one.day, error))
        else:
            if receipt.seal != one.seal:
                findings.replaced.append(receipt)
            days.append(replace(one, seal=receipt.seal, rows=receipt.rows_good))
    return replace(month, days=tuple(days))


def _about(month: Month, day: ReportDay, error: Damaged) -> Damaged:
    error.todo = error.todo or f"run `casehouse ingest {month.feed.key} {day}`"
    error.about(month.feed.key, str(day))
    return error


def _write(engine: duckdb.DuckDBPyConnection, lake: Lake, month: Month, folder: Path) -> bool:
    """Write a month's file and put it in its place; return False when DuckDB cannot read one of the days."""
    sql, staged, target = sections("month"), folder / "month.parquet", month.path(lake)
    rows = _rows(month.feed, [_name(folder, one.day) for one in month.days])
    try:
        engine.execute(render(sql["write"], rows=rows, target=literal(str(staged))))
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.chmod(0o640)  # as the lake's own files: it holds personal data
    _flush(staged)
    staged.replace(target)
    _flush(target.parent)
    return True


def _without_unreadable(
    engine: duckdb.DuckDBPyConnection, month: Month, folder: Path, findings: Findings
) -> Month:
    """Leave out the days whose cells are not of the types of today's contract; raise when all of them are."""
    good, refused = [], None
    for one in month.days:
        try:
            engine.execute(render(sections("month")["try"], rows=_rows(month.feed, [_name(folder, one.day)])))
            good.append(one)
        except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
            refused = error
            why = "its columns are not of the types that the contract has today"
            findings.damaged.append(
                _about(month, one.day, Damaged("the file cannot be shown beside the others", why=why))
            )
    if refused is None:
        raise Damaged("a month cannot be written although each of its days can be read", feed=month.feed.key)
    return replace(month, days=tuple(good))


def _rows(feed: Feed, files: Sequence[Path]) -> Sql:
    sql = sections("month")
    columns = feed.contract.columns
    return render(
        sql["rows"],
        columns=listed([identifier(column.name) for column in columns]),
        files=read_from(files),
        fields=listed(
            [
                render(sql["field"], name=literal(column.name), type=literal(type_name(column.dtype)))
                for column in columns
            ]
        ),
    )


def read_from(files: Sequence[Path]) -> Sql:
    """List files for DuckDB's `read_parquet`, special characters of their paths meant as they are."""
    return Sql(f"[{listed([literal(glob_of(str(file.parent.resolve()), file.name)) for file in files])}]")


def _name(folder: Path, day: ReportDay) -> Path:
    return folder / f"report_date={day}.parquet"


def _flush(path: Path) -> None:
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
