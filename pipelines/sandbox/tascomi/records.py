"""What stands in the tables when a site opens: codes, officers, places, contacts and service requests.

All of it is of the invented council: its customers, officers and streets. The same seed and days give the
same records.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pipelines import demonstration as shown
from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.names import names
from pipelines.sandbox.council.officers import appoint
from pipelines.sandbox.council.people import People
from pipelines.sandbox.council.register import Register
from pipelines.sandbox.tascomi.office import API_USER, COLLEAGUE, FIRST_ID, request_number
from pipelines.sandbox.tascomi.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipelines.sandbox.council.people import Person
    from pipelines.sandbox.tascomi.judging import Row

STREETS = 160
# Two customers a working day become contacts; two of three with the reference that links them, and one of so
# many is entered a second time.
CONTACTS_A_DAY, WITHOUT_REFERENCE, TWICE = 2, 3, 97
REQUESTS_A_DAY, DAYS_TO_CLOSE = 2, 60
_FIRST_USER, _FIRST_CODE, _FIRST_PLACE = 12, 3, 880_001
_OPENED = "2016-04-01 09:00:00"
_WEEKEND = 5
_CODES: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("complaint_action_required", shown.TASCOMI_ACTIONS, "description"),
    ("complaint_codes", shown.TASCOMI_REQUEST_CODES, "description"),
    ("core_functions", shown.TASCOMI_CORE_FUNCTIONS, "name"),
    ("organizational_units", shown.TASCOMI_ORGANIZATIONAL_UNITS, "name"),
    ("reporting_methods", shown.TASCOMI_REPORTING_METHODS, "name"),
    ("request_categories", shown.TASCOMI_REQUEST_CATEGORIES, "name"),
)


def opening_records(seed: int, cases_per_day: int, opened: date, today: date) -> Mapping[str, list[Row]]:
    """Return the rows of every table: requests and contacts from `opened` to the day before `today`."""
    tables = {
        **{table: _coded(table, codes, told) for table, codes, told in _CODES},
        "titles": list(_titles()),
        "users": list(_users(seed)),
        "dtf_locations": list(_places(seed)),
    }
    register = Register(seed, cases_per_day)
    title_ids = {row["title"]: row["id"] for row in tables["titles"]}
    entered = _entered(register, cases_per_day, opened, today)
    customers = [(day, People(seed).customer(one, register.home(one))) for day, one in entered]
    tables["contacts"] = list(_contacts(customers, title_ids, opened))
    tables["complaints"] = list(_requests(seed, tables, opened, today))
    return tables


def _row(table: str, number: int, at: str, **values: str | None) -> Row:
    """Complete a row: empty where nothing is given, made and last changed at a time."""
    return dict.fromkeys(TABLES[table]) | {
        "id": str(number),
        "ceased": "f",
        "creation_user_id": COLLEAGUE,
        "submit_date": at,
        "last_updated": f"{at}.000000",
        "last_updated_by": COLLEAGUE,
        **values,
    }


def _coded(table: str, codes: Mapping[str, str], named: str) -> list[Row]:
    """List a table's codes, and one that was given up: it is still there, ceased."""
    rows = [
        _row(table, number, _OPENED, code=code, enabled="t", **{named: told})
        for number, (code, told) in enumerate(codes.items(), _FIRST_CODE)
    ]
    gone = {"code": "OLD", "enabled": "f", "ceased": "t", "ceased_date": "2019-03-31 00:00:00"}
    return [*rows, _row(table, _FIRST_CODE + len(rows), _OPENED, **{**gone, named: "Not in use"})]


def _titles() -> Iterator[Row]:
    for number, title in enumerate(shown.TASCOMI_TITLES, 1):
        yield _row(
            "titles", number, _OPENED, title=title, enabled="t", is_default="t" if number == 1 else "f"
        )


