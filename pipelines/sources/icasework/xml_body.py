"""An XML report on disk as a raw frame: any root, each child a row, each row's children its cells.

Two readers give the same frame. A compiled one (xml2arrow) takes a fifth of the time, but lets truncated and
odd documents pass, so it is given only what is proved regular (see regular_xml.py). All other documents go to
lxml, which reads what is XML and refuses what is not. No reader fetches anything or knows entities. XML
carries no row count.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from lxml import etree
from xml2arrow import Xml2ArrowError, XmlToArrowParser

from pipelines.errors import Permanent, Unverified
from pipelines.sources.icasework.regular_xml import Irregular, Piece, Shape, prove_regular
from pipelines.sources.read_ahead import read_ahead
from pipelines.sources.received import ASK_AGAIN
from pipelines.sources.report import RawReport
from pipelines.sources.spool import BATCH_ROWS, batch_of, spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    import pyarrow as pa

    from pipelines.sources.report import Body, ReportRequest

_TABLE = "rows"


def open_xml(request: ReportRequest, body: Body) -> RawReport:
    """Return the fields of the first row, a lazy frame of strings (empty is null) and no count.

    Every row must have the first row's fields, each once; Permanent names the row that has not. A document
    that is cut or is not well-formed raises Unverified. A report without rows shows no fields: those asked
    for are returned.
    """
    shape = _peek(body.path)
    if shape is None:
        return RawReport(
            request.fields, pl.LazyFrame(schema=dict.fromkeys(request.fields, pl.String())), None
        )
    try:
        frame = spool(body, shape.fields, _compiled(body, shape))
    except (Irregular, Xml2ArrowError, TypeError):
        # Not regular, or not even UTF-8 (a TypeError): lxml reads it, or says why not.
        frame = None
    if frame is None:
        frame = spool(body, shape.fields, _parsed(body, shape))
    return RawReport(shape.fields, frame, None)


def _events(file: BinaryIO, *events: str, tag: str | None = None) -> etree.iterparse:
    return etree.iterparse(
        file,
        events=events,
        tag=tag,
        no_network=True,
        load_dtd=False,
        resolve_entities=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        recover=False,
    )


def _peek(path: Path) -> Shape | None:
    """Read as far as the end of the first row; None when there is no row."""
    try:
        with path.open("rb") as file:
            return _first_row(_events(file, "start", "end"))
    except etree.XMLSyntaxError as error:
        fault = _not_well_formed(error)
    raise fault


def _first_row(events: etree.iterparse) -> Shape | None:
    opened: list[etree._Element] = []
    for event, element in events:
        if event == "start":
            opened.append(element)
            if len(opened) == 1 and element.getroottree().docinfo.doctype:
                raise Permanent("the XML body has a DOCTYPE, which no report has", todo=ASK_AGAIN)
            continue
        opened.pop()
        if len(opened) == 1:
            return Shape(opened[0].tag, element.tag, _cells_of_first(element))
        if not opened and not (element.text or "").strip():
            return None
        if not opened:
            raise Permanent("the XML body holds text in place of rows, so it is no report", todo=ASK_AGAIN)
    raise Unverified("the XML body has no root", todo=ASK_AGAIN)


def _cells_of_first(row: etree._Element) -> tuple[str, ...]:
    fields = tuple(cell.tag for cell in row)
    if not fields:
        raise Permanent("the XML body's rows have no fields, so it is no report", todo=ASK_AGAIN)
    if len(set(fields)) < len(fields):
        raise Permanent("a field stands twice in the first row of the XML body", todo=ASK_AGAIN)
    return fields


def _not_well_formed(error: etree.XMLSyntaxError) -> Unverified:
    return Unverified("the XML body is cut or not well-formed", why=f"line {error.lineno}", todo=ASK_AGAIN)


def _compiled(body: Body, shape: Shape) -> Iterator[pa.RecordBatch]:
    """Read a regular document, piece by piece as it is proved, a few pieces at a time beside the proof.

    Raises Irregular where the proof ends, or where the reader does not see the rows that it counted.
    """
    return read_ahead(partial(_read_piece, _reader(shape)), prove_regular(body.path, shape))


def _read_piece(reader: XmlToArrowParser, piece: Piece) -> pa.RecordBatch:
    batch = reader.parse(piece.content)[_TABLE]
    if batch.num_rows != piece.rows:
        raise Irregular
    return batch


@lru_cache(maxsize=32)
def _reader(shape: Shape) -> XmlToArrowParser:
    """Build the compiled reader, which takes its configuration from a YAML file; JSON is YAML."""
    cells = [
        {
            "name": name,
            "xml_path": f"/{shape.root}/{shape.row}/{name}",
            "data_type": "Utf8",
            "nullable": True,
        }
        for name in shape.fields
    ]
    table = {"name": _TABLE, "xml_path": f"/{shape.root}", "levels": [], "fields": cells}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "reader.yaml"
        path.write_bytes(msgspec.json.encode({"tables": [table]}))
        return XmlToArrowParser(path)


def _parsed(body: Body, shape: Shape) -> Iterator[pa.RecordBatch]:
    """Read any well-formed document by lxml, in batches of whole rows."""
    try:
        with body.path.open("rb") as file:
            rows = _rows(_events(file, "end", tag=shape.row), shape)
            while batch := list(islice(rows, BATCH_ROWS)):
                yield batch_of(shape.fields, zip(*batch, strict=True))
    except etree.XMLSyntaxError as error:
        fault = _not_well_formed(error)
    else:
        return
    raise fault


def _rows(events: etree.iterparse, shape: Shape) -> Iterator[tuple[str | None, ...]]:
    for number, (_, row) in enumerate(events, 1):
        root = row.getparent()
        if root is None or root.getparent() is not None or row.getprevious() is not None:
            raise Permanent(
                f"row {number} of the XML body stands beside or inside other elements", todo=ASK_AGAIN
            )
        yield _cells(row, number, shape)
        root.remove(row)
    if len(events.root):
        raise Permanent("the XML body holds other elements after its rows", todo=ASK_AGAIN)


def _cells(row: etree._Element, number: int, shape: Shape) -> tuple[str | None, ...]:
    tags = tuple(cell.tag for cell in row)
    if any(map(len, row)):
        raise Permanent(f"a cell of row {number} of the XML body holds elements", todo=ASK_AGAIN)
    texts = (cell.text or None for cell in row)
    if tags == shape.fields:
        return tuple(texts)
    by_tag: Mapping[str, str | None] = dict(zip(tags, texts, strict=True))
    if len(tags) != len(shape.fields) or set(by_tag) != set(shape.fields):
        raise Permanent(
            f"row {number} of the XML body has other fields than the first row",
            why=_difference(tags, shape.fields),
            todo=ASK_AGAIN,
        )
    return tuple(by_tag[name] for name in shape.fields)


def _difference(tags: tuple[str, ...], fields: tuple[str, ...]) -> str:
    if missing := [name for name in fields if name not in tags]:
        return f"missing: {', '.join(missing)}"
    if unexpected := [name for name in tags if name not in fields]:
        return f"unexpected: {', '.join(unexpected)}"
    return "a field stands twice"
