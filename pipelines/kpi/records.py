"""Answer an auditor: who asked for whose card, and when, from the records of accesses.

A customer is found by the hash of each reading of the identifier, so that every spelling of a telephone
number finds the same accesses. How records are written and kept stands in access.py.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import Permanent
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
    """Return accesses in order of time: all, or of one customer, since an instant, the `most` last ones.

    Raises Permanent when they cannot be read.
    """
    hashes = None if customer is None else [customer_hash(settings)(text) for text in readings(customer)]
    folder = settings.data_dir / FOLDER
    try:
        rows = read_accesses(folder, since=since, customers=hashes, most=most)
    except (OSError, sqlite3.Error) as error:
        raise Permanent(
            f"the records of accesses in {folder} cannot be read",
            why=(error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__,
            todo="read them from the account that serves the cards, which alone may",
        ) from None
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
