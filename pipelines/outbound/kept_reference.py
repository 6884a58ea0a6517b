"""Whether Tascomi keeps our reference so that it is found again, on which every lost answer is settled.

It is seen once for a column, at the first service request that is made: its answer must hold the reference,
and a search for it must find it. Where it does not, nothing more is sent, by this run or any other, until
another column is set or that service request can be found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.errors import Permanent, Transient, Unverified
from pipelines.outbound.payload import same
from pipelines.outbound.ports import REQUESTS
from pipelines.outbound.searching import Untrustworthy, found_by

if TYPE_CHECKING:
    from pipelines.outbound.ledger import Ledger
    from pipelines.outbound.ports import Columns, Tascomi
    from pipelines.sources.writing import Record

FOUND_IN, LOST_IN = "reference found again in", "reference lost in"


@dataclass(frozen=True)
class KeptReference:
    """What the ledger remembers of it, and what Tascomi shows."""

    ledger: Ledger
    tascomi: Tascomi
    columns: Columns

    def trouble(self, answer: Record, reference: str) -> Permanent | None:
        """Return what is wrong with how a service request that was just made keeps our reference."""
        column = self.columns.request_reference
        found: Permanent | None = None
        if not same(answer.get(column), reference):
            found = self._untrustworthy(reference)
        elif self.ledger.fact(FOUND_IN) != column:
            try:
                if found_by(self.tascomi, REQUESTS, column, reference):
                    self.ledger.remember(FOUND_IN, column)
                else:
                    found = self._untrustworthy(reference)
            except (Transient, Unverified):
                return None  # it is looked for at the next one
            except Permanent as error:
                found = error
        if found:
            self.ledger.remember(LOST_IN, f"{column} {reference}")
        return found

    def require(self) -> None:
        """Raise Untrustworthy while the service request that lost its reference has not got it back."""
        column, _, reference = (self.ledger.fact(LOST_IN) or "").partition(" ")
        if column != self.columns.request_reference or not reference:
            return
        if not found_by(self.tascomi, REQUESTS, column, reference):
            raise self._untrustworthy(reference)
        self.ledger.remember(LOST_IN, "")

    def _untrustworthy(self, reference: str) -> Untrustworthy:
        return Untrustworthy(
            f"Tascomi did not keep our reference in {REQUESTS}.{self.columns.request_reference}",
            why=f"{reference} is not found again",
            todo="set CASEHOUSE_TASCOMI_REQUEST_REFERENCE_COLUMN to a column that is kept, or have this one"
            " kept and write the reference into that service request; until then nothing is sent",
        )
