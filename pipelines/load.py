"""From a raw report to staged files that carry their receipts: judge the rows, count them, write them.

Large reports stream: one scan casts, marks what broke and writes the Parquet file at once, in the hope that
nothing broke; only when its footer says that something did is the body read again to tell good from bad.
Small reports are judged many days together, because most of their cost is per call. Both ways use the same
expressions and give the same bytes. Fetching and the order of days are not here (see ingest.py).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import polars as pl
from pyarrow.parquet import read_metadata

from pipelines.contracts.drift import compare
from pipelines.errors import ContractDrift, Permanent, TooManyBadRows, Unverified
from pipelines.receipts import Receipt
from pipelines.sources.scan_faults import refusal, tell_fault
from pipelines.totals import check_totals, told_totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.contracts.contract import Contract
    from pipelines.decode import Decoder
    from pipelines.feeds import Policy
    from pipelines.sources.report import Body, RawReport, ReportRequest, ReportSource

ROW_NUMBER = "row_number"
# Snappy is what every reader of Parquet knows, Excel's and Power BI's too, and costs a fifth less CPU than
# zstd at its lowest level; the files, which the monthly ones spare most readers, are half as large again. Of
# statistics only the count of nulls is wanted (see _told_by_footer): least and greatest cells help no query
# on a day's file, take a third of a small file, and would put what people wrote where nobody looks for it.
COMPRESSION: Literal["snappy"] = "snappy"
STATISTICS = {"min": False, "max": False, "distinct_count": False, "null_count": True}


@dataclass(frozen=True)
class Staged:
    """Files ready to be published."""

    good: Path
    quarantined: Path | None


def open_receipt(
    contract: Contract, request: ReportRequest, source: ReportSource, body: Body, report: RawReport
) -> Receipt:
    """Start the receipt of a day with what is known before any row is read."""
    window_from, window_until = source.window(request.day)
    total, controls = told_totals(contract, report)
    return Receipt(
        feed=request.feed,
        report_date=str(request.day),
        origin=source.origin,
        window_from=window_from,
        window_until=window_until,
        source_total=total,
        rows_good=total or 0,
        rows_quarantined=0,
        body_format=body.format,
        body_sha256=body.sha256,
        body_bytes=body.size,
        contract=contract.fingerprint,
        version=product_version(),
        controls=controls,
    )


@cache
def product_version() -> str:
    """Return the version of this product."""
    return version("casehouse")


def made_with(contract: Contract) -> str:
    """Name what a day's loading depends on beside the source: the contract and the product."""
    return f"{contract.fingerprint} {product_version()}"


def check_fields(contract: Contract, report: RawReport) -> None:
    """Raise ContractDrift unless exactly the pinned fields came back, in order."""
    if contract.wire_fields == report.fields:
        return
    drift = compare(contract.wire_fields, report.fields)
    error = ContractDrift(
        "the fields that came back are not the fields the contract pins",
        why=str(drift)[:500],
        todo="have the report's columns put back, or look at the contract's patch with"
        f" `casehouse drift {contract.feed}`",
    )
    error.came = drift.came if drift.is_recognisable else ()
    raise error


def stage_large(
    decoder: Decoder, raw: pl.LazyFrame, receipt: Receipt, folder: Path, policy: Policy
) -> Staged:
    """Stream one report of any size to staged files; memory stays flat."""
    if receipt.source_total is None:
        receipt = replace(receipt, rows_good=_scalar(raw.select(pl.len())))
    good = folder / f"{receipt.report_date}.parquet"
    with reading():
        _sink(raw.with_columns(decoder.typed).select(decoder.hopeful()), good, receipt).collect(
            engine="streaming"
        )
    rows, bad = _told_by_footer(good, decoder.marker)
    if bad:
        return _set_aside(decoder, raw, replace(receipt, rows_good=rows), folder, policy)
    check_totals(decoder.contract, receipt, rows, _stored_sums(decoder, good), policy)
    return Staged(good, None)


def _stored_sums(decoder: Decoder, path: Path) -> Sequence[int]:
    """Add up the columns that have a control, as they stand in a file without bad rows.

    Read again from the file, where each column stands apart: a second output of the scan would cost more.
    """
    if not decoder.contract.controls:
        return ()
    stored = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return stored.select(decoder.sums()).collect(engine="streaming").row(0)


def _told_by_footer(path: Path, marker: str) -> tuple[int, int]:
    """Rows in the file, and how many of them have no value in the marker column."""
    metadata = read_metadata(path)
    at = metadata.schema.names.index(marker)
    groups = (metadata.row_group(group).column(at).statistics for group in range(metadata.num_row_groups))
    return metadata.num_rows, sum(group.null_count for group in groups)


@dataclass(frozen=True)
class Judged:
    """A small day's rows: as they came, typed, and whether every one of them keeps the contract."""

    raw: pl.DataFrame
    typed: pl.DataFrame
    is_clean: bool


def judge_together(decoder: Decoder, raws: Sequence[pl.DataFrame]) -> list[Judged]:
    """Type and judge many small days in one pass; the frames hold wire columns as strings."""
    if not raws:
        return []
    joined = pl.concat(raws)
    typed = joined.select(decoder.typed)
    all_clean = decoder.finds_no_fault(joined, typed)
    judged, start = [], 0
    for raw in raws:
        part = typed.slice(start, raw.height)
        judged.append(Judged(raw, part, all_clean or decoder.finds_no_fault(raw, part)))
        start += raw.height
    return judged


