"""Missed days are made good without a person: five days of outage, nights the machine was off, no storm."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.backfill import PartitionBackfill

from assets.definitions import build_defs
from assets.feeds import asset_key
from pipelines.contracts.contract import Contract
from pipelines.days import ReportDay, span
from pipelines.errors import Permanent, Transient
from pipelines.feeds import Feed, Policy
from pipelines.settings import load_settings
from pipelines.sources.dialect import ICASEWORK
from tests.plain_source import PARCELS, Parcels, PlainSource, fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.settings import Settings

LETTERS = Feed(Contract("depot/letters", Parcels), ICASEWORK)
CRATES = Feed(Contract("harbour/crates", Parcels), ICASEWORK)
FEEDS = {feed.key: feed for feed in (PARCELS, LETTERS, CRATES)}
FIRST = ReportDay.parse("2026-11-01")
NIGHTLY_HOUR = 5


@dataclass
class Council:
    """Three feeds of two sources, a clock that is turned by hand, and what Dagster's daemon would do."""

    settings: Settings
    lake: Lake
    instance: dg.DagsterInstance
    now: datetime = datetime(2026, 11, 6, 6, 30, tzinfo=UTC)
    cursor: str | None = None
    said: str = ""
    sources: dict[str, PlainSource] = field(default_factory=dict)
    runs: list[dg.RunRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("depot", "harbour"):
            self.sources[name] = fill(PlainSource(origin=name), list(span(FIRST, FIRST.plus(30))))
        self.defs = build_defs(
            settings=self.settings,
            lake=self.lake,
            feeds=FEEDS,
            connect=lambda source, _: self.sources[source],
            policy=lambda *_: Policy(concurrency=1),
            now=lambda: self.now,
        )
        self.repository = self.defs.get_repository_def()
        self.sensor = self.repository.get_sensor_def("missed_days")

    def down(self, name: str, error: BaseException | None) -> None:
        """Have a source raise for every day, or answer again."""
        days = map(str, span(FIRST, FIRST.plus(30)))
        self.sources[name].errors = dict.fromkeys(days, error) if error else {}

    def decide(self) -> list[dg.RunRequest]:
        """Look once, as the daemon does every minute."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, repository_def=self.repository
        )
        told = self.sensor.evaluate_tick(context)
        self.cursor, self.said = told.cursor, told.skip_message or ""
        return list(told.run_requests or ())

    def tick(self) -> list[dg.RunRequest]:
        """Look once and do what was decided."""
        requests = self.decide()
        for request in requests:
            self.run(request.asset_selection or [], request.tags)
        self.runs += requests
        return requests

    def run(self, keys: Sequence[dg.AssetKey], tags: Mapping[str, str]) -> None:
        assets = [one for one in self.defs.assets or () if isinstance(one, dg.AssetsDefinition)]
        dg.materialize(
            [one for one in assets if one.key in keys],
            instance=self.instance,
            tags=dict(tags),
            raise_on_error=False,
        )

    def nightly(self) -> None:
        """Load yesterday, as the schedule would."""
        day = str(ReportDay.yesterday(self.now))
        tags = {"dagster/asset_partition_range_start": day, "dagster/asset_partition_range_end": day}
        self.run([asset_key(feed) for feed in FEEDS], tags)

    def settle(self, ticks: int = 6) -> None:
        for _ in range(ticks):
            self.tick()
            self.now += timedelta(minutes=1)

    def calls(self) -> int:
        return sum(len(source.asked) for source in self.sources.values())

    def lost(self, until: ReportDay) -> set[tuple[str, str]]:
        """Return the days that are not in the lake, or not materialised in Dagster."""
        days = [str(day) for day in span(FIRST, until)]
        return {
            (feed, day)
            for feed in FEEDS
            for day in days
            if day not in map(str, self.lake.days(feed))
            or day not in self.instance.get_materialized_partitions(asset_key(feed))
        }


@pytest.fixture
def council(lake: Lake) -> Iterator[Council]:
    settings = load_settings(
        data_dir=lake.root, start_date=FIRST.date, schedule_hour=NIGHTLY_HOUR, day_retries=0
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Council(settings, lake, instance)


def test_nights_the_machine_was_off_are_made_good_in_few_runs(council: Council) -> None:
    first = council.tick()
    # One day of each source, to see whether it answers.
    assert [
        (len(one.asset_selection or ()), one.tags["dagster/asset_partition_range_end"]) for one in first
    ] == [
        (1, "2026-11-01"),
        (1, "2026-11-01"),
    ]
    council.now += timedelta(minutes=1)
    council.settle()

    assert council.lost(FIRST.plus(4)) == set()
    assert council.calls() == 15
    assert len(council.runs) <= 6
    assert "nothing is missing" in council.said
    for request in council.runs:
        assert request.tags["dagster/priority"] == "5"


def test_five_days_of_outage_heal_when_the_source_is_back(council: Council) -> None:
    council.settle()
    council.down("depot", Transient("the source is resting"))
    before, runs = len(council.sources["depot"].asked), len(council.runs)
    for _ in range(5):
        council.now = council.now.replace(hour=NIGHTLY_HOUR, minute=5) + timedelta(days=1)
        council.nightly()
        for hour in (6, 12, 18):
            council.now = council.now.replace(hour=hour)
            council.tick()
    # Two feeds each night, and then one day of the source at a time.
    assert len(council.sources["depot"].asked) - before <= 5 * (2 + 3)
    assert all(len(one.asset_selection or ()) == 1 for one in council.runs[runs:])
    council.settle(1)
    council.settle(1)
    assert "depot does not answer" in council.said
    assert {feed for feed, _ in council.lost(FIRST.plus(9))} == {"depot/parcels", "depot/letters"}

    council.down("depot", None)
    council.now += timedelta(hours=4)
    council.settle()

    assert council.lost(FIRST.plus(9)) == set()
    assert council.lake.failures("depot/parcels") == {}


def test_a_loaded_day_that_was_asked_for_again_in_vain_is_made_good_and_stays(council: Council) -> None:
    council.settle()
    day = ReportDay.parse("2026-11-03")
    before = council.lake.path("depot/parcels", day).read_bytes()
    council.down("depot", Transient("the source is resting"))
    council.now += timedelta(minutes=5)
    ends = dict.fromkeys((f"dagster/asset_partition_range_{end}" for end in ("start", "end")), str(day))
    council.run([asset_key("depot/parcels"), asset_key("depot/letters")], ends)
    assert council.lake.path("depot/parcels", day).read_bytes() == before
    asked = len(council.sources["depot"].asked)
    for _ in range(3):
        council.settle(1)
    assert len(council.sources["depot"].asked) == asked
    assert "2 days of feeds are missing or failed" in council.said

    council.down("depot", None)
    council.now += timedelta(minutes=15)
    council.settle()

    assert council.lake.failures("depot/parcels") == council.lake.failures("depot/letters") == {}
    assert len(council.sources["depot"].asked) == asked + 2
    assert council.lost(FIRST.plus(4)) == set()
    assert "nothing is missing" in council.said


def test_what_failed_for_good_is_not_asked_for_again(council: Council) -> None:
    council.settle()
    council.sources["depot"].errors["2026-11-06"] = Permanent("the report is gone")
    council.now += timedelta(days=1)
    council.nightly()
    council.sources["depot"].asked.clear()

    for _ in range(6):
        council.now += timedelta(hours=8)
        council.settle(1)
    council.settle(4)

    assert "2026-11-06" not in council.sources["depot"].asked
    assert "2 wait for a person: depot/parcels 2026-11-06 (permanent)" in council.said
    assert council.lost(FIRST.plus(7)) == {
        (feed, "2026-11-06") for feed in ("depot/parcels", "depot/letters")
    }


def test_a_mended_contract_heals_a_day_by_itself(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    council.settle()
    council.sources["harbour"].fields = ("Parcel.Id",)
    council.now += timedelta(days=1)
    council.nightly()
    council.sources["harbour"].fields = PARCELS.contract.wire_fields
    council.settle()
    assert "1 wait for a person: harbour/crates 2026-11-06 (drift)" in council.said

    monkeypatch.setattr("pipelines.missed.made_with", lambda contract: f"{contract.feed} mended")
    council.settle()

    assert council.lost(FIRST.plus(5)) == set()


def test_settings_written_since_let_waiting_days_go_once(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    council.settle()
    council.sources["harbour"].errors["2026-11-06"] = Permanent("the key is refused")
    council.now += timedelta(days=1)
    council.nightly()
    council.settle()
    asked = len(council.sources["harbour"].asked)
    council.now += timedelta(minutes=1)
    at = council.now
    monkeypatch.setattr("assets.missed.file_changed_at", lambda: at)
    council.now += timedelta(minutes=1)

    council.settle(30)

    assert len(council.sources["harbour"].asked) == asked + 1


def test_what_is_under_way_is_not_launched_twice(council: Council) -> None:
    council.settle()
    council.now += timedelta(days=3)
    days = [str(FIRST.plus(number)) for number in (5, 6, 7)]
    ends = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    # A run of everything but one feed, and a backfill of that one.
    council.instance.add_run(
        dg.DagsterRun(
            job_name="__ASSET_JOB",
            run_id="00000000-0000-0000-0000-000000000001",
            status=dg.DagsterRunStatus.STARTED,
            asset_selection=frozenset({asset_key("depot/parcels"), asset_key("harbour/crates")}),
            tags=ends,
        )
    )
    cells = {AssetKeyPartitionKey(asset_key("depot/letters"), day) for day in days}
    council.instance.add_backfill(
        PartitionBackfill.from_asset_graph_subset(
            backfill_id="letters",
            backfill_timestamp=council.now.timestamp(),
            tags={},
            dynamic_partitions_store=council.instance,
            asset_graph_subset=AssetGraphSubset.from_asset_partition_set(
                cells, council.repository.asset_graph
            ),
            title=None,
            description=None,
            run_config=None,
        )
    )
    assert council.decide() == []
    assert "9 days of feeds are missing or failed" in council.said

    council.instance.delete_run("00000000-0000-0000-0000-000000000001")
    assert {key for one in council.decide() for key in one.asset_selection or ()} <= {
        asset_key("depot/parcels"),
        asset_key("harbour/crates"),
    }


def test_no_more_runs_are_open_than_the_setting_says(council: Council) -> None:
    council.now += timedelta(days=1)
    for number in (1, 2):
        council.instance.add_run(
            dg.DagsterRun(
                job_name="missed_days",
                run_id=f"00000000-0000-0000-0000-00000000000{number}",
                status=dg.DagsterRunStatus.STARTED,
                tags={"dagster/priority": "5", "casehouse/missed": "true"},
            )
        )
    assert council.decide() == []


@pytest.mark.parametrize(("environment", "status"), [("production", "RUNNING"), ("sandbox", "STOPPED")])
def test_it_is_on_where_the_nightly_schedule_is(tmp_path: Path, environment: str, status: str) -> None:
    settings = load_settings(data_dir=tmp_path, start_date=date(2026, 10, 1), xima_environment=environment)
    defs = build_defs(settings=settings)
    assert defs.resolve_sensor_def("missed_days").default_status.value == status
    assert defs.resolve_schedule_def("nightly").default_status.value == status
    if environment == "production":
        job = defs.resolve_job_def("missed_days")
        assert {key.path[0] for key in job.asset_layer.executable_asset_keys} == {"xima"}
