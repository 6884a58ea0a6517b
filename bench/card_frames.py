"""Rows of cards to render, and the plain way to render them: polars strings joined, whole frames at once.

The rows have the columns of the product's own section Cases. The plain way escapes nothing, writes every date
by itself and keeps everything in memory: what a person would write who needs the bodies once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS, LINES = "documents.parquet", "lines.parquet"
EACH = 10  # documents a customer
ROWS_OF_A_GROUP = 50_000
DAY = "%-d %b %Y"
ISO = "%Y-%m-%dT%H:%M:%SZ"


def write_frames(folder: Path, customers: int) -> None:
    """Write the documents of so many customers, ten each, and a line a document."""
    row = pl.int_range(0, customers * EACH, dtype=pl.Int64)
    mixed = (row * 7919) % 100_003
    day = (20_000 + mixed % 400).cast(pl.Int32).cast(pl.Date)
    instant = (1_750_000_000_000_000 + row * 7_919_000_000 % 31_000_000_000_000).cast(
        pl.Datetime("us", "UTC")
    )
    kinds = ["Corporate complaint", "Service request", "Member enquiry", "Information request"]
    documents = pl.select(
        card=(row // EACH + 2).cast(pl.UInt32),
        document=row,
        document_number=(4_000_000 + row).cast(pl.String),
        document_at=instant,
        external_url=pl.format("https://council.icasework.com/case?CaseId={}", 4_000_000 + row),
        status=pl.when(mixed % 3 == 0)
        .then(pl.lit("Response being drafted, due soon"))
        .otherwise(pl.lit("Closed")),
        colour=pl.when(mixed % 3 == 0).then(pl.lit("ORANGE")).otherwise(pl.lit("NORMAL")),
        status_at=instant,
        amount=pl.when(mixed % 20 == 0).then((mixed % 500).cast(pl.Decimal(18, 2))),
        currency=pl.when(mixed % 20 == 0).then(pl.lit("GBP")),
        case_type=pl.lit(pl.Series(kinds)).gather((mixed % len(kinds)).cast(pl.UInt32)),
        subject=pl.format("Subject {} of the council's list", mixed % 211),
        team=pl.format("Team {} of Neighbourhoods", mixed % 53),
        current_stage=pl.format("Stage {}", mixed % 3 + 1),
        due_date=pl.when(mixed % 3 == 0).then(day),
        last_letter=pl.format("Response, {}", day.dt.strftime(DAY)),
        current_outcome=pl.when(mixed % 3 != 0).then(pl.lit("Partially upheld")),
        closed_date=pl.when(mixed % 3 != 0).then(day),
    )
    documents.write_parquet(folder / DOCUMENTS, row_group_size=ROWS_OF_A_GROUP)
    lines = pl.select(
        card=(row // EACH + 2).cast(pl.UInt32),
        document=row,
        line_name=pl.format("Obtain comments from service {}", mixed % 97),
        quantity=mixed % 3 + 1,
        delivered=mixed % 2,
        due_date=pl.when(mixed % 2 == 0).then(day),
        team=pl.when(mixed % 7 == 0).then(pl.lit("Customer Relations Team")),
    )
    lines.write_parquet(folder / LINES, row_group_size=ROWS_OF_A_GROUP)


def render_plainly(folder: Path) -> int:
    """Render every card at once; return the length of all bodies in bytes."""
    line = pl.concat_str(
        pl.lit('{"name":"'),
        "line_name",
        pl.lit('","quantity":'),
        "quantity",
        pl.lit(',"delivered":'),
        "delivered",
        _fields({"Due": pl.col("due_date").dt.strftime(DAY), "Team": pl.col("team")}),
        pl.lit("}"),
    )
    lines = (
        pl.read_parquet(folder / LINES)
        .select("document", line=line)
        .group_by("document", maintain_order=True)
        .agg("line")
        .select("document", lines=pl.col("line").list.join(","))
    )
    document = pl.concat_str(
        pl.lit('{"documentNumber":"'),
        "document_number",
        pl.lit('","documentDate":"'),
        pl.col("document_at").dt.strftime(ISO),
        pl.lit('","externalUrl":"'),
        "external_url",
        pl.lit('","status":{"name":"'),
        "status",
        pl.lit('","colorCode":"'),
        "colour",
        pl.lit('","updatedDate":"'),
        pl.col("status_at").dt.strftime(ISO),
        pl.lit('"}'),
        pl.concat_str(
            pl.lit(',"amount":'),
            pl.col("amount").cast(pl.String),
            pl.lit(',"currency":"'),
            "currency",
            pl.lit('"'),
        ).fill_null(""),
        pl.concat_str(pl.lit(',"lines":['), "lines", pl.lit("]")).fill_null(""),
        _fields(
            {
                "": pl.col("case_type"),
                "About": pl.col("subject"),
                "Team": pl.col("team"),
                "Stage": pl.col("current_stage"),
                "Due": pl.col("due_date").dt.strftime(DAY),
                "Last letter": pl.col("last_letter"),
                "Outcome": pl.col("current_outcome"),
                "Closed": pl.col("closed_date").dt.strftime(DAY),
            }
        ),
        pl.lit("}"),
    )
    cards = (
        pl.read_parquet(folder / DOCUMENTS)
        .join(lines, on="document", how="left", maintain_order="left")
        .select("card", document=document)
        .group_by("card", maintain_order=True)
        .agg("document")
        .select(
            body=pl.concat_str(
                pl.lit('{"sections":[{"title":"Cases","documents":['),
                pl.col("document").list.join(","),
                pl.lit("]}]}"),
            )
        )
    )
    return int(cards["body"].str.len_bytes().sum())


def _fields(values: dict[str, pl.Expr]) -> pl.Expr:
    each = [
        pl.concat_str(pl.lit(f'{{"name":"{name}","value":"' if name else '{"value":"'), value, pl.lit('"}'))
        for name, value in values.items()
    ]
    every = pl.concat_str(*each, separator=",", ignore_nulls=True)
    return (
        pl.when(every == "")
        .then(pl.lit(""))
        .otherwise(pl.concat_str(pl.lit(',"fields":['), every, pl.lit("]")))
    )
