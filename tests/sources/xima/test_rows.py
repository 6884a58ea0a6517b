"""The compiled reader, the careful one and a slow, obvious one read the same."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import CasehouseError
from pipelines.sources.report import Body
from pipelines.sources.xima import rows as xima_rows
from pipelines.sources.xima.body import open_report
from tests.sources.xima.conftest import REQUEST, report_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = [("0", "Agent", "STRING"), ("b", "Calls", "NUMBER"), ("2", "Talking", "DURATION"), ("", "Odd", "?")]

MODEST = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

Row = tuple[str | None, ...]


class Spelled(str):
    """A number as it stands in the body."""

    __slots__ = ()


def shown(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def text_of(value: object) -> str | None:
    """Return a cell's value as text; raise TypeError where it is neither text nor a single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    raise TypeError


def slow_cell(column_format: str, cell: dict[str, object] | None) -> str | None:
    if not isinstance(cell, dict | None):
        raise TypeError
    value = text_of((cell or {}).get("value")) or None
    told = text_of((cell or {}).get("formattedValue")) if column_format in {"NUMBER", "DURATION"} else None
    if column_format == "DURATION":
        number = int(value) if re.fullmatch("[+-]?[0-9]+", value or "") and value else None
        if number is not None and not -(2**63) <= number < 2**63:
            number = None
        disagrees = number is not None and told != (shown(number) if number >= 0 else None)
        if disagrees or (value is None and told):
            return f"{value or 'nothing'} (shown as {'nothing' if told is None else told})"
    return value


def slow_rows(content: bytes) -> Iterator[Row]:
    """Read the obvious way; raise KeyError or TypeError at a row that is not built as one."""
    report = json.loads(content, parse_int=Spelled, parse_float=Spelled)
    for row in report["rows"]:
        values = row["values"]
        if not isinstance(values, dict) or values.keys() - {key for key, _, _ in COLUMNS}:
            raise KeyError
        yield tuple(slow_cell(spelling, values.get(key)) for key, _, spelling in COLUMNS)


def read(folder: Path, content: bytes, *, piece: int, compiled: bool = True) -> list[Row]:
    path = folder / "body.json"
    path.write_bytes(content)
    body = Body(path, "json", hashlib.sha256(content).hexdigest(), len(content))
    with patch.object(xima_rows, "PIECE_ROWS", piece):
        if compiled:
            return open_report(REQUEST, body).frame.collect().rows()
        with patch.object(xima_rows._Reader, "_compiled", return_value=None):
            return open_report(REQUEST, body).frame.collect().rows()


_TEXTS = st.one_of(
    st.sampled_from(["", " ", "Agent1(200)", "Zoë", '"', "\\", "\n", "\x1e", "nothing"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
_WHOLES = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**8)
_DURATIONS = st.integers(0, 10**8) | st.integers(0, 2**62)


@st.composite
def good_cells(draw: st.DrawFn, column_format: str) -> dict[str, object] | None:
    """Draw a cell as the vendor writes them, or one without value."""
    if draw(st.integers(0, 9)) == 0:
        empty: list[dict[str, object] | None] = [None, {}, {"value": None}]
        return draw(st.sampled_from(empty))
    if column_format == "NUMBER":
        value = draw(_WHOLES)
        return {"value": value, "formattedValue": str(value)}
    if column_format == "DURATION":
        value = draw(_DURATIONS)
        return {
            "value": value,
            "formattedValue": draw(st.sampled_from([shown(value)] * 3 + ["0:00:01", None])),
        }
    return {"value": draw(_TEXTS)}


@st.composite
def good_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a row whose cells stand in any order, some of them missing."""
    told = draw(st.permutations([(key, draw(good_cells(spelling))) for key, _, spelling in COLUMNS]))
    return {"values": dict(told[: draw(st.integers(0, len(told)))])}


_WILD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        _TEXTS,
        st.sampled_from(["12", "007", "1e3", "14.0"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["values", "value", "formattedValue", "0", "b", "2", "", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@st.composite
def wild_rows(draw: st.DrawFn) -> Any:  # noqa: ANN401 - any JSON there is
    """Draw a row of which some cell, or all of it, is otherwise."""
    row = draw(good_rows())
    place = draw(st.sampled_from(["row", "values", "cell", "value", "value", "more"]))
    if place == "row":
        return draw(_WILD)
    if place == "values":
        return row | {"values": draw(_WILD)}
    key = draw(st.sampled_from([key for key, _, _ in COLUMNS]))
    if place == "cell":
        row["values"][key] = draw(_WILD)
    elif place == "value":
        row["values"][key] = {"value": draw(_WILD), "formattedValue": draw(_WILD)}
    else:
        row |= {"more": draw(_WILD)}
    return row


def spelled(told: list[Any], indent: int | None, *, ascii_only: bool) -> bytes:
    return json.dumps(report_of(COLUMNS, told), indent=indent, ensure_ascii=ascii_only).encode()


@MODEST
@given(
    told=st.lists(good_rows(), max_size=8),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    piece=st.sampled_from([1, 3, 100]),
)
def test_good_rows_are_read_at_once_as_the_slow_reader_reads_them(
    tmp_path: Path, told: list[Any], indent: int | None, *, ascii_only: bool, piece: int
) -> None:
    content = spelled(told, indent, ascii_only=ascii_only)
    with patch.object(xima_rows._Reader, "_spelled", side_effect=AssertionError):
        came = read(tmp_path, content, piece=piece)
    assert came == list(slow_rows(content))
    assert came == read(tmp_path, content, piece=piece, compiled=False)


@MODEST
@given(
    told=st.lists(good_rows() | wild_rows(), max_size=6),
    indent=st.sampled_from([None, 0, 2]),
    piece=st.sampled_from([1, 3, 100]),
)
def test_whatever_rows_come_are_read_alike_or_refused_alike(
    tmp_path: Path, told: list[Any], indent: int | None, piece: int
) -> None:
    content = spelled(told, indent, ascii_only=True)
    expected: list[Row] | None
    try:
        expected = list(slow_rows(content))
    except (KeyError, TypeError, AttributeError):
        expected = None
    for compiled in (True, False):
        came: list[Row] | None
        try:
            came = read(tmp_path, content, piece=piece, compiled=compiled)
        except CasehouseError:
            came = None
        assert came == expected
