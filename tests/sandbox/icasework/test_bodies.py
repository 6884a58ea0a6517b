from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipelines.sandbox.icasework.bodies import csv_chunks, json_chunks, xml_attribute, xml_chunks
from pipelines.sandbox.icasework.dialect import Dialect
from pipelines.sandbox.icasework.tampering import Table

if TYPE_CHECKING:
    from pipelines.sandbox.icasework.tampering import Row

DIALECT = Dialect()
COLUMNS = ("CaseDetails.CaseId", "MainParty.Address", "MainParty.Notes")
ROWS: list[Row] = [("1", 'Flat 2, "The Elms"\nHigh Street', ""), ("2", "<b> & Łódź", "100%")]


def table(rows: list[Row], size: int = 1) -> Table:
    return Table(COLUMNS, [rows[start : start + size] for start in range(0, len(rows), size)])


def written_csv(rows: list[Row], **options: object) -> bytes:
    return b"".join(csv_chunks(table(rows), DIALECT, **options))  # type: ignore[arg-type]


def test_csv_is_bare_unless_header_and_footer_are_asked_for() -> None:
    body = b'1,"Flat 2, ""The Elms""\nHigh Street",\r\n2,<b> & \xc5\x81\xc3\xb3d\xc5\xba,100%\r\n'
    assert written_csv(ROWS) == body
    head = b"CaseDetails.CaseId,MainParty.Address,MainParty.Notes\r\n"
    assert written_csv(ROWS, header=True, footer=True) == head + body + b"Rows,2\r\n"
    assert written_csv([], header=True, footer=True) == head + b"Rows,0\r\n"
    assert written_csv([]) == b""


def test_another_delimiter_is_quoted_and_used_in_the_footer() -> None:
    body = written_csv([("1;2", "a,b", "")], delimiter=";", footer=True)
    assert body == b'"1;2";a,b;\r\nRows;1\r\n'


def test_footer_and_line_end_are_settings() -> None:
    dialect = Dialect(csv_footer="{rows}", csv_line_end="\n")
    assert b"".join(csv_chunks(table(ROWS[1:]), dialect, footer=True)).endswith(b"100%\n1\n")


def test_xml_has_the_recorded_layout() -> None:
    assert b"".join(xml_chunks(table(ROWS), "Cases", "Case")).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        "<Cases>\r\n"
        "<Case>\r\n"
        "<CaseDetails.CaseId>1</CaseDetails.CaseId>\r\n"
        '<MainParty.Address>Flat 2, "The Elms"\r\nHigh Street</MainParty.Address>\r\n'
        "<MainParty.Notes></MainParty.Notes>\r\n"
        "</Case>\r\n"
        "<Case>\r\n"
        "<CaseDetails.CaseId>2</CaseDetails.CaseId>\r\n"
        "<MainParty.Address>&lt;b&gt; &amp; Łódź</MainParty.Address>\r\n"
        "<MainParty.Notes>100%</MainParty.Notes>\r\n"
        "</Case>\r\n"
        "</Cases>\r\n"
    )


def test_an_empty_xml_report_is_its_root_alone() -> None:
    empty = Table(COLUMNS, [[], []])
    assert b"".join(xml_chunks(empty, "Tasks", "Task")) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\r\n<Tasks />\r\n'
    )


def test_json_has_the_recorded_layout() -> None:
    rows: list[Row] = [("1", "a", ""), ("2", 'é"c\nd', "")]
    assert b"".join(json_chunks(table(rows), DIALECT)).decode() == (
        "[\r\n"
        '{\r\n"CaseDetails.CaseId": "1",\r\n"MainParty.Address": "a",\r\n"MainParty.Notes": ""\r\n}\n'
        ",\r\n"
        '{\r\n"CaseDetails.CaseId": "2",\r\n"MainParty.Address": "é\\"c\\nd",\r\n"MainParty.Notes": ""\r\n}\n'
        "]"
    )


def test_an_empty_json_report_is_no_json() -> None:
    assert b"".join(json_chunks(Table(COLUMNS, [[]]), DIALECT)) == b""
    assert b"".join(json_chunks(Table(COLUMNS, []), Dialect(json_empty="[]"))) == b"[]"


# Every character that XML allows and that CSV and JSON carry as it is.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")) | st.sampled_from('\n\t,"')
)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5), st.integers(1, 3))
@settings(deadline=None, max_examples=80)
def test_every_format_tells_the_same(rows: list[Row], size: int) -> None:
    text = b"".join(csv_chunks(table(rows, size), DIALECT)).decode()
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))] == rows
    root = etree.fromstring(b"".join(xml_chunks(table(rows, size), "Cases", "Case")))
    assert [tuple(cell.text or "" for cell in row) for row in root] == rows
    assert [[cell.tag for cell in row] for row in root] == [list(COLUMNS)] * len(rows)
    parsed = json.loads(b"".join(json_chunks(table(rows, size), DIALECT)) or b"[]")
    assert [tuple(row.values()) for row in parsed] == rows


@given(TEXT)
@settings(deadline=None, max_examples=60)
def test_an_attribute_comes_back_as_it_went(text: str) -> None:
    assert etree.fromstring(f'<a b="{xml_attribute(text)}"/>'.encode()).get("b") == text
