"""How fast the catalogue of ten years answers, and what building it costs."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.measure import run_task, tell
from bench.ten_years import write_days
from bench.wide import WIDE
from pipelines.contracts.contract import Contract
from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, connect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipelines.feeds import Feed

LAST = ReportDay.parse("2026-11-22")
FEWEST_FEEDS = 10
TRIES = 5

# What is asked, and in how many seconds it should be answered on two cores. Those without a promise of their
# own may take what an analyst would wait for.
QUESTIONS = {
    "count marts.cases_current": ("SELECT count(*) FROM marts.cases_current", 2.0),
    "group marts.cases_current": (
        "SELECT case_type, team, count(*), count(closed_date) FROM marts.cases_current GROUP BY ALL",
        2.0,
    ),
    "one case of marts.cases_current": (
        "FROM marts.cases_current WHERE case_id = (SELECT max(case_id) // 2 FROM ops.latest_icasework_cases)",
        0.5,
    ),
    "one day, every column": ("FROM icasework.cases WHERE report_date = DATE '2026-10-15'", 0.2),
    "one day, counted": ("SELECT count(*) FROM icasework.tasks WHERE report_date = DATE '2026-10-15'", 0.2),
    "every row, counted": ("SELECT count(*) FROM icasework.cases", 0.5),
    "marts.case_history": ("SELECT count(*), max(valid_to) FROM marts.case_history", 2.0),
    "marts.case_targets": ("SELECT target_status, count(*) FROM marts.case_targets GROUP BY ALL", 2.0),
    "marts.daily_volumes": (
        "SELECT year(volume_date), sum(received), max(open) FROM marts.daily_volumes GROUP BY ALL",
        5.0,
    ),
    "marts.case_timeline of one case": ("FROM marts.case_timeline WHERE case_id = 4000000", 0.5),
    "marts.case_timeline": ("SELECT event_type, count(*) FROM marts.case_timeline GROUP BY ALL", 10.0),
    "marts.contacts of one day": ("FROM marts.contacts WHERE report_date = DATE '2026-10-15'", 0.2),
    "marts.contacts": (
        "SELECT count(*), sum(call_cases), count_if(is_repeat_contact) FROM marts.contacts",
        5.0,
    ),
    "marts.call_volumes of one day": ("FROM marts.call_volumes WHERE report_date = DATE '2026-10-15'", 0.2),
    "marts.customers": ("SELECT count(*), sum(cases) FROM marts.customers", 5.0),
}


def measure_marts(folder: Path, scale: int) -> None:
    """Make ten years (one with `--quick`) of ten feeds, build, ask, and build again after one more night."""
    days, rows = 3650 // scale, 1000
    feeds, lake = _feeds(), Lake(folder / "data")
    every = list(span(LAST.plus(1 - days), LAST))
    began = time.perf_counter()
    for feed in feeds.values():
        for at in range(0, days - 1, 30):
            write_days(lake, feed, every[at : min(at + 30, days - 1)], rows)
    size = f"{len(feeds)} feeds x {days} days x {rows} rows"
    print(f"     ({size}, written in {time.perf_counter() - began:.0f} s)")
    tell("first build / 20 ms a file", _build(lake, feeds, every) / (0.02 * len(feeds) * days), 1.0, size)
    for feed in feeds.values():
        write_days(lake, feed, every[-1:], rows)
    seconds = _build(lake, feeds, every)
    tell("build after one more night / 15 s", seconds / 15, 1.0, f"{seconds:.1f} s")
    seconds = _build(lake, feeds, every)
    tell("build without news / 10 s", seconds / 10, 1.0, f"{seconds:.1f} s")
    for name, (question, promised) in QUESTIONS.items():
        seconds = _ask(lake, question)
        tell(f"{name} / {promised:g} s", seconds / promised, 1.0, f"{seconds * 1000:.0f} ms")
    cards = run_task("catalogue_cards", str(lake.root))
    detail = f"{cards.wall:.1f} s, {cards.peak_mb:.0f} MB"
    tell("customer cards of it, with their file / 120 s", cards.wall / 120, 1.0, detail)
    tell("customer cards of it, memory / 1.5 GiB", cards.peak_mb / 1536, 1.0, detail)
    for what in ("lake", "monthly"):
        held = sum(path.stat().st_size for path in (lake.root / what).rglob("*.parquet"))
        print(f"     ({what}/: {held / 1e6:,.0f} MB)")
    print(f"     (catalogue: {(lake.root / 'casehouse.duckdb').stat().st_size / 1e6:,.0f} MB)")


def _feeds() -> dict[str, Feed]:
    """Take the feeds there are, and wide ones beside them until they are ten."""
    feeds = dict(FEEDS)
    for number in range(len(feeds), FEWEST_FEEDS):
        contract = Contract(f"bench/wide_{number}", WIDE.contract.model)
        feeds[contract.feed] = replace(WIDE, contract=contract)
    return feeds


def _build(lake: Lake, feeds: Mapping[str, Feed], days: list[ReportDay]) -> float:
    began = time.perf_counter()
    build(lake, feeds, since=days[0], until=days[-1])
    return time.perf_counter() - began


def _ask(lake: Lake, question: str) -> float:
    """Ask as an analyst does, each time by a fresh connection; the median, in seconds."""
    seconds = []
    for _ in range(TRIES):
        with closing(connect(lake)) as engine:
            began = time.perf_counter()
            engine.execute(question).fetchall()
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)[TRIES // 2]
