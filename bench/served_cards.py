"""A card file for the service to be measured with: cards of ten documents and some four kilobytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from pipelines.kpi.card_file import FIRST_CARD, FOLDER, About
from pipelines.kpi.card_writing import write_cards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARDS_AT_ONCE = 10_000
EACH = 10
NOBODY = '{"sections":[{"title":"Cases","message":"No data available","documents":[]}]}'
DOCUMENT = (
    '{{"documentNumber":"{}","documentDate":"2026-11-22T10:00:00Z",'
    '"externalUrl":"https://council.icasework.com/case?CaseId={}",'
    '"status":{{"name":"Response being drafted","colorCode":"ORANGE","updatedDate":"2026-11-22T10:00:00Z"}},'
    '"fields":[{{"value":"Missed collection"}},{{"name":"Team","value":"Waste and recycling"}},'
    '{{"name":"Stage","value":"Stage 1"}},{{"name":"Due","value":"26 Nov 2026"}},'
    '{{"name":"Last letter","value":"Acknowledgement, 21 Nov 2026"}}]}}'
)


def store(folder: Path, customers: int) -> None:
    """Write the file; customers are 000000001 and so on."""
    now = datetime.now(UTC)
    about = About(
        built_at=now,
        as_of=now,
        product="bench",
        identified_by="auto",
        households=False,
        stale_message="",
        information_title="Information",
    )
    numbers = pl.int_range(1, customers + 1, dtype=pl.UInt32, eager=True)
    names = "id:" + numbers.cast(pl.String).str.zfill(9)
    identifiers = pl.DataFrame({"identifier": names, "card": numbers + (FIRST_CARD - 1)})
    write_cards(
        folder / FOLDER,
        about,
        unknown=NOBODY,
        shared=NOBODY,
        cards=_cards(customers),
        identifiers=[identifiers],
    )


def _cards(customers: int) -> Iterator[pl.DataFrame]:
    for first in range(FIRST_CARD, FIRST_CARD + customers, CARDS_AT_ONCE):
        last = min(first + CARDS_AT_ONCE, FIRST_CARD + customers)
        card = pl.int_range(first, last, dtype=pl.UInt32)
        documents = [pl.format(DOCUMENT, card * EACH + at, card * EACH + at) for at in range(EACH)]
        body = pl.concat_str(
            pl.lit('{"sections":[{"title":"Cases","documents":['),
            pl.concat_str(documents, separator=","),
            pl.lit("]}]}"),
        )
        yield pl.select(card=card, body=body, documents=pl.lit(EACH, pl.UInt32))
