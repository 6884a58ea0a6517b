"""The service requests' asset: off until switched on, and then it dispatches and tells counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from assets.definitions import build_defs
from assets.names import DISPATCH
from assets.outbound import NOBODY_WAITED_FOR, SERVICE_REQUESTS
from pipelines.outbound import running
from pipelines.outbound.dispatch import Busy, Summary
from tests.assets.conftest import NOW

if TYPE_CHECKING:
    import pytest

    from pipelines.lake import Lake
    from pipelines.settings import Settings

NODE = "tascomi__service_requests"


def materialize(settings: Settings, lake: Lake) -> dg.ExecuteInProcessResult:
    defs = build_defs(settings=settings, lake=lake, now=lambda: NOW)
    (asset,) = (
        one
        for one in defs.assets or ()
        if isinstance(one, dg.AssetsDefinition) and one.key == SERVICE_REQUESTS
    )
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, raise_on_error=False)


def told(result: dg.ExecuteInProcessResult) -> str:
    failure = result.failure_data_for_node(NODE)
    assert failure is not None
    assert failure.user_failure_data is not None
    return failure.user_failure_data.description or ""


def test_switched_off_it_sends_nothing_and_says_how_to_switch_it_on(settings: Settings, lake: Lake) -> None:
    assert "CASEHOUSE_OUTBOUND_ENABLED=true" in told(materialize(settings, lake))
    assert not (lake.root / "outbound").exists()


def test_its_schedule_runs_only_where_it_is_switched_on(settings: Settings, lake: Lake) -> None:
    for is_on, status in (
        (False, dg.DefaultScheduleStatus.STOPPED),
        (True, dg.DefaultScheduleStatus.RUNNING),
    ):
        chosen = settings.model_copy(update={"outbound_enabled": is_on, "outbound_minutes": 7})
        defs = build_defs(settings=chosen, lake=lake, now=lambda: NOW)
        schedule = defs.resolve_schedule_def(DISPATCH)
        assert schedule.default_status is status
        assert schedule.cron_schedule == "*/7 * * * *"


def test_it_tells_counts_and_whether_somebody_is_waited_for(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = Summary(planned=3, waiting=1, blocked=2)
    summary.outcomes["sent"] = 9
    monkeypatch.setattr(running, "run", lambda *_: summary)
    result = materialize(settings, lake)
    (event,) = result.asset_materializations_for_node(NODE)
    assert event.metadata["newly_due"].value == 3
    assert event.metadata["steps_sent"].value == 9
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (NOBODY_WAITED_FOR, False)


def test_another_dispatcher_at_work_is_no_failure(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> Summary:
        raise Busy("another dispatcher is at work")

    monkeypatch.setattr(running, "run", busy)
    result = materialize(settings, lake)
    assert result.success
    (event,) = result.asset_materializations_for_node(NODE)
    assert "another dispatcher" in str(event.metadata["not_done"].value)
