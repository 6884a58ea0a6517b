"""What the systems hold: how many rows a report has for a day, told past every fault and every protocol.

For whoever counts what a client has got against what there is. Reports are known by their names, Tascomi's
tables by theirs; a row counts for the day on which a client that asks for just that day would find it.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.sandbox.council import BY_NAME
from pipelines.sandbox.icasework.reports import Window, report_rows
from pipelines.sandbox.tascomi.listing import Wanted
from pipelines.sandbox.tascomi.tables import TABLES
from pipelines.sandbox.xima.centre.times import Span, milliseconds
from pipelines.sandbox.xima.parameters import Asked, Timeframe
from pipelines.sandbox.xima.reports import REPORTS as XIMA_REPORTS
from pipelines.sandbox.xima.tables import Gathered, table

if TYPE_CHECKING:
    from pipelines.sandbox.state import Sandbox
    from pipelines.sandbox.xima.reports import Report as XimaReport

_XIMA = {report.name: report for report in XIMA_REPORTS}
HELD = (*BY_NAME, *_XIMA, *TABLES)


def rows_held(sandbox: Sandbox, name: str, day: date) -> int:
    """Count the rows of a report or a table for a London day; raise KeyError for a name not in HELD."""
    if name in _XIMA:
        return _xima_rows(sandbox, _XIMA[name], ReportDay(day))
    if name in TABLES:
        return len(sandbox.office.matching(name, Wanted({"last_updated": day.isoformat()})))
    window = Window(datetime.combine(day, time.min), datetime.combine(day, time(23, 59, 59, 999_000)))
    return sum(len(chunk) for chunk in report_rows(sandbox, BY_NAME[name], window))


def _xima_rows(sandbox: Sandbox, report: XimaReport, day: ReportDay) -> int:
    """Count what the report of one day lists when every agent is asked for."""
    gathered = Gathered(Asked(Timeframe(*day.local_bounds, echo={})))
    span = Span(milliseconds(day.start), min(milliseconds(day.end), milliseconds(sandbox.now())))
    for working_day in sandbox.centre.working_days(span):
        gathered.add(report, working_day, span)
    rows, _ = table(report, gathered)
    return sum(1 for _ in rows)
