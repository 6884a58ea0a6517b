"""The people who write in: who they are, who shares a home, who comes back.

A person is made from a number alone and is the same in every case. Nobody can be reached: e-mail addresses
are at example.com and example.org, telephone numbers in the ranges Ofcom keeps for drama.
"""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from typing import NamedTuple

from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.kinds import Sender
from pipelines.sandbox.council.names import COUNTY, POSTCODE_AREAS, TOWNS, names

FIRST_REFERENCE = 200_001
COUNCILLORS, MEMBERS_OF_PARLIAMENT = 48, 3
COUNCILLOR_REFERENCE, PARLIAMENT_REFERENCE = 100_001, 100_901
OLDEST, DAYS_OF_BIRTH = date(1931, 1, 1), 27_000

# Who writes in, and the reference that the first of them has.
REFERENCES = {
    Sender.PUBLIC: FIRST_REFERENCE,
    Sender.COUNCILLOR: COUNCILLOR_REFERENCE,
    Sender.PARLIAMENT: PARLIAMENT_REFERENCE,
}

HOUSES = (
    "Rose House",
    "Canterbury Court",
    "St James's Lodge",
    "The Old Bakery",
    "Ashgrove Court",
    "Queen's Tower",
)
CONTACT_TIMES = ("", "", "", "", "Mornings", "After 17:00", "Weekdays, not Tuesdays")
LANGUAGES = ("", "", "", "", "", "", "English", "Polish", "Urdu", "Welsh", "Français")
NOTES = (
    "Prefers letters in large print",
    'Asks to be called "Mrs J"',
    "Do not leave voicemail; partner's phone",
    "Wheelchair user, ground floor visits only",
    "Gate code needed, ring first\nDog in garden",
    "Son holds power of attorney, see file",
)
TRADES = (
    "Builders Ltd",
    "& Sons",
    "Bakery",
    "Motors",
    "Solicitors LLP",
    "Community Trust",
    "Café",
    "Lettings",
)


class Person(NamedTuple):
    """One customer as a case shows it; any text may be empty. `reference` never is."""

    reference: str
    title: str
    first_name: str
    last_name: str
    address: str
    town: str
    county: str
    postcode: str
    email: str
    category: str
    contact_method: str
    contact_time: str
    date_of_birth: str
    mobile: str
    organisation: str
    phone: str
    language: str
    notes: str

    @property
    def full_name(self) -> str:
        """The name as iCasework shows it, "Bloggs, Fred" (CODE/live)."""
        return f"{self.last_name}, {self.first_name}"

    @property
    def salutation(self) -> str:
        """The name as a letter shows it."""
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)


class _Home(NamedTuple):
    surname: str
    address: str
    town: str
    county: str
    postcode: str
    phone: str


