"""A town for the cards: two weeks of the invented council's casework, and calls from and to its customers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.days import ReportDay, span
from pipelines.feeds import FEEDS
from pipelines.kpi.building import build_cards, cards_folder
from pipelines.kpi.card_file import IDENTIFIERS, POINTER, CardFile
from pipelines.kpi.identity import readings
from pipelines.kpi.mapping import FOLDER
from pipelines.sandbox.council.council import Council
from pipelines.settings import load_settings
from pipelines.warehouse import build, run_query
from tests.contact_centre import call, load
from tests.warehouse.casework import load_council

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.kpi.building import Built
    from pipelines.kpi.card_file import Card
    from pipelines.lake import Lake

    Json = dict[str, Any]

FIRST, LAST = ReportDay.parse("2026-10-19"), ReportDay.parse("2026-11-01")  # the clocks go back on the 25th
NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def settle(lake: Lake) -> None:
    """Load casework, then calls of every kind from and to its numbers, and build the catalogue."""
    days = list(span(FIRST, LAST))
    load_council(lake, days, Council(cases_per_day=10))
    build(lake, FEEDS, since=FIRST, until=LAST)
    numbers = run_query(lake, "SELECT DISTINCT e164 FROM ops.phones WHERE e164 IS NOT NULL ORDER BY 1")[
        "e164"
    ]
    for day in days:
        asked = enumerate(numbers.gather_every(4, offset=day.date.day % 4)[:40])
        load(lake, day, calls=[_call(f"{day}-{at}", at, number, day) for at, number in asked])
    build(lake, FEEDS, since=FIRST, until=LAST)


def _call(name: str, at: int, number: str, day: ReportDay) -> dict[str, object]:
    when = 3600.0 + at * 60
    if at % 5 == 0:
        return call(
            name, day=day, at=when, direction="Outbound", caller="03069 990100", called=number, skill=""
        )
    if at % 5 == 1:
        return call(
            name, day=day, at=when, caller=number, outcome="Abandoned", agent="", talk_ms=0, ring_ms=61_500
        )
    outcome = "Transferred" if at % 5 == 2 else "Answered"
    return call(name, day=day, at=when, caller=number, outcome=outcome, talk_ms=1000 * at)


def make(lake: Lake, folder: Path = FOLDER, *, now: datetime = NOW, **chosen: object) -> Built:
    """Build the cards of a lake."""
    return build_cards(lake, load_settings(data_dir=lake.root, **chosen), now, folder=folder)


def opened(lake: Lake) -> CardFile:
    """Open the current card file."""
    return CardFile.open(cards_folder(lake) / POINTER)


def ask(file: CardFile, customer: str) -> Card:
    """Find a card as the service does."""
    return next((card for text in readings(customer) if (card := file.find(text.encode()))), file.unknown)


def every_body(file: CardFile) -> Iterator[bytes]:
    """Yield every body of a file, the two that are nobody's first."""
    yield file.unknown.body
    yield file.shared.body
    yield from (file._card(place).body for place in sorted(set(places(file).values()) - {file._shared_at}))


def places(file: CardFile) -> dict[bytes, bytes]:
    """Return every identifier of a file with the place of its card."""
    with file._store.begin(db=file._store.open_db(IDENTIFIERS, create=False)) as reading:
        return dict(reading.cursor())


def section(body: bytes, title: str) -> Json:
    """Return a card's section by its title."""
    (found,) = (one for one in json.loads(body)["sections"] if one["title"] == title)
    return dict(found)
