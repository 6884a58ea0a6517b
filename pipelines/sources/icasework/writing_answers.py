"""Small answers of iCasework as plain values: what a writing call tells, and rows that are looked up.

An answer is believed only when it is whole and is what was asked for; nothing is fetched, no entity known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lxml import etree

from pipelines.errors import Unverified
from pipelines.sources.icasework.dialect import WRITTEN, WRITTEN_CASE
from pipelines.sources.received import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.sources.exchange import Answer

_MARK = "\ufeff".encode()
_AGAIN = "ask again; if it stays so, check CASEHOUSE_ICASEWORK_ACCOUNT and ask the vendor"


def read_written(operation: str, answer: Answer) -> Mapping[str, str] | None:
    """Return what a good answer tells, such as {"caseid": "492233"}; None when it is not one.

    XML and JSON are told apart by the body: that the format asked for is kept to is documented for two of the
    calls only.
    """
    kind = kind_of(answer.content[:1024])
    if kind == "json":
        return _json_members(operation, answer.content)
    return _xml_members(operation, answer.content) if kind == "xml" else None


def written_case(told: Mapping[str, str]) -> str:
    """Return the number of the case that an answer names, "" when it names none."""
    return told.get(WRITTEN_CASE, "").strip()


def read_rows(what: str, answer: Answer) -> list[dict[str, str]]:
    """Return the rows of an XML answer, each its cells by name; raise Unverified when it is not whole."""
    root = _parsed(answer.content) if kind_of(answer.content[:1024]) == "xml" else None
    if root is None or any(not len(row) for row in root):
        raise Unverified(
            f"{what}: the answer is cut or is no list of rows",
            why="200 with nothing" if not answer.content.strip() else "200 with something else",
            todo=_AGAIN,
        )
    return [{cell.tag: cell.text or "" for cell in row} for row in root]


def _json_members(operation: str, content: bytes) -> Mapping[str, str] | None:
    try:
        read = msgspec.json.decode(content.removeprefix(_MARK), type=dict[str, dict[str, str | int | None]])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if len(read) != 1 or not read.keys() <= WRITTEN[operation]:
        return None
    (members,) = read.values()
    return {name.lower(): str(value) for name, value in members.items() if value is not None}


def _xml_members(operation: str, content: bytes) -> Mapping[str, str] | None:
    root = _parsed(content)
    if root is None or root.tag not in WRITTEN[operation]:
        return None
    return {str(child.tag).lower(): child.text or "" for child in root}


def _parsed(content: bytes) -> etree._Element | None:
    """Parse a whole document without a DOCTYPE; None for anything else."""
    parser = etree.XMLParser(
        no_network=True,
        load_dtd=False,
        resolve_entities=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if b"<!DOCTYPE" in content else root
