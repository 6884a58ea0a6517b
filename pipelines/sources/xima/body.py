"""A Xima report on disk as a raw frame: what it says of itself, held against what was asked for.

A field is a column's title and format, such as `Total Talking [DURATION]`, so that both are pinned. The rows
are read in rows.py. The summary's whole numbers are the report's control totals; which of them counts the
rows is known to the contract alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from pipelines.errors import Permanent, Unverified
from pipelines.sources.json_file import read_json
from pipelines.sources.received import ASK_AGAIN, check_on_disk
from pipelines.sources.report import RawReport
from pipelines.sources.spool import spool
from pipelines.sources.xima.dialect import INCLUDED
from pipelines.sources.xima.rows import Column, read_rows, to_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.settings import Settings
    from pipelines.sources.report import Body, Opener, ReportRequest

# Most of such a body is keys and blanks: the frame of one of this size takes about a third of it in memory.
HELD_BYTES = 256 << 20

# More digits than any total has.
_WHOLE = re.compile(rb"-?[0-9]{1,30}")


class _Timeframe(msgspec.Struct):
    start: str
    end: str


class _Item(msgspec.Struct):
    """One item of the summary."""

    title: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Report(msgspec.Struct, rename="camel"):
    """The answer's parts that count (SEED); others, such as skin and charts, are let pass."""

    timeframe: _Timeframe
    columns: list[Column]
    data_flag: str
    summary_items: list[_Item]
    rows: list[msgspec.Raw]


def opener(_settings: Settings) -> Opener:
    """Return what opens a body: no setting bears on it."""
    return open_report


def open_report(request: ReportRequest, body: Body) -> RawReport:
    """Return the columns' titles and formats, a lazy frame of strings (empty is null) and the controls.

    Raises Unverified when the body is cut, tells another timeframe than was asked for or came without its
    rows, Permanent when it is not built as a report.
    """
    check_on_disk(body)
    report = _read(body)
    _check_timeframe(request, report.timeframe)
    if report.data_flag != INCLUDED:
        raise Unverified(
            "the report came without its rows",
            why=f"its dataFlag is not {INCLUDED}",
            todo=ASK_AGAIN,
        )
    controls = _controls(report.summary_items)
    _check_columns(report.columns)
    fields = tuple(column.field for column in report.columns)
    return RawReport(fields, _frame(body, report), None, controls)


def _read(body: Body) -> _Report:
    try:
        return read_json(body, _Report)
    except msgspec.ValidationError as error:
        # Names of parts and of types: this library's messages hold no values.
        why = str(error)
    raise Permanent("the answer is not built as a report", why=why, todo=ASK_AGAIN)


def _check_timeframe(request: ReportRequest, told: _Timeframe) -> None:
    """Compare instants, to the second: the answer drops the milliseconds (SEED)."""
    asked = [bound.replace(microsecond=0) for bound in request.day.local_bounds]
    came = [_instant(text) for text in (told.start, told.end)]
    if came != asked:
        known = [bound.isoformat() if bound else "no time" for bound in came]
        raise Unverified(
            "the report is of another timeframe than was asked for",
            why=f"asked {asked[0].isoformat()} to {asked[1].isoformat()}, came {known[0]} to {known[1]}",
            todo=ASK_AGAIN,
        )


def _instant(text: str) -> datetime | None:
    """Read a time that has an offset; None where it has none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(microsecond=0) if read.tzinfo else None


def _controls(items: Sequence[_Item]) -> dict[str, int]:
    """Return the summary's whole numbers by title, whatever format they claim; averages are no totals."""
    titles = [item.title for item in items]
    if len(set(titles)) < len(titles):
        raise Unverified("an item of the summary stands twice, so neither proves anything", todo=ASK_AGAIN)
    spelled = {item.title: bytes(item.value) for item in items}
    return {title: int(text) for title, text in spelled.items() if _WHOLE.fullmatch(text)}


def _check_columns(columns: Sequence[Column]) -> None:
    todo = "have the report's columns put right in Xima"
    if not columns:
        raise Permanent("the report has no columns", todo=todo)
    for what, names in (
        ("key", [column.key for column in columns]),
        ("title", [column.title for column in columns]),
    ):
        if len(set(names)) < len(names):
            raise Permanent(f"two columns of the report have the same {what}", todo=todo)


def _frame(body: Body, report: _Report) -> pl.LazyFrame:
    frames = read_rows(report.columns, report.rows)
    fields = [column.field for column in report.columns]
    if body.size <= HELD_BYTES:
        none = pl.DataFrame(schema=dict.fromkeys(fields, pl.String()))
        return pl.concat([none, *frames]).lazy()
    return spool(body, fields, map(to_batch, frames))
