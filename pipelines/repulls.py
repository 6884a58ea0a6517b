"""Re-pulls: what is made of a day that stood and was asked for again.

Its rows are compared, and where it tells so few of them that the day as it stands is the better one, it is
held back. A vendor's retention, a deletion, a narrower report and lost rights all look the same from here:
rows that were told are told no more. What was proved complete is then kept until a person takes the smaller
day. What is said of the cause is what is known, no more. Nothing is written here (see lake.py, revisions.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING

from pipelines.comparison import compare
from pipelines.days import LONDON
from pipelines.errors import Damaged
from pipelines.revisions import Record

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipelines.comparison import Difference
    from pipelines.contracts.contract import Contract
    from pipelines.receipts import Receipt

MOST_LINES = 1000
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


USUAL_GUARD = ShrinkGuard()


@dataclass(frozen=True)
class Terms:
    """How a re-pull of a feed is judged: its contract, when it was made, what it may take away.

    `guard` is None where a person takes whatever comes. `most_lines` bounds what is kept of a revision beside
    its counts. `answered_at` is when the source told what is published, None for just now; `ends_failure`
    says that no attempt failed since.
    """

    contract: Contract
    at: datetime
    guard: ShrinkGuard | None = USUAL_GUARD
    most_lines: int = MOST_LINES
    answered_at: datetime | None = None
    ends_failure: bool = True

    def judge(self, standing: Path, before: Receipt, staged: Path, after: Receipt) -> Record | None:
        """Compare a re-pull with the day as it stands; None when they hold the same rows.

        Rows that were set aside are not compared, but guarded with the others.
        """
        difference = compare(standing, staged, self.contract, self.most_lines)
        why = self._reason(before, after)
        if difference.is_empty and not why:
            return None
        return self._record(difference, before, after, why)

    def require_as_many(self, damaged: Receipt, after: Receipt) -> None:
        """Raise Damaged where far fewer rows would take the place of a file that does not fit its receipt.

        What is left of it may be all there is of the day.
        """
        if why := self._reason(damaged, after):
            raise Damaged(
                "the stored file is not what was written, and what came holds far fewer rows",
                why=why,
                todo="put the file back from a backup, or try `casehouse replay`; to take what came:"
                f" `casehouse ingest {damaged.feed} {damaged.report_date} --accept-shrink`",
            )

    def _reason(self, before: Receipt, after: Receipt) -> str:
        """Say why what stands is kept. Rows that move to the day of their next change may be gone here."""
        if self.guard is None or self.contract.rows_move:
            return ""
        return self.guard.reason(before, after, self.at)

    def _record(self, difference: Difference, before: Receipt, after: Receipt, why: str) -> Record:
        told = [why] if why else []
        if difference.gone and self.contract.rows_move:
            told.append(
                "rows of this feed stand under the day of their last change: those gone may have moved"
            )
        if difference.uncompared:
            told.append(f"the contract changed too; not compared: {', '.join(difference.uncompared)}")
        is_same_body = before.body_sha256 == after.body_sha256
        if is_same_body:
            told.append("derived again from the same body")
        return Record(
            feed=before.feed,
            report_date=before.report_date,
            at=self.at.astimezone(UTC),
            added=difference.added,
            changed=difference.changed,
            gone=difference.gone,
            rows_before=before.rows_good + before.rows_quarantined,
            rows_after=after.rows_good + after.rows_quarantined,
            old_seal=before.seal,
            new_seal=after.seal,
            kept=bool(why),
            why="; ".join(told),
            is_cut=difference.is_cut,
            is_derived_again=is_same_body,
            lines=difference.lines,
        )
