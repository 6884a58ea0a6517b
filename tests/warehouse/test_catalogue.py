"""What analysts see: every feed typed and described, every day accounted for, on any lake."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.contracts.columns import Instant, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.errors import Transient
from pipelines.feeds import FEEDS as ALL_FEEDS
from pipelines.feeds import Feed
from pipelines.lake import Lake
from pipelines.sources.dialect import ICASEWORK
from pipelines.warehouse import build, catalogue_path, connect, is_current, run_query
from tests.plain_source import PARCELS, PlainSource, fill, parcel
from tests.warehouse.loaded import FEEDS, SECRET_VALUE, load, load_all_kinds, rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay

FEED = PARCELS.key


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return run_query(lake, sql).rows()


def types(lake: Lake, view: str) -> list[tuple[str, str]]:
    with closing(connect(lake)) as engine:
        told = engine.table(view)
        return [(name, str(kind)) for name, kind in zip(told.columns, told.types, strict=True)]


def test_every_feed_of_the_registry_has_a_typed_view_on_an_empty_lake(
    lake: Lake, days: list[ReportDay]
) -> None:
    summary = build(lake, ALL_FEEDS, since=days[0], until=days[-1])
    assert summary.days == {"missing": len(ALL_FEEDS) * len(days)}
    for feed in ALL_FEEDS.values():
        view = f"{feed.source}.{feed.name}"
        assert run_query(lake, f"select count(*) from {view}").item() == 0  # noqa: S608 - from the registry
        told = types(lake, view)
        assert [name for name, _ in told] == [
            *(column.name for column in feed.contract.columns),
            "report_date",
            "report_row",
        ]
        dictionary = (
            f"select column_name, data_type from ops.columns where feed = '{feed.key}' order by position"  # noqa: S608
        )
        assert rows(lake, dictionary) == told


def test_a_catalogue_of_other_days_feeds_or_definitions_is_not_current(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1])
    build(lake, FEEDS, since=days[0], until=days[-1])
    assert is_current(lake, FEEDS, since=days[0], until=days[-1])
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1].plus(1))
    assert not is_current(lake, ALL_FEEDS, since=days[0], until=days[-1])
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1], contact_window_days=7)
    build(lake, FEEDS, since=days[0], until=days[-1], contact_window_days=7)
    assert is_current(lake, FEEDS, since=days[0], until=days[-1], contact_window_days=7)
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1])
    build(lake, FEEDS, since=days[0], until=days[-1])
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.warehouse.catalogue.READ_BY", "phonenumbers of another plan")
        assert not is_current(lake, FEEDS, since=days[0], until=days[-1])
    monkeypatch.setattr("pipelines.warehouse.catalogue.all_definitions_digest", lambda: "others")
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1])
    catalogue_path(lake).write_bytes(b"no database")
    assert not is_current(lake, FEEDS, since=days[0], until=days[-1])


def test_the_types_are_the_same_with_files_and_without(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    empty = types(lake, "depot.parcels")
    load(lake, days, fill(PlainSource(), days))
    rebuild(lake, days)
    assert types(lake, "depot.parcels") == empty
    assert empty == [
        ("parcel_id", "BIGINT"),
        ("label", "VARCHAR"),
        ("sent_date", "DATE"),
        ("scanned_at", "TIMESTAMP WITH TIME ZONE"),
        ("is_fragile", "BOOLEAN"),
        ("price_gbp", "DECIMAL(18,2)"),
        ("report_date", "DATE"),
        ("report_row", "INTEGER"),
    ]
    assert rows(lake, "select count(*) from depot.parcels") == [(3 * len(days),)]


def test_a_row_comes_out_as_it_went_in(lake: Lake, days: list[ReportDay]) -> None:
    source = PlainSource(rows={str(days[0]): [parcel(7, label='O\'Brien, "Bo"\nFlat 2')]})
    load(lake, days[:1], source)
    rebuild(lake, days)
    (row,) = rows(lake, "select * from depot.parcels")
    assert row == (
        7,
        'O\'Brien, "Bo"\nFlat 2',
        date(2026, 11, 2),
        datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        True,
        Decimal("7.50"),
        days[0].date,
        1,
    )


def test_everything_in_the_catalogue_is_described(lake: Lake, days: list[ReportDay]) -> None:
    build(lake, {**ALL_FEEDS, **FEEDS}, since=days[0], until=days[-1])
    assert rows(lake, "select table_name from duckdb_tables() where comment is null") == []
    assert rows(lake, "select view_name from duckdb_views() where not internal and comment is null") == []
    silent = "select table_name, column_name from duckdb_columns() where not internal and comment is null"
    assert rows(lake, silent) == []
    told = dict(rows(lake, "select column_name, comment from duckdb_columns() where table_name = 'parcels'"))
    assert told["label"] == "Label. Privacy: personal."
    assert told["report_date"] == "London day of the report. Privacy: public."


def test_completeness_has_one_row_for_every_feed_and_day(lake: Lake, days: list[ReportDay]) -> None:
    load_all_kinds(lake, days)
    summary = rebuild(lake, days)
    told = rows(
        lake,
        "select * exclude (feed, last_attempt_at) from ops.completeness order by report_date",
    )
    failed = f"{FEED} {days[3]}: the source answered 503. To do: wait"
    assert told == [
        (days[0].date, "verified", 3, 0, None, None, None),
        (days[1].date, "quarantined", 2, 1, None, None, None),
        (days[2].date, "unverified", 3, 0, None, None, None),
        (days[3].date, "failed", None, None, failed, None, None),
        (days[4].date, "missing", None, None, None, None, None),
    ]
    assert summary.days == {"failed": 1, "missing": 1, "quarantined": 1, "unverified": 1, "verified": 1}
    ((attempted_at,),) = rows(lake, "select last_attempt_at from ops.completeness where status = 'failed'")
    assert isinstance(attempted_at, datetime)


def test_a_loaded_day_stays_loaded_when_a_later_attempt_fails(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load(lake, days[:1], source)
    source.errors[str(days[0])] = Transient("the source answered 500")
    load(lake, days[:1], source)
    rebuild(lake, days)
    ((status, rows_good, error),) = rows(
        lake,
        "select status, rows_good, last_error from ops.completeness where last_error is not null",
    )
    assert (status, rows_good) == ("verified", 3)
    assert "answered 500" in error


def test_receipts_are_the_ones_in_the_files(lake: Lake, days: list[ReportDay]) -> None:
    load_all_kinds(lake, days)
    rebuild(lake, days)
    answer = run_query(lake, "select * from ops.receipts order by report_date")
    for day, row in zip(days, answer.rows(named=True), strict=False):
        receipt = lake.receipt(FEED, day)
        assert receipt is not None
        told = dict(row)
        assert told.pop("status") == receipt.status
        assert told.pop("report_date") == day.date
        assert told == {name: getattr(receipt, name) for name in told}
    assert answer.height == 3


def test_quarantine_tells_reasons(lake: Lake, days: list[ReportDay]) -> None:
    load_all_kinds(lake, days)
    rebuild(lake, days)
    told = rows(
        lake,
        "select * exclude (check_name) from ops.quarantine order by column_name",
    )
    assert told == [
        (FEED, days[1].date, 3, "price_gbp", "Parcel.Price"),
        (FEED, days[1].date, 3, "sent_date", "Parcel.DateSent"),
    ]


def test_ops_holds_no_value_of_any_cell(lake: Lake, days: list[ReportDay]) -> None:
    load_all_kinds(lake, days)
    summary = rebuild(lake, days)
    for (table,) in rows(lake, "select table_name from duckdb_tables() where schema_name = 'ops'"):
        told = str(rows(lake, f"select * from ops.{table}"))  # noqa: S608 - names from the catalogue
        assert SECRET_VALUE not in told
        assert "the day before" not in told
    content = summary.path.read_bytes()
    assert b"Zebedee" not in content
    assert b"the day before" not in content


def test_days_loaded_under_another_contract_still_read(lake: Lake, days: list[ReportDay]) -> None:
    class Wider(Rows):
        """One parcel on the report day."""

        weight: Whole = wire("Parcel.Weight", "Weight in grams.")
        label: Text = wire("Parcel.Label", "Label.", privacy="personal")
        parcel_id: Whole = wire("Parcel.Id", "Number.", required=True, ge=1)
        scanned_at: Instant = wire("Parcel.TimeScanned", "When scanned.")

    load(lake, days[:1], fill(PlainSource(), days, 1))
    wider = Feed(Contract(FEED, Wider), ICASEWORK)
    build(lake, {FEED: wider}, since=days[0], until=days[-1])
    answer = run_query(lake, "select * from depot.parcels")
    assert answer.columns == ["weight", "label", "parcel_id", "scanned_at", "report_date", "report_row"]
    assert answer.rows() == [(None, "Parcel 1", 1, datetime(2026, 11, 2, 9, 30, tzinfo=UTC), days[0].date, 1)]


@pytest.mark.parametrize("content", [b"", b"PAR1 not a file", b"PAR1" * 20])
def test_a_damaged_file_fails_its_day_and_not_the_catalogue(
    lake: Lake, days: list[ReportDay], content: bytes
) -> None:
    load(lake, days[:2], fill(PlainSource(), days))
    lake.path(FEED, days[0]).write_bytes(content)
    for _ in range(2):  # built afresh, and kept from the previous one
        summary = rebuild(lake, days)
        assert summary.files_damaged == 1
        told = rows(
            lake,
            f"select status, last_error from ops.completeness where report_date = '{days[0]}'",  # noqa: S608
        )
        ((status, error),) = told
        assert status == "failed"
        assert f"{FEED} {days[0]}" in error
        assert "casehouse ingest" in error
    good = f"select count(*) from depot.parcels where report_date = '{days[1]}'"  # noqa: S608
    assert rows(lake, good) == [(3,)]


def told_of(lake: Lake, day: ReportDay) -> tuple[str, str]:
    sql = f"select status, last_error from ops.completeness where report_date = '{day}'"  # noqa: S608
    ((status, error),) = rows(lake, sql)
    return status, error


@pytest.mark.parametrize("content", [b"", b"PAR1 nothing PAR1", b"PAR1" * 20])
def test_a_damaged_quarantine_is_told_and_the_day_stays(
    lake: Lake, days: list[ReportDay], content: bytes
) -> None:
    load_all_kinds(lake, days)
    lake.quarantine_path(FEED, days[1]).write_bytes(content)
    rebuild(lake, days)
    status, error = told_of(lake, days[1])
    assert status == "quarantined"
    assert "quarantined rows cannot be read" in error
    assert "casehouse ingest" in error


def test_a_flipped_bit_of_the_quarantine_is_never_read(lake: Lake, days: list[ReportDay]) -> None:
    load_all_kinds(lake, days)
    path = lake.quarantine_path(FEED, days[1])
    whole = path.read_bytes()
    for place in range(4, len(whole), len(whole) // 12):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        rebuild(lake, days)
        assert "quarantined rows cannot be read" in told_of(lake, days[1])[1]
        assert rows(lake, "select count(*) from ops.quarantine") == [(0,)]


def test_a_panic_of_the_reader_does_not_stop_the_catalogue(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException(SECRET_VALUE)

    load_all_kinds(lake, days)
    monkeypatch.setattr("pipelines.warehouse.evidence.pl.read_parquet", panic)
    assert rebuild(lake, days).files_damaged == 1
    _, error = told_of(lake, days[1])
    assert "quarantined rows cannot be read (PanicException)" in error
    assert SECRET_VALUE not in error


def test_a_receipt_of_wrong_types_fails_its_day_and_not_the_catalogue(
    lake: Lake, days: list[ReportDay]
) -> None:
    load(lake, days[:2], fill(PlainSource(), days))
    path = lake.path(FEED, days[0])
    whole = path.read_bytes()
    assert b'"rows_good": 3,' in whole
    path.write_bytes(whole.replace(b'"rows_good": 3,', b'"rows_good":"3",'))
    rebuild(lake, days)
    status, error = told_of(lake, days[0])
    assert status == "failed"
    assert "the receipt cannot be read" in error
    assert told_of(lake, days[1])[0] == "verified"


def test_a_file_that_belongs_elsewhere_fails_its_day(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days[:2], fill(PlainSource(), days))
    shutil.copy(lake.path(FEED, days[0]), lake.path(FEED, days[1]))
    rebuild(lake, days)
    status, error = told_of(lake, days[1])
    assert status == "failed"
    assert f"belongs to another feed or day ({FEED} {days[0]})" in error


def test_receipts_tell_who_answered(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load(lake, days, source)
    rebuild(lake, days)
    assert rows(lake, "select distinct origin from ops.receipts") == [(source.origin,)]


@pytest.mark.parametrize("name", ["it's", "a [1]* b", "env=prod", "naïve ☃", 'q"uote', "{{view}} $x {y}"])
def test_any_data_directory_will_do(tmp_path: Path, days: list[ReportDay], name: str) -> None:
    plain, lake = Lake(tmp_path / "plain"), Lake(tmp_path / name)
    load_all_kinds(plain, days)
    plain.root.rename(lake.root)
    rebuild(lake, days)
    assert rows(lake, "select count(*) from depot.parcels") == [(8,)]
    assert rows(lake, "select count(*) from ops.quarantine") == [(2,)]


def test_a_moved_lake_is_rebuilt_in_its_new_place(tmp_path: Path, days: list[ReportDay]) -> None:
    old, new = Lake(tmp_path / "old"), Lake(tmp_path / "new")
    load(old, days, fill(PlainSource(), days))
    rebuild(old, days)
    shutil.move(old.root, new.root)
    summary = rebuild(new, days)
    assert summary.files_kept == 0
    assert rows(new, "select count(*) from depot.parcels") == [(15,)]


def test_no_day_is_expected_before_the_first(lake: Lake, days: list[ReportDay]) -> None:
    summary = build(lake, FEEDS, since=days[1], until=days[0])
    assert summary.days == {}


def test_the_dictionary_is_the_contract(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    answer = rows(
        lake, "select column_name, wire_name, privacy, is_required from ops.columns order by position"
    )
    assert answer[:-2] == [
        (column.name, column.wire, column.privacy, not column.nullable) for column in PARCELS.contract.columns
    ]
    assert answer[-2:] == [("report_date", None, "public", True), ("report_row", None, "public", True)]
