"""Totals: what the source says its answer adds up to, held against what came.

A source tells its row count, sums of columns (control totals), both or neither; the contract says which it
must tell and by what title. Counting and adding up are not here (see decode.py and load.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import Unverified

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.contracts.contract import Contract
    from pipelines.feeds import Policy
    from pipelines.receipts import Receipt
    from pipelines.sources.report import RawReport

Controls = tuple[tuple[str, int | None], ...]

MOST = 2**63 - 1  # what a column of the lake and the catalogue holds


def told_totals(contract: Contract, report: RawReport) -> tuple[int | None, Controls]:
    """Return the row count and the sums that the contract wants, as the source told them; None where not."""
    total = report.total if contract.rows_control is None else report.controls.get(contract.rows_control)
    return total, tuple((title, report.controls.get(title)) for title in contract.controls)


def check_totals(
    contract: Contract, receipt: Receipt, rows: int, sums: Sequence[int], policy: Policy
) -> None:
    """Raise Unverified unless every total the contract wants was told and equals what the rows add up to.

    `rows` and `sums`, which are in the order of the receipt's controls, are of all rows, bad ones included. A
    total that is not told is let pass where the policy says so; one that differs never is.
    """
    if wrong := list(_wrong(contract, receipt, rows, sums)):
        what = "totals differ" if contract.rows_control or contract.controls else "row count differs"
        raise Unverified(
            f"the source's {what} from the rows received",
            why="; ".join(wrong),
            todo="ingest the day again; if it stays so, ask the vendor about this report",
        )
    if policy.may_lack_total:
        return
    accept = f"accept unverified days with CASEHOUSE_{contract.feed.partition('/')[0].upper()}_RECONCILE"
    if receipt.source_total is None and contract.rows_control is None:
        raise Unverified(
            "the source gave no row count, so the day cannot be proved complete",
            todo=f"ask for csv, which carries a count, or {accept}",
        )
    if untold := list(_untold(contract, receipt)):
        raise Unverified(
            "the source did not tell every total, so the day cannot be proved complete",
            why=f"missing: {', '.join(untold)}",
            todo=f"have these put back into the report's summary, or {accept}",
        )


def _wrong(contract: Contract, receipt: Receipt, rows: int, sums: Sequence[int]) -> Iterator[str]:
    """Tell each total that was told and is another: its title and both figures."""
    if receipt.source_total is not None and receipt.source_total != rows:
        titled = f"{contract.rows_control}: " if contract.rows_control else ""
        yield f"{titled}the source says {receipt.source_total}, the body holds {rows}"
    for (title, told), found in zip(receipt.controls, sums, strict=True):
        if told is None:
            continue
        if told != found:
            yield f"{title}: the source says {told}, the rows add up to {found}"
        elif abs(found) > MOST:
            yield f"{title}: the rows add up to {found}, more than 64 bits hold"


def _untold(contract: Contract, receipt: Receipt) -> Iterator[str]:
    if receipt.source_total is None and contract.rows_control is not None:
        yield contract.rows_control
    yield from (title for title, told in receipt.controls if told is None)
