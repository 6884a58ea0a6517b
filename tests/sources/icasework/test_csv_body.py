from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CasehouseError, Permanent, Unverified
from pipelines.sources.icasework.reports import open_report
from pipelines.sources.report import Body, ReportRequest
from tests.sources.icasework.conftest import FIELDS, REQUEST
from tests.sources.icasework.writers import reports, write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sources.icasework.conftest import Writes
    from tests.sources.icasework.writers import Report

HEADER = ",".join(FIELDS).encode()
ROWS = b'1,Complaint,"Flat 1, 2 High St\r\nTown"\r\n2,,""\r\n'


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    "footer",
    [b"2", b"Rows,2", b"rowcount,2", b"RowCount, 2", b'"Total","2"', b'"TOTAL",2', b"Row count,2", b'"2"'],
)
def test_every_footer_form_is_read_and_cut_off(on_disk: Writes, footer: bytes, end: bytes) -> None:
    body = on_disk(HEADER + b"\r\n" + ROWS + footer + end, "csv")
    report = open_report(REQUEST, body)
    assert report.total == 2
    assert report.fields == FIELDS
    assert report.frame.collect().rows() == [
        ("1", "Complaint", "Flat 1, 2 High St\r\nTown"),
        ("2", None, None),
    ]


@pytest.mark.parametrize("footer", [b"Rows,2", b'"Total","2"'])
def test_a_labelled_footer_needs_no_line_end(on_disk: Writes, footer: bytes) -> None:
    assert open_report(REQUEST, on_disk(HEADER + b"\n" + ROWS + footer, "csv")).total == 2


def test_a_bare_count_without_line_end_counts_only_where_the_end_was_proved(on_disk: Writes) -> None:
    content = HEADER + b"\n" + ROWS + b"2"
    assert open_report(REQUEST, on_disk(content, "csv", framed=True)).total == 2
    with pytest.raises(Unverified, match="row count is missing"):
        open_report(REQUEST, on_disk(content, "csv"))


@pytest.mark.parametrize("footer", [b"", b"Rows,two\r\n", b"2,,\r\n", b"Total\r\n", b"-2\r\n", b"2.0\r\n"])
def test_no_footer_is_unverified_unless_the_council_says_otherwise(on_disk: Writes, footer: bytes) -> None:
    with pytest.raises(Unverified, match=r"row count is missing.*CASEHOUSE_ICASEWORK_RECONCILE"):
        open_report(REQUEST, on_disk(HEADER + b"\r\n" + ROWS + footer, "csv"))


def test_where_the_council_says_otherwise_the_total_is_unknown(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(HEADER + b"\r\n" + ROWS, "csv"), may_lack_total=True)
    assert report.total is None
    assert report.frame.collect().height == 2


def test_an_empty_report_has_its_fields_and_no_rows(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(HEADER + b"\r\nRows,0\r\n", "csv"))
    assert (report.fields, report.total) == (FIELDS, 0)
    assert report.frame.collect().shape == (0, 3)


def test_empty_lines_around_the_count_are_no_rows(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(HEADER + b"\r\n" + ROWS + b"\r\n\r\nRows,2\r\n\r\n", "csv"))
    assert (report.total, report.frame.collect().height) == (2, 2)


def test_a_header_is_read_by_the_rules_with_mark_quotes_and_line_ends(on_disk: Writes) -> None:
    header = '\ufeff"CaseDetails.CaseId","Odd ""name"",\nof a field",MainParty.Address\r\n'.encode()
    report = open_report(REQUEST, on_disk(header + ROWS + b"Rows,2\r\n", "csv"))
    assert report.fields == ("CaseDetails.CaseId", 'Odd "name",\nof a field', "MainParty.Address")
    assert report.frame.collect().columns == list(report.fields)
    assert report.frame.collect().height == 2


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "no header"),
        (b"\r\nRows,0\r\n", "no header"),
        (b"5\r\n", "row count is missing"),
        (
            b'"CaseDetails.CaseId,Rows\r\n5\r\n',
            "header cannot be read|inside a quoted cell|none of the fields",
        ),
        (HEADER + b'\r\n1,x,"Flat\r\n3\r\n', "inside a quoted cell"),
        (HEADER + b'\r\n1,x,"\n1\n', "inside a quoted cell"),
        (HEADER + b"\r\n", "row count is missing"),
        (HEADER[:20], "row count is missing"),
    ],
)
def test_what_cannot_be_a_whole_report_is_not_opened(on_disk: Writes, content: bytes, error: str) -> None:
    with pytest.raises(CasehouseError, match=error):
        open_report(REQUEST, on_disk(content, "csv"))


