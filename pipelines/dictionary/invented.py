"""A small lake of invented days, with a catalogue, for examples: loaded from the sandbox as any lake is.

The whole way through HTTP costs a few seconds more than asking the sandbox's council in process, and spares a
second way of making rows; and only a catalogue has examples of marts. Days and file times are fixed: the
dictionary of one version is the same on every machine.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipelines.calls import CallBook, CallMade
from pipelines.days import ReportDay, span
from pipelines.errors import Transient
from pipelines.feeds import FEEDS, Policy, connect
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.outbound.log_frame import example_log
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings
from pipelines.warehouse import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOADED_AT = datetime(2025, 11, 24, 6, tzinfo=UTC)
REVISED_AT = datetime(2025, 11, 25, 6, tzinfo=UTC)
FIRST, LAST = ReportDay.parse("2025-11-17"), ReportDay.parse("2025-11-21")
FAILED = LAST.plus(1)


@contextmanager
def invented_lake() -> Iterator[Lake]:
    """Lend a lake with a catalogue of invented days; it is gone afterwards.

    Neither environment nor `.env` is read: a real account set there must not be asked for examples. Raises
    the error of a day that could not be loaded.
    """
    with TemporaryDirectory(prefix="casehouse-") as folder, SandboxThread() as sandbox:
        settings = Settings.model_construct(data_dir=Path(folder), sandbox_port=sandbox.port, calls_days=0)
        sandbox.faults.add(
            "bad_value", feed="tasks", day=str(FIRST), calls=None, column="Task.DateDue", value="soon", row=7
        )
        lake = Lake(settings.data_dir)
        # A row that came late and one that was corrected, and a day that lost half of its rows.
        early = {"feed": "cases", "day": str(FIRST)}
        sandbox.faults.add("rows_untold", **early, share=0.05)
        sandbox.faults.add("bad_value", **early, column="CaseDetails.Rating", value="High", row=1)
        _load(lake, settings, FEEDS, list(span(FIRST, LAST)), LOADED_AT)
        sandbox.faults.clear(feed="cases")
        sandbox.faults.add("rows_untold", feed="correspondence", day=str(FIRST), share=0.5)
        for feed in ("icasework/cases", "icasework/correspondence"):
            _load(lake, settings, [feed], [FIRST], REVISED_AT)
        for path in lake.root.rglob("*.parquet"):
            os.utime(path, (LOADED_AT.timestamp(), LOADED_AT.timestamp()))
        failure = Transient("the source could not answer", why="503 Service Unavailable", todo="run it again")
        lake.record_failure(
            "icasework/cases", FAILED, failure.about("icasework/cases", str(FAILED)), LOADED_AT
        )
        _invent_calls(lake)
        build(lake, FEEDS, since=FIRST, until=FAILED, outbound_log=example_log(LOADED_AT))
        yield lake


def _invent_calls(lake: Lake) -> None:
    """Write calls that are the same each time: real ones have times of their own."""
    book = CallBook(lake.root, "icasework", keep_days=Settings.model_fields["calls_days"].default)
    told = {"source": book.source, "feed": "icasework/cases", "report_date": str(LAST), "method": "POST"}
    asked = {**told, "what": "icasework getreport", "vendor_code": ""}
    book.write(
        CallMade(at=LOADED_AT, attempt=1, status=503, bytes=162, seconds=0.21, outcome="failed", **asked)
    )
    again = LOADED_AT + timedelta(seconds=2)
    book.write(CallMade(at=again, attempt=2, status=200, bytes=48_211, seconds=0.84, outcome="ok", **asked))


def _load(lake: Lake, settings: Settings, feeds: Iterable[str], days: list[ReportDay], at: datetime) -> None:
    for feed in (FEEDS[key] for key in feeds):
        with closing(connect(feed.source, settings)) as source:
            loading = ingest_days(feed, days, source=source, lake=lake, policy=Policy(), clock=lambda: at)
            for outcome in loading:
                if outcome.error is not None:
                    raise outcome.error