def _users(seed: int) -> Iterator[Row]:
    """List the interface's own user, a colleague, the duty officer, and the council's officers."""
    flags = {"enabled": "t", "manager": "f", "officer": "f"}
    yield _row("users", int(API_USER), _OPENED, forename="REST", surname="API", username="API", **flags)
    yield _row("users", int(COLLEAGUE), _OPENED, forename="System", username="SYSTEM", **flags)
    duty = {"username": shown.TASCOMI_DUTY_OFFICER, "job_title": "Duty Officer"}
    flags |= {"officer": "t"}
    yield _row("users", int(COLLEAGUE) + 1, _OPENED, forename="Duty", surname="Officer", **duty, **flags)
    staff = [officer for team in appoint(seed).values() for officer in team]
    for number, officer in enumerate(staff, _FIRST_USER):
        forename, _, surname = officer.name.partition(" ")
        yield _row(
            "users",
            number,
            _OPENED,
            forename=forename,
            surname=surname,
            username=officer.user_id,
            email=f"{officer.user_id.lower()}@example.org",
            phone=f"01632 960{number:03}",
            job_title=officer.job,
            **flags | {"manager": "t" if officer.job.endswith("Manager") else "f"},
        )


def _places(seed: int) -> Iterator[Row]:
    """List streets, each with its STREET RECORD, and houses; some addresses have more than one row."""
    number = _FIRST_PLACE
    for street in range(min(STREETS, len(names(seed).streets))):
        dice = Dice(seed, Stream.PLACES, street)
        usrn = str(13_500_001 + 7 * street)
        post = f"HX{dice.between(1, 9)} {dice.below(10)}"
        x, y = dice.between(400_000, 430_000), dice.between(400_000, 430_000)
        shared = {"usrn": usrn, "street_id": str(street + 1), "custodian_code_id": "4710"}
        yield _row("dtf_locations", number, _OPENED, pao_text="STREET RECORD", **shared, **_statuses("1"))
        number += 1
        for house in range(dice.between(4, 9)):
            uprn = 100_051_000_000 + street * 100 + house
            address: dict[str, str | None] = {
                **shared,
                "uprn": str(uprn),
                "pao_text": str(2 * house + 1),
                "postcode": f"{post}{dice.pick('ABDEFGHJ')}{dice.pick('LNPQRSTU')}",
                "x_coordinate": f"{x + 12 * house}.00",
                "y_coordinate": f"{y + 5 * house}.00",
            }
            # 1 is an approved address, 3 another way to write it, 8 one that is history (AddressBase).
            others = ("1",) if house else ("1", "3") if street % 4 else ("1", "8")
            for status in others:
                gone = {"ceased": "t", "ceased_date": "2020-01-31 00:00:00"} if status == "8" else {}
                lpi = {"lpi_key": f"4710L{number:09}"}
                yield _row("dtf_locations", number, _OPENED, **address, **_statuses(status), **lpi, **gone)
                number += 1


def _statuses(lpi: str) -> dict[str, str | None]:
    return {"blpu_logical_status_code": "1", "lpi_logical_status_code": lpi}


def _working_days(opened: date, today: date) -> Iterator[date]:
    days = (opened + timedelta(days=past) for past in range((today - opened).days))
    return (day for day in days if day.weekday() < _WEEKEND)


