"""A look finds what is wrong in the house, tells it once, and survives whatever stops it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import lmdb
import pytest

from pipelines.alerts.incidents import accept
from pipelines.alerts.watch import look
from pipelines.errors import ContractDrift, Damaged, Permanent, Unverified
from pipelines.kpi.card_file import ABOUT, FOLDER, META, POINTER, TABLES, About, Pointer
from tests.alerts.house import ADDRESS, FEEDS, SEVEN, YESTERDAY, House, make_house

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.errors import CasehouseError

HOUR = timedelta(hours=1)


def test_nothing_wrong_is_nothing_told_but_the_digest(house: House) -> None:
    assert str(house.settle()) == "0 open, 0 messages wait"
    assert house.address.got == ["Casehouse, 2026-11-23: nothing needs a person"]


def test_a_vendor_that_is_down_for_all_feeds_and_days_is_one_alert_and_one_end(house: House) -> None:
    week = [YESTERDAY.plus(-back) for back in range(5)]
    for feed in FEEDS[:2]:
        house.fail(feed, *week[:2])
    house.look()
    assert house.alerts() == []
    house.look(HOUR)
    for feed in FEEDS[:2]:
        house.fail(feed, *week)
    house.look(HOUR)
    assert house.alerts() == [": icasework cannot be reached or cannot answer"]
    assert "icasework/cases, icasework/tasks: 2026-11-21 to 2026-11-22\n" in house.address.bodies[-1]
    for feed in FEEDS[:2]:
        for day in week:
            house.load(feed, day, 100)
    house.settle()
    assert house.alerts()[1:] == [", over: icasework cannot be reached or cannot answer"]
    assert "It was: icasework/cases, icasework/tasks: 2026-11-18 to 2026-11-22\n" in house.address.bodies[-1]


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (Permanent("refused", why="HTTP 401"), ": icasework refuses, or sends what cannot be read"),
        (ContractDrift("fields"), ": icasework/cases sends other fields than its contract pins"),
        (Unverified("no total"), ": icasework: days that cannot be proved complete"),
        (Damaged("damaged"), ": icasework: a stored file is not what was written"),
    ],
)
def test_what_waits_for_a_person_is_told_after_the_settling_time(
    house: House, error: CasehouseError, title: str
) -> None:
    error.todo = "do this"
    house.fail("icasework/cases", YESTERDAY, error=error)
    house.look()
    house.look(timedelta(minutes=6))
    assert house.alerts() == [title]
    body = house.address.bodies[-1]
    assert f"Runbook: docs/runbooks/{error.kind}.md" in body
    assert "You: do this." in body
    assert error.what in body


def test_many_reasons_are_counted_and_few_told(house: House) -> None:
    for back in range(6):
        why = f"HTTP 40{back % 4} of 2{back}"
        house.fail("icasework/cases", YESTERDAY.plus(-back), error=Permanent("refused", why=why))
    house.fail("icasework/tasks", YESTERDAY, error=Permanent("other"))
    for feed in FEEDS[:2]:
        told = f"report {feed.partition('/')[2]} is away"
        house.fail(feed, *(YESTERDAY.plus(-back) for back in (7, 8)), error=Permanent(told))
    house.settle()
    why = "refused (HTTP 401 of 25) (6 days); report cases is away (4 days); other (1 day)"
    assert f"Why: {why}\n" in house.address.bodies[-1]


def test_a_process_killed_between_writing_and_sending_sends_again(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    house.look()
    house.address.dies = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        house.look(HOUR)
    record = house.watch.file.read()
    assert [note.event for note in record.notes if note.waiting] == ["began"]
    house.address.dies = None
    house.look()
    house.look()
    assert house.alerts() == [": icasework refuses, or sends what cannot be read"]


def test_an_address_that_fails_is_tried_ever_later_and_told(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    house.look()
    house.address.refuses = "HTTP 500"
    for _ in range(10):
        house.look(timedelta(minutes=2))
    notes = [note for note in house.watch.file.read().notes if note.event == "began"]
    assert [note.key for note in notes] == ["permanent/icasework", f"sending/{ADDRESS}"]
    assert 2 < notes[0].tries < 6
    assert notes[0].failed == {ADDRESS: "HTTP 500"}
    house.address.refuses = ""
    house.look(HOUR)
    house.settle()
    assert house.alerts()[:2] == [
        ": icasework refuses, or sends what cannot be read",
        f": alerts cannot be delivered to {ADDRESS}",
    ]
    assert house.alerts()[2:] == [f", over: alerts cannot be delivered to {ADDRESS}"]


def test_what_nobody_took_for_a_week_is_given_up(house: House) -> None:
    house.address.refuses = "HTTP 410"
    house.look()
    house.look(timedelta(days=8))
    first = house.watch.file.read().notes[0]
    assert (first.waiting, first.given_up) == ([], [ADDRESS])


def test_an_address_that_is_no_longer_set_is_not_waited_for(house: House) -> None:
    house.address.refuses = "HTTP 410"
    house.look()
    other = house.watch.file.read()
    other.notes[0].waiting.append("2 (slack)")
    house.watch.file.save(other)
    house.address.refuses = ""
    assert house.look(HOUR).waiting == 0


def test_the_digest_comes_once_a_day_at_its_hour_or_late(house: House) -> None:
    house.now = SEVEN - timedelta(minutes=2)
    house.look()
    assert house.address.got == []
    for _ in range(4):
        house.look(timedelta(hours=5))
    house.now = SEVEN + timedelta(days=3, hours=9)
    house.look()
    assert [title[:21] for title in house.address.got if ", 2026" in title] == [
        "Casehouse, 2026-11-23",
        "Casehouse, 2026-11-26",
    ]


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


def test_a_source_that_did_not_answer_when_asked_again_has_mended_nothing(house: House) -> None:
    # A night looks back on a day that waits for a person, and the vendor rests.
    drift = ContractDrift("fields")
    house.fail("icasework/tasks", YESTERDAY, error=drift)
    house.settle()
    house.fail("icasework/tasks", YESTERDAY)
    for _ in range(3):
        house.look(HOUR / 4)
    house.fail("icasework/tasks", YESTERDAY, error=drift)
    house.settle()
    assert house.alerts() == [": icasework/tasks sends other fields than its contract pins"]
    house.load("icasework/tasks", YESTERDAY, 100)
    house.settle()
    assert "Over: every day that had failed has been loaded.\n" in house.address.bodies[-1]


def test_days_that_fail_for_another_reason_are_not_called_loaded(house: House) -> None:
    house.fail("icasework/tasks", YESTERDAY)
    house.settle()
    house.fail("icasework/tasks", YESTERDAY, error=Permanent("refused"))
    house.settle()
    assert house.alerts()[1:] == [
        ": icasework refuses, or sends what cannot be read",
        ", over: icasework cannot be reached or cannot answer",
    ]
    assert "Over: days of it fail for another reason now" in house.address.bodies[-1]


def test_an_old_day_that_was_accepted_stays_accepted(house: House) -> None:
    # What a source can no longer tell is mostly older than the record of incidents.
    house.fail("icasework/tasks", YESTERDAY.plus(-150), error=Permanent("gone"))
    house.settle()
    with house.watch.file.held() as record:
        assert accept(record, "permanent/icasework")
        house.watch.file.save(record)
    for _ in range(4):
        house.look(HOUR)
    assert house.alerts() == [
        ": icasework refuses, or sends what cannot be read",
        ", over: icasework refuses, or sends what cannot be read",
    ]


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


def test_a_nightly_run_at_noon_is_waited_for(house: House) -> None:
    house.settings = house.settings.model_copy(update={"schedule_hour": 12})
    for feed in FEEDS:
        house.lake.path(feed, YESTERDAY).unlink()
    house.settle()
    house.now = SEVEN.replace(hour=12, minute=50)
    house.look()
    assert house.alerts() == []
    house.look(timedelta(minutes=15))
    house.look(HOUR)
    assert ": icasework: days that nobody has asked for" in house.alerts()


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


def test_keys_clocks_and_disk(tmp_path: Path) -> None:
    house = make_house(
        tmp_path,
        xima_key_expires=date(2026, 12, 1),
        tascomi_key_expires=date(2026, 12, 24),
        kpi_tokens_expire={"itx": "2026-11-01"},
    )
    house.load_weeks(days=8)
    house.skew = -75
    house.settings = house.settings.model_copy(update={"alert_disk_gib": 10**6})
    house.settle()
    house.settle()
    assert sorted(house.alerts()) == [
        ": a key ends soon: kpi token itx",
        ": a key ends soon: xima key",
        ": the disk of the data is nearly full",
        ": this machine's clock differs from that of icasework",
        ": this machine's clock differs from that of xima",
    ]
    assert any("ours is 75 s ahead of it" in body for body in house.address.bodies)
    house.skew = None
    house.settle()
    house.look(timedelta(hours=7))
    assert len(house.alerts()) == 5
    house.skew = 1
    house.look(timedelta(hours=7))
    house.look()
    house.settle()
    assert [title for title in house.alerts() if "over" in title] == [
        ", over: this machine's clock differs from that of icasework",
        ", over: this machine's clock differs from that of xima",
    ]


def test_a_daemon_that_ends_is_seen_from_elsewhere(house: House) -> None:
    house.look(by_daemon=True)
    assert house.look(timedelta(minutes=9)).open == 0
    house.look(timedelta(minutes=9))
    assert house.alerts() == [": Dagster's daemon does not beat"]
    house.look(by_daemon=True)
    house.look(timedelta(minutes=6))
    assert house.alerts()[1:] == [", over: Dagster's daemon does not beat"]


def test_old_cards_are_told(house: House) -> None:
    folder = house.settings.data_dir / FOLDER
    folder.mkdir()
    with lmdb.open(str(folder / "cards-1.lmdb"), subdir=False, lock=False, max_dbs=TABLES) as store:
        about = About(
            built_at=SEVEN,
            as_of=SEVEN - timedelta(hours=37),
            product="0",
            identified_by="auto",
            households=False,
            stale_message="",
            information_title="",
        )
        with store.begin(db=store.open_db(META), write=True) as writing:
            writing.put(ABOUT, about.to_json())
    (folder / POINTER).write_bytes(Pointer("cards-1.lmdb", 1, "x").to_json())
    house.settle()
    assert house.alerts() == [": the customer cards are old"]
    assert "they show casework up to 2026-11-21 18:01" in house.address.bodies[-1]
    (folder / POINTER).write_text("{}")
    assert house.look().open == 1


def test_a_record_that_cannot_be_read_is_set_aside_and_told(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    house.settle()
    file = house.watch.file
    file.path.write_text('{"incidents": [{"numb')
    assert file.read().incidents == []
    house.settle()
    assert sorted(house.alerts()[1:]) == [
        ": icasework refuses, or sends what cannot be read",
        ": the record of incidents could not be read",
    ]
    file.aside.unlink()
    house.settle()
    assert house.alerts()[3:] == [", over: the record of incidents could not be read"]


def test_what_is_over_since_long_is_forgotten(house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    house.settle()
    house.load("icasework/cases", YESTERDAY, 100)
    house.settle()
    assert len(house.watch.file.read().incidents) == 1
    house.settings = house.settings.model_copy(update={"alert_freshness_hour": 0})
    house.now += timedelta(days=91)
    house.look()
    kept = house.watch.file.read()
    assert all(incident.key != "permanent/icasework" for incident in kept.incidents)
    assert all(note.event == "digest" for note in kept.notes)


def test_the_record_holds_no_address(house: House) -> None:
    house.settle()
    told = json.loads(house.watch.file.path.read_bytes())
    assert list(told["notes"][0]["sent"]) == [ADDRESS]
