"""The sensor looks each minute: its tick tells what it found and leaves the daemon's beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from assets.definitions import build_defs
from pipelines.alerts.record import RecordFile
from pipelines.errors import Permanent
from tests.alerts.house import FEEDS, YESTERDAY, House, make_house

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = make_house(tmp_path, alert_settle_minutes=0)
    for feed in FEEDS:
        for back in range(8):
            house.load(feed, YESTERDAY.plus(-back), 100)
    return house


def tick(house: House) -> str:
    defs = build_defs(settings=house.settings, lake=house.lake, now=lambda: house.now)
    (sensor,) = (one for one in defs.sensors or () if one.name == "alerts")
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        told = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    assert not told.run_requests
    return str(told.skip_message)


def test_a_tick_tells_what_it_found(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    assert tick(house) == "began: permanent/icasework; 1 open, 0 messages wait"
    assert tick(house) == "1 open, 0 messages wait"
    assert RecordFile.of(house.settings.data_dir).beat.exists()


def test_a_tick_that_cannot_write_fails_in_the_open(house: House) -> None:
    file = RecordFile.of(house.settings.data_dir)
    file.path.mkdir(parents=True)
    with pytest.raises(Exception, match=r"incidents\.json cannot be read"):
        tick(house)
