"""The ledger's log as a frame, for the catalogue's table `ops.outbound_log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.outbound.ledger import read_log
from pipelines.outbound.states import State, Step

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_SCHEMA = {
    "logged_at": pl.Datetime("us", "UTC"),
    "case_id": pl.Int64(),
    "step_number": pl.Int64(),
    "step": pl.String(),
    "attempt": pl.Int32(),
    "outcome": pl.String(),
    "field": pl.String(),
    "reason": pl.String(),
}


def log_frame(data_dir: Path) -> pl.DataFrame:
    """Return what happened to every step; no rows when nothing was ever sent."""
    rows = [
        (one.at, int(one.case_id), one.n, str(one.step), one.attempt, str(one.outcome), one.field, one.reason)
        for one in read_log(data_dir)
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def example_log(at: datetime) -> pl.DataFrame:
    """Return an invented log, for the dictionary's examples."""
    why = ("service_request.request_code", "its code is not in Tascomi's table complaint_codes")
    rows = [
        (at, 412_345, 1, str(Step.CONTACT), 1, str(State.SENT), None, None),
        (at, 412_345, 2, str(Step.REQUEST), 0, str(State.REFUSED), *why),
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
