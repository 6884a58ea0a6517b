"""Asset checks: whether the lake proves what a run says it loaded.

They read the receipts in the lake, not the run's own memory, so a file that is not there or not what was
published is found. They run inside the feed's own step: a step of their own would be skipped exactly when a
day has failed. Each run gives one result a check, with its counts by day: on a range run Dagster knows no
partition, and partitioned checks are a preview in 1.13. Judging thirty receipts costs milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.errors import CasehouseError, ContractDrift, TooManyBadRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assets.resources import Workplace
    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.lake import Lake
    from pipelines.receipts import Receipt

CONTRACT = "contract"
RECONCILIATION = "reconciliation"
LATEST_DAY = "latest_day"

DESCRIPTIONS = {
    CONTRACT: "Every row of the days loaded keeps the contract of today; none was set aside or refused.",
    RECONCILIATION: "Each day has a receipt, and the source's totals equal good plus quarantined rows.",
    LATEST_DAY: "The last London day that is over is in the lake.",
}
_BROKE_CONTRACT = {ContractDrift.kind, TooManyBadRows.kind}


@dataclass(frozen=True)
class Proof:
    """What the lake says of one day: its receipt, and why the last attempt failed, if it did."""

    day: ReportDay
    receipt: Receipt | None
    kind: str | None = None
    problem: str | None = None


def check_specs(feed: Feed) -> list[dg.AssetCheckSpec]:
    """Return the checks of a feed's asset."""
    key = dg.AssetKey(feed.key.split("/"))
    return [dg.AssetCheckSpec(name, asset=key, description=told) for name, told in DESCRIPTIONS.items()]


def judge(feed: Feed, days: Sequence[ReportDay], place: Workplace) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of every check for the days a run was asked for."""
    proofs = gather(feed, days, place.lake)
    yield judge_contract(feed, proofs)
    yield judge_reconciliation(proofs)
    yield judge_latest_day(feed, days, place)


def gather(feed: Feed, days: Sequence[ReportDay], lake: Lake) -> list[Proof]:
    """Read the receipt of each day, and the failure noted for it."""
    failures = lake.failures(feed.key)
    proofs = []
    for day in days:
        failure = failures.get(day)
        try:
            receipt = lake.receipt(feed.key, day)
        except CasehouseError as error:
            proofs.append(Proof(day, None, error.kind, str(error)))
            continue
        told = (failure.kind, failure.message) if failure else (None, None)
        proofs.append(Proof(day, receipt, *told))
    return proofs


def judge_contract(feed: Feed, proofs: Sequence[Proof]) -> dg.AssetCheckResult:
    """Fail as an error when a day was refused by the contract, as a warning when rows were set aside."""
    refused = {str(proof.day): proof.problem for proof in proofs if proof.kind in _BROKE_CONTRACT}
    receipts = [proof.receipt for proof in proofs if proof.receipt]
    aside = {
        receipt.report_date: receipt.rows_quarantined for receipt in receipts if receipt.rows_quarantined
    }
    older = [receipt.report_date for receipt in receipts if receipt.contract != feed.contract.fingerprint]
    return dg.AssetCheckResult(
        check_name=CONTRACT,
        passed=not (refused or aside or older),
        severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
        description=(
            f"{len(receipts)} of {len(proofs)} days loaded; {sum(aside.values())} rows in quarantine"
            f" on {len(aside)} days; {len(refused)} days refused; {len(older)} under another contract"
        ),
        metadata={
            "rows_quarantined": sum(aside.values()),
            "quarantined_by_day": dg.MetadataValue.json(aside),
            "refused_days": dg.MetadataValue.json(refused),
            "days_under_another_contract": dg.MetadataValue.json(older),
            "contract": feed.contract.fingerprint,
        },
    )


def judge_reconciliation(proofs: Sequence[Proof]) -> dg.AssetCheckResult:
    """Fail as an error when a day is missing or does not add up, as a warning when a total is not told."""
    open_days = {str(proof.day): why for proof in proofs if (why := _unreconciled(proof))}
    receipts = [proof.receipt for proof in proofs if proof.receipt]
    totalless = [receipt.report_date for receipt in receipts if receipt.status == "unverified"]
    return dg.AssetCheckResult(
        check_name=RECONCILIATION,
        passed=not (open_days or totalless),
        severity=dg.AssetCheckSeverity.ERROR if open_days else dg.AssetCheckSeverity.WARN,
        description=(
            f"{len(proofs) - len(open_days)} of {len(proofs)} days add up"
            + (f"; {len(totalless)} without every source total" if totalless else "")
        ),
        metadata={
            "days": len(proofs),
            "rows_good": sum(receipt.rows_good for receipt in receipts),
            "rows_quarantined": sum(receipt.rows_quarantined for receipt in receipts),
            "source_total": sum(receipt.source_total or 0 for receipt in receipts),
            "source_total_by_day": dg.MetadataValue.json(
                {receipt.report_date: receipt.source_total for receipt in receipts}
            ),
            "unreconciled_days": dg.MetadataValue.json(open_days),
            "days_without_total": dg.MetadataValue.json(totalless),
        },
    )


def _unreconciled(proof: Proof) -> str | None:
    receipt = proof.receipt
    if proof.problem:
        return proof.problem
    if receipt is None:
        return "not in the lake"
    rows = receipt.rows_good + receipt.rows_quarantined
    if receipt.source_total is not None and receipt.source_total != rows:
        return f"the source counted {receipt.source_total} rows, the lake holds {rows}"
    return None


def judge_latest_day(feed: Feed, days: Sequence[ReportDay], place: Workplace) -> dg.AssetCheckResult:
    """Fail when yesterday is not in the lake: as an error if this run was to load it, else as a warning."""
    expected = place.yesterday()
    newest = max(place.lake.days(feed.key), default=None)
    return dg.AssetCheckResult(
        check_name=LATEST_DAY,
        passed=newest is not None and newest >= expected,
        severity=dg.AssetCheckSeverity.ERROR if expected in days else dg.AssetCheckSeverity.WARN,
        description=f"the newest day is {newest or 'none'}, the last day that is over {expected}",
        metadata={"newest_day": str(newest or "none"), "expected_day": str(expected)},
    )
