"""Exact payloads: a draft's values under Tascomi's column names, codes replaced by the ids behind them.

A payload is known by its digest; it is never stored. For people it is shown with personal values masked.
"""

from __future__ import annotations

import hashlib
import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.outbound.mapping import REQUEST, MappingRefused
from pipelines.sources.tascomi.codes import Ambiguous

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.outbound.mapping import Draft, Value, Values
    from pipelines.outbound.ports import Codes, Columns
    from pipelines.sources.writing import Record

REFERENCE = "reference"


@dataclass(frozen=True)
class Payload:
    """The fields of one record, and which of them hold personal values."""

    record: Record
    personal: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Payload({', '.join(self.record)})"

    @property
    def digest(self) -> str:
        """Digest of the exact fields, whatever their order."""
        text = json.dumps(dict(sorted(self.record.items())), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(sorted(self.record))

    def shown(self, *, personal: bool) -> dict[str, str]:
        """Return the fields for people, personal values masked unless they are asked for."""
        return {
            name: _masked(value) if name in self.personal and not personal else value or ""
            for name, value in self.record.items()
        }

    def having(self, **more: str | None) -> Payload:
        """Return the payload with further fields; what is None is left out."""
        added = {name: value for name, value in more.items() if value is not None}
        return Payload({**self.record, **added}, self.personal)

    def differing(self, row: Record) -> Payload:
        """Return those fields whose value in a record is another."""
        changed = {name: value for name, value in self.record.items() if not same(value, row.get(name))}
        return Payload(changed, self.personal & changed.keys())


@dataclass(frozen=True)
class Payloads:
    """What one template sends for one case; contacts without any value are not there."""

    request: Payload
    contacts: Mapping[str, Payload]

    @property
    def digest(self) -> str:
        """Digest of all of it."""
        parts = [self.request, *(self.contacts[name] for name in sorted(self.contacts))]
        return hashlib.sha256("".join(part.digest for part in parts).encode()).hexdigest()


def resolve(draft: Draft, codes: Codes, columns: Columns) -> Payloads:
    """Put a draft into Tascomi's columns; raise MappingRefused for a code that its tables do not have."""
    request = _resolved(REQUEST, draft.request, columns.request, codes, columns.coded)
    record, personal = dict(request.record), set(request.personal)
    for name, value in draft.location.items():
        record[columns.location] = _location(name, value, codes)
        personal.add(columns.location)
    for name, value in draft.extra.items():
        record[name] = value.text
        if value.privacy != "public":
            personal.add(name)
    return Payloads(
        Payload(record, frozenset(personal)),
        {
            which: _resolved(which, values, columns.contact, codes, columns.coded)
            for which, values in draft.contacts.items()
            if values
        },
    )


def _resolved(
    part: str, values: Values, names: Mapping[str, str], codes: Codes, coded: Mapping[str, str]
) -> Payload:
    record: dict[str, str | None] = {}
    for name, value in values.items():
        text: str | None = value.text
        if table := coded.get(name):
            try:
                text = codes.find(table, value.text)
            except Ambiguous as error:
                raise MappingRefused(f"{part}.{name}", error.what) from None
            if text is None:
                raise MappingRefused(f"{part}.{name}", f"its code is not in Tascomi's table {table}")
        record[names[name]] = text
    personal = frozenset(names[name] for name, value in values.items() if value.privacy != "public")
    return Payload(record, personal)


def _location(name: str, value: Value, codes: Codes) -> str:
    try:
        found = codes.location(uprn=value.text) if name == "uprn" else codes.location(usrn=value.text)
    except Ambiguous as error:
        raise MappingRefused(f"{REQUEST}.location.{name}", error.what) from None
    if found is None:
        raise MappingRefused(f"{REQUEST}.location.{name}", "is not in Tascomi's gazetteer")
    return found


def same(sent: str | None, held: str | None) -> bool:
    """Tell whether a record holds what was sent: text may come back as HTML (CODE), and trimmed."""
    return _plain(sent) == _plain(held)


def _plain(text: str | None) -> str:
    return "\n".join(html.unescape(text or "").strip().splitlines())


def _masked(value: str | None) -> str:
    return f"({len(value)} characters)" if value else ""
