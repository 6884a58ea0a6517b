"""One Parquet file a feed and month, which the feed views read instead of a file a day.

They stand below `monthly/` in the data directory and are as disposable as the catalogue: the name of each
holds a digest of the days' seals and of today's contract, so that a file is made when its name is not there
yet, and never changes. Every day is proved against its receipt before it is copied, every row is compared
with what was copied, and the file is sealed as the days' files are. A file that no catalogue names any more
stays for two days, for readers that still have an older catalogue open.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from pipelines.days import ReportDay
from pipelines.errors import Damaged
from pipelines.receipts import KEY, UNSEALED, Receipt, check_seal, fill_seal, prove_seal
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
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from pipelines.feeds import Feed
    from pipelines.lake import Lake

KEPT_SECONDS = 48 * 3600
_SUPERSEDED = ".superseded"
_STAGED = "month.parquet"
_MONTHS = {
    "feed": pl.String(),
    "month_date": pl.Date(),
    "days": pl.Int64(),
    "rows": pl.Int64(),
    "file": pl.String(),
    "bytes": pl.Int64(),
    "modified_ns": pl.Int64(),
}

Known = Mapping[str, tuple[int, int]]
"""Monthly files of a catalogue, by path below the data directory: bytes, nanoseconds when it was written."""


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

    def proof(self, lake: Lake) -> str:
        """Tell what the file is and what it was made from; the seal is filled in when it is written."""
        days = [[str(one.day), one.rows, one.seal] for one in self.days]
        told = {"feed": self.feed.key, "file": self.path(lake).name, "days": days, "seal": UNSEALED}
        return json.dumps(told)


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
    engine: duckdb.DuckDBPyConnection, lake: Lake, month: Month, findings: Findings, known: Known | None
) -> Month | None:
    """Make a month's file unless it stands; return the month with the days that are in it, None without any.

    One that stands is taken for what it is when it has the size and time in `known`, else once its seal is
    proved; `known` is None when every file is to be written again. A day that cannot be read is left out and
    told in the findings: it stops neither its month nor the build.
    """
    while month.days and (known is None or not _stands(lake, month, known)):
        with lake.staging() as folder:
            proved = _link(lake, month, folder, findings)
            good = proved if proved != month else _copy(engine, lake, month, folder, findings)
            if good == month:
                _promote(folder / _STAGED, month.path(lake))
                findings.written += 1
                return month
            # The days are not what they were taken for, or not of today's contract: without these once more.
            month = good
    return month if month.days else None


def _stands(lake: Lake, month: Month, known: Known) -> bool:
    path = month.path(lake)
    try:
        stat = path.stat()
        if known.get(_told(lake, path)) != (stat.st_size, stat.st_mtime_ns):
            check(path)
    except (FileNotFoundError, Damaged):
        return False
    # Wanted again, perhaps after it was superseded: its two days would begin anew.
    _mark(path).unlink(missing_ok=True)
    return True


def check(path: Path) -> None:
    """Prove a monthly file byte for byte, and that it is the one whose name it has; raise Damaged."""
    if json.loads(prove_seal(path)).get("file") != path.name:
        raise Damaged("the file is another month's or another feed's")


def frame_of(months: Sequence[Month], lake: Lake) -> pl.DataFrame:
    """Months as the table `ops.months` holds them."""
    rows = [
        (
            month.feed.key,
            month.first_date,
            len(month.days),
            sum(one.rows for one in month.days),
            _told(lake, path),
            stat.st_size,
            stat.st_mtime_ns,
        )
        for month in months
        for path in [month.path(lake)]
        for stat in [path.stat()]
    ]
    return pl.DataFrame(rows, schema=_MONTHS, orient="row")


def sweep(lake: Lake, named: Collection[Path]) -> None:
    """Mark the files that the catalogue does not name, and remove those marked two days ago."""
    long_ago = time.time() - KEPT_SECONDS
    for path in (lake.root / MONTHLY).rglob("*.parquet"):
        mark = _mark(path)
        if path in named:
            mark.unlink(missing_ok=True)
        elif not mark.exists():
            mark.touch()
        elif mark.stat().st_mtime < long_ago:
            path.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)


def _mark(path: Path) -> Path:
    return path.with_suffix(_SUPERSEDED)


def _told(lake: Lake, path: Path) -> str:
    return str(path.relative_to(lake.root))


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


def _copy(
    engine: duckdb.DuckDBPyConnection, lake: Lake, month: Month, folder: Path, findings: Findings
) -> Month:
    """Write a month's file and seal it; return the month, or what is left where a day cannot be copied."""
    sql, staged = sections("month"), folder / _STAGED
    rows = _rows(month.feed, [_name(folder, one.day) for one in month.days])
    target, key, proof = (literal(text) for text in (str(staged), KEY, month.proof(lake)))
    try:
        engine.execute(render(sql["write"], rows=rows, target=target, key=key, proof=proof))
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        return _without_unreadable(engine, month, folder, findings)
    good = _without_different(engine, month, staged, findings)
    if good == month:
        fill_seal(staged)
        # As old as its newest day: the same lake makes the same catalogue, and what is edited later shows.
        newest = max(_name(folder, one.day).stat().st_mtime_ns for one in month.days)
        os.utime(staged, ns=(newest, newest))
    return good


def _promote(staged: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.chmod(0o640)  # as the lake's own files: it holds personal data
    staged.replace(target)
    _flush(target.parent)


def _without_different(
    engine: duckdb.DuckDBPyConnection, month: Month, staged: Path, findings: Findings
) -> Month:
    """Read the file just written back; leave out the days whose rows are not those of the day's own file."""
    asked = render(sections("month")["written"], columns=_columns(month.feed), files=read_from([staged]))
    found = {day: counts for day, *counts in engine.execute(asked).fetchall()}
    good = [one for one in month.days if found.pop(one.day.date, [0, 0, 0, 0]) == [one.rows] * 4]
    why = "they are not as many as its receipt counts, or disk or memory fail"
    for one in month.days:
        if one not in good:
            findings.damaged.append(
                _about(month, one.day, Damaged("the rows cannot be copied whole", why=why))
            )
    return replace(month, days=tuple(good))


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
    return render(
        sql["rows"],
        columns=_columns(feed),
        files=read_from(files),
        fields=listed(
            [
                render(sql["field"], name=literal(column.name), type=literal(type_name(column.dtype)))
                for column in feed.contract.columns
            ]
        ),
    )


def _columns(feed: Feed) -> Sql:
    return listed([identifier(column.name) for column in feed.contract.columns])


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
