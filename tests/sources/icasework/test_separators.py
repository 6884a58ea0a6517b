from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CasehouseError, Unverified
from pipelines.sources.icasework import separators
from pipelines.sources.icasework.reports import open_report
from pipelines.sources.icasework.separators import refuse_short_rows
from pipelines.sources.report import ReportRequest
from tests.sources.icasework.conftest import FIELDS, REQUEST
from tests.sources.icasework.writers import reports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sources.icasework.conftest import Writes
    from tests.sources.icasework.writers import Report

HEADER = ",".join(FIELDS).encode() + b"\r\n"
FULL = b'1,"Flat 1, ""A""\r\nTown",x\r\n2,,\r\n'
ANYWHERE = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=["in memory", "mapped", "by pieces"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as for small, large and very large bodies."""
    if request.param != "in memory":
        monkeypatch.setattr(separators, "_PIECE_BYTES", 5)
    if request.param == "by pieces":
        monkeypatch.setattr(separators, "_MAPPED_BYTES", 0)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (b"1,S3CRET\r\n" + FULL, "row 1 has 2 of the 3 fields"),
        (FULL + b"S3CRET\r\n", "row 3 has 1 of the 3 fields"),
        (FULL + b"3,\r\n" + FULL, "row 3 has 2 of the 3 fields"),
        (FULL + b'3,"S3CRET, ,\r\n,"\r\n' + FULL, "row 3 has 2 of the 3 fields"),
        (FULL + b"\r\n" + FULL, "row 3 has 0 of the 3 fields"),
        (FULL + b'"' + b"S3CRET" * 30_000 + b'"\r\n', "separators are not those of full rows of 3 fields"),
    ],
)
@pytest.mark.usefixtures("counted")
def test_a_short_row_is_named_without_its_cells(on_disk: Writes, rows: bytes, why: str) -> None:
    count = rows.replace(b"\r\nTown", b"").replace(b",\r\n,", b"").count(b"\r\n")
    with pytest.raises(Unverified, match=f"too few fields .*{why}") as error:
        open_report(REQUEST, on_disk(HEADER + rows + b"Rows,%d\r\n" % count, "csv"))
    assert "S3CRET" not in str(error.value)
    with pytest.raises(Unverified, match=why):
        open_report(REQUEST, on_disk(HEADER + rows, "csv"), may_lack_total=True)


@pytest.mark.usefixtures("counted")
def test_rows_that_are_not_short_are_left_to_whoever_reads_them(on_disk: Writes) -> None:
    wrong_count = open_report(REQUEST, on_disk(HEADER + FULL + b"Rows,7\r\n", "csv"))
    assert (wrong_count.total, wrong_count.frame.collect().height) == (7, 2)
    too_long = open_report(REQUEST, on_disk(HEADER + FULL + b"1,2,3,4\r\nRows,3\r\n", "csv"))
    with pytest.raises(pl.exceptions.PolarsError):
        too_long.frame.collect()
    stray = open_report(REQUEST, on_disk(HEADER + b'1,5" pipe,x\r\nRows,1\r\n', "csv", framed=True))
    assert stray.total == 1


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n", b"1,2,", b"1,2,3"])
@pytest.mark.usefixtures("counted")
def test_without_a_count_a_body_may_end_as_it_likes(on_disk: Writes, end: bytes) -> None:
    report = open_report(REQUEST, on_disk(HEADER + FULL + end, "csv"), may_lack_total=True)
    assert report.frame.collect().height == 2 + end.startswith(b"1")


@pytest.mark.usefixtures("counted")
def test_a_report_of_one_field_has_no_short_rows(on_disk: Writes) -> None:
    request = ReportRequest(REQUEST.feed, REQUEST.day, ("A",))
    report = open_report(request, on_disk(b"A\n1\n\n2\nRows,3\n", "csv"))
    assert report.frame.collect().rows() == [("1",), (None,), ("2",)]


@given(report=reports(least=1), line_end=st.sampled_from(["\n", "\r\n"]), piece=st.sampled_from([1, 3, 4096]))
@ANYWHERE
def test_separators_are_told_from_commas_in_cells(
    tmp_path: Path, report: Report, line_end: str, piece: int
) -> None:
    """Counted natively: should polars ever need another way, this fails before anybody waits for it."""
    fields, rows = report
    path = _write(tmp_path, [fields, *rows], line_end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separators, "_find_short_row", _never)
        refuse_short_rows(path, fields=len(fields), rows=len(rows))
        refuse_short_rows(path, fields=len(fields), rows=None)
        patch.setattr(separators, "_MAPPED_BYTES", 0)
        patch.setattr(separators, "_PIECE_BYTES", piece)
        refuse_short_rows(path, fields=len(fields), rows=len(rows))
        refuse_short_rows(path, fields=len(fields), rows=None)


@given(report=reports(least=1), line_end=st.sampled_from(["\n", "\r\n"]), data=st.data())
@ANYWHERE
def test_one_cell_less_anywhere_is_found(
    tmp_path: Path, report: Report, line_end: str, data: st.DataObject
) -> None:
    fields, rows = report
    short = data.draw(st.integers(0, len(rows) - 1))
    kept = data.draw(st.integers(1, len(fields) - 1))
    told = [*rows[:short], rows[short][:kept], *rows[short + 1 :]]
    path = _write(tmp_path, [fields, *told], line_end)
    for count in (len(rows), None):
        with pytest.raises(Unverified, match=f"row {short + 1} has {kept} of the {len(fields)} fields"):
            refuse_short_rows(path, fields=len(fields), rows=count)


@pytest.mark.usefixtures("counted")
def test_bytes_that_are_no_text_are_no_concern_of_the_count(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(HEADER + b"1,\xff,3\r\nRows,1\r\n", "csv"))
    with pytest.raises(pl.exceptions.PolarsError):
        report.frame.collect()


def test_where_polars_cannot_count_the_rows_are_read(
    on_disk: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise pl.exceptions.ComputeError

    monkeypatch.setattr(separators, "_count_ended", refuse)
    assert open_report(REQUEST, on_disk(HEADER + FULL + b"Rows,2\r\n", "csv")).total == 2
    with pytest.raises(CasehouseError, match="row 3 has 1 of the 3 fields"):
        open_report(REQUEST, on_disk(HEADER + FULL + b"3\r\nRows,3\r\n", "csv"))


def _write(folder: Path, rows: list[tuple[str, ...]], line_end: str) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    path = folder / "one.csv"
    path.write_bytes(text.getvalue().encode())
    return path


def _never(*_: object) -> None:
    pytest.fail("the rows were read one by one")
