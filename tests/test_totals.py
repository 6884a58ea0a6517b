"""A day whose source tells totals is complete only when its rows add up to every one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import pipelines.ingest
from pipelines.contracts.columns import Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay
from pipelines.errors import ContractDrift, SettingsError, TooManyBadRows, Unverified
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from tests.plain_source import VANS, load_one, send_vans, van

if TYPE_CHECKING:
    from pathlib import Path

DAY = ReportDay.parse("2026-11-02")
FEW = [van(1), van(2), van(3)]
LENIENT = Policy(bad_row_share=0.5)
MOST = 2**63 - 1


@pytest.mark.usefixtures("size")
def test_rows_that_add_up_are_verified_and_the_receipt_says_by_what(lake: Lake) -> None:
    receipt = load_one(DAY, send_vans(DAY, FEW), lake, feed=VANS)
    assert receipt.status == "verified"
    assert receipt.source_total == receipt.rows_good == 3
    assert receipt.controls == (("Total Parcels", 6), ("Total On Road", 6000))
    assert lake.check(VANS.key, DAY) == receipt


@pytest.mark.usefixtures("size")
def test_an_empty_day_adds_up_to_nothing(lake: Lake) -> None:
    receipt = load_one(DAY, send_vans(DAY, []), lake, feed=VANS)
    assert receipt.status == "verified"
    assert receipt.controls == (("Total Parcels", 0), ("Total On Road", 0))


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("reconcile", ["total", "none"])
@pytest.mark.parametrize(
    ("controls", "told"),
    [
        ({"vans": 4}, "Vans: the source says 4, the body holds 3"),
        ({"total_parcels": 7}, "Total Parcels: the source says 7, the rows add up to 6"),
        ({"total_on_road": 0}, "Total On Road: the source says 0, the rows add up to 6000"),
        ({"vans": 2, "total_parcels": -6}, r"Vans: .*; Total Parcels: the source says -6, .* add up to 6\)"),
    ],
)
def test_a_total_that_differs_fails_the_day_whatever_the_policy(
    lake: Lake, reconcile: str, controls: dict[str, int], told: str
) -> None:
    good = load_one(DAY, send_vans(DAY, FEW[:1]), lake, feed=VANS)
    policy = Policy(reconcile="none" if reconcile == "none" else "total")
    with pytest.raises(Unverified, match=f"{VANS.key} {DAY}: .*{told}.*To do: ingest the day again"):
        load_one(DAY, send_vans(DAY, FEW, **controls), lake, policy, VANS)
    assert lake.check(VANS.key, DAY) == good


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(
    ("untold", "told"),
    [
        (("vans",), "missing: Vans"),
        (("total_on_road",), "missing: Total On Road"),
        (("vans", "total_parcels", "total_on_road"), "missing: Vans, Total Parcels, Total On Road"),
    ],
)
def test_a_total_that_is_not_told_makes_the_day_unverified(
    lake: Lake, untold: tuple[str, ...], told: str
) -> None:
    source = send_vans(DAY, FEW, **dict.fromkeys(untold))
    with pytest.raises(Unverified, match=rf"{told}\).*CASEHOUSE_DEPOT_RECONCILE"):
        load_one(DAY, source, lake, feed=VANS)
    assert lake.days(VANS.key) == []
    receipt = load_one(DAY, source, lake, Policy(reconcile="none"), VANS)
    assert receipt.status == "unverified"
    assert receipt.rows_good == 3
    assert (receipt.source_total is None) == ("vans" in untold)
    assert [value is None for _, value in receipt.controls] == [
        name in untold for name in ("total_parcels", "total_on_road")
    ]


@pytest.mark.usefixtures("size")
def test_rows_that_are_set_aside_still_count_and_add_up(lake: Lake) -> None:
    rows = [
        *(van(number) for number in range(1, 7)),
        van(7, left="2026-11-02T09:30:00"),
        van(8, road="8000 (shown as 0:00:09)"),
        van(9, parcels="-9"),
        van(10, road=""),
    ]
    receipt = load_one(DAY, send_vans(DAY, rows), lake, LENIENT, VANS)
    assert (receipt.rows_good, receipt.rows_quarantined) == (7, 3)
    assert receipt.status == "quarantined"
    assert receipt.controls == (("Total Parcels", 55 - 18), ("Total On Road", 45_000))
    reasons = pl.read_parquet(lake.quarantine_path(VANS.key, DAY))["reasons"].explode().struct.field("wire")
    assert reasons.to_list() == ["Left [STRING]", "On Road [DURATION]", "Parcels [NUMBER]"]


@pytest.mark.usefixtures("size")
def test_a_wrong_total_is_told_before_bad_rows_are(lake: Lake) -> None:
    rows = [van(1, left="later"), van(2, left="later")]
    with pytest.raises(Unverified, match="Total Parcels: the source says 4, the rows add up to 3"):
        load_one(DAY, send_vans(DAY, rows, total_parcels=4), lake, feed=VANS)
    with pytest.raises(TooManyBadRows, match=r"left_at \(Left \[STRING\]\) is a time with its offset"):
        load_one(DAY, send_vans(DAY, rows), lake, feed=VANS)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("bad", [(), (van(1, left="later"),)])
@pytest.mark.parametrize("told", [-2, 2 * MOST])
def test_a_sum_never_wraps(lake: Lake, told: int, bad: tuple[tuple[str, ...], ...]) -> None:
    rows = [van(number, parcels=str(MOST)) for number in (1, 2)] + list(bad)
    bits = sum(int(row[2]) for row in bad)
    with pytest.raises(Unverified, match=f"Total Parcels: .*{2 * MOST + bits}"):
        load_one(DAY, send_vans(DAY, rows, total_parcels=told + bits), lake, LENIENT, VANS)


def test_digits_that_no_column_holds_are_not_left_out_of_the_sum(lake: Lake) -> None:
    rows = [van(1), van(2, parcels="9" * 22)]
    with pytest.raises(Unverified, match=f"the source says 1, the rows add up to {10**22}"):
        load_one(DAY, send_vans(DAY, rows, total_parcels=1), lake, LENIENT, VANS)


def test_both_ways_of_loading_write_the_same_bytes(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, bad = Lake(tmp_path / "other"), van(5, left="later", road="5000 (shown as 0:00:06)")
    for rows in (FEW, [*FEW, bad]):
        source = send_vans(DAY, rows)
        monkeypatch.undo()
        load_one(DAY, source, lake, LENIENT, VANS)
        monkeypatch.setattr(pipelines.ingest, "SMALL_BYTES", 0)
        load_one(DAY, source, other, LENIENT, VANS)
        assert lake.path(VANS.key, DAY).read_bytes() == other.path(VANS.key, DAY).read_bytes()


def test_one_days_wrong_total_harms_no_other_day(lake: Lake, days: list[ReportDay]) -> None:
    sources = [send_vans(day, FEW, total_parcels=5 if day == days[1] else 6) for day in days]
    source = sources[0]
    for one in sources[1:]:
        source.rows |= one.rows
        source.totals |= one.totals
        source.controls |= one.controls
    outcomes = list(ingest_days(VANS, days, source=source, lake=lake, policy=Policy()))
    assert [outcome.day for outcome in outcomes if outcome.error] == [days[1]]
    before = [lake.path(VANS.key, day).stat().st_ino for day in lake.days(VANS.key)]
    assert not any(o.changed for o in ingest_days(VANS, days, source=source, lake=lake, policy=Policy()))
    assert [lake.path(VANS.key, day).stat().st_ino for day in lake.days(VANS.key)] == before


@pytest.mark.usefixtures("size")
def test_both_of_the_hours_that_autumn_repeats_are_told_apart(lake: Lake) -> None:
    day = ReportDay.parse("2026-10-25")
    stamps = ["2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00", "2026-10-25T23:59:59+00:00"]
    load_one(day, send_vans(day, [van(1, left=stamp) for stamp in stamps]), lake, feed=VANS)
    assert pl.read_parquet(lake.path(VANS.key, day))["left_at"].to_list() == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            ("Van [STRING]", "Left [STRING]", "Parcels [DURATION]", "On Road [DURATION]"),
            r"missing: Parcels \[NUMBER\]; unexpected: Parcels \[DURATION\]",
        ),
        (
            ("Van [STRING]", "Left [STRING]", "Boxes [NUMBER]", "On Road [DURATION]"),
            r"missing: Parcels \[NUMBER\]; unexpected: Boxes \[NUMBER\]",
        ),
        (
            ("Left [STRING]", "Van [STRING]", "Parcels [NUMBER]", "On Road [DURATION]"),
            r"moved: (Van|Left) \[STRING\] \(asked as \d, came as \d\)",
        ),
    ],
)
def test_a_title_a_format_or_a_place_that_changed_is_drift(
    lake: Lake, fields: tuple[str, ...], told: str
) -> None:
    source = send_vans(DAY, FEW)
    source.fields = fields
    with pytest.raises(ContractDrift, match=told):
        load_one(DAY, source, lake, feed=VANS)
    assert lake.days(VANS.key) == []


def test_a_total_of_anything_but_whole_numbers_is_refused() -> None:
    class Odd(Rows):
        """Odd."""

        word: Text = wire("W", "A word.", required=True, control="Total Words")

    with pytest.raises(SettingsError, match="word"):
        _ = Contract("test/odd", Odd).columns


def test_two_totals_of_one_title_are_refused() -> None:
    class Twice(Rows):
        """Twice."""

        number: Whole = wire("N", "A number.", required=True, control="Total")

    with pytest.raises(SettingsError, match="one total to two things"):
        _ = Contract("test/twice", Twice, rows_control="Total").columns
