"""A receipt comes back as it went in, and those of older days still read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.receipts import KEY, Receipt, check_seal, parse_receipt, read_receipt, seal

if TYPE_CHECKING:
    from pathlib import Path

# As it stood in a file written before receipts knew of control totals.
OLD = (
    '{"feed": "depot/parcels", "report_date": "2026-11-02", "origin": "depot", "window_from":'
    ' "2026-11-02T00:00:00.000", "window_until": "2026-11-02T23:59:59.999", "source_total": 3, "rows_good":'
    ' 3, "rows_quarantined": 0, "body_format": "csv", "body_sha256": "ab", "body_bytes": 9, "contract": "cd",'
    ' "version": "0.1.0", "seal": "0000000000000000000000000000000000000000000000000000000000000000"}'
)


def test_a_receipt_from_before_there_were_controls_reads_and_is_written_the_same() -> None:
    receipt = parse_receipt(OLD)
    assert receipt.controls == ()
    assert receipt.status == "verified"
    assert receipt.as_metadata() == {KEY: OLD}


@pytest.mark.parametrize(
    ("total", "aside", "controls", "status"),
    [
        (3, 0, (("Total Calls", 0),), "verified"),
        (3, 1, (("Total Calls", 14),), "quarantined"),
        (3, 1, (("Total Calls", 14), ("Total Talking", None)), "unverified"),
        (None, 0, (("Total Calls", 14),), "unverified"),
        (None, 0, (), "unverified"),
    ],
)
def test_a_day_is_verified_when_every_total_was_told(
    total: int | None, aside: int, controls: tuple[tuple[str, int | None], ...], status: str
) -> None:
    receipt = replace(parse_receipt(OLD), source_total=total, rows_quarantined=aside, controls=controls)
    assert receipt.status == status
    assert parse_receipt(receipt.as_metadata()[KEY]) == receipt


@pytest.mark.parametrize("text", ["}", '{"a": {}}', '"seal": "' + "0" * 64 + '"', "\\}", "Zoë }\n"])
def test_no_text_in_a_receipt_ends_it_early(tmp_path: Path, text: str) -> None:
    receipt: Receipt = replace(parse_receipt(OLD), origin=text, controls=((text, 14), ("Total", None)))
    path = tmp_path / "part.parquet"
    pl.DataFrame({"number": [1]}).write_parquet(path, metadata=receipt.as_metadata())
    sealed = seal(path)
    assert replace(sealed, seal=receipt.seal) == receipt
    assert check_seal(path) == read_receipt(path) == sealed
    assert json.loads(receipt.as_metadata()[KEY])["origin"] == text
