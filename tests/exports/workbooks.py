"""Read a workbook back with nothing but zip and XML: what is tested is the file and not its writer."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@dataclass(frozen=True)
class Cell:
    value: str
    formula: str | None
    is_text: bool
    number_format: str


@dataclass(frozen=True)
class Sheet:
    cells: dict[str, Cell]
    frozen: str | None

    def column(self, letter: str) -> list[str]:
        return [cell.value for place, cell in self.cells.items() if place.rstrip("0123456789") == letter]

    def row_of(self, text: str, letter: str = "A") -> int:
        """Return the number of the last row with this text in a column."""
        rows = [
            int(place.removeprefix(letter))
            for place, cell in self.cells.items()
            if cell.value == text and place.rstrip("0123456789") == letter
        ]
        return rows[-1]


def read(path: Path) -> dict[str, Sheet]:
    with zipfile.ZipFile(path) as book:
        names = [one.attrib["name"] for one in _root(book, "xl/workbook.xml").iterfind(".//m:sheet", SPACE)]
        texts = [
            "".join(part.text or "" for part in one.iterfind(".//m:t", SPACE))
            for one in _root(book, "xl/sharedStrings.xml").iterfind("m:si", SPACE)
        ]
        styles = _root(book, "xl/styles.xml")
        formats = {
            one.attrib["numFmtId"]: one.attrib["formatCode"] for one in styles.iterfind(".//m:numFmt", SPACE)
        }
        used = [one.attrib["numFmtId"] for one in styles.iterfind("m:cellXfs/m:xf", SPACE)]
        looks = [formats.get(one, one) for one in used]
        return {
            name: _sheet(_root(book, f"xl/worksheets/sheet{at}.xml"), texts, looks)
            for at, name in enumerate(names, 1)
        }


def _root(book: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(book.read(name))  # noqa: S314 - our own file


def _sheet(root: ET.Element, texts: list[str], looks: list[str]) -> Sheet:
    cells = {}
    for one in root.iterfind(".//m:c", SPACE):
        value = one.findtext("m:v", namespaces=SPACE)
        if value is None:
            continue
        is_text = one.attrib.get("t") == "s"
        cells[one.attrib["r"]] = Cell(
            texts[int(value)] if is_text else value,
            one.findtext("m:f", namespaces=SPACE),
            is_text,
            looks[int(one.attrib.get("s", 0))],
        )
    pane = root.find(".//m:pane", SPACE)
    return Sheet(cells, None if pane is None else pane.attrib["topLeftCell"])
