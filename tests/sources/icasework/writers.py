"""Random reports, and small writers that spell one report as CSV, XML and JSON; a row may be short."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

Report = tuple[tuple[str, ...], list[tuple[str, ...]]]

# XML cannot say most control characters, and no encoding can say half a surrogate pair.
_SAYABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
_CELLS = st.one_of(
    st.just(""),
    st.sampled_from(
        [
            "Yes",
            "0",
            "1",
            "2",
            " ",
            ",",
            '"',
            '""',
            "\n",
            "\n3\n",
            "O'Neil & Söhne <x>\nFlat 2",
            "]]>",
            "é",
            "a,b",
        ]
    ),
    st.text(st.one_of(_SAYABLE, st.sampled_from('\n\t,"&<>')), max_size=12),
)
_NAMES = st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}(\.[A-Z][A-Za-z0-9]{0,8})?", fullmatch=True)


@st.composite
def reports(draw: st.DrawFn, least: int = 0) -> Report:
    """Draw fields (two or more) and rows of text, empty cells among them."""
    fields = tuple(draw(st.lists(_NAMES, min_size=2, max_size=5, unique=True)))
    rows = draw(st.lists(st.tuples(*[_CELLS] * len(fields)), min_size=least, max_size=6))
    return fields, rows


def write_csv(report: Report, *, footer: str = "Rows,{}\r\n") -> bytes:
    fields, rows = report
    text = io.StringIO(newline="")
    csv.writer(text).writerows([fields, *rows])
    return (text.getvalue() + footer.format(len(rows))).encode()


def write_xml(
    report: Report, *, line_end: str = "\n", encoding: str = "utf-8", root: str = "Cases", row: str = "Case"
) -> bytes:
    fields, rows = report
    lines = [f'<?xml version="1.0" encoding="{encoding}"?>', f'<{root} RequestId="487347">']
    for cells in rows:
        lines.append(f"<{row}>")
        lines += [f"<{name}>{escape(text)}</{name}>" for name, text in zip(fields, cells, strict=False)]
        lines.append(f"</{row}>")
    lines.append(f"</{root}>")
    return "".join(line.replace("\n", line_end) + line_end for line in lines).encode(encoding)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;").replace("\r", "&#13;")


def write_json(report: Report) -> bytes:
    fields, rows = report
    objects = [dict(zip(fields, cells, strict=False)) for cells in rows]
    return json.dumps(objects, ensure_ascii=False, indent=1).encode()


def as_read(rows: Sequence[tuple[str, ...]]) -> list[tuple[str | None, ...]]:
    """Return the rows as a raw frame must hold them."""
    return [tuple(cell or None for cell in row) for row in rows]
