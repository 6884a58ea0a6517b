"""The whole path over real HTTP: from the sandbox through client, contract and lake, under every fault.

Each fault is named with its feed and day, leaves the last good file as it was, and the next run heals it.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.contracts.icasework import ICASEWORK_CONTRACTS
from pipelines.contracts.xima import XIMA_CONTRACTS
from pipelines.days import ReportDay, span
from pipelines.demonstration import SANDBOX_SECRET, SANDBOX_XIMA_KEY, XIMA_AGENTS
from pipelines.errors import CasehouseError, ContractDrift, Permanent, TooManyBadRows, Transient, Unverified
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import Outcome, ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ReportDay.parse("2026-11-20")
TASKS = "icasework/tasks"
CALLS = "xima/calls"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults_left(sandbox: SandboxThread) -> Iterator[None]:
    yield
    sandbox.faults.clear()
    sandbox.calls.clear()


@pytest.fixture
def settings(sandbox: SandboxThread, tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path / "data",
        icasework_base_url=sandbox.icasework_url,
        icasework_attempts=2,
        icasework_max_wait_seconds=0,
        icasework_read_seconds=0.5,
        xima_base_url=sandbox.xima_url,
        xima_attempts=2,
        xima_max_wait_seconds=0,
        xima_read_seconds=0.5,
        xima_timeout_polls=2,
    )


def load(settings: Settings, lake: Lake, *days: ReportDay, feed: str = TASKS) -> list[Outcome]:
    found = FEEDS[feed]
    with closing(connect(found.source, settings)) as source:
        policy = policy_for(found.key, settings)
        return list(ingest_days(found, days, source=source, lake=lake, policy=policy))


# What no message may hold: secrets, and people's names.
UNTOLD = (SANDBOX_SECRET, SANDBOX_XIMA_KEY, *(agent.partition("(")[0] for agent in XIMA_AGENTS))


@dataclass(frozen=True)
class Dial:
    """A fault, what it must be told as, and words that must stand in the message."""

    fault: str
    error: type[CasehouseError]
    told: str
    options: dict[str, Any]
    feed: str = TASKS

    def __str__(self) -> str:
        return "-".join([self.feed, self.fault, *(str(value) for value in self.options.values())])


# What may befall an answer of any system.
ANSWERS = [
    Dial("status", Transient, "500", {"status": 500}),
    Dial("status", Transient, "502", {"status": 502}),
    Dial("status", Transient, "503", {"status": 503}),
    Dial("too_many_requests", Transient, "429", {"retry_after": 0}),
    Dial("hold", Transient, "", {"seconds": 3}),
    Dial("hang_up", Transient, "", {}),
    Dial("cut", Transient, "", {"framing": "length", "after": 3000}),
    Dial("cut", Transient, "", {"framing": "chunked", "after": 3000}),
    Dial("cut", Unverified, "", {"framing": "close", "after": 3000}),
    Dial("cut", Transient, "", {"framing": "length", "after": 3000, "end": "reset"}),
    Dial("cut", Transient, "", {"framing": "length", "after": 3000, "end": "stall", "seconds": 3}),
    Dial("gzip_half", Transient, "", {}),
    Dial("empty", Unverified, "nothing", {}),
    Dial("html", Unverified, "web page", {}),
    Dial("status", Permanent, "403", {"status": 403}),
]
ICASEWORK = [
    Dial("footer_wrong", Unverified, "the source says", {"off_by": 1}),
    Dial("footer_missing", Unverified, "row count is missing", {}),
    Dial(
        "column_renamed",
        ContractDrift,
        "missing: Task.Type; unexpected: Task.Kind",
        {"column": "Task.Type", "to": "Task.Kind"},
    ),
    Dial(
        "column_added",
        ContractDrift,
        "unexpected: Task.Colour",
        {"column": "Task.Colour", "value": "red", "at": 2},
    ),
    Dial("column_dropped", ContractDrift, "missing: Task.Team", {"column": "Task.Team"}),
    Dial("column_moved", ContractDrift, "moved: Task.Team", {"column": "Task.Team", "at": 0}),
    Dial(
        "bad_value",
        TooManyBadRows,
        "due_date (Task.DateDue) is a date",
        {"column": "Task.DateDue", "value": "soon", "share": 0.5},
    ),
]
TALKING = {"column": "Talking"}
XIMA = [
    Dial("status", Transient, "509: Bandwidth Limit Exceeded", {"status": 509}),
    Dial("status", Permanent, "CASEHOUSE_XIMA_PARAMETERS", {"status": 400}),
    Dial("status", Permanent, "set CASEHOUSE_XIMA_KEY", {"status": 401}),
    Dial("status", Permanent, "rights", {"status": 403}),
    Dial("status", Permanent, "CASEHOUSE_XIMA_REPORTS", {"status": 404}),
    Dial("timed_out", Transient, "did not finish (202: the run timed out and goes on; asked 3", {"polls": 3}),
    Dial("summary_wrong", Unverified, "(Calls: the source says", {}),
    Dial("summary_wrong", Unverified, "(Total Talking: the sou", {"title": "Total Talking", "off_by": -1}),
    Dial("summary_missing", Unverified, "missing: Total Hold)", {"title": "Total Hold"}),
    Dial("summary_missing", Unverified, "missing: Calls, Total Ringing, Total Hold, Total Talking,", {}),
    Dial(
        "column_renamed",
        ContractDrift,
        "missing: Talking [DURATION]; unexpected: Spoken [DURATION]",
        {"column": "Talking", "to": "Spoken"},
    ),
    Dial(
        "column_retyped",
        ContractDrift,
        "missing: Talking [DURATION]; unexpected: Talking [NUMBER]",
        {"column": "Talking", "to": "NUMBER"},
    ),
    Dial("column_added", ContractDrift, "(unexpected: Mood [STRING])", {"column": "Mood", "at": 0}),
    Dial("column_dropped", ContractDrift, "(missing: Talking [DURATION])", TALKING),
    Dial("column_moved", ContractDrift, "(moved: Talking [DURATION] (asked as 13, came as 1))", TALKING),
    Dial(
        "bad_value",
        TooManyBadRows,
        "started_at (Start Time [STRING]) is a time with its offset: ",
        {"column": "Start Time", "value": "2026-11-20T09:30:00", "share": 0.5},
    ),
    Dial("bad_value", Unverified, "Total Talking: the source says", TALKING | {"value": 1.5, "share": 0.5}),
    Dial("bad_value", Unverified, "Total Talking: the source says", TALKING | {"value": True}),
    Dial("bad_value", Unverified, "Total Talking: the source says", TALKING | {"value": 2**63}),
    Dial("cell_missing", Unverified, "Total Talking: the source says", TALKING),
    Dial("cell_missing", Unverified, "Total Talking: the source says", TALKING | {"as": "null"}),
    Dial(
        "cell_missing",
        TooManyBadRows,
        "outcome (Outcome [STRING]) required: ",
        {"column": "Outcome", "as": "null", "share": 0.5},
    ),
    Dial("shown_wrong", TooManyBadRows, "talk_ms (Talking [DURATION]) is a whole number: ", TALKING),
]
DIALS = [
    *ANSWERS,
    *ICASEWORK,
    *(replace(dial, feed=CALLS) for dial in (*ANSWERS, *XIMA)),
]


@pytest.mark.parametrize("dial", DIALS, ids=str)
def test_a_fault_is_named_harms_nothing_and_heals(
    dial: Dial, sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    neighbours = list(span(DAY.plus(-1), DAY.plus(1)))
    assert all(outcome.error is None for outcome in load(settings, lake, *neighbours, feed=dial.feed))
    good = {day: lake.path(dial.feed, day).read_bytes() for day in neighbours}

    sandbox.faults.add(dial.fault, feed=FEEDS[dial.feed].name, day=str(DAY), calls=None, **dial.options)
    before, failed, after = load(settings, lake, *neighbours, feed=dial.feed)

    assert before.error is None
    assert after.error is None
    assert isinstance(failed.error, dial.error), failed.error
    message = str(failed.error)
    assert message.startswith(f"{dial.feed} {DAY}: ")
    assert dial.told in message
    assert "To do: " in message
    assert not [text for text in UNTOLD if text in message]
    assert {day: lake.path(dial.feed, day).read_bytes() for day in neighbours} == good
    assert list(lake.failures(dial.feed)) == [DAY]

    sandbox.faults.clear()
    (healed,) = load(settings, lake, DAY, feed=dial.feed)
    assert healed.error is None
    assert not healed.changed
    assert lake.failures(dial.feed) == {}


PASSING = [
    ("status", {"status": 503}),
    ("too_many_requests", {"retry_after": 0}),
    ("hold", {"seconds": 3}),
    ("hang_up", {}),
    ("cut", {"framing": "length", "after": 3000}),
    ("cut", {"framing": "chunked", "after": 3000}),
    ("gzip_half", {}),
]


@pytest.mark.parametrize(
    ("feed", "fault", "options"),
    [
        *((feed, *fault) for feed, fault in product((TASKS, CALLS), PASSING)),
        (TASKS, "expired_token", {}),
        (CALLS, "timed_out", {"polls": 1}),
    ],
)
def test_a_fault_that_passes_is_healed_within_the_call(
    feed: str, fault: str, options: dict[str, Any], sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    sandbox.faults.add(fault, feed=FEEDS[feed].name, day=str(DAY), calls=1, **options)
    (outcome,) = load(settings, lake, DAY, feed=feed)
    assert outcome.error is None
    assert outcome.receipt
    assert outcome.receipt.status == "verified"


def test_one_bad_cell_in_many_is_set_aside_with_row_column_and_check(
    sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    sandbox.faults.add(
        "bad_value", feed="tasks", day=str(DAY), calls=None, column="Task.DateDue", value="soon", row=7
    )
    (outcome,) = load(settings, lake, DAY)
    assert outcome.receipt
    assert (outcome.receipt.status, outcome.receipt.rows_quarantined) == ("quarantined", 1)
    (row,) = pl.read_parquet(lake.quarantine_path(TASKS, DAY)).select("row_number", "reasons").to_dicts()
    assert row == {
        "row_number": 7,
        "reasons": [{"column": "due_date", "wire": "Task.DateDue", "check": "is a date"}],
    }


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("feed", [contract.feed for contract in ICASEWORK_CONTRACTS])
def test_clock_change_days_ask_for_the_whole_civil_day(
    feed: str, day: str, sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    (outcome,) = load(settings, lake, ReportDay.parse(day), feed=feed)
    assert outcome.receipt
    assert outcome.receipt.status == "verified"
    (call,) = sandbox.calls.told("getreport", FEEDS[feed].name)["calls"]
    asked = call["params"]
    assert (asked["FromTime"], asked["UntilTime"]) == (f"{day}T00:00:00.000", f"{day}T23:59:59.999")
    assert asked["CSVFields"].split(",") == list(FEEDS[feed].contract.wire_fields)


@pytest.mark.parametrize(
    ("day", "offsets"), [("2026-03-29", ("+00:00", "+01:00")), ("2026-10-25", ("+01:00", "+00:00"))]
)
@pytest.mark.parametrize("feed", [contract.feed for contract in XIMA_CONTRACTS])
def test_clock_change_days_ask_from_one_offset_to_the_other(
    feed: str, day: str, offsets: tuple[str, str], sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    (outcome,) = load(settings, lake, ReportDay.parse(day), feed=feed)
    assert outcome.receipt
    assert outcome.receipt.status == "verified"
    (call,) = sandbox.calls.told("historic-data", FEEDS[feed].name)["calls"]
    asked = json.loads(call["params"]["Report Timeframe"])
    window = (f"{day}T00:00:00.000{offsets[0]}", f"{day}T23:59:59.999{offsets[1]}")
    assert (asked["start"], asked["end"]) == window
    assert (outcome.receipt.window_from, outcome.receipt.window_until) == window


def test_a_case_is_stored_as_it_stood_at_the_end_of_each_day(settings: Settings, lake: Lake) -> None:
    days = list(span(ReportDay.parse("2026-11-09"), ReportDay.parse("2026-11-20")))
    assert all(outcome.error is None for outcome in load(settings, lake, *days, feed="icasework/cases"))
    stored = pl.concat(
        pl.read_parquet(lake.path("icasework/cases", day)).with_columns(report_date=pl.lit(day.date))
        for day in days
    )
    assert stored.filter(
        pl.col("last_updated_at").dt.convert_time_zone("Europe/London").dt.date() > pl.col("report_date")
    ).is_empty()
    changes = stored.group_by("case_id").agg(pl.len().alias("days"), pl.col("case_status").n_unique())
    assert changes.filter((pl.col("days") > 1) & (pl.col("case_status") > 1)).height > 10


@pytest.mark.parametrize("body_format", ["xml", "json"])
def test_other_formats_load_the_same_rows_but_stay_unverified(
    body_format: str, settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    other = Lake(tmp_path / body_format)
    unproved = settings.model_copy(update={"icasework_format": body_format, "icasework_reconcile": "none"})
    for contract in ICASEWORK_CONTRACTS:
        (by_csv,) = load(settings, lake, DAY, feed=contract.feed)
        (by_other,) = load(unproved, other, DAY, feed=contract.feed)
        assert by_csv.receipt
        assert by_other.receipt
        assert by_other.receipt.status == "unverified"
        stored = [pl.read_parquet(one.path(contract.feed, DAY)) for one in (lake, other)]
        assert stored[0].equals(stored[1])


def test_a_format_without_a_count_fails_unless_the_settings_allow_it(settings: Settings, lake: Lake) -> None:
    (outcome,) = load(settings.model_copy(update={"icasework_format": "xml"}), lake, DAY)
    assert isinstance(outcome.error, Unverified)
    assert lake.days(TASKS) == []
