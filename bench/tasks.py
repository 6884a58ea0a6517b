"""One task per process: what `bench.measure.run_task` starts. Arguments are paths and counts.

A task prints the wall and CPU seconds of the work itself: imports are paid before, by everyone alike.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bench import card_frames
from bench.file_source import FileSource
from bench.wide import WIDE, write_csv, write_xml
from bench.xima_calls import DAY, XIMA_CALLS, write_calls
from pipelines.days import ReportDay
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sources.report import Body, ReportRequest
from pipelines.sources.xima.body import open_report

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = ReportDay.parse("2026-01-01")


@contextmanager
def timed() -> Iterator[None]:
    """Print wall and CPU seconds of what stands inside."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    yield
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    print(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def house(folder: str, root: str, count: str, body_format: str) -> None:
    """Load `count` days from body files into a lake; every one must end verified."""
    days = [FIRST.plus(offset) for offset in range(int(count))]
    policy = Policy(reconcile="total" if body_format == "csv" else "none")
    source = FileSource.receive(Path(folder), body_format)
    with timed():
        _load(days, source, root, policy)


def _load(days: list[ReportDay], source: FileSource, root: str, policy: Policy) -> None:
    for outcome in ingest_days(WIDE, days, source=source, lake=Lake(Path(root)), policy=policy):
        if outcome.error:
            raise outcome.error


def make_csv(path: str, rows: str, footer: str) -> None:
    """Write the wide report as CSV, with a footer or without."""
    with timed():
        write_csv(Path(path), int(rows), footer=footer == "footer")


def make_xml(path: str, rows: str) -> None:
    """Write the wide report as XML."""
    with timed():
        write_xml(Path(path), int(rows))


def digest(path: str) -> None:
    """Digest a body on disk; a client does so while the bytes arrive."""
    with timed(), Path(path).open("rb") as file:
        hashlib.file_digest(file, "sha256")


def polars_csv(path: str, out: str) -> None:
    """Bare polars: scan and sink, types inferred, nothing checked."""
    with timed():
        pl.scan_csv(path).sink_parquet(out)


def duckdb_csv(path: str, out: str) -> None:
    """Bare DuckDB: COPY, types sniffed, nothing checked."""
    import duckdb  # noqa: PLC0415 - only this task pays for it

    with timed():
        duckdb.read_csv(path).write_parquet(out, compression="zstd")


def lxml_dicts(path: str) -> None:
    """Read XML the plain way: iterparse, a dictionary a row."""
    from lxml import etree  # noqa: PLC0415 - only this task pays for it

    with timed():
        _read_dicts(path, etree)


def _read_dicts(path: str, etree: Any) -> None:  # noqa: ANN401 - a module
    rows = []
    for _, element in etree.iterparse(path, tag="Row", resolve_entities=False, no_network=True):
        rows.append({child.tag: child.text for child in element})
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    if not rows:
        raise SystemExit("no rows")


def make_calls(path: str, rows: str) -> None:
    """Write the calls as Xima does."""
    with timed():
        write_calls(Path(path), int(rows))


def xima_typed(path: str, rows: str) -> None:
    """Read a Xima report to the typed frame, all checks included; every row must be well."""
    content, decoder = Path(path), XIMA_CALLS.decoder
    body = Body(content, "json", "", content.stat().st_size)
    with timed():
        report = open_report(ReportRequest(XIMA_CALLS.key, DAY, XIMA_CALLS.contract.wire_fields), body)
        judged = report.frame.with_columns(decoder.typed).select(
            *decoder.names, decoder.is_bad().alias("is_bad")
        )
        typed = judged.collect()
        bad = typed["is_bad"].sum()
    if typed.height != int(rows) or bad:
        raise SystemExit(f"{bad} of {typed.height} rows are bad")


def orjson_rows(path: str) -> None:
    """Read a Xima report the plain way: the whole document, a dictionary a row, a frame."""
    import orjson  # noqa: PLC0415 - only this task pays for it

    with timed():
        report = orjson.loads(Path(path).read_bytes())
        titles = [(column["key"], column["title"]) for column in report["columns"]]
        rows = []
        for row in report["rows"]:
            values = row["values"]
            rows.append({title: values.get(key, {}).get("value") for key, title in titles})
        frame = pl.DataFrame(rows)
    if not frame.height:
        raise SystemExit("no rows")


def small_days(home: str, rows: str, count: str) -> None:
    """Print seconds a day: one day at a time, a month together, and bare read_csv + write_parquet."""
    number = int(count)
    folder, root, plain = (Path(home) / name for name in ("bodies", "data", "plain"))
    folder.mkdir()
    plain.mkdir()
    for offset in range(number):
        write_csv(folder / f"{FIRST.plus(offset)}.csv", int(rows), footer=True)
        write_csv(plain / f"{FIRST.plus(offset)}.csv", int(rows), footer=False)
    days = [FIRST.plus(offset) for offset in range(number)]
    source, policy = FileSource.receive(folder), Policy()
    half = number // 2
    began = time.perf_counter()
    for day in days[:half]:
        _load([day], source, str(root), policy)
    alone = (time.perf_counter() - began) / half
    began = time.perf_counter()
    _load(days[half:], source, str(root), policy)
    together = (time.perf_counter() - began) / (number - half)
    bodies = sorted(plain.glob("*.csv"))
    began = time.perf_counter()
    for body in bodies:
        pl.read_csv(body).write_parquet(body.with_suffix(".parquet"))
    bare = (time.perf_counter() - began) / len(bodies)
    print(alone, together, bare)


def make_cards(folder: str, customers: str) -> None:
    """Write the rows that cards are made of."""
    with timed():
        card_frames.write_frames(Path(folder), int(customers))


def plain_cards(folder: str) -> None:
    """Render every card the plain way."""
    with timed():
        card_frames.render_plainly(Path(folder))


def house_cards(folder: str, customers: str) -> None:
    """Render every card as the product does, a chunk after the other."""
    from bench.house_cards import chunks  # noqa: PLC0415 - only these tasks pay for it

    with timed():
        cards = sum(chunk.height for chunk in chunks(Path(folder), int(customers)))
    if cards != int(customers):
        raise SystemExit(f"{cards} cards of {customers}")


def stored_cards(folder: str, customers: str) -> None:
    """Render every card and write the card file."""
    from bench.house_cards import store  # noqa: PLC0415 - as above

    with timed():
        store(Path(folder), int(customers))


def served_cards(folder: str, customers: str) -> None:
    """Write a card file to be served: ten short documents a card, no rendering to speak of."""
    from bench.served_cards import store  # noqa: PLC0415 - as above

    with timed():
        store(Path(folder), int(customers))


def catalogue_cards(folder: str) -> None:
    """Make every card of a lake from its catalogue."""
    from bench.house_cards import from_catalogue  # noqa: PLC0415 - as above

    with timed():
        from_catalogue(Path(folder))


TASKS = {
    task.__name__: task
    for task in (
        make_csv,
        make_xml,
        make_calls,
        house,
        digest,
        polars_csv,
        duckdb_csv,
        lxml_dicts,
        xima_typed,
        orjson_rows,
        small_days,
        make_cards,
        plain_cards,
        house_cards,
        stored_cards,
        served_cards,
        catalogue_cards,
    )
}


if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