def _entered(register: Register, cases_per_day: int, opened: date, today: date) -> Iterator[tuple[date, int]]:
    """Choose customers, each on a day about which they wrote to the council."""
    known: set[int] = set()
    for past, day in enumerate(_working_days(opened, today)):
        for place in range(CONTACTS_A_DAY):
            customer = register.customer(past * cases_per_day + place * cases_per_day // CONTACTS_A_DAY)
            if customer not in known:
                known.add(customer)
                yield day, customer


def _contacts(
    customers: Sequence[tuple[date, Person]], title_ids: Mapping[str | None, str | None], opened: date
) -> Iterator[Row]:
    """List the anonymous contact and the customers, a few of them twice with the same reference."""
    anonymous = {"code": shown.TASCOMI_ANONYMOUS, "contact_name": "Anonymous"}
    yield _row("contacts", FIRST_ID, _stamp(opened, 9, 0), **anonymous)
    number = FIRST_ID
    for place, (day, person) in enumerate(customers, 1):
        values = _values(person, title_ids)
        if place % WITHOUT_REFERENCE:
            values["code"] = person.reference
        for _ in range(1 if place % TWICE else 2):
            number += 1
            yield _row("contacts", number, _stamp(day, 9 + place % 8, place % 60), **values)


def _values(person: Person, title_ids: Mapping[str | None, str | None]) -> dict[str, str | None]:
    *house, street = (person.address or " ").replace("\n", ", ").split(", ")
    return {
        "title_id": title_ids.get(person.title),
        "firstname": person.first_name,
        "surname": person.last_name,
        "contact_name": f"{person.first_name} {person.last_name}",
        "company_name": person.organisation or None,
        "house_name_or_number": ", ".join(house) or street.partition(" ")[0],
        "street_name": street if house else street.partition(" ")[2],
        "town": person.town or None,
        "county": person.county or None,
        "postcode": person.postcode or None,
        "email": person.email or None,
        "telephone": person.phone or None,
        "mobile": person.mobile or None,
        "agent": "f",
        "phone_book": "f",
    }


def _requests(seed: int, tables: Mapping[str, Sequence[Row]], opened: date, today: date) -> Iterator[Row]:
    """List the service requests that came by telephone since the site opened; old ones are closed.

    Who asks was entered that day, when they wrote to the council as well, or else is somebody known by then.
    """
    count = 0
    entered: dict[str, list[Row]] = {}
    for contact in tables["contacts"]:
        entered.setdefault(str(contact["submit_date"])[:10], []).append(contact)
    for past, day in enumerate(_working_days(opened, today)):
        for place in range(REQUESTS_A_DAY):
            dice = Dice(seed, Stream.REQUESTS, past * REQUESTS_A_DAY + place)
            count += 1
            received = _stamp(day, 9 + 4 * place, dice.below(60))
            closed = day + timedelta(days=dice.between(1, DAYS_TO_CLOSE))
            is_closed = closed < today
            done = _stamp(closed, 16, dice.below(60))
            yield _row(
                "complaints",
                FIRST_ID + count - 1,
                received,
                complaint_number=request_number(count),
                core_function_id=_live(dice, tables["core_functions"]),
                complaint_code_id=_live(dice, tables["complaint_codes"]),
                investigating_officer_id=dice.pick(tables["users"][2:])["id"],
                requester_id=dice.pick(entered.get(str(day)) or tables["contacts"][: 1 + count])["id"],
                dtf_location_id=_live(dice, tables["dtf_locations"]),
                reporting_method_id=_live(dice, tables["reporting_methods"]),
                request_category_id=_live(dice, tables["request_categories"]),
                organizational_unit_id=_live(dice, tables["organizational_units"]),
                received_date=received,
                remarks=dice.pick(_REMARKS),
                asbo="t" if dice.chance(40) else "f",
                status="Closed" if is_closed else dice.pick(("Open", "Under investigation")),
                closed_date=done if is_closed else None,
                last_updated=f"{done if is_closed else received}.{dice.below(1_000_000):06}",
            )


def _live(dice: Dice, rows: Sequence[Row]) -> str | None:
    row = dice.pick(rows)
    while row["ceased"] == "t":
        row = dice.pick(rows)
    return row["id"]


def _stamp(day: date, hour: int, minute: int) -> str:
    return str(datetime.combine(day, time(hour, minute)))


_REMARKS = (
    "Loud music from next door, most nights after 23:00",
    "Rats seen by the bins & under the decking",
    'Smoke from a bonfire; neighbour says it is "garden waste only"',
    "Black bags < 10, one fridge, by the garages",
    "Mould in the child's bedroom",
    "Caller rang about a dog barking at no. 14, day and night.\nAsked to be rung back.",
    "Takeaway: extraction fan, smell of oil in the flat above",
)
