"""What the lake proves, as frames for the tables of `ops`: its files, receipts, reasons and failures.

Only metadata and reasons are read here, never a cell. A file that cannot be read does not stop the catalogue:
it is told as a failure of its day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl

from pipelines.days import LONDON, ReportDay
from pipelines.errors import Damaged
from pipelines.receipts import Receipt, check_seal
from pipelines.revisions import held_back, list_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.revisions import RecordFile

Kind = Literal["data", "quarantine"]

_DAY = {"feed": pl.String(), "report_date": pl.Date()}
_FILES = {"kind": pl.String(), **_DAY, "bytes": pl.Int64(), "modified_ns": pl.Int64()}
_RECEIPTS = {
    **_DAY,
    "status": pl.String(),
    "origin": pl.String(),
    "window_from": pl.String(),
    "window_until": pl.String(),
    "source_total": pl.Int64(),
    "rows_good": pl.Int64(),
    "rows_quarantined": pl.Int64(),
    "body_format": pl.String(),
    "body_sha256": pl.String(),
    "body_bytes": pl.Int64(),
    "contract": pl.String(),
    "version": pl.String(),
    "seal": pl.String(),
}
_PROVED = tuple(name for name in _RECEIPTS if name not in _DAY)
_CONTROLS = {**_DAY, "title": pl.String(), "value": pl.Int64()}
_QUARANTINE = {
    **_DAY,
    "row_number": pl.Int64(),
    "column_name": pl.String(),
    "wire_name": pl.String(),
    "check_name": pl.String(),
}
_FAILURES = {
    **_DAY,
    "kind": pl.String(),
    "message": pl.String(),
    "attempted_at": pl.Datetime("us", "UTC"),
}

_REVISED = {**_DAY, "revision": pl.String(), "revised_at": pl.Datetime("us", "UTC")}
_REVISED_DAYS = {
    **_REVISED,
    "days_after": pl.Int32(),
    "rows_added": pl.Int64(),
    "rows_changed": pl.Int64(),
    "rows_gone": pl.Int64(),
    "rows_before": pl.Int64(),
    "rows_after": pl.Int64(),
    "is_held_back": pl.Boolean(),
    "is_cut": pl.Boolean(),
    "is_derived_again": pl.Boolean(),
    "why": pl.String(),
}
_REVISIONS = {
    **_REVISED,
    "kind": pl.String(),
    "key": pl.String(),
    "column_name": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "is_withheld": pl.Boolean(),
    "is_held_back": pl.Boolean(),
}


@dataclass(frozen=True)
class LakeFile:
    """One file of the lake as it was found, before it was read."""

    kind: Kind
    feed: str
    day: ReportDay
    bytes: int
    modified_ns: int


@dataclass(frozen=True)
class Evidence:
    """What the read files say; `damaged` are those that could not be read."""

    files: pl.DataFrame
    receipts: pl.DataFrame
    controls: pl.DataFrame
    quarantine: pl.DataFrame
    damaged: list[Damaged] = field(default_factory=list)


def list_files(lake: Lake, feeds: Iterable[str]) -> list[LakeFile]:
    """List the data and quarantine files of the feeds with their size and time."""
    return [file for feed in feeds for kind in get_args(Kind) for file in _list(lake, kind, feed)]


def _list(lake: Lake, kind: Kind, feed: str) -> Iterator[LakeFile]:
    for day in lake.days(feed) if kind == "data" else lake.quarantined_days(feed):
        try:
            stat = _path(lake, kind, feed, day).stat()
        except FileNotFoundError:
            continue  # taken away since it was listed
        yield LakeFile(kind, feed, day, stat.st_size, stat.st_mtime_ns)


def _path(lake: Lake, kind: Kind, feed: str, day: ReportDay) -> Path:
    return lake.path(feed, day) if kind == "data" else lake.quarantine_path(feed, day)


def frame_of(files: Sequence[LakeFile]) -> pl.DataFrame:
    """Files as the table `ops.files` holds them."""
    return pl.DataFrame(
        [(file.kind, file.feed, file.day.date, file.bytes, file.modified_ns) for file in files],
        schema=_FILES,
        orient="row",
    )


def files_of(rows: Iterable[tuple[Any, ...]]) -> list[LakeFile]:
    """Rows of `ops.files` as files."""
    return [LakeFile(kind, feed, ReportDay(day), size, at) for kind, feed, day, size, at in rows]


def read_evidence(lake: Lake, files: Sequence[LakeFile]) -> Evidence:
    """Read the receipt of every data file and the reasons of every quarantine file."""
    told = [_read(lake, file) for file in files]  # threads were measured: 4 take as long as 1
    read = [file for file, one in zip(files, told, strict=True) if not isinstance(one, Damaged | None)]
    receipts = [one for one in told if isinstance(one, Receipt)]
    reasons = [one for one in told if isinstance(one, pl.DataFrame)]
    return Evidence(
        files=frame_of(read),
        receipts=receipts_of(receipts),
        controls=controls_of(receipts),
        quarantine=pl.concat([pl.DataFrame(schema=_QUARANTINE), *reasons]),
        damaged=[one for one in told if isinstance(one, Damaged)],
    )


def _read(lake: Lake, file: LakeFile) -> Receipt | pl.DataFrame | Damaged | None:
    """Return a receipt, reasons as a frame, what is wrong with the file, or None when it is gone."""
    try:
        if file.kind == "quarantine":
            return _reasons(lake, file)
        receipt = lake.receipt(file.feed, file.day)
    except FileNotFoundError:
        return None
    except Damaged as error:
        return _named(error, file)
    except OSError as error:
        return _named(Damaged("the file cannot be read", why=error.strerror or type(error).__name__), file)
    if receipt is None:
        return None
    return _misplaced(receipt, file) or receipt


def _misplaced(receipt: Receipt, file: LakeFile) -> Damaged | None:
    """Tell a file that was put where another one belongs: its proof speaks of another feed or day."""
    if (receipt.feed, receipt.report_date) == (file.feed, str(file.day)):
        return None
    told = Damaged("the file belongs to another feed or day", why=f"{receipt.feed} {receipt.report_date}")
    return _named(told, file)


def _named(error: Damaged, file: LakeFile) -> Damaged:
    error.todo = error.todo or f"run `casehouse ingest {file.feed} {file.day}`"
    error.about(file.feed, str(file.day))
    return error


def receipts_of(receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Receipts as the table `ops.receipts` holds them."""
    rows = [
        (one.feed, date.fromisoformat(one.report_date), *(getattr(one, name) for name in _PROVED))
        for one in receipts
    ]
    return pl.DataFrame(rows, schema=_RECEIPTS, orient="row")


