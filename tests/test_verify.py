"""Every partition is proved again; what is wrong is named, what is odd is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.contracts.columns import Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.errors import Permanent
from pipelines.feeds import Feed, Policy
from pipelines.ingest import ingest_days
from pipelines.receipts import seal
from pipelines.sources.dialect import ICASEWORK
from pipelines.verify import Verdict, verify
from pipelines.warehouse import build, catalogue_path
from tests.plain_source import PARCELS, PlainSource, fill, parcel

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.lake import Lake

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


def test_what_is_not_asked_for_is_not_read(lake: Lake, days: list[ReportDay]) -> None:
    load_with_quarantine(lake, days)
    verdicts = verify(lake, FEEDS)
    assert next(verdicts) == Verdict(FEED, str(days[0]))
    verdicts.close()  # type: ignore[attr-defined]  # it is a generator
