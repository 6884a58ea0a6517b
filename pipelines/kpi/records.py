"""Answer an auditor: who asked for whose card, and when, from the records of accesses.

A customer is found by the hash of each reading of the identifier, so that every spelling of a telephone
number finds the same accesses. How records are written and kept stands in access.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.kpi.access import read_accesses
from pipelines.kpi.card_file import FOLDER
from pipelines.kpi.identity import readings
from pipelines.kpi.serving import customer_hash

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.settings import Settings

SCHEMA = {
    "at": pl.String,
    "token": pl.String,
    "customer": pl.String,
    "status": pl.Int64,
    "card": pl.String,
    "micros": pl.Int64,
    "times": pl.Int64,
}


def accesses(
    settings: Settings,
    *,
    customer: str | None = None,
    since: datetime | None = None,
    most: int | None = None,
) -> pl.DataFrame:
    """Return accesses in order of time: all, or of one customer, since an instant, the `most` last ones."""
    hashes = None if customer is None else [customer_hash(settings)(text) for text in readings(customer)]
    rows = read_accesses(settings.data_dir / FOLDER, since=since, customers=hashes, most=most)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
