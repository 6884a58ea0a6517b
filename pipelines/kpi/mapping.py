"""The mapping of the customer card: `warehouse/card/card.toml`, read and held to what may stand in it.

What is shown, in which order and under which labels is the council's to say, there and in the queries beside
it. Here stands only what such a file may hold, and how its mistakes are told: file, place, and what is
allowed. The queries are not read here.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines.errors import Permanent
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "warehouse" / "card"
FILE = "card.toml"
AS_OF = "{as_of}"  # in messages: until when cards, or a section, know

_MARK = re.compile(r"\{[^{}]*\}")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Column = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Query = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.sql$")]
Feed = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")]
_KINDS = {"column": "the name of a column", "feed": "a feed, such as xima/calls"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(_Part):
    """A column that is shown under a label."""

    label: Text
    column: Column


class ShownInDocument(_Part):
    """A column of a document; without a label its value stands alone."""

    label: Text | None = None
    column: Column


class Messages(_Part):
    """What is said where there are no documents, and when the whole card is old."""

    none: Text
    failed: Text
    shared: Text
    behind: Text | None = None
    stale: Text
    information: Text

    @field_validator("stale", "behind")
    @classmethod
    def _knows_its_mark(cls, text: str | None) -> str | None:
        if strange := sorted(set(_MARK.findall(text or "")) - {AS_OF}):
            raise ValueError(f"{', '.join(strange)} means nothing there; {AS_OF} stands for the time")
        return text


class Section(_Part):
    """One section: its title, its queries, and which of their columns are shown."""

    title: Text
    feed: Feed | None = None
    documents: Query
    lines: Query | None = None
    history: Query | None = None
    history_line: Text | None = None
    field: tuple[ShownInDocument, ...] = ()
    line_field: tuple[Shown, ...] = ()
    history_field: tuple[Shown, ...] = ()

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.line_field and not self.lines:
            raise ValueError("line_field is given without lines")
        for name, shown in (
            ("field", self.field),
            ("line_field", self.line_field),
            ("history_field", self.history_field),
        ):
            labels = Counter(one.label for one in shown if one.label)
            if twice := [label for label, many in labels.items() if many > 1]:
                raise ValueError(f"two of {name} have the label {', '.join(twice)}")
        if bool(self.history) != bool(self.history_line) or bool(self.history) != bool(self.history_field):
            raise ValueError("history, history_line and history_field are given together or not at all")
        return self

    @property
    def queries(self) -> dict[str, str]:
        """Return the files of its queries by what they give: documents, lines, history."""
        named = {"documents": self.documents, "lines": self.lines, "history": self.history}
        return {part: file for part, file in named.items() if file}

    def columns(self, part: str) -> set[str]:
        """Name the columns that are shown of documents, lines or history."""
        shown: dict[str, tuple[Shown | ShownInDocument, ...]] = {
            "documents": self.field,
            "lines": self.line_field,
            "history": self.history_field,
        }
        return {one.column for one in shown[part]}


class Mapping(_Part):
    """The whole card: its messages, and its sections in their order."""

    messages: Messages
    section: Annotated[tuple[Section, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        titles = [section.title for section in self.section]
        if len(set(titles)) < len(titles):
            raise ValueError("two sections have one title")
        if not self.messages.behind and any(section.feed for section in self.section):
            raise ValueError("a section names its feed, and messages.behind does not say what is told of it")
        return self


def load_mapping(folder: Path = FOLDER) -> Mapping:
    """Read the mapping of a folder; raise Permanent naming file, place and what is allowed."""
    path = folder / FILE
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        mapping = Mapping.model_validate(told)
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _unusable(path, f"its line {line} is not UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _unusable(path, f"it is not TOML: {error}") from None
    except ValidationError as error:
        raise _unusable(path, "; ".join(_told(dict(fault)) for fault in error.errors())) from None
    gone = {file for section in mapping.section for file in section.queries.values()}
    if gone := {file for file in gone if not (folder / file).is_file()}:
        raise _unusable(path, f"it names {', '.join(sorted(gone))}, which {folder} does not hold")
    return mapping


def _unusable(path: Path, why: str) -> Permanent:
    return Permanent(f"{path} cannot be used", why=why, todo="correct it; the cards before stay as they are")


def _told(fault: dict[str, Any]) -> str:
    place = fault["loc"]
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(_model_at(place[:-1]).model_fields)
        return f"{where} is no key there; allowed are {allowed}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{where} must be {_KINDS.get(str(place[-1]), 'the name of a query')}, in small letters"
    return f"{where or 'the file'}: {fault['msg'].removeprefix('Value error, ')}"


def _model_at(place: tuple[str | int, ...]) -> type[BaseModel]:
    model: type[BaseModel] = Mapping
    for part in place:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return model


def _model_in(annotation: object) -> type[BaseModel]:
    """Return the model of a field: itself, or that of a tuple's items."""
    first = (*get_args(annotation), annotation)[0]
    if not (isinstance(first, type) and issubclass(first, BaseModel)):
        raise TypeError("only models hold keys")
    return first
