from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.errors import CasehouseError, Permanent, Unverified
from pipelines.sources.icasework import xml_body
from pipelines.sources.icasework.regular_xml import Irregular, Shape, prove_regular
from pipelines.sources.icasework.reports import open_report
from pipelines.sources.report import ReportRequest
from tests.sources.icasework.conftest import DAY, REQUEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sources.icasework.conftest import Writes

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
AB = ReportRequest("icasework/cases", DAY, ("A.x", "B"))
SHAPE = Shape("R", "C", ("A.x", "B"))
ROW = b"<C>\r\n<A.x>1</A.x>\r\n<B>2</B>\r\n</C>\r\n"


def rows_of(on_disk: Writes, content: bytes) -> list[tuple[str | None, ...]]:
    report = open_report(AB, on_disk(content, "xml"))
    assert report.fields == ("A.x", "B")
    assert report.total is None
    return report.frame.collect().rows()


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (HEAD + b"<R>" + ROW * 2 + b"</R>", [("1", "2")] * 2),
        (b"<R>" + ROW + b"</R>\n\n", [("1", "2")]),
        (b"\xef\xbb\xbf" + HEAD + b"<R>" + ROW + b"</R>", [("1", "2")]),
        (b"<R RequestId=\"487347\" x='y'>" + ROW + b"</R>", [("1", "2")]),
        (b"<R><C Id='7'><A.x>1</A.x><B>2</B></C></R>", [("1", "2")]),
        (b'<R><C  Id="7" ><A.x>1]#]&gt;</A.x><B>&#32;&#x9;</B></C></R>', [("1]#]>", " \t")]),
        (
            "<R><C><A.x>\ufffd\uffee</A.x><B>&#xFFFD;&#127;</B></C></R>".encode(),
            [("\ufffd\uffee", "\ufffd\x7f")],
        ),
        (b"<R><C><A.x></A.x><B/></C><C><A.x/><B /></C></R>", [(None, None)] * 2),
        (b"<R><C>text<A.x>1</A.x>is<B>2</B>ignored</C></R>", [("1", "2")]),
        (b"<R><C><A.x>1&#13;\r\n2</A.x><B>&#xD;</B></C></R>", [("1\r\n2", "\r")]),
        (b"<R><C><A.x> 1\r\n2\r3 </A.x><B>\t</B></C></R>", [(" 1\n2\n3 ", "\t")]),
        (b"<R><C><A.x>a&amp;b&lt;&#233;&quot;</A.x><B>]]&gt;</B></C></R>", [('a&b<é"', "]]>")]),
    ],
)
@pytest.mark.usefixtures("any_size")
def test_regular_documents_are_read_by_the_compiled_reader(
    on_disk: Writes, content: bytes, rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_body, "_parsed", _never)
    assert rows_of(on_disk, content) == rows


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"<R><C><A.x>1</A.x><B>2</B></C><C><B>4</B><A.x>3</A.x></C></R>", [("1", "2"), ("3", "4")]),
        (b"<R><C><A.x><![CDATA[<1>&]]></A.x><B>2</B></C></R>", [("<1>&", "2")]),
        (b"<R><!-- one --><C><A.x>a<!-- two -->b</A.x><B>2</B></C></R>", [("ab", "2")]),
        (b"<R><C><A.x>1</A.x><B>2</B></C><?pi x?></R>", [("1", "2")]),
        (b"<R><C Id='7' No='8'><A.x>1</A.x><B>2</B></C></R>", [("1", "2")]),
        (b"<R><C><A.x nil='no'>1</A.x><B>2</B></C></R>", [("1", "2")]),
        (b"<R>stray<C>text<A.x>1</A.x><B>2</B></C></R>", [("1", "2")]),
        (
            b'<?xml version="1.0" encoding="iso-8859-1"?><R><C><A.x>\xe9</A.x><B>2</B></C></R>',
            [("é", "2")],
        ),
        ("<R><C><A.x>é</A.x><B>2</B></C></R>".encode("utf-16"), [("é", "2")]),
    ],
)
@pytest.mark.usefixtures("any_size")
def test_other_well_formed_documents_are_read_by_the_parser(
    on_disk: Writes, content: bytes, rows: list[tuple[str, ...]]
) -> None:
    with pytest.raises(Irregular):
        list(prove_regular(on_disk(content, "xml").path, SHAPE))
    assert rows_of(on_disk, content) == rows


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<R>" + ROW + b"<C><A.x>1</A.x></C></R>", r"row 2 .* other fields.*missing: B"),
        (b"<R>" + ROW + b"<C><A.x>1</A.x><Z>9</Z></C></R>", "missing: B"),
        (b"<R>" + ROW + b"<C><A.x>1</A.x><B>2</B><Z>9</Z></C></R>", "unexpected: Z"),
        (b"<R>" + ROW + b"<C><A.x>1</A.x><B>2</B><B>S3CRET</B></C></R>", "stands twice"),
        (b"<R>" + ROW + b"<C></C></R>", "missing: A.x, B"),
        (b"<R><C><A.x>1</A.x><A.x>2</A.x></C></R>", "stands twice in the first row"),
        (b"<R>" + ROW + b"<C><A.x>1<z>S3CRET</z></A.x><B>2</B></C></R>", "cell of row 2 .* holds elements"),
        (b"<R>" + ROW + b"<D>S3CRET</D>" + ROW + b"</R>", "row 2 .* beside or inside"),
        (b"<R>" + ROW + b"<D>S3CRET</D></R>", "other elements after its rows"),
        (b"<R><C>S3CRET</C></R>", "rows have no fields"),
        (b"<R>S3CRET</R>", "text in place of rows"),
        (b"<!DOCTYPE R [<!ENTITY e 'S3CRET'>]><R>" + ROW + b"</R>", "DOCTYPE"),
        (b"<X><Y><other>S3CRET</other></Y></X>", "none of the fields"),
    ],
)
@pytest.mark.usefixtures("any_size")
def test_what_is_xml_but_no_report_is_permanent(on_disk: Writes, content: bytes, why: str) -> None:
    with pytest.raises(Permanent, match=why) as error:
        open_report(AB, on_disk(content, "xml"))
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"<R>" + ROW,
        b"<R>" + ROW + b"</R",
        b"<R>" + ROW + b"<C><A.x>S3CRET",
        b"<R",
        b"<R>" + ROW + b"</R><R>" + ROW + b"</R>",
        b"<R>" + ROW + b"</R>S3CRET",
        b"<R>" + ROW + b"<C><A.x>S3CRET</B><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&S3CRET;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>S3CRET & Co</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>\xff</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&#0;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>S3CRET\x01</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C>\x0b<A.x>1</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>S3CRET\x00</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&#1;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&#x0001F;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&#X41;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>&#65534;</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>\xef\xbf\xbe</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>\xed\xa0\x80</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C><A.x>S3CRET]]></A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C Id><A.x>S3CRET</A.x><B>2</B></C></R>",
        b"<R>" + ROW + b"<C Id='1' Id='2'><A.x>S3CRET</A.x><B>2</B></C></R>",
        b"S3CRET,no,xml",
        "<R><C><A.x>1</A.x><B>2</B></C>".encode("utf-16"),
    ],
)
@pytest.mark.usefixtures("any_size")
def test_what_is_cut_or_not_well_formed_is_unverified(on_disk: Writes, content: bytes) -> None:
    with pytest.raises(Unverified, match="cut or not well-formed") as error:
        open_report(AB, on_disk(content, "xml"))
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize(
    "content", [HEAD + b"<Cases />", b"<Cases></Cases>", b"<Cases RequestId='1'>\r\n</Cases>"]
)
def test_an_empty_report_has_the_fields_asked_for(on_disk: Writes, content: bytes) -> None:
    report = open_report(REQUEST, on_disk(content, "xml"))
    assert report.fields == REQUEST.fields
    assert report.frame.collect().shape == (0, 3)
    assert report.frame.collect_schema() == dict.fromkeys(REQUEST.fields, pl.String())


