"""What the dispatcher asks of the two systems, as far as it asks, and the names of Tascomi's columns.

The clients in `pipelines/sources` fit these ports as they are; tests put others in their place. A call that
writes raises one of the four outcomes of `pipelines/sources/writing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipelines.sources.writing import Record

REQUESTS, CONTACTS = "complaints", "contacts"


class Tascomi(Protocol):
    """The tables of Tascomi, by name; a record's values are texts or None."""

    def create(self, table: str, fields: Record) -> Record:
        """Make a record and return it as it now stands."""
        ...

    def update(self, table: str, record_id: str, fields: Record) -> Record:
        """Change these fields of a record and return it as it now stands."""
        ...

    def read(self, table: str, record_id: str) -> Record | None:
        """Return a record, None when there is none of that id."""
        ...

    def search(self, table: str, filters: Mapping[str, str], *, sort: str | None = None) -> list[Record]:
        """Return every record whose fields are these."""
        ...


class Codes(Protocol):
    """The ids behind the codes that people use."""

    def find(self, table: str, code: str) -> str | None:
        """Return the id of the row with this code, None when there is none."""
        ...

    def location(self, *, uprn: str | None = None, usrn: str | None = None) -> str | None:
        """Return the id of a property or of a street, None when the gazetteer has none."""
        ...


class Casework(Protocol):
    """What is written to a case in iCasework, and what can be read back of it."""

    def update_external_id(self, case_id: str, external_id: str) -> None:
        """Link a case with another system's reference; doing it again changes nothing."""
        ...

    def add_case_notes(
        self, case: str, notes: str, *, kind: str | None = None, is_shown_to_customer: bool = False
    ) -> None:
        """Add a note to a case; doing it again adds another."""
        ...

    def external_id(self, case_id: str) -> str | None:
        """Return the case's present external id."""
        ...

    def count_notes(self, case_id: str, mark: str, *, since: datetime | None = None) -> int | None:
        """Return how many notes of the case since then hold a mark; None where notes cannot be read."""
        ...


@dataclass(frozen=True)
class Columns:
    """Where a template's fields go. `request` and `contact`: field of the template, column of Tascomi.

    `coded` names the table in which the value of a field is looked up; its id is what is sent.
    """

    request: Mapping[str, str]
    contact: Mapping[str, str]
    coded: Mapping[str, str]
    request_reference: str
    contact_reference: str
    number: str
    status: str
    requester: str = "requester_id"
    second_contact: str = "contact_id"
    location: str = "dtf_location_id"
    ceased: str = field(default="ceased")
