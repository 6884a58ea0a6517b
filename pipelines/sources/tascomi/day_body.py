"""A day's records on disk, and the frame they make: written by reports.py, opened without a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import polars as pl

from pipelines.errors import Permanent
from pipelines.sources.json_file import read_json
from pipelines.sources.received import ASK_AGAIN, check_on_disk
from pipelines.sources.report import RawReport
from pipelines.sources.tascomi.dialect import FEED_TABLES, LAST_UPDATED, MOMENT_LENGTH, site_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.settings import Settings
    from pipelines.sources.report import Body, Opener, ReportRequest

FORMAT = "json"


class DayRecords(msgspec.Struct):
    """A day's records as they are put on disk, with the list's own count."""

    total: int
    rows: list[dict[str, str | None]]


def opener(settings: Settings) -> Opener:
    """Return what opens a body by what the site calls its columns."""

    def open_day(request: ReportRequest, body: Body) -> RawReport:
        check_on_disk(body)
        return _opened(request, _read(body), site_columns(table_of(request), settings))

    return open_day


def table_of(request: ReportRequest) -> str:
    """Name the table whose records a feed's rows are."""
    return FEED_TABLES[request.feed.rpartition("/")[2]]


def _read(body: Body) -> DayRecords:
    try:
        return read_json(body, DayRecords)
    except msgspec.ValidationError as error:
        why = str(error)
    raise Permanent("the answer is not built as a day's records", why=why, todo=ASK_AGAIN)


def _opened(request: ReportRequest, day: DayRecords, names: Mapping[str, str]) -> RawReport:
    """Pick the fields asked for; `names` are the site's own for those that have another there."""
    columns = {}
    for field in request.fields:
        name = names.get(field, field)
        if all(name in row for row in day.rows):
            columns[field] = [_cell(field, row[name]) for row in day.rows]
    fields = tuple(columns)
    frame = pl.DataFrame(columns, schema=dict.fromkeys(fields, pl.String()))
    return RawReport(fields, frame.lazy(), day.total)


def _cell(field: str, value: str | None) -> str | None:
    """Take nothing for an empty text; cut off the tail that a last change may have (CODE)."""
    return (value[:MOMENT_LENGTH] if field == LAST_UPDATED and value else value) or None
