"""The London days that an export covers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from datetime import date

_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class Period:
    """Report days from `first` to `last`, both included."""

    first: ReportDay
    last: ReportDay
    name: str

    @classmethod
    def between(cls, first: str, last: str) -> Period:
        """Read two days written YYYY-MM-DD; raise Permanent when the second is earlier."""
        begin, end = ReportDay.parse(first), ReportDay.parse(last)
        if end < begin:
            raise Permanent(f"{last} is before {first}", todo="give the earlier day first")
        return cls(begin, end, f"{first}_{last}")

    @classmethod
    def month(cls, month: str) -> Period:
        """Read a month written YYYY-MM."""
        if not _MONTH.fullmatch(month) or not "01" <= month[5:] <= "12" or month < "0001":
            raise Permanent(f"{month!r} is not a month", todo="write months as YYYY-MM, for example 2026-11")
        first = ReportDay.parse(f"{month}-01")
        following = ReportDay((first.plus(31)).date.replace(day=1))
        return cls(first, following.plus(-1), month)

    @property
    def bounds(self) -> dict[str, date]:
        """The parameters of a query."""
        return {"first": self.first.date, "last": self.last.date}

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"
