"""Examples of templates: a case in, the exact payload out, without a server.

An example is a TOML file in the folder `examples` beside the templates. Every code has an id by its own name,
such as `complaint_codes:NOISED`, unless the example says that Tascomi does not have it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pydantic import Field, TypeAdapter

from pipelines.errors import SettingsError
from pipelines.outbound.mapping import ADDRESS, REQUEST, Case, MappingRefused, draft
from pipelines.outbound.payload import resolve
from pipelines.outbound.templates import CASES, EXAMPLES, Part, checked, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.outbound.ports import Columns
    from pipelines.outbound.templates import Templates

EXAMPLE_SCHEMA = "example.schema.json"
Cell = str | int | float | bool | datetime | date


class Expected(Part):
    """The payloads, by Tascomi's columns; a contact that is not there is not sent."""

    service_request: dict[str, str] = Field(description="The service request, without contacts' ids.")
    requester: dict[str, str] = Field(default={}, description="The requester's contact.")
    contact: dict[str, str] = Field(default={}, description="The second contact.")


class Example(Part):
    """A case, and what a template makes of it."""

    template: str = Field(description="Template by which the case is sent, its file's name without .toml.")
    case: dict[str, Cell] = Field(default={}, description="Columns of marts.cases_current; others are empty.")
    due: dict[str, Cell] = Field(default={}, description="Columns of marts.outbound_due; others are empty.")
    unknown_codes: list[str] = Field(
        default=[], description="Codes that Tascomi does not have, such as complaint_codes:NOISED."
    )
    expect: Expected | None = Field(default=None, description="What is sent.")
    refused: str | None = Field(default=None, description="The field by which it is refused instead.")


class _CodesByName:
    """Codes whose ids are their names."""

    def __init__(self, unknown: list[str]) -> None:
        self._unknown = unknown

    def find(self, table: str, code: str) -> str | None:
        """Return the name as id."""
        name = f"{table}:{code}"
        return None if name in self._unknown else name

    def location(self, *, uprn: str | None = None, usrn: str | None = None) -> str | None:
        """Return the name as id."""
        name = f"uprn:{uprn}" if uprn else f"usrn:{usrn}"
        return None if name in self._unknown else name


_EXAMPLE: TypeAdapter[Example] = TypeAdapter(Example)


def example_schema_text() -> str:
    """Return the JSON Schema of an example, as its file holds it."""
    return schema_of(_EXAMPLE)


def rehearse(folder: Path, templates: Templates, columns: Columns) -> Iterator[tuple[str, list[str]]]:
    """Yield each example's name and what differs from it, nothing when all is as it says.

    Raises SettingsError for a file that is no example. Values are told: examples hold invented ones only.
    """
    for file in sorted((folder / EXAMPLES).glob("*.toml")):
        yield file.stem, _differences(checked(_EXAMPLE, file), file, templates, columns)


def _differences(example: Example, file: Path, templates: Templates, columns: Columns) -> list[str]:
    known = [column.name for column in CASES.columns]
    if strangers := sorted(set(example.case) - set(known)):
        raise SettingsError(
            f"{file.name} gives columns that cases do not have",
            why=", ".join(strangers),
            todo="correct them, or put columns of marts.outbound_due under [due]",
        )
    if (example.expect is None) == (example.refused is None):
        raise SettingsError(f"{file.name} must say one of expect and refused", todo="correct it")
    case = Case(
        "1",
        example.template,
        dict.fromkeys(known) | example.case,
        dict.fromkeys(ADDRESS.values()) | example.due,
    )
    try:
        made = draft(templates.outgoing(example.template), case)
        payloads = resolve(made, _CodesByName(example.unknown_codes), columns)
    except MappingRefused as error:
        return [] if error.field == example.refused else [f"it is refused: {error.field}: {error.reason}"]
    if example.expect is None:
        return [f"it is sent, and should be refused by {example.refused}"]
    sent = {REQUEST: payloads.request.record, **{name: one.record for name, one in payloads.contacts.items()}}
    wanted = {name: told for name, told in example.expect.model_dump().items() if told or name == REQUEST}
    return list(_unequal(wanted, {name: dict(record) for name, record in sent.items()}))


def _unequal(wanted: dict[str, dict[str, str]], sent: dict[str, dict[str, str | None]]) -> Iterator[str]:
    for part in sorted(wanted.keys() | sent.keys()):
        theirs, ours = wanted.get(part, {}), sent.get(part, {})
        for name in sorted(theirs.keys() | ours.keys()):
            if theirs.get(name) != ours.get(name):
                yield f"{part}.{name}: sent {ours.get(name)!r}, expected {theirs.get(name)!r}"