def stage_small(decoder: Decoder, day: Judged, receipt: Receipt, folder: Path, policy: Policy) -> Staged:
    """Write one small day that was judged in memory."""
    receipt = replace(receipt, rows_good=day.raw.height)
    if not day.is_clean:
        return _set_aside(decoder, day.raw.lazy(), receipt, folder, policy)
    # A column at a time: a query over all of them costs three times as much on so few rows.
    controlled = decoder.contract.controls.values()
    sums = [int(day.typed[column.name].cast(pl.Int128).sum()) for column in controlled]
    check_totals(decoder.contract, receipt, day.raw.height, sums, policy)
    good = folder / f"{receipt.report_date}.parquet"
    with writing():
        day.typed.rechunk().write_parquet(
            good,
            compression=COMPRESSION,
            statistics=STATISTICS,
            metadata=receipt.as_metadata(),
        )
    return Staged(good, None)


@contextmanager
def reading() -> Iterator[None]:
    """Turn polars' complaint about a body into an error that holds no cell values.

    A scan may write what it reads: a full disk is told as such, and not as a fault of the body.
    """
    try:
        with writing():
            yield
    except pl.exceptions.PolarsError as error:
        raise Unverified(
            "the body is not a whole, readable report",
            why=tell_fault(error),
            todo="ingest the day again; if it stays so, ask the vendor about this report",
        ) from None


@contextmanager
def writing() -> Iterator[None]:
    """Turn polars' complaint about the disk into the operating system's own error."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if refused := refusal(error):
            raise refused from None
        raise


def _set_aside(decoder: Decoder, raw: pl.LazyFrame, receipt: Receipt, folder: Path, policy: Policy) -> Staged:
    """Part the good rows from the bad; raise TooManyBadRows when more are bad than the policy allows.

    The receipt comes in with every row counted as good. The source's totals are of all rows, so they are
    checked before the rows part.
    """
    rows = receipt.rows_good
    marked = raw.with_row_index(ROW_NUMBER, 1).with_columns(decoder.typed)
    with reading():
        counts = marked.select(decoder.is_bad().sum().alias("rows_bad"), *decoder.sums_of_all())
        bad, *sums = counts.collect(engine="streaming").row(0)
    check_totals(decoder.contract, receipt, rows, sums, policy)
    if bad > rows * Fraction(str(policy.bad_row_share)):
        raise TooManyBadRows(
            f"{bad} of {rows} rows break the contract",
            why=_worst(decoder, marked),
            todo="have the report corrected, change the contract, or raise CASEHOUSE_BAD_ROW_SHARE",
        )
    receipt = replace(receipt, rows_good=rows - bad, rows_quarantined=bad)
    good = folder / f"{receipt.report_date}.parquet"
    aside = folder / f"{receipt.report_date}.quarantined.parquet"
    wire = list(decoder.contract.wire_fields)
    with reading():
        _sink(marked.filter(~decoder.is_bad()).select(decoder.names), good, receipt).collect(
            engine="streaming"
        )
        marked.filter(decoder.is_bad()).select(
            pl.col(ROW_NUMBER).cast(pl.Int64),
            decoder.reasons(),
            pl.struct(wire).struct.json_encode().alias("raw_row"),
        ).collect().write_parquet(aside, metadata=receipt.as_metadata())
    _check_written(good, receipt)
    return Staged(good, aside)


def _worst(decoder: Decoder, marked: pl.LazyFrame, most: int = 5) -> str:
    """Tell the checks that broke most often: column, check, count and first row, never a value."""
    first = [
        pl.col(ROW_NUMBER).filter(check.broken).min().alias(f"first_{position}")
        for position, check in enumerate(decoder.checks)
    ]
    with reading():
        told = marked.select(*decoder.counts(), *first).collect(engine="streaming").row(0)
    counts, firsts = told[: len(first)], told[len(first) :]
    ranked = sorted(zip(counts, firsts, decoder.checks, strict=True), key=lambda one: -one[0])
    return "; ".join(
        f"{check.column} ({check.wire}) {check.name}: {count} rows, first row {row}"
        for count, row, check in ranked[:most]
        if count
    )


def _sink(rows: pl.LazyFrame, path: Path, receipt: Receipt) -> pl.LazyFrame:
    sink = rows.sink_parquet(
        path,
        compression=COMPRESSION,
        statistics=STATISTICS,
        metadata=receipt.as_metadata(),
        lazy=True,
    )
    if sink is None:
        raise Permanent("polars wrote at once where it was asked for a plan", todo="pin polars to 2.x")
    return sink


def _scalar(query: pl.LazyFrame) -> int:
    with reading():
        return int(query.collect(engine="streaming").item())


def _check_written(path: Path, receipt: Receipt) -> None:
    """Raise Unverified unless the file on disk holds as many rows as its receipt says."""
    written = read_metadata(path).num_rows
    if written != receipt.rows_good:
        raise Unverified(
            "the written file does not hold the rows that were counted",
            why=f"counted {receipt.rows_good}, written {written}",
            todo="ingest the day again and report this",
        )
