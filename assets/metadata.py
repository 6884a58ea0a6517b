"""Contracts and receipts as Dagster metadata: the Columns tab, and what stands beside each partition.

Only counts, digests, names and paths: never a value of a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from pipelines.contracts.contract import Column, Contract
    from pipelines.ingest import Outcome
    from pipelines.lake import Lake
    from pipelines.receipts import Receipt


def column_schema(contract: Contract) -> dg.TableSchema:
    """Return a contract as the schema that the UI shows: types, meaning, rules, privacy as a tag."""
    return dg.TableSchema(columns=[_table_column(column) for column in contract.columns])


def _table_column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=str(column.dtype),
        description=f"{column.description} ({column.wire})",
        constraints=dg.TableColumnConstraints(
            nullable=column.nullable, other=[str(rule) for rule in column.rules]
        ),
        tags={"privacy": column.privacy},
    )


def partition_metadata(outcome: Outcome, receipt: Receipt, lake: Lake) -> dict[str, dg.MetadataValue]:
    """Return what one loaded day tells: rows, proof, window, time taken, and where the file is."""
    told: dict[str, dg.MetadataValue] = {
        "dagster/partition_row_count": dg.IntMetadataValue(receipt.rows_good),
        "status": dg.TextMetadataValue(receipt.status),
        "rows_good": dg.IntMetadataValue(receipt.rows_good),
        "rows_quarantined": dg.IntMetadataValue(receipt.rows_quarantined),
        "window": dg.TextMetadataValue(f"{receipt.window_from} to {receipt.window_until}"),
        "body_sha256": dg.TextMetadataValue(receipt.body_sha256),
        "changed": dg.BoolMetadataValue(outcome.changed),
        "seconds": dg.FloatMetadataValue(round(outcome.seconds, 3)),
        "path": dg.PathMetadataValue(lake.path(outcome.feed, outcome.day)),
    }
    if (revision := outcome.revision) is not None:
        told |= {
            "rows_added": dg.IntMetadataValue(0 if revision.kept else revision.added),
            "rows_changed": dg.IntMetadataValue(0 if revision.kept else revision.changed),
            "rows_gone": dg.IntMetadataValue(0 if revision.kept else revision.gone),
            "revision": dg.TextMetadataValue(str(revision)),
            "held_back": dg.BoolMetadataValue(revision.kept),
        }
    elif not outcome.changed:
        told |= {name: dg.IntMetadataValue(0) for name in ("rows_added", "rows_changed", "rows_gone")}
    if receipt.source_total is not None:
        told["source_total"] = dg.IntMetadataValue(receipt.source_total)
    if receipt.controls:
        told["controls"] = dg.JsonMetadataValue(dict(receipt.controls))
    return told
