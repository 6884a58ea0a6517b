"""What goes over the wire: the card as ITX documents it, and the problem that any error is told by.

The models describe: for the OpenAPI document, the preview, the lint and the tests. Cards are rendered as text
by the builder, never from here, and no request passes through a model. Where a card comes from, and who may
read it, stands elsewhere.

Member names and types: SEED, the vendor's custom KPI page. Optional members are left out, never null.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from pipelines.days import LONDON

WIRE_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
NO_DATA = "No data available"

Colour = Literal["NORMAL", "GREEN", "ORANGE", "RED"]


def wire_instant(instant: datetime) -> str:
    """Spell an aware instant as ITX wants it: UTC, whole seconds, a Z (SEED)."""
    return instant.astimezone(UTC).strftime(WIRE_INSTANT)


def told_on_clock(instant: datetime) -> str:
    """Spell an aware instant as a London clock shows it, such as 22 Nov 2026 14:05."""
    local = instant.astimezone(LONDON)
    return f"{local.day} {local:%b %Y %H:%M}"


def _read_instant(told: object) -> datetime:
    if isinstance(told, datetime) and told.tzinfo:
        return told.astimezone(UTC).replace(microsecond=0)
    if isinstance(told, str) and told.isascii() and len(told) == len("2026-11-22T10:00:00Z"):
        return datetime.strptime(told, WIRE_INSTANT).replace(tzinfo=UTC)
    raise ValueError("it must be spelled yyyy-MM-dd'T'HH:mm:ss'Z', in UTC")


def _read_number(told: object) -> object:
    if isinstance(told, int | float | Decimal) and not isinstance(told, bool):
        return told
    raise ValueError("it must be a number, not text")


def _without_null(schema: dict[str, Any]) -> None:
    """Take null, and the default of null, out of what is described: an optional member is left out."""
    for name, member in schema.get("properties", {}).items():
        member.pop("title", None)  # the name in other letters
        if member.get("default", ...) is None:
            del member["default"]
        kinds = [kind for kind in member.pop("anyOf", ()) if kind != {"type": "null"}]
        if kinds:
            (kind,) = kinds
            schema["properties"][name] = {**kind, **member}


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    PlainSerializer(wire_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_read_number),
    Field(decimal_places=2, allow_inf_nan=False),
    PlainSerializer(float, return_type=float),
    WithJsonSchema({"type": "number"}),
]
Number = Annotated[
    Decimal,
    BeforeValidator(_read_number),
    Field(allow_inf_nan=False),
    PlainSerializer(float, return_type=float),
    WithJsonSchema({"type": "number"}),
]
Text = Annotated[str, Field(min_length=1)]
# An agent clicks on it: nothing but a web page may open.
Address = Annotated[str, Field(pattern=r"^https?://[^\s/?#@:]\S*$")]


def optional(description: str) -> Any:  # noqa: ANN401 - what pydantic's Field returns
    """Declare a member that may be left out, and is left out rather than written as null."""
    return Field(None, description=description, exclude_if=lambda value: value is None)


class KpiModel(BaseModel):
    """What all parts of a card have in common: camelCase on the wire, nothing unknown, nothing null."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra=_without_null,
    )

    @model_validator(mode="before")
    @classmethod
    def _has_no_nulls(cls, told: object) -> object:
        if isinstance(told, dict) and (nulls := [name for name, value in told.items() if value is None]):
            known = {spelling for name in cls.model_fields for spelling in (name, to_camel(name))}
            raise ValueError(
                f"{', '.join(name for name in nulls if name in known) or 'a member'} is null: leave it out"
            )
        return told

    def wire(self) -> bytes:
        """Return the JSON text as it goes over the wire."""
        return self.model_dump_json(by_alias=True).encode()


class KpiCustomField(KpiModel):
    """A field of a document. Only here may the name be missing (SEED); the value then stands alone."""

    name: Text | None = optional("Label of the field; left out when the value needs none.")
    value: str = Field(description="What the field shows.")


