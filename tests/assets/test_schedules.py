"""The nightly run asks for yesterday, in London, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator  # how the daemon counts ticks; tests only

from assets.definitions import build_defs
from assets.schedules import look_back
from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS
from tests.assets.conftest import NOW
from tests.plain_source import PARCELS

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from tests.assets.conftest import Depot


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"start_date": date(2025, 1, 1)})


RANGE = "dagster/asset_partition_range"


def nightly(settings: Settings) -> dg.ScheduleDefinition:
    return build_defs(settings=settings).resolve_schedule_def("nightly")


def requests_at(settings: Settings, at: datetime, now: datetime | None = None) -> list[dg.RunRequest]:
    repository = build_defs(settings=settings, now=lambda: now or at).get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    return list(repository.get_schedule_def("nightly").evaluate_tick(context).run_requests or ())


def asked_for(settings: Settings, at: datetime) -> dg.RunRequest:
    return requests_at(settings, at)[0]


def looked_back(settings: Settings, at: str) -> tuple[str, str] | None:
    """Return the ends of the range that the night of `at` asks for again."""
    found = requests_at(settings, datetime.fromisoformat(f"{at}T05:00:00+00:00"))[1:]
    ends = [(one.tags[f"{RANGE}_start"], one.tags[f"{RANGE}_end"]) for one in found]
    assert len(ends) <= 1
    return ends[0] if ends else None


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


@pytest.mark.parametrize(
    ("changes", "night", "ends"),
    [
        ({}, "2026-11-23", ("2026-11-19", "2026-11-21")),
        ({"look_back_days": 1}, "2026-11-23", ("2026-11-21", "2026-11-21")),
        ({"look_back_days": 0}, "2026-11-23", None),
        ({}, "2026-12-01", ("2026-10-26", "2026-11-29")),
        ({"look_back_days": 0}, "2026-12-01", ("2026-10-26", "2026-11-29")),
        ({"deep_look_back_on": 23}, "2026-11-23", ("2026-10-18", "2026-11-21")),
        ({"deep_look_back_days": 0}, "2026-12-01", ("2026-11-27", "2026-11-29")),
        ({"deep_look_back_days": 1}, "2026-12-01", ("2026-11-27", "2026-11-29")),
        ({"start_date": date(2026, 11, 21)}, "2026-11-23", ("2026-11-21", "2026-11-21")),
        ({"start_date": date(2026, 11, 22)}, "2026-11-23", None),
    ],
)
def test_each_night_looks_back_and_once_a_month_deeper_never_before_the_first_day(
    settings: Settings, changes: dict[str, object], night: str, ends: tuple[str, str] | None
) -> None:
    assert looked_back(settings.model_copy(update=changes), night) == ends


@pytest.mark.parametrize("changes", [{}, {"deep_look_back_on": 21}, {"deep_look_back_on": 23}])
def test_nights_that_are_caught_up_look_back_on_each_day_once(
    settings: Settings, changes: dict[str, object]
) -> None:
    # Dagster makes up for the nights that its daemon missed, all of them in the same minute.
    settings = settings.model_copy(update=changes)
    nights = [datetime(2026, 11, day, 5, tzinfo=UTC) for day in range(19, 24)]
    found = [one for night in nights for one in requests_at(settings, night, nights[-1])[1:]]
    ends = [
        (ReportDay.parse(one.tags[f"{RANGE}_start"]), ReportDay.parse(one.tags[f"{RANGE}_end"]))
        for one in found
    ]
    asked = [day for first, last in ends for day in span(first, last)]
    each = {day for night in nights for day in look_back(settings, ReportDay.yesterday(night))}
    assert sorted(asked) == sorted(each)


def test_before_the_first_day_is_over_nothing_is_asked_for(settings: Settings) -> None:
    for first in (date(2026, 11, 23), date(2027, 4, 1)):
        late = settings.model_copy(update={"start_date": first})
        assert requests_at(late, datetime(2026, 11, 23, 5, tzinfo=UTC)) == []


def test_the_look_back_is_a_run_of_its_own_for_feeds_whose_rows_stay(settings: Settings) -> None:
    yesterday, back = requests_at(settings, datetime(2026, 11, 23, 5, tzinfo=UTC))
    assert yesterday.asset_selection is None
    assert {key.to_user_string() for key in back.asset_selection or ()} == {
        key for key, feed in FEEDS.items() if feed.source != "tascomi"
    }
    assert yesterday.run_key != back.run_key
    assert 0 < int(back.tags["dagster/priority"]) < int(yesterday.tags["dagster/priority"])


def test_the_look_back_loads_its_range_as_a_run_of_the_nightly_job(depot: Depot) -> None:
    schedule = depot.defs.resolve_schedule_def("nightly")
    context = dg.build_schedule_context(
        scheduled_execution_time=NOW, repository_def=depot.defs.get_repository_def()
    )
    _, back = schedule.evaluate_tick(context).run_requests or ()
    # 2026-11-10 and before are loaded, of the look-back's days the source knows none: they are empty days.
    result = depot.defs.resolve_job_def("nightly").execute_in_process(
        instance=depot.instance, tags=dict(back.tags), asset_selection=list(back.asset_selection or ())
    )
    assert result.success
    assert [str(day) for day in depot.lake.days(PARCELS.key)] == ["2026-11-19", "2026-11-20", "2026-11-21"]


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
    sensor = build_defs(settings=settings).resolve_sensor_def("rebuild_catalogue")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
