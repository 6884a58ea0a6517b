"""Exports are complete and reconciled, or they are not written; the same data gives the same bytes."""

from __future__ import annotations

import csv
import errno
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.days import ReportDay
from pipelines.errors import Permanent, Unverified
from pipelines.exports.exporting import ACCOUNT_USAGE, CALLS, PAYROLL, Export, Order, export, export_bill
from pipelines.exports.period import Period
from pipelines.exports.rates import read_rates
from pipelines.feeds import FEEDS, Policy
from pipelines.lake import Lake
from pipelines.warehouse import build
from tests.contact_centre import DAY, LONG_DAY, call, load, source_of
from tests.exports.conftest import DESK, FIRST, LAST, OCTOBER, TRICK, WEEK, manifest
from tests.exports.workbooks import read
from tests.plain_source import load_one

if TYPE_CHECKING:
    from pipelines.exports.publish import Format

EVERY_EXPORT = [(PAYROLL, OCTOBER), (CALLS, OCTOBER), (ACCOUNT_USAGE, WEEK)]
# The command, killed when its files are written and before they are in place.
BE_KILLED = """
import os, signal
from pipelines import cli
from pipelines.exports import publish
publish._place = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cli.main()
"""
KINDS: tuple[Format, ...] = ("csv", "xlsx", "parquet", "json")


def test_a_day_of_25_hours_pays_25_hours(month: Lake, tmp_path: Path) -> None:
    files = export(
        month, PAYROLL, Order(Period.between("2026-10-24", "2026-10-26"), tmp_path, "parquet")
    ).files
    days = pl.read_parquet(files[0]).filter(agent=DESK).sort("report_date")
    assert days["logged_in_hours"].to_list() == [24, 25, 24]
    assert days["logged_in_ms"].to_list() == [hours * 3_600_000 for hours in (24, 25, 24)]
    agents = pl.read_parquet(files[1]).filter(agent=DESK)
    assert agents["logged_in_hours"].to_list() == [73]
    assert agents["days"].to_list() == [3]


