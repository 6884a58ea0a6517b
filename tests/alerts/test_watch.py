"""A look finds what is wrong in the house, tells it once, and survives whatever stops it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import lmdb
import pytest

from pipelines.alerts.incidents import accept
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


def test_a_setting_that_was_lost_is_told_though_no_day_fails(house: House) -> None:
    origins = house.lake.root / "origins"
    origins.mkdir()
    (origins / "xima").write_text("sandbox sandbox")
    (origins / "icasework").write_text("production ourcouncil")
    house.look()
    house.look(timedelta(minutes=6))
    assert house.alerts() == [": a setting of icasework is missing or wrong"]
    assert "of production ourcouncil, the settings point at sandbox sandbox" in house.address.bodies[-1]
    (origins / "icasework").write_text("sandbox sandbox")
    house.settle()
    assert house.alerts()[1:] == [", over: a setting of icasework is missing or wrong"]


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
