"""What a writing call sends, read and checked: identifiers, flags, dates, customers, documents, attributes.

The names are the vendor's (SEED, DOC); that a value which fits no rule is refused, and with which words, is a
GUESS. Parameters that no rule names are let pass, as forms have fields of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.sandbox.council.case_rows import REQUEST
from pipelines.sandbox.council.reports import CASE_COLUMNS
from pipelines.sandbox.council.summary import Document
from pipelines.sandbox.icasework.pages import OTHER, UNIDENTIFIED, Refused, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DOCUMENT = re.compile(r"Document([1-9][0-9]{0,2})\.(\w+)")
_LANGUAGE = re.compile(r"[a-z]{2}")
_URL = re.compile(r"https?://\S+")
# A date, and a date-time as XML writes it (SEED): Python itself reads a good deal more.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(_DATE.pattern + r"(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_FLAGS = {"true": True, "false": False}
_LONGEST = {"Name": 100, "MimeType": 100, "URL": 500}  # SEED
_CONTACT_METHODS = frozenset({"Email", "Phone", "Letter", "Post", "Text message"})

# A customer's parameters that a case shows, by name without prefix. DOC: City, State and ZIPCode say the same
# as Town, County and Postcode. All others of the vendor's list are taken and shown nowhere.
PARTY: Mapping[str, str] = {
    "Title": "MainParty.Title",
    "FirstName": "MainParty.FirstName",
    "Surname": "MainParty.LastName",
    "Organisation": "MainParty.Organisation",
    "Address": "MainParty.Address",
    "Town": "MainParty.Town",
    "City": "MainParty.Town",
    "County": "MainParty.County",
    "State": "MainParty.County",
    "Postcode": "MainParty.Postcode",
    "ZIPCode": "MainParty.Postcode",
    "Email": "MainParty.EmailAddress",
    "Phone": "MainParty.Phone",
    "Mobile": "MainParty.Mobile",
    "Category": "MainParty.Category",
    "ContactMethod": "MainParty.ContactMethod",
    "ContactTime": "MainParty.ContactTime",
    "ContactLanguage": "MainParty.ContactLanguage",
    "DateOfBirth": "MainParty.DateOfBirth",
}

# Columns that updatecase changes, by their dotted name and, where it is one column's alone, by the last part.
_CHANGEABLE = tuple(
    column
    for column in CASE_COLUMNS
    if column.startswith(REQUEST)
    or column
    in {"CaseDetails.CaseLabel", "CaseDetails.Rating", "CaseDetails.Confidential", "CaseStatus.Status"}
)
_SHORT = [column.rpartition(".")[2] for column in CASE_COLUMNS]
ATTRIBUTES: Mapping[str, str] = {
    **{column: column for column in _CHANGEABLE},
    **{name: column for column in _CHANGEABLE if _SHORT.count(name := column.rpartition(".")[2]) == 1},
    "Details": REQUEST + "Details",
}
_CONTROL = frozenset(
    {
        "CaseId",
        "ExternalId",
        "Format",
        "Attribute",
        "Value",
        "RequestDate",
        "Key",
        "Signature",
        "db",
        "access_token",
    }
)


@dataclass(frozen=True)
class Sent:
    """A call's parameters; whatever is wrong with one is refused in the operation's own number range."""

    params: Mapping[str, str]
    prefix: int

    def refused(self, info: str, number: int = OTHER) -> Refused:
        """Return the refusal with this text."""
        return Refused(info, code=numbered(self.prefix, number))

    def text(self, name: str) -> str:
        """Return a parameter, "" when it was not sent."""
        return self.params.get(name, "")

    def required(self, name: str) -> str:
        """Return a parameter that must be sent and not empty."""
        text = self.text(name)
        if not text.strip():
            raise self.refused(f"{name} is missing.", UNIDENTIFIED)
        return text

    def flag(self, name: str) -> bool:
        """Return a truth, which need not be sent."""
        text = self.text(name).lower()
        if text and text not in _FLAGS:
            raise self.refused(f"{name} is invalid.")
        return _FLAGS.get(text, False)

    def moment(self, name: str) -> datetime | None:
        """Return a date or XML date-time as London wall-clock time, None when it was not sent."""
        text = self.text(name)
        try:
            if text and not _MOMENT.fullmatch(text):
                raise ValueError  # noqa: TRY301 - one way out for a wrong form and an impossible date
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            raise self.refused(f"{name} is invalid.") from None
        if moment is None or moment.tzinfo is None:
            return moment
        return moment.astimezone(LONDON).replace(tzinfo=None)

    def choice(self, name: str, known: Mapping[str, str]) -> str:
        """Return what is set up under this value in any capitals, "" when it was not sent."""
        text = self.text(name)
        if text and text.lower() not in known:
            raise self.refused(f"{name} is invalid.")
        return known.get(text.lower(), "")

    def party(self, prefix: str) -> dict[str, str]:
        """Return the columns of a customer that the parameters under `prefix` change."""
        method = self.text(f"{prefix}ContactMethod")
        language = self.text(f"{prefix}ContactLanguage")
        if method and method not in _CONTACT_METHODS:
            raise self.refused(f"{prefix}ContactMethod is invalid.")
        if language and not _LANGUAGE.fullmatch(language):
            raise self.refused(f"{prefix}ContactLanguage is invalid.")
        self._check_birth(f"{prefix}DateOfBirth")
        self.flag(f"{prefix}ContactConsent")
        return {
            column: self.params[prefix + name]
            for name, column in PARTY.items()
            if prefix + name in self.params
        }

    def _check_birth(self, name: str) -> None:
        try:
            if text := self.text(name):
                if not _DATE.fullmatch(text):
                    raise ValueError  # noqa: TRY301 - as above
                date.fromisoformat(text)
        except ValueError:
            raise self.refused(f"{name} is invalid.") from None

    def documents(self, case_id: int, method: str, at: str) -> Iterator[Document]:
        """Yield the documents attached by address; they are not fetched here."""
        numbers = {int(match[1]) for name in self.params if (match := _DOCUMENT.fullmatch(name))}
        for number in sorted(numbers):
            name = f"Document{number}."
            for part, longest in _LONGEST.items():
                if len(self.required(name + part)) > longest:
                    raise self.refused(f"{name}{part} is longer than {longest} characters.")
            if not _URL.fullmatch(self.text(f"{name}URL")):
                raise self.refused(f"{name}URL is invalid.")
            self.flag(f"{name}URLPublic")
            self.flag(f"{name}URLLoadContent")
            title, mime = self.text(f"{name}Name"), self.text(f"{name}MimeType")
            yield Document(f"D{case_id}{number:03}", title, "Customer upload", mime, method, at)

    def attributes(self) -> dict[str, str]:
        """Return the columns that updatecase is to change: Attribute with Value, or names of their own."""
        asked = {name: text for name, text in self.params.items() if name not in _CONTROL}
        if self.text("Attribute"):
            if "Value" not in self.params:
                raise self.refused("Value is missing.", UNIDENTIFIED)
            asked[self.text("Attribute")] = self.text("Value")
        if not asked:
            raise self.refused("Attribute is missing.", UNIDENTIFIED)
        unknown = sorted(set(asked) - set(ATTRIBUTES))
        if unknown:
            raise self.refused(f"Unable to identify attribute {unknown[0]}.", UNIDENTIFIED)
        return {ATTRIBUTES[name]: text for name, text in asked.items()}