@pytest.mark.parametrize(("what", "period"), EVERY_EXPORT)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_gives_the_same_bytes(
    what: Export, period: Period, kind: Format, month: Lake, tmp_path: Path
) -> None:
    first = export(month, what, Order(period, tmp_path / "one", kind))
    again = export(month, what, Order(period, tmp_path / "two", kind))
    assert [file.name for file in first.files] == [file.name for file in again.files]
    for one, other in zip(first.files, again.files, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert one.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(
        file.name for file in first.files
    )


@pytest.mark.parametrize(("what", "period"), EVERY_EXPORT)
def test_the_manifest_holds_the_proof(what: Export, period: Period, month: Lake, tmp_path: Path) -> None:
    files = export(month, what, Order(period, tmp_path, "csv")).files
    told = manifest(files)
    assert told["complete"] is True
    assert (told["from"], told["to"]) == (str(period.first), str(period.last))
    assert [one["name"] for one in told["files"]] == [file.name for file in files[:-1]]
    for described, file in zip(told["files"], files, strict=False):
        assert described["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    days = {one["report_date"]: one for one in told["days"]}
    receipt = month.receipt(what.feed, LONG_DAY)
    assert receipt
    assert days[str(LONG_DAY)]["seal"] == receipt.seal
    assert days[str(LONG_DAY)]["body_sha256"] == receipt.body_sha256
    titles = {"rows", *FEEDS[what.feed].contract.controls}
    assert {one["total"] for one in told["controls"]} == titles
    assert all(one["equal"] and one["told"] == one["found"] for one in told["controls"])
    assert sum(one["told"] for one in told["controls"]) > 0


@pytest.fixture
def broken(tmp_path: Path) -> Lake:
    """Four days: whole, with a row set aside, unverified, missing."""
    lake = Lake(tmp_path / "data")
    feed = FEEDS["xima/calls"]
    load(lake, DAY, calls=[call("1")])
    set_aside = [call("2", day=DAY.plus(1)), call("3", day=DAY.plus(1), direction="Sideways")]
    load(lake, DAY.plus(1), calls=set_aside)
    untold = source_of(feed, DAY.plus(2), [call("4", day=DAY.plus(2))])
    untold.controls[str(DAY.plus(2))] = {"Calls": 1}
    load_one(DAY.plus(2), untold, lake, Policy(reconcile="none"), feed)
    build(lake, FEEDS, since=DAY, until=DAY.plus(3))
    return lake


def test_a_period_that_is_not_whole_is_refused_and_its_days_are_named(broken: Lake, tmp_path: Path) -> None:
    period = Period.between(str(DAY), str(DAY.plus(4)))
    with pytest.raises(Unverified) as told:
        export(broken, CALLS, Order(period, tmp_path / "out"))
    for days, status in (
        (f"{DAY.plus(1)}", "quarantined"),
        (f"{DAY.plus(2)}", "unverified"),
        (f"{DAY.plus(3)} to {DAY.plus(4)}", "missing"),
    ):
        assert f"xima/calls {days} {status}" in str(told.value)
    assert f"{DAY} " not in str(told.value).partition("(")[2].partition(")")[0]
    assert not (tmp_path / "out").exists()
    whole = Period.between(str(DAY), str(DAY))
    assert export(broken, CALLS, Order(whole, tmp_path / "out")).is_complete


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_allowed_to_be_incomplete_says_so_everywhere(
    broken: Lake, kind: Format, tmp_path: Path
) -> None:
    period = Period.between(str(DAY), str(DAY.plus(3)))
    written = export(broken, CALLS, Order(period, tmp_path / "out", kind, allow_incomplete=True))
    assert not written.is_complete
    assert all("_INCOMPLETE" in file.name for file in written.files)
    told = manifest(written.files)
    assert told["complete"] is False
    assert [one["status"] for one in told["incomplete_days"]] == ["quarantined", "unverified", "missing"]
    assert {(one["total"], one["told"]) for one in told["controls"]} >= {
        ("rows", 1),
        ("Total Talking", 60_000),
    }
    file = written.files[0]
    if kind == "xlsx":
        for sheet in read(file).values():
            assert sheet.cells["A3"].value.startswith("INCOMPLETE: xima/calls 2026-10-25 quarantined")
    if kind == "json":
        assert json.loads(file.read_bytes())["complete"] is False
    if kind == "parquet":
        assert pl.read_parquet_metadata(file)["casehouse.complete"] == "false"


def test_a_failed_export_leaves_the_last_one(month: Lake, broken: Lake, tmp_path: Path) -> None:
    order = Order(Period.between(str(LAST), str(LAST)), tmp_path / "out", "csv")
    before = {file: file.read_bytes() for file in export(month, CALLS, order).files}
    with pytest.raises(Unverified):
        export(broken, CALLS, order)
    assert {file: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def test_a_folder_that_cannot_be_written_is_named(month: Lake, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Permanent, match="cannot be written"):
        export(month, CALLS, Order(OCTOBER, tmp_path / "file", "csv"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_written_is_named(
    kind: Format, month: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Permanent, match=r"calls_2026-10\S* cannot be written \(No space left") as told:
        export(month, CALLS, Order(OCTOBER, tmp_path, kind))
    assert "--out" in told.value.todo
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_leaves_is_swept_and_a_running_one_is_let_be(
    month: Lake, tmp_path: Path
) -> None:
    order = Order(WEEK, tmp_path / "out", "csv")
    words = ("--from", str(WEEK.first), "--to", str(WEEK.last), "--format", "csv", "--out", str(order.folder))
    killed = subprocess.run(
        [sys.executable, "-c", BE_KILLED, "export", "calls", *words],
        env=os.environ | {"CASEHOUSE_DATA_DIR": str(month.root)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    (left,) = order.folder.iterdir()
    assert left.is_dir()
    assert list(left.iterdir())
    running = order.folder / ".casehouse-running"
    running.mkdir()
    handle = os.open(running, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        files = export(month, CALLS, order).files
        assert sorted(order.folder.iterdir()) == sorted((*files, running))
    finally:
        os.close(handle)


def test_a_workbook_is_for_people(month: Lake, tmp_path: Path) -> None:
    (path, _) = export(month, PAYROLL, Order(OCTOBER, tmp_path)).files
    sheets = read(path)
    assert list(sheets) == ["Agents by day", "Agents", "Where figures come from"]
    days = sheets["Agents by day"]
    assert days.cells["A1"].value == "Agents' hours: Agents by day"
    assert days.cells["A2"].value == "2026-10-01 to 2026-10-31, London days"
    assert (days.cells["A4"].value, days.frozen) == ("Agent", "B5")
    total = days.row_of("Total")
    assert total == 4 + 62 + 1
    hours = days.cells[f"G{total}"]
    assert hours.formula == f"SUM(G5:G{total - 1})"
    assert float(hours.value) == pytest.approx(31 * 24 + 1 + 31 * 29_999 / 3600, abs=1e-4)
    logged_in = days.cells[f"H{total}"]
    assert logged_in.number_format == "[h]:mm:ss"
    assert round(float(logged_in.value) * 86_400_000) == 31 * 29_999_000 + (31 * 24 + 1) * 3_600_000
    trick = days.cells["A5"]
    assert (trick.value, trick.is_text, trick.formula) == (TRICK, True, None)
    sources = sheets["Where figures come from"]
    receipt = month.receipt("xima/time_cards", FIRST)
    assert receipt
    assert receipt.seal in sources.column("H")
    assert "Total Logged In" in sources.column("B")


def test_a_workbook_holds_amounts_in_their_own_digits(month: Lake, rates: Path, tmp_path: Path) -> None:
    (path, _) = export_bill(month, read_rates(rates), Order(OCTOBER, tmp_path)).files
    sheets = read(path)
    accounts = sheets["Accounts"]
    assert (accounts.cells["F5"].value, accounts.cells["F5"].number_format) == ("6.2000", "£#,##0.0000")
    assert [accounts.cells[f"G{row}"].value for row in (5, 6)] == ["6.20", "0.41"]
    assert accounts.cells["G7"].formula == "SUM(G5:G6)"
    assert Decimal(accounts.cells["G7"].value) == Decimal("6.61")
    # Whole pounds are shown as £1.00 and not as £1. with nothing after it.
    assert sheets["Calls"].cells["K5"].number_format == "£0.00####"
    assert "Without a rate" in sheets


def test_csv_opens_in_excel_and_holds_no_formula(month: Lake, tmp_path: Path) -> None:
    order = Order(Period.between(str(LAST), str(LAST)), tmp_path, "csv")
    body = export(month, CALLS, order).files[0].read_bytes()
    assert body.startswith(b"\xef\xbb\xbfreport_date,call_id,")
    rows = list(csv.DictReader(body.decode("utf-8-sig").splitlines()))
    assert [row["account_code"] for row in rows] == ["'=1+1", "0101", "", "0101"]
    assert rows[0]["started_at"] == "2026-10-31T10:00:00Z"
    assert rows[0]["started_london"] == "2026-10-31T10:00:00"
    assert rows[0]["talk_ms"] == str(60_001 * 31)


@pytest.mark.parametrize(("first", "last"), [("2026-10-02", "2026-10-01"), ("1/10/2026", "2026-10-01")])
def test_a_wrong_period_is_told(first: str, last: str) -> None:
    with pytest.raises(Permanent):
        Period.between(first, last)


@pytest.mark.parametrize("month_name", ["2026-13", "2026-00", "2026-1", "October", "2026-10-01", "0000-01"])
def test_a_wrong_month_is_told(month_name: str) -> None:
    with pytest.raises(Permanent, match="YYYY-MM"):
        Period.month(month_name)


@pytest.mark.parametrize(
    ("name", "last"), [("2024-02", 29), ("2026-02", 28), ("2026-12", 31), ("2026-04", 30)]
)
def test_a_month_has_its_days(name: str, last: int) -> None:
    assert Period.month(name).last == ReportDay.parse(f"{name}-{last}")


def test_a_bill_adds_up_to_the_penny_and_to_the_sources_totals(
    month: Lake, rates: Path, tmp_path: Path
) -> None:
    files = export_bill(month, read_rates(rates), Order(OCTOBER, tmp_path, "parquet")).files
    accounts, calls, classes, uncovered = (pl.read_parquet(file) for file in files[:-1])
    assert uncovered.is_empty()
    # 61.5 s at 1.2 p a minute in steps of 6 s: 66 s; a minute at 11.1111 p, but 20 p at least.
    assert accounts.rows() == [
        ("(none)", 31, 0, 31 * 60_000, 31 * 60, Decimal("6.2000"), Decimal("6.20")),
        ("0101", 31, 31 * 500, 31 * 61_000, 31 * 66, Decimal("0.4092"), Decimal("0.41")),
    ]
    assert calls["charge_gbp"].sum() == accounts["charge_gbp"].sum() == Decimal("6.6092")
    assert calls["prefix"].unique().sort().to_list() == ["+441632", "+447700"]
    told = manifest(files)
    totals = {one["total"]: one["told"] for one in told["controls"]}
    assert classes["calls"].sum() == totals["rows"] == 31 * 4
    assert classes["talk_ms"].sum() == totals["Total Talking"]
    assert classes["hold_ms"].sum() == totals["Total Hold"]
    assert dict(classes.select("what", "calls").rows()) == {
        "charged": 62,
        "inbound, not billed": 31,
        "no rate covers them, not charged": 0,
        "not connected, free": 31,
    }
    assert told["parameters"]["rate_table_sha256"] == hashlib.sha256(rates.read_bytes()).hexdigest()


def test_calls_without_a_rate_are_listed_and_refused_unless_allowed(month: Lake, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("prefix,per_minute_gbp,minimum_gbp,increment_seconds\n01632,1,0,1\n", encoding="utf-8")
    order = Order(OCTOBER, tmp_path / "out", "parquet")
    with pytest.raises(Permanent) as told:
        export_bill(month, read_rates(path), order)
    assert "no rate covers 31 connected calls" in str(told.value)
    assert "2026-10-01-3" in str(told.value)
    assert "and 21 more" in str(told.value)
    assert "7700" not in str(told.value)
    files = export_bill(month, read_rates(path), order, allow_uncovered=True).files
    uncovered = pl.read_parquet(next(file for file in files if "uncovered" in file.name))
    assert uncovered.height == 31
    assert manifest(files)["parameters"]["calls_without_a_rate"] == "listed and not charged"


def test_inbound_calls_are_charged_when_asked_for(month: Lake, rates: Path, tmp_path: Path) -> None:
    order = Order(OCTOBER, tmp_path, "parquet")
    files = export_bill(month, read_rates(rates), order, directions=["Inbound"]).files
    calls = pl.read_parquet(files[1])
    assert calls.height == 31
    assert calls["billed_seconds"].sum() == sum(60 * (number + 1) for number in range(1, 32))
    assert datetime(2026, 10, 1, 10) in calls["started_london"].to_list()  # noqa: DTZ001 - a wall clock's
