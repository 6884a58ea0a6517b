"""Every failure class over real HTTP: the record counts what the sandbox saw, and no more is asked."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.calls import mark_made_good, read_calls
from pipelines.days import ReportDay
from pipelines.demonstration import SANDBOX_SECRET, SANDBOX_XIMA_KEY
from pipelines.errors import CasehouseError
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.lake import Lake
from pipelines.rounds import Rounds, ingest_in_rounds
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings, load_settings
from pipelines.sources.icasework.writing import connect_writer
from pipelines.warehouse import build, run_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.ingest import Outcome

DAY = ReportDay.parse("2026-11-20")
TASKS, CALLS, CONTACTS = "icasework/tasks", "xima/calls", "tascomi/contacts"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture(autouse=True)
def _afresh(sandbox: SandboxThread) -> Iterator[None]:
    sandbox.calls.clear()
    yield
    sandbox.faults.clear()


@pytest.fixture
def settings(sandbox: SandboxThread, tmp_path: Path) -> Settings:
    return load_settings(
        data_dir=tmp_path / "data",
        sandbox_port=sandbox.port,
        icasework_attempts=2,
        icasework_max_wait_seconds=0,
        icasework_read_seconds=20,
        xima_attempts=2,
        xima_max_wait_seconds=0,
        xima_read_seconds=20,
        xima_timeout_polls=2,
        tascomi_attempts=2,
        tascomi_max_wait_seconds=0,
    )


def load(settings: Settings, *days: ReportDay, feed: str = TASKS, rounds: int = 0) -> list[Outcome]:
    found = FEEDS[feed]
    with closing(connect(found.source, settings)) as source:
        outcomes = ingest_in_rounds(
            found,
            days,
            source=source,
            lake=Lake(settings.data_dir),
            policy=policy_for(found.key, settings),
            rounds=Rounds(rounds, 0, 60),
        )
        return list(outcomes)


def seen(sandbox: SandboxThread, operation: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.calls.told(operation)["calls"]
    return found


@pytest.mark.parametrize(
    ("feed", "fault", "options", "kind", "outcomes"),
    [
        (TASKS, "status", {"status": 503}, "transient", ["failed", "failed"]),
        (TASKS, "status", {"status": 503, "calls": 1}, None, ["failed", "ok"]),
        (TASKS, "too_many_requests", {"retry_after": 0}, "transient", ["failed", "failed"]),
        (TASKS, "hang_up", {}, "transient", ["no answer", "no answer"]),
        (TASKS, "hold", {"seconds": 3}, "transient", ["timed out", "timed out"]),
        (TASKS, "cut", {"framing": "length", "after": 3000}, "transient", ["cut short", "cut short"]),
        (TASKS, "status", {"status": 403}, "permanent", ["refused"]),
        (TASKS, "footer_wrong", {"off_by": 1}, "unverified", ["ok"]),
        (TASKS, "html", {}, "unverified", ["ok"]),
        (TASKS, "column_renamed", {"column": "Task.Type", "to": "Task.Kind"}, "drift", ["ok"]),
        (
            TASKS,
            "bad_value",
            {"column": "Task.DateDue", "value": "soon", "share": 0.5},
            "violations",
            ["ok"],
        ),
        (CALLS, "timed_out", {"polls": 1, "calls": 1}, None, ["not finished", "not finished", "ok"]),
        (CALLS, "status", {"status": 401}, "permanent", ["refused"]),
    ],
)
def test_what_the_record_counts_is_what_the_vendor_saw(  # noqa: PLR0913, PLR0917 - one row of the table
    settings: Settings,
    sandbox: SandboxThread,
    feed: str,
    fault: str,
    options: dict[str, Any],
    kind: str | None,
    outcomes: list[str],
) -> None:
    sandbox.faults.add(fault, feed=feed.partition("/")[2], **options)
    if fault == "hold":
        settings = settings.model_copy(update={"icasework_read_seconds": 0.5})

    (outcome,) = load(settings, DAY, feed=feed)

    assert (outcome.error.kind if outcome.error else None) == kind
    calls = read_calls(settings.data_dir)
    there = seen(sandbox)
    assert calls.height == len(there)
    assert calls["method"].to_list() == [one["method"] for one in there]
    reports = calls.filter(~pl.col("what").str.ends_with("token"))
    assert reports["outcome"].to_list() == outcomes
    assert reports["attempt"].to_list() == list(range(1, len(outcomes) + 1))
    assert set(reports["feed"]) == {feed}
    assert set(reports["report_date"]) == {DAY.date}


def test_a_day_that_failed_in_passing_is_asked_for_again_after_the_others(
    settings: Settings, sandbox: SandboxThread
) -> None:
    days = [DAY.plus(-2), DAY.plus(-1), DAY]
    sandbox.faults.add("status", status=503, feed="tasks", day=str(days[0]), calls=2)

    outcomes = load(settings, *days, rounds=1)

    assert [outcome.day for outcome in outcomes] == [days[1], days[2], days[0]]
    assert not any(outcome.error for outcome in outcomes)
    calls = mark_made_good(read_calls(settings.data_dir)).filter(pl.col("report_date") == days[0].date)
    reports = calls.filter(pl.col("what") == "icasework getreport")
    assert reports["outcome"].to_list() == ["failed", "failed", "ok"]
    assert reports["made_good"].to_list() == [True, True, None]
    assert reports.height == len([one for one in seen(sandbox, "getreport") if one["first"] == str(days[0])])


def test_a_refused_token_is_made_good_by_the_next_whichever_day_asks_for_it(
    settings: Settings, sandbox: SandboxThread
) -> None:
    sandbox.faults.add("status", status=403, operation="token", calls=1)
    (outcome,) = load(settings, DAY)
    assert outcome.error is not None
    (outcome,) = load(settings, DAY.plus(-1))
    assert outcome.error is None
    calls = mark_made_good(read_calls(settings.data_dir)).filter(pl.col("what") == "icasework token")
    assert calls["outcome"].to_list() == ["refused", "ok"]
    assert calls["made_good"].to_list() == [True, None]


def test_a_permanent_failure_is_asked_for_once_however_many_rounds_there_are(
    settings: Settings, sandbox: SandboxThread
) -> None:
    sandbox.faults.add("status", status=403, feed="tasks")
    (outcome,) = load(settings, DAY, rounds=3)
    assert outcome.error is not None
    assert len(seen(sandbox, "getreport")) == 1


def test_tascomis_pages_and_icaseworks_writes_are_on_record_and_in_the_catalogue(
    settings: Settings, sandbox: SandboxThread
) -> None:
    (outcome,) = load(settings, DAY, feed=CONTACTS)
    assert outcome.error is None
    with connect_writer(settings) as writer:
        with pytest.raises(CasehouseError):
            writer.add_case_notes("999999999", "a word about Mrs Example", kind="Note")
        writer.prove_writing()
    with closing(connect("icasework", settings)) as source:
        source.server_clock(settings.icasework_base)  # type: ignore[attr-defined]  # the doctor's
    lake = Lake(settings.data_dir)
    build(lake, FEEDS, since=DAY, until=DAY)

    told = run_query(lake, "SELECT * FROM ops.calls ORDER BY called_at")

    is_knock = pl.col("what").is_in(["icasework", "tascomi"])
    assert told.filter(~is_knock).height == sandbox.calls.count
    assert told.filter(is_knock)["outcome"].to_list() == ["ok", "ok"]
    listed = told.filter(pl.col("what") == "tascomi list of contacts")
    assert set(listed["feed"]) == {CONTACTS}
    notes = told.filter(pl.col("what").str.contains("addcasenotes"))
    assert notes["outcome"].to_list() == ["refused", "refused"]
    assert notes["feed"].null_count() == 2
    assert all(code and code[0].isdigit() for code in notes["vendor_code"])
    written = b"".join(path.read_bytes() for path in (settings.data_dir / "calls").iterdir()).decode()
    for untold in (SANDBOX_SECRET, SANDBOX_XIMA_KEY, "Example", "999999999", "?", "http", "Bearer"):
        assert untold not in written


def test_what_cannot_be_reached_is_on_record_too(settings: Settings) -> None:
    nobody = settings.model_copy(
        update={"xima_base_url": "http://127.0.0.1:9", "xima_environment": "production"}
    )
    (outcome,) = load(nobody, DAY, feed=CALLS)
    assert outcome.error is not None
    assert outcome.error.kind == "transient"
    calls = read_calls(settings.data_dir)
    assert calls["outcome"].to_list() == ["unreachable"] * 2
    assert calls["status"].null_count() == 2


def test_a_book_that_cannot_be_written_fails_no_day(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "calls").write_text("in the way")
    outcomes = load(settings, DAY.plus(-1), DAY)
    assert not any(outcome.error for outcome in outcomes)
    assert caplog.text.count("calls to icasework are not recorded") == 1