def controls_of(receipts: Iterable[Receipt]) -> pl.DataFrame:
    """Receipts' column sums as the table `ops.controls` holds them."""
    rows = [
        (one.feed, date.fromisoformat(one.report_date), *control)
        for one in receipts
        for control in one.controls
    ]
    return pl.DataFrame(rows, schema=_CONTROLS, orient="row")


def _reasons(lake: Lake, file: LakeFile) -> pl.DataFrame:
    """One row per broken check; the raw row is not read.

    The seal is proved first: a reader that meets damaged bytes may panic, or tell of what is not there.
    """
    path = lake.quarantine_path(file.feed, file.day)
    path.stat()  # it may have been taken away since it was listed, which is no damage
    try:
        check_seal(path)
        rows = pl.read_parquet(path, columns=["row_number", "reasons"], glob=False, hive_partitioning=False)
        return rows.explode("reasons").select(
            pl.lit(file.feed).alias("feed"),
            pl.lit(file.day.date).alias("report_date"),
            "row_number",
            pl.col("reasons").struct.field("column").alias("column_name"),
            pl.col("reasons").struct.field("wire").alias("wire_name"),
            pl.col("reasons").struct.field("check").alias("check_name"),
        )
    except Damaged as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
    # Not only PolarsError: where its reader panics, polars raises what is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        why = type(error).__name__
    raise Damaged("the quarantined rows cannot be read", why=why)


def failures_of(lake: Lake, feeds: Iterable[str], damaged: Iterable[Damaged]) -> pl.DataFrame:
    """Days whose last attempt failed, and days whose file is damaged, which weighs more."""
    noted: dict[tuple[str, date], tuple[str, str, datetime | None]] = {
        (feed, day.date): (failure.kind, failure.message, failure.attempted_at)
        for feed in feeds
        for day, failure in lake.failures(feed).items()
    }
    for error in damaged:
        key = (error.feed, date.fromisoformat(error.day))
        noted[key] = (error.kind, str(error), noted[key][2] if key in noted else None)
    return pl.DataFrame([(*key, *told) for key, told in noted.items()], schema=_FAILURES, orient="row")


def list_revisions(lake: Lake, feeds: Iterable[str]) -> list[RecordFile]:
    """List the records of revisions; each stays what it is once it stands."""
    return [file for feed in feeds for file in list_records(lake.root, feed)]


def names_of(files: Iterable[RecordFile]) -> pl.DataFrame:
    """Return feed, day and name of records, by which they are known again."""
    rows = [(file.feed, file.day.date, file.name) for file in files]
    return pl.DataFrame(rows, schema=_DAY | {"revision": pl.String()}, orient="row")


def read_revisions(files: Iterable[RecordFile]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read records as the tables `ops.revised_days` and `ops.revisions` hold them."""
    days: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    for file, record in ((file, file.read()) for file in files):
        if record is None:
            continue  # renamed since it was listed; the next rebuild reads it
        where = (file.feed, file.day.date, file.name, record.at)
        nights = (record.at.astimezone(LONDON).date() - file.day.date).days - 1
        counts = (record.added, record.changed, record.gone, record.rows_before, record.rows_after)
        flags = (record.kept, record.is_cut, record.is_derived_again)
        days.append((*where, max(1, nights), *counts, *flags, record.why or None))
        lines += (
            (*where, line.kind, line.key, line.column, line.old, line.new, line.withheld, record.kept)
            for line in record.lines
        )
    return (
        pl.DataFrame(days, schema=_REVISED_DAYS, orient="row"),
        pl.DataFrame(lines, schema=_REVISIONS, orient="row"),
    )


def held_back_of(lake: Lake, feeds: Iterable[str]) -> pl.DataFrame:
    """Return the days that stay as they were although the source last told fewer rows, and why."""
    rows = [
        (feed, day.date, revision.why)
        for feed in feeds
        for day, revision in held_back(lake.root, feed).items()
    ]
    return pl.DataFrame(rows, schema=_DAY | {"why": pl.String()}, orient="row")
