"""Whatever strangers wrote comes out as they wrote it, and is never a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.errors import Permanent
from pipelines.exports.document import Document
from pipelines.exports.formats import write_csv, write_json, write_parquet
from pipelines.exports.period import Period
from pipelines.exports.proof import Proof
from pipelines.exports.table import Field, Table
from pipelines.exports.workbook import write_workbook
from tests.exports.workbooks import read

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = (Field("written", "Written", "text"), Field("calls", "Calls", "whole", is_totalled=True))
DAY = {
    "feed": "xima/calls",
    "status": "verified",
    "origin": "sandbox",
    "rows_good": 1,
    "rows_quarantined": 0,
    "body_sha256": "",
    "seal": "",
}
texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5)


def document(written: list[str]) -> Document:
    period = Period.between("2026-10-25", "2026-10-25")
    proof = Proof(period, (DAY | {"report_date": period.first.date},), pl.DataFrame())
    table = Table("calls", "Calls", FIELDS, [(text, 1) for text in written])
    return Document("calls", "Calls", proof, (), (table,), (), {}, "1")


@given(texts)
@example(
    ["=1+1", "+1-1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
@example(["+44 7700 900123", "a,b", 'he said "no"', "two\r\nlines", "żółć \U0001f4de", " =1", "'=1"])
@settings(deadline=None, max_examples=100)
def test_texts_survive_csv_and_begin_no_formula(
    tmp_path_factory: pytest.TempPathFactory, written: list[str]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "calls.csv"
    write_csv(document(written).tables[0], path)
    body = path.read_bytes()
    assert body.startswith(b"\xef\xbb\xbfwritten,calls\r\n")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))[1:]
    for text, (cell, calls) in zip(written, rows, strict=True):
        assert calls == "1"
        assert cell in {text, f"'{text}"}
        if not text.startswith("+"):
            assert not cell.startswith(
                ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
            )


@given(texts)
@settings(deadline=None, max_examples=25)
def test_texts_survive_the_other_formats(
    tmp_path_factory: pytest.TempPathFactory, written: list[str]
) -> None:
    folder, told = tmp_path_factory.mktemp("others"), document(written)
    write_parquet(told.tables[0], told, folder / "calls.parquet")
    assert pl.read_parquet(folder / "calls.parquet")["written"].to_list() == written
    write_json(told, folder / "calls.json")
    assert pl.read_json((folder / "calls.json").read_bytes()).height == 1
    write_workbook(told, folder / "calls.xlsx")
    sheet = read(folder / "calls.xlsx")["Calls"]
    cells = [sheet.cells[f"A{row}"] for row in range(5, 5 + len(written))]
    assert all(cell.is_text and cell.formula is None for cell in cells)
    assert [cell.value for cell in cells if cell.value.isalnum()] == [
        text for text in written if text.isalnum()
    ]


def test_a_text_that_no_cell_holds_is_refused_and_not_cut(tmp_path: Path) -> None:
    write_workbook(document(["x" * 32_767]), tmp_path / "calls.xlsx")
    with pytest.raises(Permanent, match="a text in row 6 of Calls is longer than a cell") as told:
        write_workbook(document(["x", "y" * 32_768]), tmp_path / "calls.xlsx")
    assert "yy" not in str(told.value)
