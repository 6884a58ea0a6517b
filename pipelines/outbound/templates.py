"""Templates: TOML files that say which value of a case goes into which field of a service request.

Three kinds, told by `kind`: `create` and `update` go to Tascomi, `incoming` tells the case what became of it.
A template belongs to a `reference`, the name under which a case's service request is known: an incoming
template applies to the requests of its reference. What is here is the shape of a template; reading a case by
one is mapping.py's. `schema_text()` is the JSON Schema by which an editor completes and checks a template.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)

from pipelines.contracts import icasework
from pipelines.contracts.contract import Contract
from pipelines.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

Checked = TypeVar("Checked")
SCHEMA = "template.schema.json"
EXAMPLES = "examples"
DUE = "due."
CASES = Contract("icasework/cases", icasework.Cases)

Person = Literal[
    "reference",
    "title",
    "first_name",
    "surname",
    "organisation",
    "address",
    "town",
    "county",
    "postcode",
    "email",
    "telephone",
    "mobile",
]
Address = Literal["uprn", "usrn"]

_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_PATTERN_DUE = r"^due\.[a-z][a-z0-9_]*$"


def _columns() -> list[str]:
    return [column.name for column in CASES.columns]


def _dates() -> list[str]:
    return [column.name for column in CASES.columns if column.name.endswith(("_date", "_at"))]


def _is_column(name: str) -> str:
    """Let a column of `marts.cases_current` pass, or `due.` and one of `marts.outbound_due`."""
    known = name.removeprefix(DUE) if name.startswith(DUE) else None
    if (known is not None and _COLUMN.fullmatch(known)) or name in _columns():
        return name
    raise ValueError(
        f"{name} is no column of marts.cases_current; write due.{name} for one of marts.outbound_due"
    )


def _is_date(name: str) -> str:
    if name.startswith(DUE) or name in _dates():
        return _is_column(name)
    raise ValueError(f"{name} is no date of a case; a date's name ends in _date or _at")


class Part(BaseModel):
    """Base of everything in a template: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """Where a value comes from; `codes` turn it into the code the target wants."""

    codes: dict[str, str] = Field(
        default={}, description="What to send for each value; a value that is not listed counts as none."
    )
    otherwise: str | None = Field(default=None, description="What to send when there is no value.")


class FromField(Source):
    """A value of the case, as `marts.cases_current` has it, or of its row in `marts.outbound_due`."""

    field: Annotated[
        str,
        AfterValidator(_is_column),
        Field(json_schema_extra=lambda schema: _one_of(schema, _columns())),
    ] = Field(description="Column of marts.cases_current, or due.COLUMN of marts.outbound_due.")


class FromDate(Source):
    """A date or time of the case, written as Tascomi writes one: local, `YYYY-MM-DD HH:MM:SS`."""

    date: Annotated[
        str,
        AfterValidator(_is_date),
        Field(json_schema_extra=lambda schema: _one_of(schema, _dates())),
    ] = Field(description="Column of marts.cases_current that holds a date, or due.COLUMN.")


class FromPerson(Source):
    """A detail of the person the case is linked to: its customer."""

    person: Person = Field(description="Which detail of the customer.")


class FromAddress(Source):
    """The address the case is linked to, as its row in `marts.outbound_due` gives it."""

    address: Address = Field(description="uprn for a property, usrn for a street.")


class FromText(Part):
    """The same words each time."""

    text: str = Field(min_length=1, description="The words to send.")


def _one_of(schema: dict[str, Any], names: list[str]) -> None:
    """Offer an editor the names there are, and let columns of the due view pass."""
    schema.pop("type", None)
    schema["anyOf"] = [{"enum": names}, {"type": "string", "pattern": _PATTERN_DUE}]


_KINDS_OF_TEMPLATE = ("create", "update", "incoming")
_KINDS = ("field", "date", "person", "address", "text")


def _kind_of(told: object) -> str | None:
    """Tell a source's kind by the one key that names it."""
    if isinstance(told, dict):
        named = [kind for kind in _KINDS if kind in told]
        return named[0] if len(named) == 1 else None
    return next((kind for kind in _KINDS if hasattr(told, kind)), None)


