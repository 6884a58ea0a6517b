"""A disk that is full is told as a full disk, wherever the write is refused, and harms no loaded day."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipelines.sources.scan_faults import refusal
from tests.plain_source import PlainSource, fill, load_one

if TYPE_CHECKING:
    from pipelines.days import ReportDay
    from pipelines.lake import Lake

# The operating system refuses files longer than so many bytes: the body still fits, the rows do not. Small
# days are written from memory, large ones by the scan that reads them, bad rows apart.
NO_ROOM = """
import resource, signal, sys
from pathlib import Path
import pipelines.ingest
from pipelines.days import ReportDay
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from tests.plain_source import PARCELS, PlainSource, fill, parcel
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
days = [ReportDay.parse("2026-11-01"), ReportDay.parse("2026-11-02")]
source = fill(PlainSource(), days, count=25)
source.rows["2026-11-02"] = [*source.rows["2026-11-02"], parcel(99, price="soon")]
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
for small in (4 << 20, 0):
    pipelines.ingest.SMALL_BYTES = small
    lake, policy = Lake(Path(sys.argv[1])), Policy(bad_row_share=0.5)
    for outcome in ingest_days(PARCELS, days, source=source, lake=lake, policy=policy):
        print(outcome.error)
"""


def test_a_full_disk_is_told_wherever_it_refuses(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days[:2])
    for day in days[:2]:
        load_one(day, source, lake)
    before = {path: path.read_bytes() for path in lake.root.rglob("*.parquet")}
    command = [sys.executable, "-c", NO_ROOM, str(lake.root)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(told) == 4
    assert all("cannot be written or read (File too large)" in line for line in told), told
    assert {path: path.read_bytes() for path in lake.root.rglob("*.parquet")} == before
    assert [failure.kind for failure in lake.failures("depot/parcels").values()] == ["storage"] * 2


@pytest.mark.parametrize("words", ["could not parse `IO error: ` (os error 28)", "it does not parse", ""])
def test_what_a_cell_says_is_no_refusal_of_the_disk(words: str) -> None:
    assert refusal(ValueError(words)) is None