class KpiNamedField(KpiModel):
    """A field of a line or of an expandable part: its name is never missing."""

    name: Text = Field(description="Label of the field.")
    value: str = Field(description="What the field shows.")


class KpiExpandable(KpiModel):
    """A part of a line that the agent opens: column headings, and the cells under them as fields."""

    columns: list[str] = Field(description="Column headings, in order.")
    fields: list[KpiNamedField] | None = optional("The cells, row after row; each is named by its column.")


class KpiDocumentLine(KpiModel):
    """A line of a document: a task or a corrective action of a case."""

    name: Text = Field(description="What the line is about.")
    quantity: Number | None = optional("How many there are in all.")
    delivered: Number | None = optional("How many of them are done.")
    url: Address | None = optional("Link to it in another system.")
    fields: list[KpiNamedField] | None = optional("Further values of the line.")
    expandable_fields: list[KpiExpandable] | None = optional("Parts that the agent may open.")


class KpiStatus(KpiModel):
    """Where a document stands."""

    name: Text = Field(description="Status in words.")
    color_code: Colour | None = optional(
        "GREEN in time, ORANGE due soon, RED overdue, NORMAL closed; NORMAL when left out."
    )
    updated_date: Instant | None = optional("When the status changed, in UTC: yyyy-MM-dd'T'HH:mm:ss'Z'.")


class KpiDocument(KpiModel):
    """One case, call or request of the customer."""

    document_number: str = Field(pattern=r"\S", description="Unique on the card, never empty.")
    document_date: Instant = Field(description="Instant of the document, in UTC: yyyy-MM-dd'T'HH:mm:ss'Z'.")
    external_url: Address | None = optional("Link to the document in the system that holds it.")
    tracking_url: Address | None = optional("Link to a system that tracks its delivery.")
    status: KpiStatus | None = optional("Where the document stands.")
    amount: Amount | None = optional("Sum of money, with two decimals.")
    currency: Text | None = optional("Currency of the amount, such as GBP.")
    lines: list[KpiDocumentLine] | None = optional("Parts of the document.")
    fields: list[KpiCustomField] | None = optional("Further values to show.")


class KpiSection(KpiModel):
    """Documents of one kind, under a heading."""

    title: Text = Field(description="Heading of the section, such as Cases.")
    message: Text | None = optional(f"A word to the agent, such as {NO_DATA!r}.")
    documents: list[KpiDocument] = Field(description="Documents of this kind; may be empty.")


class Kpi(KpiModel):
    """The card of one customer: what the agent reads while saying hello."""

    sections: list[KpiSection] | None = optional("Sections in the order in which they are shown.")

    @model_validator(mode="after")
    def _numbers_are_unique(self) -> Self:
        numbers = Counter(
            document.document_number for section in self.sections or () for document in section.documents
        )
        if twice := sum(times > 1 for times in numbers.values()):
            raise ValueError(f"{twice} documentNumber(s) stand on the card more than once")
        return self


class Problem(BaseModel):
    """Why there is no card (RFC 9457, application/problem+json). It never repeats what was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["about:blank"] = Field(default="about:blank", description="Nothing but the status code.")
    title: str = Field(description="The status code in words.")
    status: int = Field(ge=400, le=599, description="The status code.")
    detail: str = Field(description="What is wrong with the request, or with the service, and what to do.")


class Health(BaseModel):
    """That the service runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["ok"] = Field(description="Always ok: a service that does not run does not answer.")


class Readiness(BaseModel):
    """Which cards are served."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, extra="forbid", frozen=True
    )

    status: Literal["ready"] = Field(description="Cards are served, and new enough.")
    as_of: Instant = Field(description="The cards know the casework up to this instant.")
    built_at: Instant = Field(description="When the cards were rendered.")
    cards: int = Field(ge=0, description="How many there are.")
    failed_sections: list[str] = Field(description="Sections that could not be built.")
    troubles: list[str] = Field(description="What does not work although cards are served.")
