"""The stock of invented names, streets and towns that people and officers are put together from.

Drawn once per seed from Faker's British locale, with a share of names that careless code breaks on:
accents, apostrophes, hyphens, letters outside Latin-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable

WOMEN = (
    "Zoë",
    "Siân",
    "Chloé",
    "Niamh",
    "Anaïs",
    "Małgorzata",
    "Aoife",
    "Ngọc",
    "Anne-Marie",
    "Şebnem",
    "Temitọpẹ",
)
MEN = ("Seán", "José", "Łukasz", "Rhŷs", "Jörg", "D'Andre", "Ioan", "Jean-Luc", "Đức", "Ömer", "Mohammed")
SURNAMES = (
    "O'Connor",
    "Nguyễn",
    "O'Neill-Hughes",
    "Müller",
    "D'Souza",
    "Wójcik",
    "García Márquez",
    "McDonald",
    "Ó Briain",
    "Begum",
    "Okonkwo",
    "St. John",
    "van der Berg",
    "Núñez",
)
TOWNS = (
    "Calderbridge",
    "Port Hallam",
    "Ashby-under-Wold",
    "St Bride's",
    "Lowfield",
    "Market Thornley",
    "Kirkby O'the Hill",
    "Westmarsh",
)
COUNTY = "Hallamshire"
POSTCODE_AREAS = ("HX", "HD", "WF")


@dataclass(frozen=True)
class Names:
    """Everything a person or an address is made of; every tuple is sorted by the order it was drawn."""

    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]
    streets: tuple[str, ...]
    other_places: tuple[tuple[str, str], ...]


@lru_cache(maxsize=8)
def names(seed: int) -> Names:
    """Draw the stock of a seed: some 150 first names of each sex, 250 surnames, 600 streets."""
    faker = Faker("en_GB")
    faker.seed_instance(seed)
    return Names(
        women=WOMEN + _draw(faker.first_name_female, 300),
        men=MEN + _draw(faker.first_name_male, 300),
        surnames=SURNAMES * 2 + _draw(faker.last_name, 400),
        streets=_draw(faker.street_name, 600),
        other_places=tuple(zip(_draw(faker.city, 40)[:30], _draw(faker.county, 200)[:30], strict=True)),
    )


def _draw(throw: Callable[[], str], times: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(throw() for _ in range(times)))
