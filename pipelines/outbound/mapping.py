"""Read a case by a template: which values go into which fields, each with its privacy class.

What comes out are fields as templates name them; the codes are not looked up and nothing is asked of Tascomi
(see payload.py). A mandatory field without a value is refused here, before anything is sent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.errors import Permanent, SettingsError
from pipelines.outbound.templates import (
    CASES,
    DUE,
    CreateTemplate,
    FromAddress,
    FromDate,
    FromField,
    FromPerson,
    FromText,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.contracts.contract import Privacy
    from pipelines.outbound.templates import AnySource, ContactMap, LocationMap, Part, UpdateTemplate

MANDATORY = ("core_function", "request_code", "investigating_officer")
REQUEST, REQUESTER, CONTACT = "service_request", "requester", "contact"

# Detail of the linked person: column of the case.
PERSON = {
    "reference": "customer_id",
    "title": "customer_title",
    "first_name": "customer_first_name",
    "surname": "customer_last_name",
    "organisation": "customer_organisation",
    "address": "customer_address",
    "town": "customer_town",
    "county": "customer_county",
    "postcode": "customer_postcode",
    "email": "customer_email",
    "telephone": "customer_phone",
    "mobile": "customer_mobile",
}
# Number of the linked address: column of marts.outbound_due.
ADDRESS = {"uprn": "location_uprn", "usrn": "location_usrn"}

_PRIVACY: Mapping[str, Privacy] = {column.name: column.privacy for column in CASES.columns}


class MappingRefused(Permanent):
    """A case cannot be sent as it is: `field` of the template's part is missing or has an unknown code."""

    kind = "mapping"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(
            f"{field}: {reason}", todo="correct the template, the case or Tascomi's table, then retry it"
        )
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Value:
    """One text to be sent; who may see it is told by what it was taken from."""

    text: str = field(repr=False)
    privacy: Privacy = "personal"


Values = dict[str, Value]


@dataclass(frozen=True)
class Case:
    """A case with its row of `marts.cases_current` and its row of `marts.outbound_due`.

    `template` is the one by which it is due; a case that is not due any more has none, and an empty `due`.
    """

    case_id: str
    template: str | None
    row: Mapping[str, object] = field(repr=False)
    due: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class Draft:
    """What a template makes of a case, in the template's words; parts without any value are empty."""

    request: Values
    location: Values
    extra: Values
    contacts: Mapping[str, Values]  # requester, contact

    @property
    def digest(self) -> str:
        """Digest of every value: another one means that there is something to tell."""
        parts = {REQUEST: self.request, "location": self.location, "extra": self.extra, **self.contacts}
        texts = {part: {name: value.text for name, value in values.items()} for part, values in parts.items()}
        return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def draft(template: CreateTemplate | UpdateTemplate, case: Case) -> Draft:
    """Read a case by a template; raise MappingRefused for a mandatory field without a value."""
    told = template.service_request
    request = _values(told, case, leave_out=("location",))
    if isinstance(template, CreateTemplate):
        for name in MANDATORY:
            if name not in request:
                raise MappingRefused(f"{REQUEST}.{name}", "is mandatory and has no value")
    code = request["request_code"].text if "request_code" in request else None
    extra = template.extra.get(code, {}) if code else {}
    return Draft(
        request=request,
        location=_location(told.location, case),
        extra={name: value for name, source in extra.items() if (value := _value(source, case))},
        contacts={
            REQUESTER: _contact(template.requester, case),
            CONTACT: _contact(template.contact, case),
        },
    )


def _contact(told: ContactMap | None, case: Case) -> Values:
    return {} if told is None else _values(told, case)


def _location(told: LocationMap | None, case: Case) -> Values:
    """Take the property, or the street where there is no property."""
    found = {} if told is None else _values(told, case)
    return dict(list(found.items())[:1])


def _values(told: Part, case: Case, *, leave_out: tuple[str, ...] = ()) -> Values:
    sources: dict[str, AnySource | None] = {
        name: getattr(told, name) for name in type(told).model_fields if name not in leave_out
    }
    return {
        name: value
        for name, source in sources.items()
        if source is not None and (value := _value(source, case)) is not None
    }


def _value(source: AnySource, case: Case) -> Value | None:
    """Return what a source gives for a case, None when it gives nothing."""
    if isinstance(source, FromText):
        return Value(source.text, "public")
    raw, privacy = _found(source, case)
    text = _written(raw, is_date=isinstance(source, FromDate))
    if source.codes and text is not None:
        # The code is the template's own word, but which one was chosen tells of the value.
        text = source.codes.get(text)
    if text is None and source.otherwise is not None:
        return Value(source.otherwise, "public")
    return None if text is None else Value(text, privacy)


def _found(source: FromField | FromDate | FromPerson | FromAddress, case: Case) -> tuple[object, Privacy]:
    match source:
        case FromField(field=name) | FromDate(date=name):
            column = name
        case FromPerson(person=part):
            column = PERSON[part]
        case FromAddress(address=number):
            column = DUE + ADDRESS[number]
    if column.startswith(DUE):
        # What a council puts into its view is its own; nothing is known of who may see it.
        return _cell(case.due, column.removeprefix(DUE), "marts.outbound_due"), "personal"
    return _cell(case.row, column, "marts.cases_current"), _PRIVACY[column]


def _cell(row: Mapping[str, object], column: str, view: str) -> object:
    if column not in row:
        raise SettingsError(
            f"{view} has no column {column}, which a template takes a value from",
            todo="add the column to the view, or correct the template",
        )
    return row[column]


def _written(raw: object, *, is_date: bool) -> str | None:
    """Write a cell as Tascomi does (CODE: strings; "t" and "f"; local date-times without a zone)."""
    match raw:
        case None:
            return None
        case bool():
            return "t" if raw else "f"
        case datetime():
            local = raw.astimezone(LONDON) if raw.tzinfo else raw
            return f"{local:%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{datetime.combine(raw, time.min):%Y-%m-%d %H:%M:%S}" if is_date else str(raw)
        case _:
            return str(raw).strip() or None