def test_a_body_without_header_does_not_tell_its_cells(on_disk: Writes) -> None:
    with pytest.raises(Permanent, match="none of the fields asked for") as error:
        open_report(REQUEST, on_disk(b"1,Smith,High St\r\n2,Jones,Low St\r\nRows,2\r\n", "csv"))
    assert "Smith" not in str(error.value)


def test_a_field_that_came_twice_is_named_as_such(on_disk: Writes) -> None:
    with pytest.raises(Permanent, match="came back twice"):
        open_report(REQUEST, on_disk(b"CaseDetails.CaseId,CaseDetails.CaseId\r\nRows,0\r\n", "csv"))


def test_text_that_is_not_utf8_is_permanent(on_disk: Writes) -> None:
    with pytest.raises(Permanent, match="not UTF-8"):
        open_report(REQUEST, on_disk((HEADER + b"\r\n1,2,3\r\nRows,1\r\n").decode().encode("utf-16"), "csv"))


def test_a_body_is_opened_once(on_disk: Writes) -> None:
    body = on_disk(HEADER + b"\r\n" + ROWS + b"2\r\n", "csv")
    open_report(REQUEST, body)
    with pytest.raises(Unverified, match="not the body that was received"):
        open_report(REQUEST, body)


def test_the_count_is_found_at_the_end_of_a_long_body(on_disk: Writes) -> None:
    rows = b"".join(b'%d,"a ""quoted"" type","line one\nline two"\r\n' % number for number in range(20_000))
    report = open_report(REQUEST, on_disk(HEADER + b"\r\n" + rows + b"20000\r\n", "csv"))
    assert report.total == 20_000
    assert report.frame.select(pl.len()).collect().item() == 20_000


@given(report=reports(), data=st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_body_cut_at_any_byte_never_looks_complete(
    tmp_path: Path, report: Report, data: st.DataObject
) -> None:
    footer = data.draw(st.sampled_from(["{}", "Rows,{}", '"Total","{}"']))
    content = write_csv(report, footer=footer + data.draw(st.sampled_from(["\n", "\r\n"])))
    at = data.draw(st.integers(0, len(content) - 1))
    path = tmp_path / "cut.csv"
    path.write_bytes(content[:at])
    if _looks_complete(path, report):
        # Only the line end after the count, or part of it, was lost.
        assert content[at:] in {b"\n", b"\r\n"}


@given(count=st.integers(0, 30), first=st.integers(0, 3), at=st.integers(0, 400))
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_among_numbers_that_count_themselves_never_looks_complete(
    tmp_path: Path, count: int, first: int, at: int
) -> None:
    """Rows that begin with small numbers are the ones whose stump could pass for a count."""
    rows = "".join(f'{first + number},"\n{number}\n",x\r\n' for number in range(count))
    content = (HEADER.decode() + "\r\n" + rows + f"{count}\r\n").encode()
    if at >= len(content) - 2:
        return
    path = tmp_path / "cut.csv"
    path.write_bytes(content[:at])
    assert not _looks_complete(path, (FIELDS, []))


def _looks_complete(path: Path, report: Report) -> bool:
    """Do as the flow does: open, read, compare the count with the rows."""
    request = ReportRequest(REQUEST.feed, REQUEST.day, report[0])
    try:
        opened = open_report(request, Body(path, "csv", "", path.stat().st_size))
        return opened.frame.collect().height == opened.total
    except (CasehouseError, pl.exceptions.PolarsError):
        return False
