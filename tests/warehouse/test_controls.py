"""The sums that sources tell stand in the catalogue, and stay there while their day's file does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.feeds import Policy
from pipelines.warehouse import build, run_query
from tests.plain_source import PARCELS, VANS, PlainSource, fill, load_one, send_vans, van

if TYPE_CHECKING:
    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.warehouse import CatalogueSummary

ROWS = [van(1), van(2)]


def rebuild(lake: Lake, days: list[ReportDay]) -> CatalogueSummary:
    return build(lake, {PARCELS.key: PARCELS, VANS.key: VANS}, since=days[0], until=days[-1])


def controls(lake: Lake) -> list[tuple[Any, ...]]:
    return run_query(lake, "select * from ops.controls order by report_date, title").rows()


def test_every_sum_that_was_compared_is_shown(lake: Lake, days: list[ReportDay]) -> None:
    load_one(days[0], send_vans(days[0], ROWS), lake, feed=VANS)
    load_one(days[0], fill(PlainSource(), days), lake)
    rebuild(lake, days)
    assert controls(lake) == [
        (VANS.key, days[0].date, "Total On Road", 3000),
        (VANS.key, days[0].date, "Total Parcels", 3),
    ]
    counts = "select feed, source_total, status from ops.receipts order by feed"
    assert run_query(lake, counts).rows() == [
        (PARCELS.key, 3, "verified"),
        (VANS.key, 2, "verified"),
    ]


def test_a_sum_that_was_not_told_is_shown_as_such(lake: Lake, days: list[ReportDay]) -> None:
    source = send_vans(days[0], ROWS, total_on_road=None)
    load_one(days[0], source, lake, Policy(reconcile="none"), VANS)
    assert rebuild(lake, days).days == {"unverified": 1, "missing": 9}
    assert [told[2:] for told in controls(lake)] == [("Total On Road", None), ("Total Parcels", 3)]


def test_a_rebuild_keeps_the_sums_of_files_that_stand_and_only_those(
    lake: Lake, days: list[ReportDay]
) -> None:
    for day in days[:4]:
        load_one(day, send_vans(day, ROWS), lake, feed=VANS)
    rebuild(lake, days)
    before = controls(lake)
    assert len(before) == 8
    assert rebuild(lake, days).files_read == 0
    assert controls(lake) == before
    load_one(days[0], send_vans(days[0], [*ROWS, van(4)]), lake, feed=VANS)
    lake.path(VANS.key, days[1]).unlink()
    lake.path(VANS.key, days[2]).write_bytes(b"PAR1 no longer a file PAR1")
    assert rebuild(lake, days).files_read == 1
    assert controls(lake) == [
        (VANS.key, days[0].date, "Total On Road", 7000),
        (VANS.key, days[0].date, "Total Parcels", 7),
        (VANS.key, days[3].date, "Total On Road", 3000),
        (VANS.key, days[3].date, "Total Parcels", 3),
    ]
