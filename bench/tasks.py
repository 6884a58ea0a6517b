"""One task per process: what `bench.measure.run_task` starts. Arguments are paths and counts."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl

from bench.file_source import FileSource
from bench.wide import WIDE
from pipelines.days import ReportDay
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake

FIRST = ReportDay.parse("2026-01-01")


def house(folder: str, root: str, count: str, body_format: str) -> None:
    """Load `count` days from body files into a lake; every one must end verified."""
    days = [FIRST.plus(offset) for offset in range(int(count))]
    policy = Policy(reconcile="total" if body_format == "csv" else "none")
    source = FileSource(Path(folder), body_format)
    for outcome in ingest_days(WIDE, days, source=source, lake=Lake(Path(root)), policy=policy):
        if outcome.error:
            raise outcome.error


def polars_csv(path: str, out: str) -> None:
    """Bare polars: scan and sink, types inferred, nothing checked."""
    pl.scan_csv(path).sink_parquet(out)


def duckdb_csv(path: str, out: str) -> None:
    """Bare DuckDB: COPY, types sniffed, nothing checked."""
    import duckdb  # noqa: PLC0415 - only this task pays for it

    read = duckdb.read_csv(path)
    read.write_parquet(out, compression="zstd")


def lxml_dicts(path: str) -> None:
    """Read XML the plain way: iterparse, a dictionary a row."""
    from lxml import etree  # noqa: PLC0415 - only this task pays for it

    rows = []
    for _, element in etree.iterparse(path, tag="Row", resolve_entities=False, no_network=True):
        rows.append({child.tag: child.text for child in element})
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    if not rows:
        raise SystemExit("no rows")


def small_days(folder: str, root: str, plain: str, count: str) -> None:
    """Print seconds a day: one day at a time, a month together, and bare read_csv + write_parquet."""
    number = int(count)
    days = [FIRST.plus(offset) for offset in range(number)]
    source, policy = FileSource(Path(folder)), Policy()
    began = time.perf_counter()
    for day in days[: number // 2]:
        for outcome in ingest_days(WIDE, [day], source=source, lake=Lake(Path(root)), policy=policy):
            if outcome.error:
                raise outcome.error
    alone = (time.perf_counter() - began) / (number // 2)
    began = time.perf_counter()
    for outcome in ingest_days(
        WIDE, days[number // 2 :], source=source, lake=Lake(Path(root)), policy=policy
    ):
        if outcome.error:
            raise outcome.error
    together = (time.perf_counter() - began) / (number - number // 2)
    bodies = sorted(Path(plain).glob("*.csv"))
    began = time.perf_counter()
    for body in bodies:
        pl.read_csv(body).write_parquet(body.with_suffix(".parquet"))
    bare = (time.perf_counter() - began) / len(bodies)
    print(alone, together, bare)


TASKS = {task.__name__: task for task in (house, polars_csv, duckdb_csv, lxml_dicts, small_days)}


if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
