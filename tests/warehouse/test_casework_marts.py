"""What casework marts tell, held against the rows they are made from, by other means than SQL."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import holidays
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.days import ReportDay, span
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.council.reports import BY_NAME
from pipelines.telephone import e164
from pipelines.warehouse import run_query
from tests.plain_source import PlainSource
from tests.warehouse.casework import CASEWORK, rebuild_casework

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CASES = CASEWORK["icasework/cases"]


def frame(lake: Lake, feed: str) -> pl.DataFrame:
    """Read every daily file of a feed, without the catalogue."""
    return pl.concat(
        pl.read_parquet(lake.path(feed, day), hive_partitioning=False).with_columns(
            report_date=pl.lit(day.date), report_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int32)
        )
        for day in lake.days(feed)
    )


def in_utc(told: pl.DataFrame) -> pl.DataFrame:
    return told.with_columns(pl.col(pl.Datetime("us", "Europe/London")).dt.convert_time_zone("UTC"))


def test_current_is_the_last_row_of_each_case(council_lake: Lake) -> None:
    every = frame(council_lake, CASES.key).sort("report_date", "report_row")
    latest = every.group_by("case_id").last().sort("case_id").select(every.columns)
    told = run_query(council_lake, "select * exclude (is_open) from marts.cases_current order by case_id")
    assert in_utc(told).equals(latest)


def test_history_is_every_row_and_closes_where_the_next_begins(council_lake: Lake) -> None:
    every = frame(council_lake, CASES.key)
    told = run_query(
        council_lake,
        "select case_id, version_number, valid_from, valid_to, is_current, case_status"
        " from marts.case_history order by case_id, version_number",
    )
    assert told.height == every.height
    for (_,), versions in told.group_by("case_id", maintain_order=True):
        rows = versions.rows(named=True)
        assert [row["version_number"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(first["valid_to"] == second["valid_from"] for first, second in pairwise(rows))
        assert [row["is_current"] for row in rows] == [False] * (len(rows) - 1) + [True]


def test_the_calendar_knows_working_days(council_lake: Lake) -> None:
    told = run_query(council_lake, "from ops.calendar order by calendar_date")
    quiet = holidays.country_holidays("GB", subdiv="ENG", years=range(2016, 2029))
    number = 0
    for day, is_working, count, holiday in told.rows():
        assert is_working == (day.weekday() < 5 and day not in quiet)
        number += is_working
        assert (count, holiday) == (number, quiet.get(day))
    assert (told["calendar_date"].min(), told["calendar_date"].max()) == (
        date(2016, 1, 1),
        date(2028, 12, 31),
    )


def working_days(first: date, last: date) -> int:
    quiet = holidays.country_holidays("GB", subdiv="ENG")
    step = 1 if first <= last else -1
    between = [first + timedelta(days=step * number) for number in range(1, abs((last - first).days) + 1)]
    if step < 0:
        between = [first, *between][:-1]
    return step * sum(day.weekday() < 5 and day not in quiet for day in between)


def test_targets_count_working_days_and_judge(council_lake: Lake, council_days: list[ReportDay]) -> None:
    told = run_query(council_lake, "from marts.case_targets").rows(named=True)
    as_of = council_days[-1].date
    assert {row["target_status"] for row in told} >= {"met", "breached", "running"}
    for row in told:
        end = row["ended_date"] or as_of
        if row["received_date"]:
            assert row["working_days_used"] == working_days(row["received_date"], end)
        if row["due_date"] is None:
            assert row["target_status"] == "none"
            continue
        late = end > row["due_date"] or (row["ended_date"] is None and row["due_date"] <= as_of)
        assert (row["target_status"] == "breached") == late
        left = None if row["ended_date"] else working_days(as_of, row["due_date"])
        assert row["working_days_left"] == left
        if row["is_in_target"] is not None:
            assert row["is_in_target"] == (row["target_status"] == "met")


def test_volumes_are_those_of_the_cases(council_lake: Lake, council_days: list[ReportDay]) -> None:
    cases = run_query(council_lake, "select received_date, closed_date from marts.cases_current").rows()
    told = run_query(
        council_lake,
        "select volume_date, sum(received), sum(closed), sum(open), sum(overdue) from marts.daily_volumes"
        " group by all",
    )
    volumes = {row[0]: row[1:] for row in told.rows()}
    targets = run_query(
        council_lake, "select due_date, ended_date from marts.case_targets where target_status = 'breached'"
    ).rows()
    for day in council_days:
        at = day.date
        received, closed, still_open, overdue = volumes[at]
        assert received == sum(begun == at for begun, _ in cases)
        assert closed == sum(ended == at for _, ended in cases)
        assert still_open == sum(begun <= at and (ended is None or ended > at) for begun, ended in cases)
        assert overdue == sum(due <= at and (ended is None or ended > at) for due, ended in targets)


def test_a_timeline_tells_every_part_once(council_lake: Lake) -> None:
    told = run_query(council_lake, "select event_type, count(*) from marts.case_timeline group by all")
    events = dict(told.rows())
    tasks = frame(council_lake, "icasework/tasks").sort("report_date").group_by("task_id").last()
    assert events["task opened"] == tasks.height
    assert events["task ended"] == tasks["completed_at"].count()
    assert events["letter sent"] == frame(council_lake, "icasework/correspondence").height
    redress = frame(council_lake, "icasework/redress").sort("report_date").group_by("redress_id").last()
    assert events["redress agreed"] == redress.height
    assert events["redress paid"] == redress["paid_date"].count()
    current = run_query(council_lake, "select count(*), count(closed_date) from marts.cases_current").row(0)
    assert (events["received"], events["closed"]) == current


def test_redress_adds_up_to_the_penny(council_lake: Lake) -> None:
    redress = frame(council_lake, "icasework/redress").sort("report_date").group_by("redress_id").last()
    told = run_query(
        council_lake,
        "select sum(agreed), sum(agreed_gbp), sum(paid_gbp + outstanding_gbp) from marts.redress_by_team",
    ).row(0)
    assert told == (redress.height, redress["amount_gbp"].sum(), redress["amount_gbp"].sum())


def test_customers_are_known_again(council_lake: Lake) -> None:
    current = run_query(
        council_lake,
        "select customer_id, is_open, lower(customer_email) as email from marts.cases_current"
        " where customer_id is not null",
    )
    told = run_query(council_lake, "select customer_id, cases, open_cases from marts.customers order by 1")
    expected = current.group_by("customer_id").agg(cases=pl.len(), open_cases=pl.col("is_open").sum())
    assert told.rows() == [tuple(row) for row in expected.sort("customer_id").rows()]
    known = run_query(
        council_lake, "select customer_id, unnest(emails) as email from marts.customers order by all"
    )
    assert (
        known.rows()
        == current.drop_nulls("email")
        .select("customer_id", "email")
        .unique()
        .sort("customer_id", "email")
        .rows()
    )


def test_customers_have_every_number_of_their_cases_in_one_form(council_lake: Lake) -> None:
    written = run_query(
        council_lake, "select customer_id, customer_phone, customer_mobile from marts.cases_current"
    )
    expected: dict[str, set[str]] = {}
    for customer, *numbers in written.rows():
        known = {read for number in numbers if number and (read := e164(number))}
        expected.setdefault(customer, set()).update(known)
    del expected[None]  # type: ignore[arg-type]  # cases without a customer's reference
    told = run_query(council_lake, "select customer_id, unnest(phones) as phone from marts.customers")
    assert sorted(told.rows()) == sorted((one, phone) for one, phones in expected.items() for phone in phones)
    assert told.height


def wire_row(case_id: int, **cells: str) -> tuple[str, ...]:
    told = {"CaseDetails.CaseId": str(case_id), "CaseDetails.CaseType": "Complaint"} | {
        {"label": "CaseDetails.CaseLabel", "closed": "CaseStatusClosure.DateClosed"}[key]: cell
        for key, cell in cells.items()
    }
    return tuple(told.get(name, "") for name in BY_NAME["cases"].columns)


TAKING = Policy(shrink_guard=None)  # days may lose all they had
DAYS = list(span(ReportDay.parse("2026-10-30"), ReportDay.parse("2026-11-02")))
row = st.tuples(st.integers(1, 3), st.sampled_from(["a", "b"]))
step = st.tuples(st.integers(0, 3), st.one_of(st.none(), st.lists(row, max_size=4)))


@given(steps=st.lists(step, min_size=1, max_size=5))
@settings(max_examples=6, deadline=None)
def test_in_any_order_of_loads_reloads_and_removals_the_latest_is_the_latest(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, list[tuple[int, str]] | None]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("lake")
    lake, source = Lake(folder), PlainSource(fields=tuple(BY_NAME["cases"].columns))
    held: dict[ReportDay, list[tuple[int, str]]] = {}
    for at, cases in steps:
        day = DAYS[at]
        if cases is None:
            lake.path(CASES.key, day).unlink(missing_ok=True)
            held.pop(day, None)
        else:
            source.rows[str(day)] = [wire_row(case, label=label) for case, label in cases]
            for outcome in ingest_days(CASES, [day], source=source, lake=lake, policy=TAKING):
                assert outcome.error is None
            held[day] = cases
    rebuild_casework(lake, DAYS)
    latest: dict[int, Any] = {}
    changes: list[tuple[int, str, date]] = []
    for day in sorted(held):
        for case, label in held[day]:
            if latest.get(case, (None,))[0] != label:
                changes.append((case, label, day.date))
            latest[case] = (label, day.date)
    told = run_query(lake, "select case_id, case_label, report_date from marts.cases_current")
    assert {case: (label, day) for case, label, day in told.rows()} == latest
    history = run_query(lake, "select case_id, case_label, valid_from from marts.case_history")
    assert sorted(history.rows()) == sorted(changes)
