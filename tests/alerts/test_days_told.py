"""Which days are told, and how long: those nobody asked for, empty, unusual, failed and damaged ones."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.alerts.incidents import accept
from pipelines.alerts.watch import look
from pipelines.errors import Permanent
from tests.alerts.house import FEEDS, SEVEN, YESTERDAY, House, make_house

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)


def test_empty_and_unusual_days_are_told_and_may_be_accepted(old_house: House) -> None:
    old_house.load("icasework/cases", YESTERDAY, 0)
    old_house.load("icasework/tasks", YESTERDAY.plus(-1), 700)
    old_house.load("xima/calls", YESTERDAY, 70)
    old_house.settle()
    assert old_house.alerts() == [
        ": icasework: an empty day where this weekday never is",
        ": icasework: far more or fewer rows than on this weekday",
    ]
    assert "icasework/tasks 2026-11-21: 700 rows, a Saturday has about 101" in old_house.address.bodies[-1]
    file = old_house.watch.file
    with file.held() as record:
        assert accept(record, "volume/icasework")
        assert not accept(record, "volume/xima")
        file.save(record)
    old_house.load("icasework/cases", YESTERDAY, 101)
    old_house.settle()
    assert sorted(old_house.alerts()[2:]) == [
        ", over: icasework: an empty day where this weekday never is",
        ", over: icasework: far more or fewer rows than on this weekday",
    ]
    old_house.load("icasework/tasks", YESTERDAY, 700)
    old_house.settle()
    assert len(old_house.alerts()) == 5


def test_an_unusual_day_that_grows_old_is_not_called_mended(old_house: House) -> None:
    old_house.load("icasework/tasks", YESTERDAY.plus(-6), 700)
    old_house.settle()
    for feed in FEEDS:
        old_house.load(feed, YESTERDAY.plus(1), 100)
    old_house.now += timedelta(days=1)
    old_house.settle()
    assert "nobody mended them" in old_house.address.bodies[-1]


def test_a_bank_holiday_is_neither_judged_nor_a_measure(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    house.now = SEVEN.replace(month=8, day=31) + timedelta(days=1)  # the summer bank holiday was yesterday
    for feed in FEEDS:
        for back in range(80):
            house.load(feed, house.settings.last_day(house.now).plus(-back), 0 if back in {0, 28} else 100)
    house.settle()
    assert house.alerts() == [": icasework: an empty day where this weekday never is"] * 0


def test_days_that_nobody_asked_for_are_told_after_the_hour(house: House) -> None:
    for feed in FEEDS:
        house.lake.path(feed, YESTERDAY).unlink()
    house.fail("xima/calls", YESTERDAY)
    house.now = SEVEN - timedelta(minutes=30)
    house.look()
    assert house.look(timedelta(minutes=20)).open == 0
    house.settle()
    house.look(HOUR)
    assert house.alerts() == [
        ": xima cannot be reached or cannot answer",
        ": icasework: days that nobody has asked for",
    ]
    assert any("icasework/cases, icasework/tasks: 2026-11-22\n" in body for body in house.address.bodies)


def test_yesterday_is_not_missed_before_the_nightly_run_had_its_time(house: House) -> None:
    house.settings = house.settings.model_copy(update={"schedule_hour": 9})
    for feed in FEEDS:
        house.lake.path(feed, YESTERDAY).unlink()
    house.now = SEVEN + timedelta(hours=1)
    assert house.settle().open == 0
    house.now = SEVEN + timedelta(hours=3)
    assert house.settle().open == 2


def test_days_nobody_asked_for_stay_told_until_they_are_asked_for_however_old(house: House) -> None:
    gone = YESTERDAY.plus(-6)
    for back in range(7):
        house.lake.path("icasework/cases", YESTERDAY.plus(-back)).unlink()
    house.settle()
    for back in range(6):
        house.load("icasework/cases", YESTERDAY.plus(-back), 100)
    for feed in FEEDS:
        house.load(feed, YESTERDAY.plus(1), 100)
    house.now += timedelta(days=1)
    assert house.settle().open == 1
    house.load("icasework/cases", gone, 100)
    house.settle()
    assert house.alerts() == [
        ": icasework: days that nobody has asked for",
        ", over: icasework: days that nobody has asked for",
    ]
    assert "It was: icasework/cases: 2026-11-16 to 2026-11-22\n" in house.address.bodies[-1]


def test_days_that_are_being_caught_up_with_are_not_told(house: House) -> None:
    for back in range(5):
        house.lake.path("icasework/cases", YESTERDAY.plus(-back)).unlink()
        house.lake.path("xima/calls", YESTERDAY.plus(-back)).unlink()
    first_load = house.lake.path("icasework/cases", YESTERDAY).parent.parent
    os.utime(first_load, (SEVEN.timestamp(), SEVEN.timestamp()))
    house.fail("xima/calls", YESTERDAY)  # the source is silent: of its other days none is asked for
    house.now = SEVEN + timedelta(minutes=30)
    house.look()
    assert house.look(timedelta(minutes=10)).open == 0
    house.settle()
    house.settle()
    assert sorted(house.alerts()) == [
        ": icasework: days that nobody has asked for",
        ": xima cannot be reached or cannot answer",
    ]
    os.utime(first_load, (house.now.timestamp(), house.now.timestamp()))  # and goes on: it is not over yet
    assert house.settle().open == 2


def test_failed_days_of_what_is_only_tried_out_wake_nobody_beside_a_real_account(house: House) -> None:
    house.fail("xima/calls", YESTERDAY, error=Permanent("refused"))
    watch = replace(house.watch, real={"icasework"})
    look(watch)
    house.now += HOUR
    assert look(watch).open == 0


def test_a_day_of_long_ago_that_was_accepted_stays_so(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY.plus(-200), error=Permanent("no longer kept"))
    house.settle()
    with house.watch.file.held() as record:
        assert accept(record, "permanent/icasework")
        house.watch.file.save(record)
    for _ in range(3):
        house.settle()
    assert house.alerts() == [
        ": icasework refuses, or sends what cannot be read",
        ", over: icasework refuses, or sends what cannot be read",
    ]


def test_files_that_may_not_be_read_do_not_stop_the_look(house: House) -> None:
    """A folder in place of a file fails as a disk does that cannot read: the tests may run as root."""
    house.fail("icasework/cases", YESTERDAY)
    house.revise("xima/calls", YESTERDAY, 1, 0, 0)
    (note,) = (house.lake.root / "attempts").rglob("*.json")
    (revision,) = (house.lake.root / "revisions").rglob("*.json")
    for path in (note, revision, house.lake.path("xima/calls", YESTERDAY)):
        path.unlink()
        path.mkdir()
    house.settle()
    assert sorted(house.alerts()) == [
        ": icasework refuses, or sends what cannot be read",
        ": xima: a stored file is not what was written",
    ]
    assert "the note of the failed attempt cannot be read" in "".join(house.address.bodies)
    assert "the file cannot be read: Is a directory" in "".join(house.address.bodies)


def test_a_damaged_day_stays_told_when_it_is_no_longer_looked_at(house: House) -> None:
    house.lake.path("icasework/cases", YESTERDAY).write_bytes(b"nothing")
    house.settle()
    house.settings = house.settings.model_copy(update={"alert_freshness_hour": 23})
    house.now += timedelta(days=80)
    house.look()
    assert "damaged/icasework" in house.watch.file.read().living()
    house.settle()
    assert "over" not in "".join(title for title in house.alerts() if "stored file" in title)


def test_a_receipt_that_cannot_be_read_is_told(house: House) -> None:
    house.lake.path("icasework/cases", YESTERDAY).write_bytes(b"nothing")
    house.settle()
    assert house.alerts() == [": icasework: a stored file is not what was written"]
