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
from pipelines.kpi.mapping import AS_OF, FOLDER, load_mapping
from pipelines.kpi.queries import Asker
from pipelines.kpi.rendering import render_cards, render_message
from pipelines.warehouse.guarded import guarded
from pipelines.warehouse.statements import sections
from pipelines.whole_files import alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Values
    from datetime import datetime
    from pathlib import Path

    from pipelines.kpi.identity import Identities
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
    """What a build made: the file, what is in it, and the sections that failed with their reasons.

    `sections`: how many documents those that did not fail have, and on how many cards. `notes`: what somebody
    should know who did not ask.
    """

    path: Path
    as_of: ReportDay
    cards: int
    identifiers: int
    failed: dict[str, str]
    sections: dict[str, tuple[int, int]]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """One line for a person, and one a section."""
        known = f"{self.identifiers} identifiers, as known at the end of {self.as_of}"
        lines = [f"{self.path}: {self.cards} cards, {known}"]
        lines += [f"  {title}: {many} documents on {on} cards" for title, (many, on) in self.sections.items()]
        return "\n".join(lines)


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
        notes = _behind(asker, mapping)
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
            cards=_rendered(guard, mapping, answers, identities.cards, notes),
            identifiers=identities.identifiers.iter_slices(IDENTIFIERS_AT_ONCE),
        )
    return Built(
        path,
        as_of,
        identities.cards,
        identities.identifiers.height,
        failed,
        {
            section.title: (answer.documents, answer.cards)
            for section, answer in zip(mapping.section, answers, strict=True)
            if answer
        },
        (*_overruled(identities), *(f"{title}: {note}" for title, note in notes.items())),
    )


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


def _behind(asker: Asker, mapping: Mapping) -> dict[str, str]:
    """Return what sections say whose feed is behind the cases."""
    known = {section.title: asker.known_by.get(section.feed or "") for section in mapping.section}
    return {
        title: (mapping.messages.behind or "").replace(AS_OF, f"{day.day} {day:%b %Y}")
        for title, day in known.items()
        if day and day < asker.as_of_date
    }


def _overruled(identities: Identities) -> Iterator[str]:
    if identities.overruled:
        yield (
            f"{identities.overruled} identifiers mean one customer by one kind and another by another;"
            " name the kind that is asked by in CASEHOUSE_KPI_CUSTOMER_ID"
        )


def _rendered(
    guard: Guarded,
    mapping: Mapping,
    answers: Sequence[Answered | None],
    cards: int,
    notes: Values[str, str],
) -> Iterator[pl.DataFrame]:
    """Yield the cards chunk by chunk."""
    end = FIRST_CARD + cards
    for first in range(FIRST_CARD, end, CARDS_AT_ONCE):
        last = min(first + CARDS_AT_ONCE, end) - 1
        numbers = pl.int_range(first, last + 1, dtype=pl.UInt32, eager=True)
        found = [answer.between(guard, first, last) if answer else None for answer in answers]
        yield render_cards(mapping, numbers, found, notes)
