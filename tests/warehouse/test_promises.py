"""SQL tests pass on what the council sends, and every one of them can fail."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pytest

from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.council.reports import BY_NAME
from pipelines.warehouse import build, catalogue_path, offending_rows, run_query, run_sql_tests, sql_tests
from pipelines.warehouse.definitions import TESTS, definitions
from tests.plain_source import PlainSource
from tests.warehouse.casework import CASEWORK, rebuild_casework
from tests.warehouse.loaded import rebuild
from tests.warehouse.test_centre_promises import MUTATIONS as OF_THE_CENTRE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipelines.sandbox.council.council import Council

Cells = dict[str, str]


@dataclass(frozen=True)
class Sent:
    """A day's report as the source might send it: one row changed, by the id that a query finds."""

    feed: str
    which: str  # a query for report day and id
    key: str  # the wire column of the id
    change: Callable[[Cells], list[Cells]]


@dataclass(frozen=True)
class Turned:
    """A catalogue that was turned behind Casehouse's back, by statements."""

    statements: tuple[str, ...]


OF_CASEWORK = [test.name for test in sql_tests({"icasework"})]


def cells(**changed: str) -> Callable[[Cells], list[Cells]]:
    named = {name.replace("__", "."): value for name, value in changed.items()}
    return lambda row: [row | named]


CLOSED = "select report_date, case_id from marts.cases_current where {} order by case_id limit 1"
MUTATIONS: dict[str, Sent | Turned] = {
    "parts_without_a_case": Sent(
        "tasks",
        "select report_date, task_id from icasework.tasks limit 1",
        "Task.Id",
        cells(CaseDetails__CaseId="9999999"),
    ),
    "closed_cases_with_an_open_stage": Sent(
        "cases",
        CLOSED.format("not is_open"),
        "CaseDetails.CaseId",
        cells(CaseStageStage1__DateCompleted=""),
    ),
    "negative_durations": Sent(
        "cases",
        CLOSED.format("not is_open"),
        "CaseDetails.CaseId",
        cells(CaseStatusClosure__DateClosed="2020-01-01"),
    ),
    "targets_judged_otherwise": Sent(
        "cases",
        CLOSED.format("is_stage1_in_target"),
        "CaseDetails.CaseId",
        lambda row: [row | {"CaseStageStage1.ResponseInTarget": "No"}],
    ),
    "told_twice_in_a_report": Sent(
        "redress",
        "select report_date, redress_id from icasework.redress limit 1",
        "Redress.Id",
        lambda row: [row, row],
    ),
    "told_from_the_future": Sent(
        "correspondence",
        "select report_date, correspondence_id from icasework.correspondence limit 1",
        "Correspondence.Id",
        cells(Correspondence__DateSent="2031-01-01"),
    ),
    "redress_paid_without_agreement": Sent(
        "redress",
        "select report_date, redress_id from icasework.redress where paid_date is not null limit 1",
        "Redress.Id",
        cells(Redress__DateAgreed=""),
    ),
    "rows_that_were_not_received": Turned(("update ops.receipts set rows_good = rows_good + 1",)),
    "history_that_does_not_join": Turned(
        ("delete from ops.versions_icasework_cases where version_number = 2",)
    ),
    "volumes_that_do_not_add_up": Turned(
        ("delete from ops.receipts where feed = 'icasework/cases' and report_date > '2026-11-10'",)
    ),
}


@pytest.fixture
def own_lake(council_lake: Lake, tmp_path: Path) -> Lake:
    """Lend a copy of the council's lake that may be spoilt."""
    shutil.copytree(council_lake.root, tmp_path / "own")
    return Lake(tmp_path / "own")


def found(lake: Lake) -> dict[str, int]:
    return {verdict.name: verdict.offending for verdict in run_sql_tests(lake) if not verdict.problem}


def spoil(lake: Lake, council: Council, sent: Sent) -> None:
    """Load the day of the row again, with the row changed."""
    ((day, wanted),) = run_query(lake, sent.which).rows()
    feed, columns = CASEWORK[f"icasework/{sent.feed}"], BY_NAME[sent.feed].columns
    rows: list[tuple[str, ...]] = []
    for chunk in council.report(sent.feed, day, day):
        for row in chunk:
            told = dict(zip(columns, row, strict=True))
            turned = sent.change(told) if told[sent.key] == str(wanted) else [told]
            rows += [tuple(one.values()) for one in turned]
    source = PlainSource({str(day): rows}, fields=tuple(columns), origin="council")
    for outcome in ingest_days(feed, [ReportDay(day)], source=source, lake=lake, policy=Policy()):
        assert outcome.error is None
        assert outcome.changed


def turn(lake: Lake, turned: Turned) -> None:
    path = catalogue_path(lake)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as engine:
        for statement in turned.statements:
            engine.execute(statement)


def test_what_the_council_sends_keeps_every_promise(council_lake: Lake) -> None:
    assert found(council_lake) == dict.fromkeys(OF_CASEWORK, 0)


def test_an_empty_lake_keeps_every_promise(lake: Lake, council_days: list[ReportDay]) -> None:
    rebuild_casework(lake, council_days)
    assert found(lake) == dict.fromkeys(OF_CASEWORK, 0)


def test_every_promise_has_its_mutation() -> None:
    assert set(definitions(TESTS)) == set(MUTATIONS) | set(OF_THE_CENTRE)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_promise_can_be_broken(
    name: str, own_lake: Lake, council: Council, council_days: list[ReportDay]
) -> None:
    rebuild_casework(own_lake, council_days)  # its views name the files where they are now
    mutation = MUTATIONS[name]
    if isinstance(mutation, Sent):
        spoil(own_lake, council, mutation)
        rebuild_casework(own_lake, council_days)
    else:
        turn(own_lake, mutation)
    assert found(own_lake)[name] > 0
    assert offending_rows(own_lake, name).height == found(own_lake)[name]


def test_days_whose_cases_are_not_whole_are_not_judged(own_lake: Lake, council_days: list[ReportDay]) -> None:
    own_lake.path("icasework/cases", council_days[3]).unlink()
    rebuild_casework(own_lake, council_days)
    assert found(own_lake)["parts_without_a_case"] == 0


def test_a_test_that_cannot_be_asked_is_told_and_the_others_run(own_lake: Lake) -> None:
    turn(own_lake, Turned(("drop view marts.case_history",)))
    verdicts = {verdict.name: verdict for verdict in run_sql_tests(own_lake)}
    broken = verdicts["history_that_does_not_join"]
    assert not broken.passed
    assert "cannot be asked" in str(broken)
    assert "case_history" in str(broken)
    assert sorted(verdicts) == OF_CASEWORK


def test_tests_apply_where_their_source_has_feeds(lake: Lake, days: list[ReportDay]) -> None:
    of_no_feed = ["phones_in_another_form"]
    assert [test.name for test in sql_tests({"depot"})] == of_no_feed
    rebuild(lake, days)
    assert [verdict.name for verdict in run_sql_tests(lake)] == of_no_feed


def test_an_unknown_test_lists_the_known(lake: Lake, days: list[ReportDay]) -> None:
    build(lake, CASEWORK, since=days[0], until=days[-1])
    with pytest.raises(Permanent, match="negative_durations"):
        offending_rows(lake, "nothing")
