"""Cards from the bench's rows by the product's own rendering and file, without a catalogue between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from bench.card_frames import DOCUMENTS, LINES
from pipelines.kpi.building import CARDS_AT_ONCE, build_cards
from pipelines.kpi.card_file import FIRST_CARD, About
from pipelines.kpi.card_writing import write_cards
from pipelines.kpi.mapping import load_mapping
from pipelines.kpi.rendering import Rows, render_cards, render_message
from pipelines.lake import Lake
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.kpi.mapping import Mapping


def chunks(folder: Path, customers: int) -> Iterator[pl.DataFrame]:
    """Yield the rendered cards, chunk after chunk."""
    mapping = _mapping()
    documents, lines = (pl.scan_parquet(folder / name) for name in (DOCUMENTS, LINES))
    end = FIRST_CARD + customers
    for first in range(FIRST_CARD, end, CARDS_AT_ONCE):
        last = min(first + CARDS_AT_ONCE, end) - 1
        wanted = pl.col("card").is_between(first, last)
        cards = pl.int_range(first, last + 1, dtype=pl.UInt32, eager=True)
        rows = Rows(documents.filter(wanted).collect(), lines.filter(wanted).collect())
        yield render_cards(mapping, cards, [rows])


def store(folder: Path, customers: int) -> None:
    """Write the card file."""
    mapping = _mapping()
    now = datetime(2026, 11, 23, tzinfo=UTC)
    about = About(
        built_at=now,
        as_of=now,
        product="bench",
        identified_by="auto",
        households=False,
        stale_message=mapping.messages.stale,
        information_title=mapping.messages.information,
    )
    numbers = pl.int_range(FIRST_CARD, FIRST_CARD + customers, dtype=pl.UInt32, eager=True)
    identifiers = pl.DataFrame({"identifier": "id:" + numbers.cast(pl.String).str.zfill(9), "card": numbers})
    write_cards(
        folder / "kpi",
        about,
        unknown=render_message(mapping, mapping.messages.none),
        shared=render_message(mapping, mapping.messages.shared),
        cards=chunks(folder, customers),
        identifiers=[identifiers],
    )


def from_catalogue(lake: Path) -> None:
    """Make the cards of a lake by the product's own queries; a section that failed ends the benchmark."""
    built = build_cards(Lake(lake), load_settings(data_dir=lake), datetime.now(UTC))
    if built.failed:
        raise SystemExit(f"{built.failed}")


def _mapping() -> Mapping:
    """Take the product's own mapping, of which the bench has the first section and no history."""
    mapping = load_mapping()
    return mapping.model_copy(update={"section": mapping.section[:1]})
