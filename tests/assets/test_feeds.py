"""A range run is honest: each published day is recorded, each failed one is named, nothing twice."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.events import RunFailureReason
from dagster._core.execution.retries import auto_reexecution_should_retry_run

from assets.definitions import build_defs
from assets.feeds import _outcomes
from assets.metadata import partition_metadata
from pipelines.alerts.failed_days import failed_days
from pipelines.days import ReportDay, span
from pipelines.errors import CasehouseError, Permanent, Transient, Unverified
from pipelines.feeds import Policy
from pipelines.settings import ROOT
from tests.assets.conftest import FIRST, NOW, PARCELS_KEY
from tests.plain_source import PARCELS, fill, parcel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assets.resources import Workplace
    from pipelines.feeds import Feed
    from pipelines.ingest import Outcome
    from pipelines.lake import Lake
    from pipelines.receipts import Receipt
    from pipelines.settings import Settings
    from tests.assets.conftest import Depot

LAST = str(FIRST.plus(9))
BROKEN = "2026-11-04"


def test_every_day_of_a_good_run_is_recorded_once_with_its_own_facts(
    depot: Depot, ten_days: list[ReportDay]
) -> None:
    depot.source.rows[BROKEN] = [parcel(number) for number in range(1, 8)]

    result = depot.run(str(FIRST), LAST)

    assert result.success
    recorded = depot.materialisations()
    assert [partition for partition, _ in recorded] == [str(day) for day in ten_days]
    told = dict(recorded)[BROKEN]
    receipt = depot.lake.receipt("depot/parcels", ReportDay.parse(BROKEN))
    assert receipt is not None
    assert (told["rows_good"], told["rows_quarantined"], told["source_total"]) == (7, 0, 7)
    assert told["dagster/partition_row_count"] == 7
    assert told["status"] == "verified"
    assert told["body_sha256"] == receipt.body_sha256
    assert told["window"] == f"{receipt.window_from} to {receipt.window_until}"
    assert set(depot.statuses(ten_days).values()) == {"MATERIALIZED"}


def test_a_day_that_changed_says_how_many_rows_and_one_that_did_not_says_none(depot: Depot) -> None:
    depot.run(str(FIRST), LAST)
    depot.source.rows[BROKEN] = [parcel(number) for number in range(2, 8)]
    depot.source.rows[str(FIRST)] = []
    depot.run(str(FIRST), LAST)
    told = dict(depot.materialisations())  # the last of each day

    def counts(day: str) -> list[object]:
        return [told[day].get(f"rows_{what}") for what in ("added", "changed", "gone")]

    assert counts(BROKEN) == [4, 0, 1]
    assert counts(LAST) == [0, 0, 0]
    assert counts(str(FIRST)) == [0, 0, 0]
    assert told[str(FIRST)]["held_back"] is True
    assert "0 of the 3 rows" in str(told[str(FIRST)]["revision"])
    assert told[str(FIRST)]["rows_good"] == 3


def test_one_bad_day_fails_alone_and_is_named(depot: Depot, ten_days: list[ReportDay]) -> None:
    depot.source.errors[BROKEN] = Transient("the source is resting", todo="wake it")

    result = depot.run(str(FIRST), LAST)

    assert not result.success
    statuses = depot.statuses(ten_days)
    assert [day for day, status in statuses.items() if status != "MATERIALIZED"] == [BROKEN]
    assert statuses[BROKEN] == "FAILED"
    assert len(depot.materialisations()) == 9
    failure = result.failure_data_for_node("depot__parcels")
    assert failure is not None
    assert failure.user_failure_data is not None
    told = failure.user_failure_data.description or ""
    assert "1 of 10 days of depot/parcels failed" in told
    assert f"depot/parcels {BROKEN}: the source is resting. To do: wake it" in told
    assert failure.user_failure_data.metadata["failed_days"].value == {
        BROKEN: f"depot/parcels {BROKEN}: the source is resting. To do: wake it"
    }


def test_relaunching_the_failed_day_asks_for_just_that_day(depot: Depot, ten_days: list[ReportDay]) -> None:
    depot.source.errors[BROKEN] = Transient("the source is resting")
    depot.run(str(FIRST), LAST)
    depot.source.errors.clear()
    depot.source.asked.clear()

    assert depot.run_day(BROKEN).success

    assert depot.source.asked == [BROKEN]
    assert set(depot.statuses(ten_days).values()) == {"MATERIALIZED"}
    assert len(depot.materialisations()) == 10


def test_a_failed_refresh_leaves_the_day_failed_and_the_last_good_file(depot: Depot) -> None:
    day = ReportDay.parse(BROKEN)
    depot.run_day(BROKEN)
    before = depot.lake.path("depot/parcels", day).read_bytes()
    depot.source.errors[BROKEN] = Unverified("no total came")

    assert not depot.run_day(BROKEN).success

    assert depot.statuses([day]) == {BROKEN: "FAILED"}
    assert depot.lake.path("depot/parcels", day).read_bytes() == before


@pytest.mark.parametrize("as_a_whole", [False, True])
def test_a_failed_refresh_in_a_range_is_shown_as_failed(
    depot: Depot, ten_days: list[ReportDay], monkeypatch: pytest.MonkeyPatch, *, as_a_whole: bool
) -> None:
    if as_a_whole:
        monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "1")
    depot.run(str(FIRST), LAST)
    assert set(depot.statuses(ten_days).values()) == {"MATERIALIZED"}
    depot.source.errors[BROKEN] = Transient("the source is resting")

    depot.run(str(FIRST), LAST)

    statuses = depot.statuses(ten_days)
    assert {day for day, status in statuses.items() if status != "MATERIALIZED"} == {BROKEN}
    assert statuses[BROKEN] == "FAILED"
    depot.source.errors.clear()
    depot.run_day(BROKEN)
    assert set(depot.statuses(ten_days).values()) == {"MATERIALIZED"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (RuntimeError("Ann Example, 1 Some Street"), "a fault in the product itself (RuntimeError)"),
        (Permanent("this lake belongs to another account"), "this lake belongs to another account"),
    ],
)
def test_what_stops_a_run_fails_every_day_left_and_tells_no_data(
    depot: Depot, ten_days: list[ReportDay], monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def stop_at_the_fourth(feed: Feed, days: Sequence[ReportDay], place: Workplace) -> Iterator[Outcome]:
        for outcome in _outcomes(feed, days, place):
            if str(outcome.day) == BROKEN:
                raise fault
            yield outcome

    monkeypatch.setattr("assets.feeds._outcomes", stop_at_the_fourth)
    monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "1")

    result = depot.run(str(FIRST), LAST)

    assert list(depot.statuses(ten_days).values()) == ["MATERIALIZED"] * 3 + ["FAILED"] * 7
    failure = result.failure_data_for_node("depot__parcels")
    assert failure is not None
    assert failure.user_failure_data is not None
    lines = (failure.user_failure_data.description or "").splitlines()
    assert lines[0] == "7 of 10 days of depot/parcels failed"
    assert lines[1].startswith(told)
    assert len(lines) == 2
    notes = depot.lake.failures("depot/parcels")
    assert list(map(str, notes)) == list(map(str, ten_days[3:]))
    assert all(told in note.message and "Ann Example" not in note.message for note in notes.values())
    assert "Ann Example" not in "\n".join(str(event) for event in result.all_events)


def test_a_lake_of_another_account_is_noted_of_each_day_so_that_alerts_tell_it(
    depot: Depot, ten_days: list[ReportDay]
) -> None:
    (depot.lake.root / "origins").mkdir(parents=True)
    (depot.lake.root / "origins" / "depot").write_text("somebody else")

    assert not depot.run(str(FIRST), LAST).success

    assert depot.source.asked == []
    assert set(depot.statuses(ten_days).values()) == {"FAILED"}
    notes = depot.lake.failures("depot/parcels")
    assert {(note.kind, note.attempted_at) for note in notes.values()} == {("settings", NOW)}
    assert notes[FIRST].message.startswith(f"depot/parcels {FIRST}: the lake holds days of depot")
    (sign,) = failed_days(depot.lake, ["depot/parcels"])
    assert sign.key == "settings/depot"
    assert len(sign.days["depot/parcels"]) == 10


def test_a_day_that_is_not_over_by_the_products_clock_is_refused(depot: Depot, settings: Settings) -> None:
    noon = datetime(2026, 11, 4, 12, tzinfo=UTC)
    depot.defs = build_defs(
        settings=settings,
        lake=depot.lake,
        feeds={PARCELS.key: PARCELS},
        connect=lambda *_: depot.source,
        policy=lambda *_: Policy(),
        now=lambda: noon,
    )

    assert not depot.run_day(BROKEN).success
    assert depot.source.asked == []


def test_a_year_of_failures_is_told_in_ten_lines_and_kept_whole_beside_it(depot: Depot) -> None:
    days = list(span(ReportDay.parse("2026-10-01"), ReportDay.parse("2026-10-25")))
    for day in days:
        depot.source.errors[str(day)] = Transient("the source is resting")

    result = depot.run(str(days[0]), str(days[-1]))

    failure = result.failure_data_for_node("depot__parcels")
    assert failure is not None
    assert failure.user_failure_data is not None
    lines = (failure.user_failure_data.description or "").splitlines()
    assert lines[0] == "25 of 25 days of depot/parcels failed"
    assert len(lines) == 12
    assert lines[-1] == "and 15 more: see failed_days"
    told = failure.user_failure_data.metadata["failed_days"].value
    assert isinstance(told, dict)
    assert list(told) == [str(day) for day in days]


def test_days_are_recorded_as_they_are_published_so_a_run_that_is_stopped_keeps_them(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = list(span(ReportDay.parse("2026-10-01"), ReportDay.parse("2026-10-25")))
    fill(depot.source, days)

    def stop_at_the_eleventh(outcome: Outcome, receipt: Receipt, lake: Lake) -> dict[str, dg.MetadataValue]:
        if outcome.day == days[10]:
            raise KeyboardInterrupt
        return partition_metadata(outcome, receipt, lake)

    monkeypatch.setattr("assets.feeds.partition_metadata", stop_at_the_eleventh)

    assert not depot.run(str(days[0]), str(days[-1])).success

    recorded = [partition for partition, _ in depot.materialisations()]
    assert recorded == [str(day) for day in days[:10]]


def test_the_source_is_closed_however_the_run_ends(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(depot.source, "close", lambda: closed.append(True))
    depot.run_day(BROKEN)
    depot.source.errors[BROKEN] = Transient("the source is resting")
    depot.run_day(BROKEN)

    assert closed == [True, True]


@pytest.mark.parametrize(
    ("error", "times"),
    [(Transient("the source is resting"), 2), (Permanent("no such report"), 1), (Unverified("no total"), 1)],
)
def test_a_failure_is_not_retried_by_dagster_but_what_may_pass_by_the_run(
    depot: Depot, error: CasehouseError, times: int
) -> None:
    depot.source.errors[BROKEN] = error

    result = depot.run_day(BROKEN)

    assert depot.source.asked == [BROKEN] * times
    kinds = {event.event_type_value for event in result.all_events}
    assert dg.DagsterEventType.STEP_UP_FOR_RETRY.value not in kinds


def test_the_asset_shows_its_contract(depot: Depot) -> None:
    (feed,) = (one for one in depot.defs.assets or () if getattr(one, "key", None) == PARCELS_KEY)
    assert isinstance(feed, dg.AssetsDefinition)
    spec = feed.get_asset_spec(PARCELS_KEY)
    schema = spec.metadata["dagster/column_schema"]
    schema = schema if isinstance(schema, dg.TableSchema) else schema.schema
    columns = {column.name: column for column in schema.columns}

    assert list(columns) == ["parcel_id", "label", "sent_date", "scanned_at", "is_fragile", "price_gbp"]
    assert columns["label"].tags == {"privacy": "personal"}
    assert not columns["parcel_id"].constraints.nullable
    assert columns["price_gbp"].type == "Decimal(precision=18, scale=2)"
    assert spec.metadata["dagster/table_name"] == "depot.parcels"
    assert spec.group_name == "depot"
    assert spec.description == "One parcel on the report day."
    assert spec.kinds == {"depot", "parquet", "polars"}
    assert spec.owners


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        (RunFailureReason.STEP_FAILURE, False),
        (RunFailureReason.UNEXPECTED_TERMINATION, True),
        (RunFailureReason.RUN_WORKER_RESTART, True),
        (RunFailureReason.START_TIMEOUT, True),
    ],
)
def test_the_daemon_runs_again_only_what_died_and_once(
    home: Path, reason: RunFailureReason, *, again: bool
) -> None:
    shutil.copy(ROOT / "dagster.yaml", home)
    with contextlib.chdir(home), dg.DagsterInstance.from_config(str(home)) as instance:
        first = dg.DagsterRun("feeds", run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.FAILURE)
        instance.add_run(first)
        assert auto_reexecution_should_retry_run(instance, first, reason) is again
        second = dg.DagsterRun(
            "feeds",
            run_id=str(uuid.uuid4()),
            status=dg.DagsterRunStatus.FAILURE,
            root_run_id=first.run_id,
            parent_run_id=first.run_id,
            tags={"dagster/root_run_id": first.run_id, "dagster/parent_run_id": first.run_id},
        )
        instance.add_run(second)
        assert not auto_reexecution_should_retry_run(instance, second, reason)