class People:
    """All customers of one council."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._names = names(seed)

    def member(self, number: int) -> Person:
        """Make a councillor, 0 to COUNCILLORS - 1."""
        return self._office_holder(
            COUNCILLOR_REFERENCE + number, "Councillor", "Cllr", "Calderbridge Borough Council"
        )

    def parliamentarian(self, number: int) -> Person:
        """Make a Member of Parliament, 0 to MEMBERS_OF_PARLIAMENT - 1."""
        return self._office_holder(PARLIAMENT_REFERENCE + number, "MP", "", "House of Commons")

    def customer(self, number: int, neighbour: int | None) -> Person:
        """Make the customer of a number, living in the home of `neighbour` when one is given."""
        dice = Dice(self._seed, Stream.PERSON, number)
        is_woman = dice.chance(540)
        first = dice.pick(self._names.women if is_woman else self._names.men)
        home = self._home(number if neighbour is None else neighbour)
        last = home.surname if neighbour is None or dice.chance(800) else dice.pick(self._names.surnames)
        is_business = neighbour is None and dice.chance(60)
        born = OLDEST + timedelta(days=dice.below(DAYS_OF_BIRTH))
        mobile = f"07700 900{dice.below(1000):03}"
        if dice.chance(80):
            mobile = "+44 " + mobile[1:]
        elif dice.chance(80):
            mobile = mobile.replace(" ", "")
        titles = ("Mrs", "Ms", "Miss", "Ms", "Dr", "") if is_woman else ("Mr", "Mr", "Mr", "Dr", "Mx", "")
        return Person(
            reference=str(FIRST_REFERENCE + number),
            title=dice.pick(titles),
            first_name=first,
            last_name=last,
            address=home.address,
            town=home.town,
            county=home.county,
            postcode=home.postcode,
            email=_email(first, last, number, dice) if dice.chance(820) else "",
            category="Business"
            if is_business
            else dice.pick(("Resident", "Resident", "Tenant", "Leaseholder", "")),
            contact_method=dice.pick(("", "", "Email", "Email", "Phone", "Post", "Text message")),
            contact_time=dice.pick(CONTACT_TIMES),
            date_of_birth=born.isoformat() if not is_business and dice.chance(450) else "",
            mobile=mobile if dice.chance(640) else "",
            organisation=f"{last} {dice.pick(TRADES)}" if is_business else "",
            phone=home.phone,
            language=dice.pick(LANGUAGES),
            notes=dice.pick(NOTES) if dice.chance(90) else "",
        )

    def _home(self, number: int) -> _Home:
        """Make the home that the person of this number was first met in."""
        dice = Dice(self._seed, Stream.HOME, number)
        street = f"{dice.between(1, 240)} {dice.pick(self._names.streets)}"
        house = dice.pick(HOUSES)
        address = (
            street,
            street,
            street,
            f"Flat {dice.between(1, 40)}, {house}\n{street}",
            f"Flat B\n{house}\n{street}",
            f"{house}, {street}",
        )[dice.below(6)]
        if dice.chance(70):
            town, county = dice.pick(self._names.other_places)
        else:
            town, county = dice.pick(TOWNS), dice.pick((COUNTY, COUNTY, ""))
        postcode = (
            f"{dice.pick(POSTCODE_AREAS)}{dice.between(1, 20)} "
            f"{dice.below(10)}{dice.pick('ABDEFGHJLNPQRSTUWXYZ')}{dice.pick('ABDEFGHJLNPQRSTUWXYZ')}"
        )
        landline = (f"01632 960{dice.below(1000):03}", f"020 7946 0{dice.below(1000):03}", "", "")
        return _Home(dice.pick(self._names.surnames), address, town, county, postcode, dice.pick(landline))

    def _office_holder(self, reference: int, category: str, title: str, organisation: str) -> Person:
        dice = Dice(self._seed, Stream.PERSON, -reference)
        first = dice.pick(self._names.women if dice.chance(500) else self._names.men)
        last = dice.pick(self._names.surnames)
        return Person(
            reference=str(reference),
            title=title,
            first_name=first,
            last_name=last,
            address="Members' Room\nCivic Centre, Market Square",
            town=TOWNS[0],
            county=COUNTY,
            postcode="HX1 1AA",
            email=_email(first, last, reference, dice),
            category=category,
            contact_method="Email",
            contact_time="",
            date_of_birth="",
            mobile="",
            organisation=organisation,
            phone=f"01632 960{reference % 1000:03}",
            language="",
            notes="",
        )


def ascii_letters(text: str) -> str:
    """Reduce a name to the lower-case letters an e-mail address or a user name can hold."""
    if text.isascii() and text.isalpha():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.replace("Ł", "L").replace("ł", "l").replace("Đ", "D"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalnum())


def _email(first: str, last: str, number: int, dice: Dice) -> str:
    host = dice.pick(("example.com", "example.com", "example.org"))
    return f"{ascii_letters(first)}.{ascii_letters(last)}{number}@{host}"
