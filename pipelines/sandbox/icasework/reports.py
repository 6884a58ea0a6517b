"""getreport: which report, which window, in which format; and the report itself.

Parameters as the vendor's pages tell them (SEED, DOC); what they leave open is a GUESS, marked where it
stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.sandbox.answers import Answer
from pipelines.sandbox.icasework.bodies import csv_chunks, json_chunks, xml_chunks
from pipelines.sandbox.icasework.pages import OTHER, UNIDENTIFIED, Refused, numbered
from pipelines.sandbox.icasework.tampering import Chunk, Row, Table, tamper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipelines.sandbox.council import Report
    from pipelines.sandbox.icasework.dialect import Dialect
    from pipelines.sandbox.orders import Hit
    from pipelines.sandbox.state import Sandbox

_CSV_TYPES = frozenset({"text/csv", "text/comma-separated-values", "application/csv", "text/plain"})
_FORMATS = frozenset({"csv", "xml", "json"})
_YES = frozenset({"true", "yes"})
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")
_NUMBER = re.compile(r"[0-9]{1,15}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_END_OF_DAY = timedelta(days=1) - timedelta(milliseconds=1)
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class Window:
    """From when until when, both included, in London wall-clock time without a zone."""

    since: datetime
    until: datetime

    @property
    def first(self) -> date:
        """The first day that the window touches."""
        return self.since.date()

    @property
    def last(self) -> date:
        """The last day that the window touches."""
        return self.until.date()


class Unreadable(ValueError):
    """A parameter that makes no sense; the text is what the error header says."""


def read_window(params: Mapping[str, str], now: datetime) -> Window:
    """Read FromTime/UntilTime or From/Until; without an end the window reaches till `now`.

    Forms seen: `2021-04-30T00:00:00.000` (SEED, CODE), `2021-04-30 00:00:00` and plain days (CODE). A zone
    is honoured where given. Raises Unreadable when there is no beginning, a form is wrong, or the end is
    before the beginning.
    """
    since = _bound(params, "FromTime", "From", timedelta(0))
    if since is None:
        raise Unreadable("FromTime is missing.")
    until = _bound(params, "UntilTime", "Until", _END_OF_DAY)
    window = Window(since, until or max(now, since))
    if window.since > window.until:
        raise Unreadable("FromTime is after UntilTime.")
    return window


def _bound(params: Mapping[str, str], time_name: str, day_name: str, into_day: timedelta) -> datetime | None:
    if text := params.get(time_name, ""):
        return _read(time_name, text, _TIME)
    if text := params.get(day_name, ""):
        return _read(day_name, text, _DAY) + into_day
    return None


def _read(name: str, text: str, form: re.Pattern[str]) -> datetime:
    try:
        if not form.fullmatch(text):
            raise ValueError  # noqa: TRY301 - one way out for a wrong form and an impossible date
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is None else moment.astimezone(LONDON).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is invalid.") from None


def find_report(reports: Mapping[int, Report], params: Mapping[str, str]) -> Report | None:
    """Return the report that ReportId names, None when there is none such."""
    number = whole_number(params.get("ReportId", ""))
    return reports.get(number) if number is not None else None


def whole_number(text: str) -> int | None:
    """Read a number written in digits alone, None for anything else or anything absurdly long."""
    return int(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True)
class Form:
    """The format asked for and, for CSV alone, how it is written and which columns in which order."""

    kind: str
    content_type: str
    delimiter: str = ","
    header: bool = False
    footer: bool = False
    fields: tuple[str, ...] | None = None


def read_form(params: Mapping[str, str], columns: Sequence[str]) -> Form:
    """Read Format or ContentType and the CSV options; raise Unreadable for what cannot be served.

    Format outranks ContentType (GUESS); CSVFields is a comma list in the order of output (GUESS) and touches
    CSV only (SEED); a field that the report has not is an error (GUESS).
    """
    content_type = params.get("ContentType", "").partition(";")[0].strip().lower()
    kind = params.get("Format", "").lower() or ("csv" if content_type in _CSV_TYPES else "xml")
    if kind not in _FORMATS:
        raise Unreadable("Format is invalid.")
    if kind != "csv":
        return Form(kind, {"xml": "text/xml", "json": "application/json"}[kind])
    delimiter = params.get("CSVDelimiter") or ","
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise Unreadable("CSVDelimiter is invalid.")
    fields = tuple(name for part in params.get("CSVFields", "").split(",") if (name := part.strip()))
    if not set(fields) <= set(columns):
        raise Unreadable("CSVFields names a field that the report does not have.")
    return Form(
        kind,
        content_type if content_type in _CSV_TYPES else "text/csv",
        delimiter,
        header=params.get("CSVHeader", "").lower() in _YES,
        footer=params.get("CSVFooter", "").lower() in _YES,
        fields=fields or None,
    )


def get_report(sandbox: Sandbox, params: Mapping[str, str], meet: Callable[[], Iterable[Hit]]) -> Answer:
    """Answer getreport; `meet` takes the faults for the table, once the parameters have proved good."""
    prefix = sandbox.dialect.prefixes["getreport"]
    report = find_report(sandbox.reports, params)
    if report is None:
        raise Refused("Unable to identify report.", code=numbered(prefix, UNIDENTIFIED))
    try:
        window = read_window(params, sandbox.london_now())
        form = read_form(params, report.columns)
    except Unreadable as problem:
        raise Refused(str(problem), code=numbered(prefix, OTHER)) from None
    table = Table(
        report.columns,
        report_rows(sandbox, report, window),
        has_header=form.header,
        has_footer=form.footer,
        names_rows=form.kind != "csv",
    )
    # Faults come after CSVFields: a column on order comes back although the call did not ask for it so.
    table = tamper(_selected(table, form.fields), meet())
    return Answer(
        headers={"Content-Type": f"{form.content_type};charset=UTF-8"},
        chunks=_written(table, form, report, sandbox.dialect),
    )


def report_rows(sandbox: Sandbox, report: Report, window: Window) -> Iterator[Chunk]:
    """Yield the report's rows as they stood at the window's end, or now if that comes first.

    The council knows days; a window that begins inside a day is narrowed by the times that the dialect names
    for the report.
    """
    now = sandbox.london_now()
    if window.since > now:
        return
    until = min(window.until, now)
    whole = until.date() < now.date() and until.time() >= _LAST_SECOND
    chunks = sandbox.council.report(report.name, window.first, until.date(), as_of=None if whole else until)
    wanted = _since(sandbox.dialect, report, window.since)
    for chunk in chunks:
        yield chunk if wanted is None else [row for row in chunk if wanted(row)]


def _since(dialect: Dialect, report: Report, since: datetime) -> Callable[[Row], bool] | None:
    names = dialect.activity_times.get(report.name, ())
    if since.time() == time.min or not names:
        return None
    places = [report.columns.index(name) for name in names]
    text = since.isoformat(timespec="milliseconds")
    # Cells have whole seconds: one in the window's first second counts only if the window begins with it.
    return lambda row: any(row[place] and row[place] + ".000" >= text for place in places)


def _selected(table: Table, fields: tuple[str, ...] | None) -> Table:
    if fields is None or fields == table.columns:
        return table
    places = [table.columns.index(name) for name in fields]
    if len(places) == 1:
        place = places[0]
        return replace(
            table, columns=fields, chunks=([(row[place],) for row in chunk] for chunk in table.chunks)
        )
    pick = itemgetter(*places)
    return replace(table, columns=fields, chunks=([pick(row) for row in chunk] for chunk in table.chunks))


def _written(table: Table, form: Form, report: Report, dialect: Dialect) -> Iterator[bytes]:
    if form.kind == "csv":
        return csv_chunks(table, dialect, delimiter=form.delimiter, header=form.header, footer=form.footer)
    if form.kind == "json":
        return json_chunks(table, dialect)
    return xml_chunks(table, report.root, report.row)
