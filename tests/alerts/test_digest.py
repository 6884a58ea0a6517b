"""The digest as a person reads it: a quiet night in five lines, a bad one in the order of what is to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.alerts.watch import make_digest
from pipelines.errors import ContractDrift, Permanent
from tests.alerts.house import SEVEN, YESTERDAY

if TYPE_CHECKING:
    from tests.alerts.house import House

QUIET = """\
Casehouse, 2026-11-23: nothing needs a person

Loaded: all 3 feeds of Sunday 2026-11-22, 300 rows (a Sunday has about 303)
Revised: 2026-11-20 to 2026-11-21 of icasework/cases: 7 rows added, 4 changed, 0 gone
Set aside: no rows in 7 days
Customer cards: none
Incidents: none open"""

BAD = """\
Casehouse, 2026-11-23: 4 need a person, 1 heals by itself

NEEDS A PERSON
1. icasework/tasks sends other fields than its contract pins
   icasework/tasks: 2026-11-20 to 2026-11-22
   the fields differ (missing: Task.DueDate; unexpected: Task.Due); since 2026-11-23 05:10
   change the contract or the report: docs/runbooks/drift.md
2. icasework/cases: days that were asked for again tell far fewer rows
   icasework/cases: 2026-11-20
   the source tells 10 of 100 rows; since 2026-11-23 05:10
   find out why the source tells less; where the smaller day is right, run \
`casehouse ingest icasework/cases DAY --accept-shrink`: docs/runbooks/held-back.md
3. icasework: far more or fewer rows than on this weekday
   icasework/cases: 2026-11-22
   icasework/cases 2026-11-22: 40 rows, a Sunday has about 101; since 2026-11-23 05:10
   ask whether the report's selection was changed; if the figures are right, run `casehouse alerts accept \
volume/icasework`: docs/runbooks/volume.md
4. alerts cannot be delivered to 1 (json)
   5 messages wait: HTTP 500; since 2026-11-23 05:20
   see whether that address still takes messages: docs/runbooks/sending.md

HEALS BY ITSELF
1. xima cannot be reached or cannot answer
   xima/calls: 2026-11-21 to 2026-11-22
   the source did not answer (HTTP 503); since 2026-11-23 05:10
   nothing at first; when it lasts for hours, ask the vendor whether they know: docs/runbooks/transient.md

Loaded: 2 of 3 feeds of Sunday 2026-11-22, 140 rows (a Sunday has about 303); 1 failed (transient)
Revised: nothing
Set aside: 3 rows of yesterday (icasework/cases 3), 8 in 7 days, 1 in the 7 before
Service requests: none waiting for a person; Customer cards: none
Incidents: 5 open; over since yesterday: permanent/icasework; 6 messages could not be delivered yet; \
`casehouse alerts` lists them

YESTERDAY, Sunday 2026-11-22, BY FEED
- icasework/cases: quarantined, 40 rows, usually about 101
- icasework/tasks: verified, asked again in vain, 100 rows, usually about 101
- xima/calls: failed (transient), no rows, usually about 101"""


def told(house: House) -> str:
    made = make_digest(house.watch, house.watch.file.read(), house.now)
    return f"{made.title}\n\n{made.body}"


def test_a_quiet_night_is_five_lines(old_house: House) -> None:
    day = YESTERDAY.plus(-1)
    old_house.now = SEVEN - timedelta(days=2)
    old_house.revise("icasework/tasks", day, 9, 9, 9)  # told by an earlier digest
    old_house.now = SEVEN - timedelta(hours=1)
    old_house.revise("icasework/cases", day, 3, 4, 0)
    old_house.revise("icasework/cases", day.plus(-1), 4, 0, 0)
    old_house.now = SEVEN
    old_house.look()
    assert told(old_house) == QUIET
    assert f"{old_house.address.got[0]}\n\n{old_house.address.bodies[0]}" == QUIET


def test_what_has_not_healed_in_a_day_needs_a_person(house: House) -> None:
    house.fail("xima/calls", YESTERDAY)
    house.look()
    assert told(house).startswith("Casehouse, 2026-11-23: nothing needs a person, 1 heals by itself")
    house.look(timedelta(days=1))
    assert "xima cannot be reached or cannot answer" in told(house).partition("NEEDS A PERSON")[2]
    assert "HEALS BY ITSELF" not in told(house)


def test_a_bad_night_is_ordered_by_what_needs_a_person(old_house: House) -> None:
    house = old_house
    house.settings = house.settings.model_copy(update={"outbound_enabled": True})
    house.now = SEVEN - timedelta(hours=6)
    house.fail("icasework/tasks", YESTERDAY, error=Permanent("refused"))
    house.settle()
    house.load("icasework/tasks", YESTERDAY, 100)
    house.settle()
    house.settle()

    house.now = SEVEN.replace(hour=5, minute=10)
    drift = ContractDrift(
        "the fields differ",
        why="missing: Task.DueDate; unexpected: Task.Due",
        todo="change the contract or the report",
    )
    house.fail("icasework/tasks", *(YESTERDAY.plus(-back) for back in range(3)), error=drift)
    house.lake.path("xima/calls", YESTERDAY).unlink()
    house.fail("xima/calls", YESTERDAY, YESTERDAY.plus(-1))
    house.load("icasework/cases", YESTERDAY, 37, 3)
    house.load("icasework/tasks", YESTERDAY.plus(-3), 95, 5)
    house.load("icasework/tasks", YESTERDAY.plus(-7), 99, 1)
    house.revise("icasework/cases", YESTERDAY.plus(-2), 0, 0, 90, kept="the source tells 10 of 100 rows")
    house.look()
    house.address.refuses = "HTTP 500"
    for minute in range(10, 120, 10):
        house.now = SEVEN.replace(hour=5, minute=10) + timedelta(minutes=minute)
        house.look()
    assert told(house) == BAD


def test_feeds_that_nobody_asked_for_are_counted(old_house: House) -> None:
    for feed in ("icasework/cases", "xima/calls"):
        old_house.lake.path(feed, YESTERDAY).unlink()
    assert "Loaded: 1 of 3 feeds of Sunday 2026-11-22, 100 rows" in told(old_house)
    assert "; 2 not asked for" in told(old_house)


def test_a_bank_holiday_is_named(old_house: House) -> None:
    old_house.now = SEVEN.replace(month=8, day=31) + timedelta(days=1)
    assert "feeds of Monday 2026-08-31, a bank holiday, 0 rows; 3 not asked for" in told(old_house)
