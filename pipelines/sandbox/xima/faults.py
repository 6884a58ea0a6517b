"""Faults on order that only Xima can meet: runs that time out, wrong totals, wrongly typed cells."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.sandbox.faults import CellFault, ColumnFault, TableFault, TotalFault
from pipelines.sandbox.systems import BY_SYSTEM
from pipelines.sandbox.xima.reports import BY_NAME

_REPORTING = frozenset({BY_SYSTEM["xima"].reporting})


class TimedOut(TableFault):
    """202: the run goes on; the same bytes again get 202 so many times more, then the result of that run."""

    group = "run"
    operations = _REPORTING
    fault: Literal["timed_out"] = "timed_out"
    polls: int = Field(default=1, ge=0, le=1000)


class SummaryFault(TableFault):
    """A fault in the summary items of a report."""

    operations = _REPORTING
    title: str | None = None

    @model_validator(mode="after")
    def _has_the_title(self) -> Self:
        reports = BY_NAME.values() if self.feed is None else (BY_NAME[self.feed],)
        titles = {title for report in reports for title in report.summary}
        if self.title is not None and self.title not in titles:
            raise ValueError(f"{self.feed or 'no report'} sums up no {self.title}")
        return self


class SummaryWrong(TotalFault, SummaryFault):
    """A summary item, without a title the count of rows, is off by so many."""

    fault: Literal["summary_wrong"] = "summary_wrong"


class SummaryMissing(SummaryFault):
    """A summary item, without a title every one, does not come back."""

    fault: Literal["summary_missing"] = "summary_missing"


class ColumnRetyped(ColumnFault):
    """A column comes back in another format, its cells written accordingly."""

    operations = _REPORTING
    fault: Literal["column_retyped"] = "column_retyped"
    to: str = "STRING"


class CellMissing(CellFault):
    """A cell comes back without a value: its key is absent, or its value is null."""

    operations = _REPORTING
    fault: Literal["cell_missing"] = "cell_missing"
    form: Literal["absent", "null"] = Field(default="absent", alias="as")


class ShownWrong(CellFault):
    """A cell's formattedValue disagrees with its value: a duration shows a second more, a number one more."""

    operations = _REPORTING
    fault: Literal["shown_wrong"] = "shown_wrong"
