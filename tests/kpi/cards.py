"""Card files for tests: a few customers, their identifiers, and bodies as the builder renders them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.kpi.card_file import FIRST_CARD, About
from pipelines.kpi.card_writing import CARD_COLUMNS, IDENTIFIER_COLUMNS, write_cards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BUILT_AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
AS_OF = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def about(**changes: Any) -> About:  # noqa: ANN401 - its own members
    values: dict[str, Any] = {
        "built_at": BUILT_AT,
        "as_of": AS_OF,
        "product": "casehouse 0",
        "identified_by": "auto",
        "households": False,
        "stale_message": "These cases are as of {as_of}.",
        "information_title": "Information",
    }
    return About(**values | changes)


def body(*numbers: str, message: str = "") -> str:
    """Render a card with a document of each number."""
    documents = [
        {
            "documentNumber": number,
            "documentDate": "2026-11-22T10:00:00Z",
            "status": {"name": "Open — overdue", "colorCode": "RED"},
        }
        for number in numbers
    ]
    section = {"title": "Cases", **({"message": message} if message else {}), "documents": documents}
    return json.dumps({"sections": [section]}, ensure_ascii=False, separators=(",", ":"))


UNKNOWN_BODY = body(message="No data available")
SHARED_BODY = body(message="Several customers have this number.")


def frames(bodies: Sequence[str], known: Mapping[str, int]) -> dict[str, list[pl.DataFrame]]:
    """Put bodies and the places that identifiers lead to (0 is the first) into the frames that are taken."""
    cards = {
        "card": range(FIRST_CARD, FIRST_CARD + len(bodies)),
        "body": bodies,
        "documents": [text.count('"documentNumber"') for text in bodies],
    }
    pairs = sorted((text.encode(), text, place + FIRST_CARD) for text, place in known.items())
    identifiers = {"identifier": [pair[1] for pair in pairs], "card": [pair[2] for pair in pairs]}
    return {
        "cards": [pl.DataFrame(cards, CARD_COLUMNS)],
        "identifiers": [pl.DataFrame(identifiers, IDENTIFIER_COLUMNS)],
    }


def publish(folder: Path, bodies: Sequence[str], known: Mapping[str, int], **changes: object) -> Path:
    """Write a card file and make it the current one; -1 is the place of several customers."""
    return write_cards(
        folder, about(**changes), unknown=UNKNOWN_BODY, shared=SHARED_BODY, **frames(bodies, known)
    )