AnySource = Annotated[
    Annotated[FromField, Tag("field")]
    | Annotated[FromDate, Tag("date")]
    | Annotated[FromPerson, Tag("person")]
    | Annotated[FromAddress, Tag("address")]
    | Annotated[FromText, Tag("text")],
    Discriminator(
        _kind_of,
        custom_error_type="source",
        custom_error_message="a source is one of field, date, person, address and text",
    ),
]


class ContactMap(Part):
    """Values of a contact. `reference` finds one that is already there; one that is found is updated."""

    reference: AnySource | None = Field(default=None, description="Finds the contact: exactly one is linked.")
    title: AnySource | None = Field(default=None, description="Title, as Tascomi's titles spell it.")
    first_name: AnySource | None = None
    surname: AnySource | None = None
    company: AnySource | None = None
    house: AnySource | None = Field(default=None, description="House name or number.")
    street: AnySource | None = None
    locality: AnySource | None = None
    town: AnySource | None = None
    county: AnySource | None = None
    postcode: AnySource | None = None
    address: AnySource | None = Field(default=None, description="The whole address in one field.")
    email: AnySource | None = None
    telephone: AnySource | None = None
    mobile: AnySource | None = None
    notes: AnySource | None = None


class LocationMap(Part):
    """Where it is. Tascomi takes only places of its own gazetteer: by UPRN, or a street by USRN."""

    uprn: AnySource | None = Field(
        default=None, description="Property, such as { address = 'uprn' }; tried first."
    )
    usrn: AnySource | None = Field(default=None, description="Street, such as { address = 'usrn' }.")


class RequestMap(Part):
    """Values of a service request. Codes are looked up in Tascomi's own tables before anything is sent."""

    core_function: AnySource | None = Field(default=None, description="Core function (code).")
    request_code: AnySource | None = Field(default=None, description="Request code.")
    investigating_officer: AnySource | None = Field(default=None, description="Investigating officer (code).")
    reporting_method: AnySource | None = Field(default=None, description="Reporting method (code).")
    request_category: AnySource | None = Field(default=None, description="Request category (code).")
    organisational_unit: AnySource | None = Field(default=None, description="Organisational unit (code).")
    action_required: AnySource | None = Field(default=None, description="Action required (code).")
    details: AnySource | None = Field(default=None, description="What the request is about, in words.")
    received: AnySource | None = Field(default=None, description="When it was received.")
    location: LocationMap | None = Field(default=None, description="Where it is: a property or a street.")


class NewRequestMap(RequestMap):
    """Values of a new service request: Tascomi demands the first three."""

    core_function: AnySource = Field(description="Core function (code); mandatory.")
    request_code: AnySource = Field(description="Request code; mandatory.")
    investigating_officer: AnySource = Field(description="Investigating officer (code); mandatory.")


