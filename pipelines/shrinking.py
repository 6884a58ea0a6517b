"""Shrinking: when a re-pull tells so few of a day's rows that the day it had is the better one.

A vendor's retention, a deletion, a narrower report and lost rights all look the same from here: rows that
were told are told no more. What was proved complete is then kept until a person takes the smaller day.
What is said of the cause is what is known, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.days import LONDON

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.receipts import Receipt

LEAST_ROWS = 10


@dataclass(frozen=True)
class ShrinkGuard:
    """How much of a day a re-pull may take away.

    More than `share` of its rows, and `least_rows` at least: in a day of five one row is no sign of anything.
    A day that would end without any row is always held, however small, for nothing could tell what it had.
    `retention_days` is for how many days the source keeps what it tells, where the council knows.
    """

    share: float = 0.2
    least_rows: int = LEAST_ROWS
    retention_days: int | None = None

    def reason(self, before: Receipt, after: Receipt, at: datetime) -> str:
        """Say why the day is kept as it is, "" when the re-pull may replace it.

        Counted is what the source told, quarantined rows included: a stricter contract shrinks nothing.
        """
        had = before.rows_good + before.rows_quarantined
        has = after.rows_good + after.rows_quarantined
        lost = had - has
        if lost <= 0 or (has and (lost < self.least_rows or lost <= had * self.share)):
            return ""
        return f"the source tells {has} of the {had} rows it told before; {self._cause(before, at)}"

    def _cause(self, before: Receipt, at: datetime) -> str:
        age = at.astimezone(LONDON).toordinal() - date.fromisoformat(before.report_date).toordinal()
        if self.retention_days is not None and age > self.retention_days:
            return f"the day is {age} days old and the source is known to keep {self.retention_days}"
        return "retention, a deletion, a narrower report or lost rights at the source would look the same"
