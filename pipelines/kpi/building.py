"""Build the card file: from the catalogue, by the mapping, chunk after chunk into one file.

One builder works at a time, and a kill at any moment leaves the cards that were. A section that cannot be
made says so on every card and is told; a mapping that cannot be used stops the build before it writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import polars as pl

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Permanent
from pipelines.kpi.card_file import FIRST_CARD, About
from pipelines.kpi.card_writing import write_cards
from pipelines.kpi.identity import TOLD_SCHEMA, read_identifiers, resolve
from pipelines.kpi.mapping import FOLDER, load_mapping
from pipelines.kpi.queries import Asker
from pipelines.kpi.rendering import render_cards, render_message
from pipelines.warehouse.guarded import guarded
from pipelines.warehouse.statements import sections
from pipelines.whole_files import alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pipelines.kpi.mapping import Mapping
    from pipelines.kpi.queries import Answered
    from pipelines.lake import Lake
    from pipelines.settings import Settings
    from pipelines.warehouse.guarded import Guarded

CARDS_AT_ONCE = 10_000
IDENTIFIERS_AT_ONCE = 100_000
WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class Built:
    """What a build made: the file, what is in it, and the sections that failed with their reasons."""

    path: Path
    as_of: ReportDay
    cards: int
    identifiers: int
    failed: dict[str, str]

    def __str__(self) -> str:
        """One line for a person."""
        known = f"{self.identifiers} identifiers, as known at the end of {self.as_of}"
        return f"{self.path}: {self.cards} cards, {known}"


def cards_folder(lake: Lake) -> Path:
    """Where the card files of a lake stand, and the pointer to the current one."""
    return lake.root / "kpi"


def last_day_of_cases(lake: Lake) -> ReportDay | None:
    """Return the last report day of cases in the catalogue, None before the first is loaded."""
    with guarded(lake) as guard:
        return _as_of(guard)


def build_cards(
    lake: Lake,
    settings: Settings,
    now: datetime,
    *,
    folder: Path = FOLDER,
    wait_seconds: float = WAIT_SECONDS,
) -> Built:
    """Make every customer's card and swap the file in; readers of the old one go on undisturbed.

    Raises Permanent when mapping, identifiers or catalogue cannot be used or no day of cases is loaded,
    Transient when another builder is at it for longer than `wait_seconds`.
    """
    mapping = load_mapping(folder)
    told = (
        read_identifiers(settings.kpi_identifiers)
        if settings.kpi_identifiers
        else pl.DataFrame(schema=TOLD_SCHEMA)
    )
    target = cards_folder(lake) / "cards"
    with (
        alone(target, wait_seconds, todo="wait for it to end, then run `casehouse kpi build`"),
        guarded(lake) as guard,
    ):
        as_of = _as_of(guard)
        if as_of is None:
            raise Permanent("there is no day of cases to make cards of", todo="load icasework/cases first")
        asker = Asker(guard, folder, as_of.date, settings.icasework_case_pattern, settings.kpi_households)
        identities = resolve(
            asker.customers(),
            asker.numbers(),
            told,
            identified_by=settings.kpi_customer_id,
            households=settings.kpi_households,
        )
        asker.introduce(identities)
        answers, failed = _ask(asker, mapping)
        about = About(
            built_at=now,
            as_of=as_of.end,
            product=version("casehouse"),
            identified_by=settings.kpi_customer_id,
            households=settings.kpi_households,
            stale_message=mapping.messages.stale,
            information_title=mapping.messages.information,
            failed_sections=tuple(failed),
        )
        path = write_cards(
            cards_folder(lake),
            about,
            unknown=render_message(mapping, mapping.messages.none, failed),
            shared=render_message(mapping, mapping.messages.shared, failed),
            cards=_rendered(guard, mapping, answers, identities.cards),
            identifiers=identities.identifiers.iter_slices(IDENTIFIERS_AT_ONCE),
        )
    return Built(path, as_of, identities.cards, identities.identifiers.height, failed)


def _as_of(guard: Guarded) -> ReportDay | None:
    day = guard.frame(sections("card")["as_of"]).item()
    return None if day is None else ReportDay(day)


def _ask(asker: Asker, mapping: Mapping) -> tuple[list[Answered | None], dict[str, str]]:
    """Ask each section's queries; return the answers, None for a failed one, and why it failed."""
    answers: list[Answered | None] = []
    failed: dict[str, str] = {}
    for at, section in enumerate(mapping.section):
        try:
            answers.append(asker.ask(at, section))
        except CasehouseError as error:
            answers.append(None)
            failed[section.title] = str(error)
    return answers, failed


def _rendered(
    guard: Guarded, mapping: Mapping, answers: Sequence[Answered | None], cards: int
) -> Iterator[pl.DataFrame]:
    """Yield the cards chunk by chunk."""
    end = FIRST_CARD + cards
    for first in range(FIRST_CARD, end, CARDS_AT_ONCE):
        last = min(first + CARDS_AT_ONCE, end) - 1
        numbers = pl.int_range(first, last + 1, dtype=pl.UInt32, eager=True)
        found = [answer.between(guard, first, last) if answer else None for answer in answers]
        yield render_cards(mapping, numbers, found)
