"""A day derived again from its kept body is what ingest would have made of it, and nobody is called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.contracts.columns import Flag, Instant, Money, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay
from pipelines.errors import ContractDrift, Damaged, TooManyBadRows, Transient, Unverified
from pipelines.feeds import FEEDS, SOURCES, Feed, Policy, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.raw.shelf import Shelf
from pipelines.replay import difference, replaying
from pipelines.replay.replaying import Replay, Replayed
from pipelines.revisions import held_back, read_records
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings, load_settings
from tests.plain_source import PARCELS, Parcels, PlainSource, fill, load_one, parcel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pipelines.receipts import Receipt
    from pipelines.replay.difference import Difference
    from pipelines.sources.report import Body, RawReport, ReportRequest

DAY = ReportDay.parse("2026-11-20")
TASKS = "icasework/tasks"
KEEPING = Policy(raw_days=30)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture
def settings(sandbox: SandboxThread, tmp_path: Path) -> Iterator[Settings]:
    yield load_settings(
        data_dir=tmp_path / "data",
        icasework_base_url=sandbox.icasework_url,
        xima_base_url=sandbox.xima_url,
        tascomi_base_url=sandbox.tascomi_url,
    )
    sandbox.faults.clear()
    sandbox.calls.clear()


def ingest(feed: Feed, settings: Settings, lake: Lake, day: ReportDay = DAY) -> Receipt:
    policy = policy_for(feed.key, settings)
    with closing(connect(feed.source, settings)) as source:
        (outcome,) = ingest_days(feed, [day], source=source, lake=lake, policy=policy)
    if outcome.error:
        raise outcome.error
    assert outcome.receipt
    return outcome.receipt


def replay(feed: Feed, settings: Settings, lake: Lake, *, publish: bool = True) -> Replayed:
    source = SOURCES[feed.source]
    one = Replay(feed, lake, source.origin(settings), source.opener(settings), policy_for(feed.key, settings))
    with one.derived() as (outcome, beside):
        if publish:
            assert one.publish(outcome, beside) == list(outcome.changes)
    return outcome


def changed(feed: Feed) -> Feed:
    """Return a feed whose contract differs: its first text that is not required is called otherwise."""
    column = next(one for one in feed.contract.columns if one.dtype == pl.String and one.nullable)
    held = vars(feed.contract.model)["__annotations__"] | {}
    parts = {
        (f"{name}_again" if name == column.name else name): (kind, _field(feed.contract, name))
        for name, kind in held.items()
    }
    model = type(
        "Changed",
        (Rows,),
        {
            "__annotations__": {name: kind for name, (kind, _) in parts.items()},
            "__doc__": "One row.",
            **{name: told for name, (_, told) in parts.items()},
        },
    )
    return Feed(Contract(feed.key, model, feed.contract.rows_control), feed.dialect)


def _field(contract: Contract, name: str) -> object:
    column = next(one for one in contract.columns if one.name == name)
    checks = {rule.name: dict(rule.arguments) for rule in column.rules}
    return wire(
        column.wire,
        column.description,
        privacy=column.privacy,
        required=not column.nullable,
        control=column.control,
        key=column.is_key,
        ge=checks.get("greater_than_or_equal_to", {}).get("min_value"),
    )


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (TASKS, {}),
        (TASKS, {"icasework_format": "xml", "icasework_reconcile": "none"}),
        (TASKS, {"icasework_format": "json", "icasework_reconcile": "none"}),
        ("xima/calls", {}),
        ("tascomi/complaints", {}),
    ],
)
def test_a_replay_by_a_changed_contract_is_what_ingest_would_have_given(
    key: str, told: dict[str, str], sandbox: SandboxThread, settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    settings = settings.model_copy(update=told)
    feed = FEEDS[key]
    other = changed(feed)
    ingest(feed, settings, lake)
    straight = Lake(tmp_path / "straight")
    ingest(other, settings, straight)
    sandbox.calls.clear()

    outcome = replay(other, settings, lake)

    assert sandbox.calls.count == 0
    assert outcome.failed == {}
    (difference,) = outcome.changes.values()
    renamed = next(one.name for one in other.contract.columns if one.name.endswith("_again"))
    assert (difference.added, difference.gone) == ((renamed,), (renamed.removesuffix("_again"),))
    assert difference.cells == {}
    receipt, wanted = lake.check(key, DAY), straight.check(key, DAY)
    if key.startswith("xima/"):  # whose answers are numbered, so that no two bodies are the same
        assert replace(receipt, body_sha256="", body_bytes=0, seal="") == replace(
            wanted, body_sha256="", body_bytes=0, seal=""
        )
        assert pl.read_parquet(lake.path(key, DAY)).equals(pl.read_parquet(straight.path(key, DAY)))
    else:
        assert lake.path(key, DAY).read_bytes() == straight.path(key, DAY).read_bytes()
    assert replay(other, settings, lake).same == 1


def test_a_day_that_drifted_is_healed_by_the_patched_contract(
    sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    feed = FEEDS[TASKS]
    sandbox.faults.add(
        "column_renamed", feed="tasks", day=str(DAY), calls=None, column="Task.Type", to="Task.Kind"
    )
    with pytest.raises(ContractDrift):
        ingest(feed, settings, lake)
    assert isinstance(replay(feed, settings, lake).failed[DAY], ContractDrift)
    assert list(lake.failures(TASKS)) == [DAY]
    sandbox.calls.clear()

    class Patched(feed.contract.model):  # type: ignore[name-defined, misc]  # a model found at run time
        """One task."""

        task_type: Text = wire("Task.Kind", "Kind of task.")

    outcome = replay(Feed(Contract(TASKS, Patched), feed.dialect), settings, lake)
    assert sandbox.calls.count == 0
    assert outcome.failed == {}
    assert lake.check(TASKS, DAY).status == "verified"
    assert lake.failures(TASKS) == {}
    assert pl.read_parquet(lake.path(TASKS, DAY))["task_type"].null_count() == 0


_RUN_AND_TELL = """
import sys
from pipelines.cli import cli
cli(sys.argv[1:], standalone_mode=False)
print("httpx" in sys.modules, "aiohttp" in sys.modules)
"""


def test_a_body_is_opened_without_a_network_library_or_a_key(settings: Settings, lake: Lake) -> None:
    ingest(FEEDS[TASKS], settings, lake)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            _RUN_AND_TELL,
            *("replay", "--feed", TASKS),
        ],
        env=os.environ
        | {
            "CASEHOUSE_DATA_DIR": str(lake.root),
            "CASEHOUSE_ICASEWORK_BASE_URL": settings.icasework_base_url or "",
            "CASEHOUSE_ICASEWORK_API_KEY": "revoked",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["icasework/tasks: 1 day the same", "False False"]


class Plain:
    """Replays what a plain source left, which any settings open alike."""

    def __init__(self, lake: Lake, source: PlainSource) -> None:
        self._lake = lake
        self._source = source

    def derive(self, feed: Feed = PARCELS, *, publish: bool = True, origin: str = "depot") -> Replayed:
        def opened(request: ReportRequest, body: Body) -> RawReport:
            return self._source.open(request, body)

        one = Replay(feed, self._lake, origin, opened, Policy())
        with one.derived() as (outcome, beside):
            if publish:
                one.publish(outcome, beside)
        return outcome


class Priced(Parcels):
    """One parcel; none is dear."""

    price_gbp: Money = wire("Parcel.Price", "Price.", ge=0, le=100)


class Fewer(Rows):
    """One parcel, with fewer columns, in another order."""

    label: Text = wire("Parcel.Label", "Label.", privacy="personal")
    parcel_id: Whole = wire("Parcel.Id", "Number.", required=True, ge=1)
    scanned_at: Instant = wire("Parcel.TimeScanned", "When scanned.")
    is_fragile: Flag = wire("Parcel.Fragile", "Fragile.")


DEAR = Feed(Contract(PARCELS.key, Priced), PARCELS.dialect)
FEWER = Feed(Contract(PARCELS.key, Fewer), PARCELS.dialect)


def test_rows_that_go_to_the_quarantine_move_no_other(lake: Lake, days: list[ReportDay]) -> None:
    day, rows = days[0], [parcel(number, price="1.00") for number in range(1, 301)]
    rows[6] = parcel(7, price="500.00")
    source = PlainSource(rows={str(day): rows})
    load_one(day, source, lake, KEEPING)
    plain = Plain(lake, source)
    untouched = lake.path(PARCELS.key, day).read_bytes()

    told = plain.derive(DEAR, publish=False)
    assert lake.path(PARCELS.key, day).read_bytes() == untouched
    difference = told.changes[day]
    assert str(difference) == "rows: 300 good, 0 in quarantine; then 299 good, 1 in quarantine"
    assert difference.cells == {}

    plain.derive(DEAR)
    assert lake.check(PARCELS.key, day).rows_quarantined == 1
    assert pl.read_parquet(lake.quarantine_path(PARCELS.key, day))["row_number"].to_list() == [7]
    back = plain.derive(PARCELS)
    assert str(back.changes[day]) == "rows: 299 good, 1 in quarantine; then 300 good, 0 in quarantine"
    assert lake.path(PARCELS.key, day).read_bytes() == untouched


def test_a_new_dialect_changes_cells_that_are_counted_by_column(lake: Lake, days: list[ReportDay]) -> None:
    day, source = days[0], fill(PlainSource(), days, 5)
    load_one(day, source, lake, KEEPING)
    swapped = replace(PARCELS.dialect, true=PARCELS.dialect.false, false=PARCELS.dialect.true)
    outcome = Plain(lake, source).derive(Feed(PARCELS.contract, swapped))
    assert outcome.changes[day].cells == {"is_fragile": 5}
    assert str(outcome.changes[day]).endswith("cells changed: is_fragile 5")


def test_fields_no_longer_pinned_are_let_go_but_only_if_they_came_as_asked(
    lake: Lake, days: list[ReportDay]
) -> None:
    source = fill(PlainSource(), days)
    load_one(days[0], source, lake, KEEPING)
    source.fields = ("Parcel.Colour", *source.fields[1:])
    with pytest.raises(ContractDrift):
        load_one(days[1], source, lake, KEEPING)
    source.fields = PARCELS.contract.wire_fields
    outcome = Plain(lake, source).derive(FEWER)
    assert outcome.changes[days[0]].gone == ("sent_date", "price_gbp")
    assert pl.read_parquet(lake.path(PARCELS.key, days[0])).columns == list(
        FEWER.contract.polars_schema.names()
    )


def test_an_older_body_never_replaces_what_came_later(
    lake: Lake, days: list[ReportDay], tmp_path: Path
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    source.rows[str(day)] = [parcel(9)]
    load_one(day, source, lake, KEEPING)
    shelf = Shelf(lake.root, PARCELS.key)
    latest, _ = shelf.of(day)
    assert Plain(lake, source).derive(publish=False).same == 1
    latest.path.rename(tmp_path / "lost")
    outcome = Plain(lake, source).derive(DEAR)
    assert not outcome.changes
    assert not outcome.failed
    assert outcome.passed_over == {day: "its file came from a later body, which is not kept"}
    assert lake.check(PARCELS.key, day).rows_good == 1


def test_a_failed_later_body_is_tried_and_a_failed_call_stays_on_record(
    lake: Lake, days: list[ReportDay]
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    source.errors[str(day)] = Transient("the vendor is down", todo="wait")
    with pytest.raises(Transient):
        load_one(day, source, lake, KEEPING)
    note = lake.failures(PARCELS.key)[day]
    Plain(lake, source).derive(DEAR)  # the body that stands, by another contract
    assert lake.check(PARCELS.key, day).contract == DEAR.contract.fingerprint
    assert lake.failures(PARCELS.key) == {day: note}

    source.errors.clear()
    source.rows[str(day)] = [parcel(1, price="much")]
    with pytest.raises(TooManyBadRows):
        load_one(day, source, lake, KEEPING)
    outcome = Plain(lake, source).derive(DEAR)
    assert isinstance(outcome.failed[day], TooManyBadRows)
    assert lake.check(PARCELS.key, day).rows_good == 3


def test_a_later_body_that_says_the_same_changes_nothing(lake: Lake, days: list[ReportDay]) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    own, shelf = lake.receipt(PARCELS.key, day), Shelf(lake.root, PARCELS.key)
    source.line_end = "\r\n"
    load_one(day, source, lake, KEEPING)
    later, first = shelf.of(day)
    assert own
    assert first.label.sha256 == own.body_sha256
    first.path.unlink()
    outcome = Plain(lake, source).derive()
    assert (outcome.same, outcome.changes) == (1, {})
    (difference,) = Plain(lake, source).derive(DEAR).changes.values()
    assert difference.after.body_sha256 == later.label.sha256
    assert (
        str(difference) == "rows: 3 good, 0 in quarantine, as before; another body, so cells are not compared"
    )


def test_a_later_body_with_fewer_rows_is_not_taken(lake: Lake, days: list[ReportDay], tmp_path: Path) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    elsewhere = Lake(tmp_path / "elsewhere")
    source.rows[str(day)] = [parcel(9)]
    load_one(day, source, elsewhere, KEEPING)
    shelf = Shelf(lake.root, PARCELS.key)
    (own,) = shelf.of(day)
    own.path.unlink()
    (fewer,) = Shelf(elsewhere.root, PARCELS.key).of(day)
    shelf.put(day, fewer.label, fewer.path, standing=None)
    outcome = Plain(lake, source).derive(DEAR)
    assert not outcome.changes
    assert "fewer rows" in outcome.passed_over[day]
    assert lake.check(PARCELS.key, day).rows_good == 3


def test_days_without_a_kept_body_and_of_another_account_are_told(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    load_one(days[0], source, lake)
    load_one(days[1], source, lake, KEEPING)
    outcome = Plain(lake, source).derive(DEAR, origin="another depot")
    assert outcome.choice.without == days[:1]
    assert outcome.passed_over == {days[1]: "its kept body came from another account, depot"}


def test_a_damaged_day_is_healed_and_a_damaged_body_is_told(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    for day in days[:2]:
        load_one(day, source, lake, KEEPING)
    path = lake.path(PARCELS.key, days[0])
    good = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(good[:40] + b"!" + good[41:])
    (kept,) = Shelf(lake.root, PARCELS.key).of(days[1])
    spoilt = kept.path.read_bytes()
    kept.path.write_bytes(spoilt[:-20] + b"!" + spoilt[-19:])
    outcome = Plain(lake, source).derive()
    assert list(outcome.changes) == days[:1]
    assert path.read_bytes() == good
    assert isinstance(outcome.failed[days[1]], Damaged)


def test_a_day_loaded_meanwhile_is_left_alone(lake: Lake, days: list[ReportDay]) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    one = Replay(DEAR, lake, "depot", source.open, Policy())
    with one.derived() as (outcome, beside):
        source.rows[str(day)] = [parcel(9)]
        load_one(day, source, lake, KEEPING)
        assert one.publish(outcome, beside) == []
    assert "loaded while it was being replayed" in str(outcome.failed[day])
    assert lake.check(PARCELS.key, day).rows_good == 1


def test_a_day_loaded_while_a_replay_waits_for_the_lock_is_left_alone(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    one, lock = Replay(DEAR, lake, "depot", source.open, Policy()), Lake._lock

    def held_by_another(self: Lake, feed: str) -> AbstractContextManager[None]:
        monkeypatch.setattr(Lake, "_lock", lock)
        source.rows[str(day)] = [parcel(9)]
        load_one(day, source, lake, KEEPING)
        return lock(self, feed)

    with one.derived() as (outcome, beside):
        monkeypatch.setattr(Lake, "_lock", held_by_another)
        assert one.publish(outcome, beside) == []
    assert lake.check(PARCELS.key, day).rows_good == 1


def test_a_day_loaded_while_it_is_compared_stops_no_other(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    for one in days[:2]:
        load_one(one, source, lake, KEEPING)
    compared = difference.compare

    def loaded_first(feed: str, one: ReportDay, *rest: Any) -> Difference:  # noqa: ANN401
        if one == day:
            source.rows[str(day)] = [parcel(number) for number in range(1, 6)]
            load_one(day, source, lake, KEEPING)
        return compared(feed, one, *rest)

    monkeypatch.setattr(replaying, "compare", loaded_first)
    outcome = Plain(lake, source).derive(DEAR)
    assert list(outcome.changes) == [days[1]]
    assert "loaded while it was being replayed" in str(outcome.failed[day])
    assert lake.check(PARCELS.key, day).rows_good == 5


def test_a_replay_of_the_day_that_stands_answers_no_re_pull_that_was_held_back(
    lake: Lake, days: list[ReportDay]
) -> None:
    day, source = days[0], fill(PlainSource(), days, 40)
    load_one(day, source, lake, KEEPING)
    load_one(day, source, lake, KEEPING)  # the same again: the body is of this call now
    source.rows[str(day)] = [parcel(1)]
    load_one(day, source, lake, KEEPING)
    assert list(held_back(lake.root, PARCELS.key)) == [day]
    fill(source, days, 40)  # whose totals the kept body is opened with
    Plain(lake, source).derive(DEAR)
    assert lake.check(PARCELS.key, day).contract == DEAR.contract.fingerprint
    assert lake.check(PARCELS.key, day).rows_good == 40
    assert list(held_back(lake.root, PARCELS.key)) == [day]


def test_a_damaged_day_is_derived_from_its_own_body_and_from_no_shorter_one(
    lake: Lake, days: list[ReportDay], tmp_path: Path
) -> None:
    day, source = days[0], fill(PlainSource(), days, 40)
    load_one(day, source, lake, KEEPING)
    good = lake.path(PARCELS.key, day).read_bytes()
    damaged = good[:99] + bytes([good[99] ^ 1]) + good[100:]
    lake.path(PARCELS.key, day).write_bytes(damaged)
    source.rows[str(day)] = [parcel(1)]
    with pytest.raises(Damaged):
        load_one(day, source, lake, KEEPING)
    fill(source, days, 40)
    Plain(lake, source).derive()
    assert lake.path(PARCELS.key, day).read_bytes() == good
    assert lake.failures(PARCELS.key) == {}

    lake.path(PARCELS.key, day).write_bytes(damaged)
    _, own = Shelf(lake.root, PARCELS.key).of(day)
    own.path.rename(tmp_path / "lost")
    source.rows[str(day)] = [parcel(1)]
    assert list(Plain(lake, source).derive().passed_over) == [day]
    assert lake.path(PARCELS.key, day).read_bytes() == damaged


def test_a_call_that_failed_after_the_same_answer_came_again_stays_on_record(
    lake: Lake, days: list[ReportDay]
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    load_one(day, source, lake, KEEPING)
    load_one(day, source, lake, KEEPING)
    source.errors[str(day)] = Transient("the vendor is down", todo="wait")
    with pytest.raises(Transient):
        load_one(day, source, lake, KEEPING)
    Plain(lake, source).derive(DEAR)
    assert lake.check(PARCELS.key, day).contract == DEAR.contract.fingerprint
    assert list(lake.failures(PARCELS.key)) == [day]


def test_a_replay_that_takes_rows_away_is_on_record_as_derived_again_and_not_held_back(
    lake: Lake, days: list[ReportDay]
) -> None:
    day = days[0]
    rows = [parcel(number, price="500.00" if number > 150 else "1.00") for number in range(1, 301)]
    source = PlainSource(rows={str(day): rows})
    load_one(day, source, lake, KEEPING)
    one = Replay(DEAR, lake, "depot", source.open, Policy(bad_row_share=0.9))
    with one.derived() as (outcome, beside):
        assert one.publish(outcome, beside) == [day]
    (record,) = read_records(lake.root, PARCELS.key)
    assert (record.gone, record.rows_before, record.rows_after) == (150, 300, 300)
    assert record.is_derived_again
    assert not record.kept
    assert held_back(lake.root, PARCELS.key) == {}


def test_totals_prove_a_replay_as_they_prove_a_load(
    sandbox: SandboxThread, settings: Settings, lake: Lake
) -> None:
    sandbox.faults.add("footer_wrong", feed="tasks", day=str(DAY), calls=None, off_by=1)
    with pytest.raises(Unverified):
        ingest(FEEDS[TASKS], settings, lake)
    outcome = replay(FEEDS[TASKS], settings, lake)
    assert isinstance(outcome.failed[DAY], Unverified)
    assert lake.days(TASKS) == []


# Publishes five days of a changed contract and is killed between two of them, or within one.
_PUBLISH = """
import os, signal, sys
from pathlib import Path
import pipelines.lake
from pipelines.feeds import Policy
from pipelines.lake import Lake
from pipelines.replay.replaying import Replay
from tests.plain_source import PlainSource, fill
from tests.replay.test_replay import DEAR
lake, moves = Lake(Path(sys.argv[1])), int(sys.argv[2])
source = fill(PlainSource(), [day for day in lake.days(DEAR.key)])
one = Replay(DEAR, lake, "depot", source.open, Policy())
promote, done = pipelines.lake.promote, []
def dying(staged, target):
    if len(done) == moves:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(target)
    promote(staged, target)
with one.derived() as (outcome, beside):
    pipelines.lake.promote = dying
    one.publish(outcome, beside)
"""


@pytest.mark.parametrize("moves", [0, 2])
def test_kill_9_in_mid_publishing_leaves_whole_days_and_a_rerun_completes(
    moves: int, lake: Lake, days: list[ReportDay]
) -> None:
    source = fill(PlainSource(), days)
    for day in days:
        load_one(day, source, lake, KEEPING)
    ran = subprocess.run([sys.executable, "-c", _PUBLISH, str(lake.root), str(moves)], check=False)
    assert ran.returncode == -signal.SIGKILL
    new = DEAR.contract.fingerprint
    assert [lake.check(PARCELS.key, day).contract == new for day in days] == [True] * moves + [False] * (
        len(days) - moves
    )
    outcome = Plain(lake, source).derive(DEAR)
    assert (outcome.same, len(outcome.changes)) == (moves, len(days) - moves)
    assert all(lake.check(PARCELS.key, day).contract == new for day in days)
