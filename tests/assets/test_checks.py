"""The checks read the lake, and each of them can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.checks import gather, judge_contract, judge_reconciliation
from pipelines.days import ReportDay
from pipelines.errors import ContractDrift, Transient
from pipelines.feeds import Policy
from tests.assets.conftest import FIRST
from tests.plain_source import PARCELS, VANS, fill, load_one, parcel, send_vans, van

if TYPE_CHECKING:
    import pytest

    from pipelines.lake import Lake
    from tests.assets.conftest import Depot

LAST = str(FIRST.plus(9))
DAY = "2026-11-04"
YESTERDAY = "2026-11-22"
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def test_a_good_range_passes_with_its_counts_by_day(depot: Depot, ten_days: list[ReportDay]) -> None:
    result = depot.run(str(FIRST), LAST)

    contract, reconciliation = depot.check(result, "contract"), depot.check(result, "reconciliation")
    assert contract.passed
    assert reconciliation.passed
    assert reconciliation.metadata["rows_good"].value == 30
    assert reconciliation.metadata["source_total_by_day"].value == {str(day): 3 for day in ten_days}


def test_rows_set_aside_warn_and_are_counted_by_day(depot: Depot) -> None:
    depot.source.rows[DAY] = [parcel(1), parcel(2), parcel(3, price="free")]

    contract = depot.check(depot.run(str(FIRST), LAST), "contract")

    assert (contract.passed, contract.severity) == (False, WARN)
    assert contract.metadata["quarantined_by_day"].value == {DAY: 1}


def test_a_day_refused_by_the_contract_is_an_error_of_that_check(depot: Depot) -> None:
    depot.source.errors[DAY] = ContractDrift("the fields have moved")

    result = depot.run(str(FIRST), LAST)

    contract = depot.check(result, "contract")
    assert (contract.passed, contract.severity) == (False, ERROR)
    assert contract.metadata["refused_days"].value == {DAY: f"depot/parcels {DAY}: the fields have moved"}


def test_a_day_that_did_not_come_is_unreconciled(depot: Depot) -> None:
    depot.source.errors[DAY] = Transient("the source is resting")

    result = depot.run(str(FIRST), LAST)

    reconciliation = depot.check(result, "reconciliation")
    assert (reconciliation.passed, reconciliation.severity) == (False, ERROR)
    told = reconciliation.metadata["unreconciled_days"].value
    assert told == {DAY: f"depot/parcels {DAY}: the source is resting"}
    assert reconciliation.description == "9 of 10 days add up"


def test_a_day_without_a_total_warns_where_the_council_accepts_it(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Policy, "may_lack_total", property(lambda _: True))
    depot.source.totals[DAY] = None

    reconciliation = depot.check(depot.run(str(FIRST), LAST), "reconciliation")

    assert (reconciliation.passed, reconciliation.severity) == (False, WARN)
    assert reconciliation.metadata["days_without_total"].value == [DAY]


def test_a_day_of_which_one_sum_was_not_told_warns_too(lake: Lake, ten_days: list[ReportDay]) -> None:
    for day, parcels in zip(ten_days[:2], (3, None), strict=True):
        source = send_vans(day, [van(1), van(2)], total_parcels=parcels)
        load_one(day, source, lake, Policy(reconcile="none"), VANS)

    reconciliation = judge_reconciliation(gather(VANS, ten_days[:2], lake))

    assert (reconciliation.passed, reconciliation.severity) == (False, WARN)
    assert reconciliation.metadata["days_without_total"].value == [str(ten_days[1])]
    assert reconciliation.description == "2 of 2 days add up; 1 without every source total"


def test_what_counts_is_the_lake_not_the_run(depot: Depot, ten_days: list[ReportDay]) -> None:
    depot.run(str(FIRST), LAST)
    gone, flipped = (depot.lake.path(PARCELS.key, day) for day in ten_days[:2])
    gone.unlink()
    flipped.write_bytes(b"PAR1 no more")

    reconciliation = judge_reconciliation(gather(PARCELS, ten_days, depot.lake))

    told = reconciliation.metadata["unreconciled_days"].value
    assert isinstance(told, dict)
    assert told[str(ten_days[0])] == "not in the lake"
    assert "not a whole Parquet file" in told[str(ten_days[1])]


def test_days_under_an_older_contract_are_told(depot: Depot, ten_days: list[ReportDay]) -> None:
    depot.run(str(FIRST), LAST)
    proofs = gather(PARCELS, ten_days, depot.lake)
    assert proofs[0].receipt is not None
    object.__setattr__(proofs[0].receipt, "contract", "another")

    contract = judge_contract(PARCELS, proofs)

    assert (contract.passed, contract.severity) == (False, WARN)
    assert contract.metadata["days_under_another_contract"].value == [str(ten_days[0])]


def test_yesterday_missing_warns_a_run_that_loads_something_else(depot: Depot) -> None:
    latest = depot.check(depot.run(str(FIRST), LAST), "latest_day")

    assert (latest.passed, latest.severity) == (False, WARN)
    assert latest.metadata["newest_day"].value == LAST
    assert latest.metadata["expected_day"].value == YESTERDAY


def test_yesterday_missing_is_an_error_for_the_run_that_was_to_load_it(depot: Depot) -> None:
    depot.source.errors[YESTERDAY] = Transient("the source is resting")

    latest = depot.check(depot.run_day(YESTERDAY), "latest_day")

    assert (latest.passed, latest.severity) == (False, ERROR)


def test_yesterday_present_passes(depot: Depot) -> None:
    fill(depot.source, [ReportDay.parse(YESTERDAY)])

    assert depot.check(depot.run_day(YESTERDAY), "latest_day").passed
