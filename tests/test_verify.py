"""Every partition is proved again; what is wrong is named, what is odd is noted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.contracts.columns import Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay, span
from pipelines.errors import Permanent
from pipelines.feeds import Feed, Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.receipts import seal
from pipelines.sources.dialect import ICASEWORK
from pipelines.verify import Verdict, verify
from pipelines.warehouse import build, catalogue_path, run_query
from tests.plain_source import PARCELS, PlainSource, fill, parcel

if TYPE_CHECKING:
    from collections.abc import Callable

FEED = PARCELS.key
FEEDS = {FEED: PARCELS}


def load(lake: Lake, days: list[ReportDay], source: PlainSource) -> None:
    for outcome in ingest_days(PARCELS, days, source=source, lake=lake, policy=Policy(bad_row_share=0.5)):
        assert outcome.error is None


def load_with_quarantine(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    source.rows[str(days[1])] = [parcel(1), parcel(2, price="-1")]
    load(lake, days, source)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_an_absent_data_directory_is_no_proof_of_anything(lake: Lake) -> None:
    with pytest.raises(Permanent, match=r"data directory is not there.*CASEHOUSE_DATA_DIR"):
        list(verify(lake, FEEDS))


def test_an_empty_lake_has_nothing_to_prove(lake: Lake) -> None:
    lake.root.mkdir()
    assert list(verify(lake, FEEDS)) == []


def test_whole_partitions_are_proved_in_order(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    assert list(verify(lake, FEEDS)) == [Verdict(FEED, str(day)) for day in days]


def test_one_flipped_bit_is_named_and_only_it(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    flip_a_bit(lake.path(FEED, days[3]))
    wrong = [verdict for verdict in verify(lake, FEEDS) if verdict.problem]
    assert [(verdict.feed, verdict.day) for verdict in wrong] == [(FEED, str(days[3]))]
    assert f"{FEED} {days[3]}" in str(wrong[0].problem)
    assert "casehouse ingest" in str(wrong[0].problem)


def test_a_flipped_bit_in_the_quarantine_is_named(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    flip_a_bit(lake.quarantine_path(FEED, days[1]))
    assert [verdict.day for verdict in verify(lake, FEEDS) if verdict.problem] == [str(days[1])]


def test_another_contract_is_a_note_and_no_problem(lake: Lake, days: list[ReportDay]) -> None:
    class Narrow(Rows):
        """One parcel."""

        parcel_id: Whole = wire("Parcel.Id", "Number.", required=True)

    load(lake, days[:1], fill(PlainSource(), days))
    (verdict,) = verify(lake, {FEED: Feed(Contract(FEED, Narrow), ICASEWORK)})
    assert verdict.problem is None
    assert f"casehouse ingest {FEED} {days[0]}" in str(verdict.note)


def test_judging_finds_rows_that_break_the_contract(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    path = lake.path(FEED, days[2])
    receipt = lake.receipt(FEED, days[2])
    assert receipt is not None
    rows = pl.read_parquet(path).with_columns(
        price_gbp=pl.lit(-1).cast(pl.Decimal(18, 2)), label=pl.lit("Zebedee")
    )
    rows.write_parquet(path, metadata=receipt.as_metadata())
    seal(path)
    assert [verdict.problem for verdict in verify(lake, FEEDS) if verdict.problem] == []
    wrong = [verdict for verdict in verify(lake, FEEDS, judge=True) if verdict.problem]
    assert [verdict.day for verdict in wrong] == [str(days[2])]
    assert f"{FEED} {days[2]}" in str(wrong[0].problem)
    assert "price_gbp" in str(wrong[0].problem)
    assert "Zebedee" not in str(wrong[0].problem)


def test_judging_accepts_empty_days(lake: Lake, days: list[ReportDay]) -> None:
    load(lake, days[:1], fill(PlainSource(), days, 0))
    assert list(verify(lake, FEEDS, judge=True)) == [Verdict(FEED, str(days[0]))]


def test_files_of_no_known_feed_are_noted(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    for stray in ("lake/depot/letters/report_date=2026-11-01/part.parquet", "lake/readme.txt"):
        path = lake.root / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    strays = [verdict for verdict in verify(lake, FEEDS) if not verdict.feed]
    assert [verdict.problem for verdict in strays] == [None, None]
    told = " ".join(str(verdict.note) for verdict in strays)
    assert "lake/depot/letters/report_date=2026-11-01/part.parquet" in told
    assert "lake/readme.txt" in told


def test_quarantined_rows_of_no_loaded_day_are_noted(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    aside = lake.quarantine_path(FEED, days[1]).relative_to(lake.root)
    lake.path(FEED, days[1]).unlink()
    notes = [verdict.note for verdict in verify(lake, FEEDS) if verdict.note]
    assert notes == [f"{aside} is counted by no loaded day"]


def test_a_day_that_the_catalogue_knows_and_that_is_gone_is_a_problem(
    lake: Lake, days: list[ReportDay]
) -> None:
    load_with_quarantine(lake, days)
    build(lake, FEEDS, since=days[0], until=days[-1])
    assert [verdict.problem for verdict in verify(lake, FEEDS) if verdict.problem] == []
    lake.path(FEED, days[3]).unlink()
    wrong = [verdict for verdict in verify(lake, FEEDS) if verdict.problem]
    assert [(verdict.feed, verdict.day) for verdict in wrong] == [(FEED, str(days[3]))]
    assert f"{FEED} {days[3]}: the file is gone" in str(wrong[0].problem)
    assert f"casehouse ingest {FEED} {days[3]}" in str(wrong[0].problem)
    build(lake, FEEDS, since=days[0], until=days[-1])
    assert [verdict.problem for verdict in verify(lake, FEEDS) if verdict.problem] == []


def test_a_ruined_catalogue_is_noted_and_the_lake_proved_all_the_same(
    lake: Lake, days: list[ReportDay]
) -> None:
    load_with_quarantine(lake, days)
    catalogue_path(lake).write_bytes(b"not a database")
    *proved, note = verify(lake, FEEDS)
    assert proved == [Verdict(FEED, str(day)) for day in days]
    assert "days that are gone could not be looked for" in str(note.note)
    assert note.problem is None


def copies(lake: Lake) -> list[Path]:
    return sorted((lake.root / "monthly").rglob("*.parquet"))


def build_two_months(lake: Lake) -> None:
    days = list(span(ReportDay.parse("2026-10-30"), ReportDay.parse("2026-11-02")))
    load(lake, days, fill(PlainSource(), days))
    build(lake, FEEDS, since=days[0], until=days[-1])


def test_the_files_that_views_read_are_proved_too(lake: Lake) -> None:
    build_two_months(lake)
    assert [verdict for verdict in verify(lake, FEEDS) if not verdict.day] == [
        Verdict(FEED, "", month="2026-10"),
        Verdict(FEED, "", month="2026-11"),
    ]


def edit(path: Path) -> None:
    """Change one cell, and write a file that every reader takes for whole."""
    told = pl.read_parquet_metadata(path)
    rows = pl.read_parquet(path, hive_partitioning=False)
    rows.with_columns(price_gbp=pl.lit(9).cast(pl.Decimal(18, 2))).write_parquet(path, metadata=told)


def put_another_there(path: Path) -> None:
    shutil.copy(copies(Lake(path.parents[3]))[-1], path)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (flip_a_bit, "its seal does not match"),
        (edit, "its seal does not match"),
        (put_another_there, "another month's or another feed's"),
        (Path.unlink, "No such file"),
    ],
)
def test_a_monthly_file_that_is_not_what_was_written_is_named_and_a_build_makes_it_anew(
    lake: Lake, spoil: Callable[[Path], None], why: str
) -> None:
    build_two_months(lake)
    before = run_query(lake, "from depot.parcels order by all").rows()
    spoil(copies(lake)[0])
    wrong = [verdict for verdict in verify(lake, FEEDS) if verdict.problem]
    assert [(verdict.feed, verdict.month) for verdict in wrong] == [(FEED, "2026-10")]
    assert why in str(wrong[0].problem)
    assert "casehouse rebuild --afresh" in str(wrong[0].problem)
    days = [ReportDay.parse("2026-10-30"), ReportDay.parse("2026-11-02")]
    assert build(lake, FEEDS, since=days[0], until=days[-1]).months_written == 1  # its time or size tell
    assert [verdict for verdict in verify(lake, FEEDS) if verdict.problem] == []
    assert run_query(lake, "from depot.parcels order by all").rows() == before


def test_a_bit_that_turns_without_a_trace_is_found_and_mended_afresh(lake: Lake) -> None:
    build_two_months(lake)
    path = copies(lake)[0]
    stat = path.stat()
    flip_a_bit(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    day = ReportDay.parse("2026-10-30")
    assert build(lake, FEEDS, since=day, until=day).months_written == 0
    assert [verdict.month for verdict in verify(lake, FEEDS) if verdict.problem] == ["2026-10"]
    build(lake, FEEDS, since=day, until=day, afresh=True)
    assert [verdict for verdict in verify(lake, FEEDS) if verdict.problem] == []


def test_what_is_not_asked_for_is_not_read(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    verdicts = verify(lake, FEEDS)
    assert next(verdicts) == Verdict(FEED, str(days[0]))
    verdicts.close()  # type: ignore[attr-defined]  # it is a generator
