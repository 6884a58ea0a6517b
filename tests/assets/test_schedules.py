"""The nightly run asks for yesterday, in London, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator  # how the daemon counts ticks; tests only

from assets.definitions import build_defs
from pipelines.feeds import FEEDS

if TYPE_CHECKING:
    from pipelines.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"start_date": date(2025, 1, 1)})


def nightly(settings: Settings) -> dg.ScheduleDefinition:
    return build_defs(settings=settings).resolve_schedule_def("nightly")


def asked_for(settings: Settings, at: datetime) -> dg.RunRequest:
    repository = build_defs(settings=settings).get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    (request,) = repository.get_schedule_def("nightly").evaluate_tick(context).run_requests or ()
    return request


@pytest.mark.parametrize(
    ("at", "yesterday"),
    [
        ("2026-11-23T05:00:00+00:00", "2026-11-22"),
        ("2026-07-01T04:00:00+00:00", "2026-06-30"),  # 05:00 in summer
        ("2026-03-29T04:00:00+00:00", "2026-03-28"),  # the clocks went forward an hour before
        ("2026-03-30T04:00:00+00:00", "2026-03-29"),  # the day of 23 hours
        ("2026-10-25T05:00:00+00:00", "2026-10-24"),  # the clocks went back
        ("2026-10-26T05:00:00+00:00", "2026-10-25"),  # the day of 25 hours
        ("2026-01-01T05:00:00+00:00", "2025-12-31"),
    ],
)
def test_it_asks_for_yesterday(settings: Settings, at: str, yesterday: str) -> None:
    request = asked_for(settings, datetime.fromisoformat(at))
    assert request.partition_key == yesterday


@pytest.mark.parametrize("hour", [0, 1, 2, 5])
@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_it_ticks_once_a_day_across_a_clock_change(settings: Settings, hour: int, change: str) -> None:
    settings = settings.model_copy(update={"schedule_hour": hour})
    start = datetime.fromisoformat(f"{change}T12:00:00+00:00").timestamp() - 3 * 86400
    ticks = islice(cron_string_iterator(start, f"0 {hour} * * *", "Europe/London"), 5)
    days = [asked_for(settings, tick).partition_key for tick in ticks]
    assert len(set(days)) == 5
    assert change in days


def test_it_loads_every_feed_before_any_backfill(settings: Settings) -> None:
    request = asked_for(settings, datetime(2026, 11, 23, 5, tzinfo=UTC))
    assert request.tags["dagster/priority"] == "10"
    job = build_defs(settings=settings).resolve_job_def("nightly")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == set(FEEDS)


@pytest.mark.parametrize(
    ("environments", "sources"),
    [
        ({"icasework_environment": "production"}, {"icasework"}),
        ({"xima_environment": "production"}, {"xima"}),
        ({"tascomi_environment": "production"}, {"tascomi"}),
        ({"icasework_environment": "uat", "xima_environment": "production"}, {"icasework", "xima"}),
    ],
)
def test_by_night_no_invented_days_join_those_of_a_real_account(
    settings: Settings, environments: dict[str, str], sources: set[str]
) -> None:
    job = build_defs(settings=settings.model_copy(update=environments)).resolve_job_def("nightly")
    loaded = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert loaded == {key for key, feed in FEEDS.items() if feed.source in sources}


def test_it_runs_at_the_set_hour_of_london(settings: Settings) -> None:
    schedule = nightly(settings.model_copy(update={"schedule_hour": 3}))
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.execution_timezone == "Europe/London"


@pytest.mark.parametrize(
    ("environments", "status"),
    [
        ({}, "STOPPED"),
        ({"icasework_environment": "uat"}, "STOPPED"),
        ({"icasework_environment": "production"}, "RUNNING"),
        ({"xima_environment": "production"}, "RUNNING"),
    ],
)
def test_it_is_on_by_default_in_production_only(
    settings: Settings, environments: dict[str, str], status: str
) -> None:
    schedule = nightly(settings.model_copy(update=environments))
    assert schedule.default_status.value == status


def test_the_catalogues_sensor_is_on_by_default(settings: Settings) -> None:
    (sensor,) = (
        one for one in build_defs(settings=settings).sensors or () if one.name == "rebuild_catalogue"
    )
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
