"""What is written to iCasework, typed: a new case, a customer, a document, and which case is meant.

Names and lengths are the vendor's (SEED; DOC where said); nothing here is sent. What these hold is personal,
so none of them shows it when printed. None leaves a parameter out, an empty text is sent as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.sources.writing import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_DISABILITIES = 9
_LONGEST = {"Name": 100, "MimeType": 100, "URL": 500}
# What a call says of itself, which a form's own field must not say instead.
RESERVED = frozenset({"db", "key", "signature", "access_token", "requestdate", "format"})


@dataclass(frozen=True)
class ExternalId:
    """A case meant by another system's reference instead of its number."""

    text: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Customer:
    """A customer as createcase and updatecustomer take it; with an `id`, what is held of it is changed.

    `contact_language` is an ISO 639 code of two letters. `twitter_username` and the alternative ids are DOC.
    """

    id: str | None = None
    title: str | None = None
    first_name: str | None = None
    surname: str | None = None
    organisation: str | None = None
    address: str | None = None
    town: str | None = None
    county: str | None = None
    country: str | None = None
    postcode: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    contact_method: str | None = None
    contact_time: str | None = None
    contact_language: str | None = None
    contact_consent: bool | None = None
    category: str | None = None
    gender: str | None = None
    ethnic_origin: str | None = None
    sexuality: str | None = None
    faith: str | None = None
    date_of_birth: date | None = None
    age_group: str | None = None
    disabilities: tuple[str, ...] = ()
    alternative_id1: str | None = None
    alternative_id2: str | None = None
    twitter_username: str | None = None

    def parameters(self, prefix: str = "") -> dict[str, str]:
        """Return the parameters; raise Refused for more disabilities than there are parameters."""
        if len(self.disabilities) > MOST_DISABILITIES:
            raise _unfit(
                f"{prefix}Disability{MOST_DISABILITIES + 1}", f"there are {MOST_DISABILITIES} of them"
            )
        named = {_camel(one.name): getattr(self, one.name) for one in fields(self)}
        del named["Disabilities"]
        named |= {f"Disability{number}": text for number, text in enumerate(self.disabilities, start=1)}
        return {prefix + name: written(value) for name, value in named.items() if value is not None}


@dataclass(frozen=True, kw_only=True, repr=False)
class Document:
    """A file that iCasework takes from an address; one that is not public it fetches during the call.

    `load_content` has the file itself stored (CODE: one public client sends it).
    """

    name: str
    mime_type: str
    url: str
    url_public: bool | None = None
    load_content: bool | None = None

    def parameters(self, number: int) -> dict[str, str]:
        """Return the parameters of document `number`, from 1; raise Refused for a text that is too long."""
        prefix = f"Document{number}."
        texts = {"Name": self.name, "MimeType": self.mime_type, "URL": self.url}
        for name, longest in _LONGEST.items():
            if not texts[name]:
                raise _unfit(prefix + name, "it is missing")
            if len(texts[name]) > longest:
                raise _unfit(prefix + name, f"it is longer than {longest} characters")
        flags = {"URLPublic": self.url_public, "URLLoadContent": self.load_content}
        told = texts | {name: written(value) for name, value in flags.items() if value is not None}
        return {prefix + name: text for name, text in told.items()}


@dataclass(frozen=True, kw_only=True, repr=False)
class NewCase:
    """A case to be made. `type` is the name or code of a form (DOC), the only thing it must have.

    `request_date` is when the case was received, if not now (DOC): an aware instant, or a day. `fields` are
    those of the form, by the names that the council's iCasework has for them.
    """

    type: str
    customer: Customer | None = None
    external_id: str | None = None
    request_method: str | None = None
    request_date: datetime | date | None = None
    label: str | None = None
    status: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()

    def parameters(self) -> dict[str, str]:
        """Return the parameters; raise Refused for what iCasework cannot take."""
        if not self.type.strip():
            raise _unfit("Type", "it is missing")
        named: dict[str, str | datetime | date | None] = {
            "Type": self.type,
            "ExternalId": self.external_id,
            "RequestMethod": self.request_method,
            "RequestDate": self.request_date,
            "Label": self.label,
            "Status": self.status,
        }
        told = {name: written(value) for name, value in named.items() if value is not None}
        told |= self.customer.parameters("Customer.") if self.customer else {}
        for number, document in enumerate(self.documents, start=1):
            told |= document.parameters(number)
        return told | dict(own_fields(self.fields, told))


def own_fields(given: Mapping[str, str], told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a form's own fields; raise Refused for one that would stand in another parameter's place."""
    for name, text in given.items():
        if name.lower() in RESERVED or name in told or not name.strip():
            raise _unfit(name, "it is a parameter of the call itself")
        yield name, text


def named_case(case: str | ExternalId) -> dict[str, str]:
    """Return the parameter that says which case is meant; raise Refused when it says nothing."""
    name, text = ("ExternalId", case.text) if isinstance(case, ExternalId) else ("CaseId", case)
    if not text.strip():
        raise _unfit(name, "it is missing")
    return {name: text}


def written(value: str | bool | datetime | date) -> str:  # noqa: FBT001 - one value of several kinds
    """Write a value as a parameter: an XML date-time is London's civil time without a zone (GUESS)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(LONDON).replace(tzinfo=None).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _unfit(name: str, reason: str) -> Refused:
    """Return the refusal of what need not be sent to be refused."""
    return Refused("icasework would refuse this, so it is not sent", field=name, reason=reason)