@pytest.mark.parametrize("separator", [b"", b"\n", b"\r\n"])
def test_a_document_of_many_pieces_is_proved_whatever_the_pieces(
    on_disk: Writes, separator: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = separator.join([b"<C>", b"<A.x>a longer text</A.x>", b"<B></B>", b"</C>", b""])
    body = on_disk(b"<R>" + separator + row * 50 + b"</R>", "xml")
    for piece in (7, 40, 61, 64, 67, 70, 100, 1000):
        monkeypatch.setattr("pipelines.sources.icasework.regular_xml._READ_BYTES", piece)
        assert sum(proved.rows for proved in prove_regular(body.path, SHAPE)) == 50


def test_a_report_of_many_batches_keeps_its_order(on_disk: Writes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_body, "BATCH_ROWS", 7)
    monkeypatch.setattr("pipelines.sources.spool.BATCH_ROWS", 7)
    monkeypatch.setattr("pipelines.sources.icasework.regular_xml._READ_BYTES", 100)
    monkeypatch.setattr("pipelines.sources.spool.SMALL_BYTES", 0)
    rows = b"".join(b"<C><A.x>%d</A.x><B>&amp;</B></C>" % number for number in range(100))
    body = on_disk(b"<R>" + rows + b"</R>", "xml")
    frame = open_report(AB, body).frame
    assert frame.collect().rows() == [(str(number), "&") for number in range(100)]
    assert [path.name for path in body.path.parent.iterdir()] == [body.path.name]


def test_a_body_that_fails_leaves_nothing_beside_it(on_disk: Writes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.spool.SMALL_BYTES", 0)
    body = on_disk(b"<R>" + ROW * 10, "xml")
    with pytest.raises(CasehouseError):
        open_report(AB, body)
    assert [path.name for path in body.path.parent.iterdir()] == [body.path.name]


@pytest.mark.parametrize(
    "taken", ["<C><A.x>1</A.x></C>", "<C><A.x>1</A.x><B>2</B><Z>9</Z></C>", "<D><B>2</B></D>"]
)
def test_unguarded_the_compiled_reader_lets_odd_documents_pass(tmp_path: Path, taken: str) -> None:
    """The reason for the proof: should this ever fail, the reader has become strict and the proof may go."""
    path = tmp_path / "odd.xml"
    path.write_text(f"<R><C><A.x>1</A.x><B>2</B></C>{taken}")
    batches = [batch for _, batch in xml_body._reader(SHAPE).parse_batches(path)]
    assert batches[0].num_rows >= 1


def _never(*_: object) -> None:
    pytest.fail("the parser was called for a regular document")
