"""One report, spelled as CSV, XML and JSON, is one frame."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CasehouseError
from pipelines.sources import spool
from pipelines.sources.icasework import xml_body
from pipelines.sources.icasework.regular_xml import Irregular
from pipelines.sources.icasework.reports import open_report
from pipelines.sources.report import Body, ReportRequest
from tests.sources.icasework.conftest import REQUEST
from tests.sources.icasework.writers import as_read, reports, write_csv, write_json, write_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from tests.sources.icasework.writers import Report

ONE_FRAME = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(folder: Path, report: Report, content: bytes, body_format: str) -> pl.DataFrame:
    path = folder / f"one.{body_format}"
    path.write_bytes(content)
    request = ReportRequest(REQUEST.feed, REQUEST.day, report[0])
    opened = open_report(request, Body(path, body_format, "", len(content)))
    assert opened.fields == report[0]
    assert opened.total == (len(report[1]) if body_format == "csv" else None)
    return opened.frame.collect()


@given(report=reports(), line_end=st.sampled_from(["\n", "\r\n"]), large=st.booleans())
@ONE_FRAME
def test_one_report_in_three_formats_is_one_frame(
    tmp_path: Path, report: Report, line_end: str, *, large: bool
) -> None:
    with patch.object(spool, "SMALL_BYTES", 0 if large else 1 << 20):
        frames = [
            read(tmp_path, report, write_csv(report), "csv"),
            read(tmp_path, report, write_xml(report, line_end=line_end), "xml"),
            read(tmp_path, report, write_json(report), "json"),
        ]
    for frame in frames:
        assert frame.columns == list(report[0])
        assert set(frame.dtypes) <= {frames[0].dtypes[0]}
        assert frame.rows() == as_read(report[1])


@given(report=reports(least=2), large=st.booleans(), data=st.data())
@ONE_FRAME
def test_a_row_that_lacks_its_last_fields_is_refused_in_every_format(
    tmp_path: Path, report: Report, data: st.DataObject, *, large: bool
) -> None:
    fields, rows = report
    short = data.draw(st.integers(1, len(rows) - 1))
    kept = data.draw(st.integers(1, len(fields) - 1))
    ragged = (fields, [*rows[:short], rows[short][:kept], *rows[short + 1 :]])
    with patch.object(spool, "SMALL_BYTES", 0 if large else 1 << 20):
        for content, body_format in (
            (write_csv(ragged), "csv"),
            (write_xml(ragged), "xml"),
            (write_json(ragged), "json"),
        ):
            with pytest.raises(CasehouseError, match=f"(?i)row {short + 1} .*"):
                read(tmp_path, ragged, content, body_format)


@given(report=reports(least=1), line_end=st.sampled_from(["\n", "\r\n"]))
@ONE_FRAME
def test_both_readers_of_xml_read_the_same(tmp_path: Path, report: Report, line_end: str) -> None:
    content = write_xml(report, line_end=line_end)
    with only_by("_parsed"):
        compiled = read(tmp_path, report, content, "xml")
    with only_by("_compiled"):
        parsed = read(tmp_path, report, content, "xml")
    assert compiled.equals(parsed)


@given(report=reports(least=1))
@ONE_FRAME
def test_utf16_is_read_like_utf8(tmp_path: Path, report: Report) -> None:
    frame = read(tmp_path, report, write_xml(report, encoding="utf-16"), "xml")
    assert frame.rows() == as_read(report[1])


@contextmanager
def only_by(forbidden: str) -> Iterator[None]:
    """Take one of the two readers away: the parser must not be needed, or must do alone."""

    def irregular(*_: object) -> Iterator[object]:
        raise Irregular

    def unwanted(*_: object) -> Iterator[object]:
        pytest.fail("the parser was called for a regular document")

    with patch.object(xml_body, forbidden, irregular if forbidden == "_compiled" else unwanted):
        yield
