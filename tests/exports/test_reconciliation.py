"""What is exported adds up to what the sources told, day by day to the millisecond, or is refused."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.errors import Unverified
from pipelines.exports.exporting import ACCOUNT_USAGE, CALLS, PAYROLL, Export, Order, export, export_bill
from pipelines.exports.period import Period
from pipelines.exports.rates import read_rates
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build
from pipelines.warehouse.snapshot import Snapshot
from tests.contact_centre import DAY, LONG_DAY, card, load
from tests.exports.conftest import DESK, LAST, OCTOBER, WEEK, manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipelines.days import ReportDay


def test_sums_that_are_not_what_was_told_are_refused_with_both(
    month: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Snapshot.ask

    def lose_a_millisecond(self: Snapshot, file: str, section: str, **values: object) -> pl.DataFrame:
        frame = honest(self, file, section, **values)
        if file == "exports/rows":
            changed = (pl.col("report_date") == LONG_DAY.date) & (pl.col("agent") == DESK)
            frame = frame.with_columns(logged_in_ms=pl.col("logged_in_ms") - changed.cast(pl.Int64))
        return frame

    monkeypatch.setattr(Snapshot, "ask", lose_a_millisecond)
    period = Period.between(str(LONG_DAY), str(LONG_DAY.plus(1)))
    hours = 29_999_000 * 2 + 49 * 3_600_000
    with pytest.raises(Unverified) as told:
        export(month, PAYROLL, Order(period, tmp_path / "out", allow_incomplete=True))
    assert f"Total Logged In: the source told {hours}, the export adds up to {hours - 1}" in str(told.value)
    assert str(LONG_DAY) in str(told.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[ReportDay, int]], None]:
    """Let the marts tell so many milliseconds of talk more, or less, on the first call of each day."""
    honest = Snapshot.ask

    def spoil(by_day: dict[ReportDay, int]) -> None:
        def ask(self: Snapshot, file: str, section: str, **values: object) -> pl.DataFrame:
            frame = honest(self, file, section, **values)
            if file != "exports/rows":
                return frame
            first = pl.int_range(pl.len()).over("report_date") == 0
            wrong = {day.date: ms for day, ms in by_day.items()}
            more = pl.when(first).then(pl.col("report_date").replace_strict(wrong, default=0)).otherwise(0)
            return frame.with_columns(talk_ms=pl.col("talk_ms") + more)

        monkeypatch.setattr(Snapshot, "ask", ask)

    return spoil


@pytest.mark.parametrize("what", [CALLS, PAYROLL, ACCOUNT_USAGE])
def test_one_day_does_not_make_up_for_another(
    what: Export, month: Lake, tmp_path: Path, spoil: Callable[[dict[ReportDay, int]], None]
) -> None:
    spoil({LAST: 1, LAST.plus(-1): -1})
    with pytest.raises(Unverified) as told:
        export(month, what, Order(WEEK, tmp_path / "out"))
    assert f"they differ on {LAST.plus(-1)}, {LAST}" in str(told.value)
    spoil({})
    assert export(month, what, Order(WEEK, tmp_path / "out")).is_complete


def test_a_bill_is_held_to_the_sources_totals_too(
    month: Lake, rates: Path, tmp_path: Path, spoil: Callable[[dict[ReportDay, int]], None]
) -> None:
    spoil({LAST: 1_000})
    with pytest.raises(Unverified, match="Total Talking"):
        export_bill(month, read_rates(rates), Order(OCTOBER, tmp_path / "out"))


@pytest.fixture
def uncut(tmp_path: Path) -> Lake:
    """Two days of a contact centre whose time cards are not cut at midnight: 22:00 to 06:00."""
    lake = Lake(tmp_path / "uncut")
    night = card(22 * 3600, 31 * 3600, talk_ms=900_001)  # nine real hours: the clocks go back meanwhile
    load(lake, DAY, time_cards=[night, card(30_000, 40_000, agent=DESK)])
    load(lake, LONG_DAY, time_cards=[card(30_000, 40_000, day=LONG_DAY, agent=DESK)])
    build(lake, FEEDS, since=DAY, until=LONG_DAY)
    return lake


def test_a_session_over_midnight_is_paid_on_both_days_and_adds_up_to_what_was_told(
    uncut: Lake, tmp_path: Path
) -> None:
    files = export(uncut, PAYROLL, Order(Period.between(str(DAY), str(LONG_DAY)), tmp_path, "parquet")).files
    nights = pl.read_parquet(files[0]).filter(pl.col("agent") != DESK).sort("report_date")
    assert nights["logged_in_hours"].to_list() == [2, 7]
    assert nights["talk_ms"].sum() == 900_001
    for day in (DAY, LONG_DAY):
        with pytest.raises(Unverified, match="Total Logged In"):
            export(uncut, PAYROLL, Order(Period.between(str(day), str(day)), tmp_path / "one"))


def test_days_that_share_a_session_hide_no_other_fault(
    uncut: Lake, tmp_path: Path, spoil: Callable[[dict[ReportDay, int]], None]
) -> None:
    spoil({DAY: 1})
    with pytest.raises(Unverified, match="Total Talking"):
        export(uncut, PAYROLL, Order(Period.between(str(DAY), str(LONG_DAY)), tmp_path / "out"))


def test_hours_are_exact_and_both_sheets_have_the_same_total(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "data")
    lengths = [
        9,
        27,
        3_573,
        3_600_000,
        12_345_678,
        29_999_000,
    ]  # the first three are a half in the seventh place
    for number, length in enumerate(lengths):
        cells = card(0, 36_000, day=DAY.plus(number)) | {"logged_in_ms": length, "idle_ms": length}
        load(lake, DAY.plus(number), time_cards=[cells])
    build(lake, FEEDS, since=DAY, until=DAY.plus(len(lengths) - 1))
    period = Period.between(str(DAY), str(DAY.plus(len(lengths) - 1)))
    files = export(lake, PAYROLL, Order(period, tmp_path / "out", "parquet")).files
    days, agents = (pl.read_parquet(file) for file in files[:-1])
    exact = [
        (Decimal(ms) / 3_600_000).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        for ms in days["logged_in_ms"].to_list()
    ]
    assert sorted(days["logged_in_ms"].to_list()) == lengths
    assert days["logged_in_hours"].to_list() == exact
    assert agents["logged_in_hours"].to_list() == [sum(exact)]
    totals = manifest(files)["totals"]
    assert totals["days"]["logged_in_hours"] == totals["agents"]["logged_in_hours"] == str(sum(exact))
