"""A lake of many invented days, written as ingest leaves it but without asking a source.

Cases live through several report days, so that "the latest row of each case" has work to do: a day's rows are
the cases opened on it and those opened 1, 5, 20 and 60 days before. Every other column is invented from its
type alone; what SQL tests promise of real cases is not kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.load import COMPRESSION, STATISTICS
from pipelines.receipts import Receipt, seal

if TYPE_CHECKING:
    from pipelines.contracts.contract import Column
    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.lake import Lake

AGES = (0, 1, 5, 20, 60)  # days after it was opened on which a case is reported
WORDS = 97


def write_days(lake: Lake, feed: Feed, days: list[ReportDay], rows: int) -> None:
    """Write `rows` rows of a feed for each day, with the receipts that a source would have earned."""
    frames = _frame(feed, days, rows).partition_by("day", maintain_order=True, include_key=False)
    for day, frame in zip(days, frames, strict=True):
        path = lake.path(feed.key, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        receipt = _receipt(feed, day, rows)
        frame.write_parquet(
            path, compression=COMPRESSION, statistics=STATISTICS, metadata=receipt.as_metadata()
        )
        seal(path)


def _receipt(feed: Feed, day: ReportDay, rows: int) -> Receipt:
    window_from, window_until = day.civil_bounds
    return Receipt(
        feed=feed.key,
        report_date=str(day),
        origin="bench",
        window_from=window_from,
        window_until=window_until,
        source_total=rows,
        rows_good=rows,
        rows_quarantined=0,
        body_format="csv",
        body_sha256="0" * 64,
        body_bytes=0,
        contract=feed.contract.fingerprint,
        version="bench",
    )


def _frame(feed: Feed, days: list[ReportDay], rows: int) -> pl.DataFrame:
    """Make the rows of some days at once, in the contract's columns, with the day's date beside them."""
    each = max(rows // len(AGES), 1)  # cases opened a day
    dates = pl.DataFrame({"day": [day.date for day in days]})
    base = dates.join(pl.select(row=pl.int_range(0, rows)), how="cross", maintain_order="left_right")
    number = pl.col("day").cast(pl.Int32).cast(pl.Int64)
    age = pl.lit(pl.Series(AGES)).gather(((pl.col("row") // each) % len(AGES)).cast(pl.UInt32))
    base = base.with_columns(opened=number - age, seed=number * rows + pl.col("row"))
    base = base.with_columns(case=pl.col("opened") * each + pl.col("row") % each + 1)
    return base.select(
        "day", *(_cells(column, at).alias(column.name) for at, column in enumerate(feed.contract.columns))
    )


def _cells(column: Column, at: int) -> pl.Expr:
    """Invent one column: a case's own number, kind and days where the name asks for them, else by type."""
    case, seed = pl.col("case"), pl.col("seed")
    opened, today = pl.col("opened").cast(pl.Int32), pl.col("day").cast(pl.Int32)
    mixed = (seed * (2 * at + 7919)) % 100_003
    named = {
        "case_id": case,
        "case_type": pl.format("Kind {}", case % 9),
        "team": pl.format("Team {}", case % 23),
        "customer_id": pl.format("C{}", case % 150_000),
        "currency": pl.lit("GBP"),
        "direction": pl.when(mixed % 20 < 17).then(pl.lit("Inbound")).otherwise(pl.lit("Outbound")),
        "caller_number": pl.when(mixed % 5 > 0).then(_number(seed * 7919 % 300_007)),
        "called_number": _number(seed * 7919 % 300_007),
        "customer_phone": pl.when(case % 3 > 0).then(_number(case % 150_000)),
        "customer_mobile": pl.lit(None, pl.String),
        "received_date": opened.cast(pl.Date),
        "closed_date": pl.when(today - opened >= AGES[-2]).then("day"),
    }
    typed = {
        pl.Int64: mixed % 40 + 1,
        pl.Boolean: mixed % 2 == 0,
        pl.Date: (opened + (mixed % 60).cast(pl.Int32)).cast(pl.Date),
        pl.Datetime: pl.col("day").cast(pl.Datetime("us", "UTC")) + pl.duration(seconds=mixed % 80_000),
        pl.Decimal: (mixed % 500).cast(pl.Decimal(18, 2)),
        pl.String: _words(column, at, mixed),
    }
    return named.get(column.name, typed[type(column.dtype)])


def _number(at: pl.Expr) -> pl.Expr:
    """Write a telephone number of London; customers have the first 150,000 of those that call."""
    return pl.format("020 7{}", at.cast(pl.String).str.zfill(7))


def _words(column: Column, at: int, mixed: pl.Expr) -> pl.Expr:
    """Invent text: a number of its own for a part of a case, else a few words that are often missing."""
    if not column.nullable:
        return pl.format("{}-{}", pl.lit(column.name), pl.col("case") * len(AGES) + at % 2)
    text = pl.format("{} {} of {}", pl.lit(column.name), mixed % WORDS, pl.col("seed") % 9973)
    return pl.when(mixed % 10 > 3).then(text)