def _are_columns(extra: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    wrong = sorted({name for fields in extra.values() for name in fields if not _COLUMN.fullmatch(name)})
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: columns of Tascomi are lower case with underscores")
    return extra


Extra = Annotated[
    dict[str, dict[str, AnySource]],
    AfterValidator(_are_columns),
    Field(description="By request code: further columns of the service request, named as Tascomi does."),
]


class Outgoing(Part):
    """What every template that goes to Tascomi has."""

    description: str = Field(min_length=1, description="When it applies, for whoever reads it.")
    reference: str = Field(min_length=1, description="Name under which the service request is known.")
    requester: ContactMap | None = Field(default=None, description="Who asks.")
    contact: ContactMap | None = Field(
        default=None, description="Whom to speak to, when that is somebody else."
    )
    extra: Extra = {}


class CreateTemplate(Outgoing):
    """A new service request."""

    kind: Literal["create"]
    service_request: NewRequestMap


class UpdateTemplate(Outgoing):
    """Changed values of a service request that was raised before."""

    kind: Literal["update"]
    service_request: RequestMap


def _has_known_places(text: str) -> str:
    wrong = sorted(set(_PLACEHOLDER.findall(text)) - {"number", "status"})
    if wrong or text.count("{") != len(_PLACEHOLDER.findall(text)):
        raise ValueError("only {number} and {status} can stand in it")
    return text


class NoteMap(Part):
    """A note on the case."""

    text: Annotated[str, AfterValidator(_has_known_places)] = Field(
        min_length=1, description="{number} stands for the service request's number, {status} for its status."
    )
    type: str | None = Field(default=None, description="Kind of note, as iCasework is set up to know it.")
    is_shown_to_customer: bool = Field(default=False, description="The customer may read it too.")


class IncomingTemplate(Part):
    """What the case is told: the number in its external id, a note, and a note at each change of status."""

    kind: Literal["incoming"]
    description: str = Field(min_length=1, description="When it applies, for whoever reads it.")
    reference: str = Field(min_length=1, description="The reference whose service requests it tells of.")
    external_id: Literal["number", "none"] = Field(
        default="number", description="number: the case's external id becomes the service request's number."
    )
    note: NoteMap | None = Field(default=None, description="Written once the service request is there.")
    status_note: NoteMap | None = Field(default=None, description="Written each time its status has changed.")


Template = Annotated[CreateTemplate | UpdateTemplate | IncomingTemplate, Field(discriminator="kind")]
_TEMPLATE: TypeAdapter[CreateTemplate | UpdateTemplate | IncomingTemplate] = TypeAdapter(Template)


class Templates:
    """The templates of a folder, by their file's name without `.toml`."""

    def __init__(self, found: dict[str, CreateTemplate | UpdateTemplate | IncomingTemplate]) -> None:
        self._found = found
        self._require_one_incoming_each()

    @property
    def names(self) -> tuple[str, ...]:
        """Every template, by name."""
        return tuple(self._found)

    def outgoing(self, name: str) -> CreateTemplate | UpdateTemplate:
        """Return a template that goes to Tascomi; raise SettingsError when there is none of that name."""
        found = self._found.get(name)
        if found is None or isinstance(found, IncomingTemplate):
            known = [name for name, one in self._found.items() if not isinstance(one, IncomingTemplate)]
            raise SettingsError(
                f"there is no outgoing template {name!r}",
                why=f"there are {', '.join(known) or 'none'}",
                todo="correct marts.outbound_due, or write the template",
            )
        return found

    def incoming(self, reference: str) -> IncomingTemplate | None:
        """Return the template that tells cases of requests of this reference, if there is one."""
        return next(
            (
                one
                for one in self._found.values()
                if isinstance(one, IncomingTemplate) and one.reference == reference
            ),
            None,
        )

    def _require_one_incoming_each(self) -> None:
        seen: dict[str, str] = {}
        for name, one in self._found.items():
            if not isinstance(one, IncomingTemplate):
                continue
            if one.reference in seen:
                raise SettingsError(
                    f"incoming templates {seen[one.reference]} and {name} tell of one reference",
                    todo="keep one of them",
                )
            seen[one.reference] = name


def read_templates(folder: Path) -> Templates:
    """Read every template of a folder; raise SettingsError naming the file, the place and the fault."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise SettingsError(
            f"{folder} holds no template", todo="write one, or correct CASEHOUSE_OUTBOUND_TEMPLATES"
        )
    return Templates({file.stem: read_template(file) for file in files})


def read_template(file: Path) -> CreateTemplate | UpdateTemplate | IncomingTemplate:
    """Read one template."""
    return checked(_TEMPLATE, file)


def checked(shape: TypeAdapter[Checked], file: Path) -> Checked:
    """Read a TOML file of a known shape; raise SettingsError naming the file, each place and its fault."""
    try:
        return shape.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc'] if part not in _KINDS_OF_TEMPLATE)}:"
            f" {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        why = "; ".join(faults)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else str(error)
    raise SettingsError(
        f"{file.name} cannot be read",
        why=why,
        todo=f"correct {file}; an editor that knows TOML schemas marks the place",
    )


def schema_text() -> str:
    """Return the JSON Schema of a template, as its file holds it."""
    return schema_of(_TEMPLATE)


def schema_of(shape: TypeAdapter[Checked]) -> str:
    """Return the JSON Schema of a shape, as a file holds it."""
    return json.dumps(shape.json_schema(), indent=2, ensure_ascii=False) + "\n"
