"""Reading the record of calls: a frame of tries, oldest first, and which failures were made good since."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from pipelines.calls.book import FINE, FOLDER, SUFFIX, CallMade, day_of
from pipelines.days import LONDON

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

SCHEMA = {
    "at": pl.Datetime("us", "UTC"),
    "source": pl.String(),
    "feed": pl.String(),
    "report_date": pl.Date(),
    "attempt": pl.Int32(),
    "method": pl.String(),
    "what": pl.String(),
    "status": pl.Int32(),
    "vendor_code": pl.String(),
    "bytes": pl.Int64(),
    "seconds": pl.Float64(),
    "outcome": pl.String(),
}
_WRITTEN = SCHEMA | {"at": pl.String(), "report_date": pl.String()}
# Calls with the same of these ask for the same thing.
_SAME = ("source", "what", "feed", "report_date")

_log = logging.getLogger("casehouse.calls")


def read_calls(root: Path, since: datetime | None = None) -> pl.DataFrame:
    """Return the tries that began at `since` (aware) or later, oldest first; all that are kept without it.

    Lines that a full disk or a power cut spoilt are left out, and counted in the log.
    """
    first = since.astimezone(LONDON).date() if since else None
    files = (
        path
        for path in sorted((root / FOLDER).glob(f"*{SUFFIX}"))
        if (day := day_of(path)) is not None and (first is None or day >= first)
    )
    frames = [_read(path) for path in files]
    calls = pl.concat([pl.DataFrame(schema=_WRITTEN), *frames]).with_columns(
        pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").dt.replace_time_zone("UTC"),
        pl.col("report_date").str.to_date("%Y-%m-%d"),
        pl.col("vendor_code").replace("", None),
    )
    wanted = calls if since is None else calls.filter(pl.col("at") >= since)
    return wanted.sort("at", maintain_order=True)


def mark_made_good(calls: pl.DataFrame) -> pl.DataFrame:
    """Add `failed`, and `made_good`: a later call for the same feed and day, or of the same name, succeeded.

    `made_good` is null for a try that did not fail.
    """
    last_success = pl.col("at").filter(pl.col("outcome") == "ok").max().over(_SAME)
    failed = ~pl.col("outcome").is_in(list(FINE))
    return calls.with_columns(
        failed.alias("failed"),
        pl.when(failed).then((last_success > pl.col("at")).fill_null(value=False)).alias("made_good"),
    )


def _read(path: Path) -> pl.DataFrame:
    try:
        lines = [line for line in path.read_bytes().split(b"\n") if line]
    except FileNotFoundError:
        return pl.DataFrame(schema=_WRITTEN)  # forgotten since it was listed
    whole = list(_whole(lines))
    if lost := len(lines) - len(whole):
        _log.warning("%d of %d lines of %s cannot be read and are left out", lost, len(lines), path.name)
    return pl.read_ndjson(b"\n".join(whole), schema=_WRITTEN) if whole else pl.DataFrame(schema=_WRITTEN)


def _whole(lines: Iterable[bytes]) -> Iterable[bytes]:
    decoder = msgspec.json.Decoder(CallMade)
    for line in lines:
        try:
            decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield line
