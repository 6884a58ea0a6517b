"""Does an answer keep to the shape that ITX documents for a customer's card? Every breach, by its place.

The shape stands here a second time, on purpose: read from the vendor's page (SEED) and not from schema.py, it
holds our own card to the documentation as it does anybody else's. A pure function: who asks, and what a
service has to answer to strange questions, is in lint_endpoint.py.

What is told of an answer is where and what kind; never a value of it, which may be somebody's data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.kpi.card_text import Json, Members, Number, Unreadable, read_card

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = "$"
COLOURS = ("NORMAL", "GREEN", "ORANGE", "RED")
MONEY_PLACES = 2

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DATE_FORM = "yyyy-MM-dd'T'HH:mm:ss'Z', in UTC"
_ADDRESS = re.compile(r"https?://[^\s/?#@:]\S*", re.IGNORECASE)
_INDEX = re.compile(r"\[\d+\]")
# A member's name is told, so that it can be found, where it looks like a name and not like somebody's number.
_SAYABLE = re.compile(r"[A-Za-z_][A-Za-z_-]{0,39}\d?")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,40}/[\w.+-]{1,40}", re.ASCII)


@dataclass(frozen=True, order=True)
class Breach:
    """One breach: the JSON path of what is wrong, or a part of the answer, and what a developer has to do."""

    path: str
    words: str

    @property
    def kind(self) -> tuple[str, str]:
        """The same for the same mistake in other documents."""
        return _INDEX.sub("[*]", self.path), self.words


Check = Callable[[Json, str], Iterator[Breach]]


def lint(status: int, headers: Mapping[str, str], body: bytes) -> list[Breach]:
    """Return every breach of an answer that should be a card, in the order of the answer; none when clean.

    `body` is what stands in the answer once its transfer coding is undone. Header names may be in any case.
    """
    if status != HTTPStatus.OK:
        return [Breach("HTTP status", _told_status(status))]
    found = list(_headers({name.lower(): value for name, value in headers.items()}))
    try:
        read = read_card(body)
    except Unreadable as error:
        return [*found, Breach(ROOT, str(error))]
    found += [Breach(ROOT, fault) for fault in read.faults]
    return [*found, *_card(read.value, ROOT), *_repeated(read.value)]


def sections_of(body: bytes) -> list[tuple[bool, bool]]:
    """Return for each section of a card whether it holds documents and whether it has a message.

    What is no card has no sections.
    """
    try:
        root = read_card(body).value
    except Unreadable:
        return []
    return [
        (bool(_items(section.get("documents"))), bool(section.get("message")))
        for section in _items(_member(root, "sections"))
        if isinstance(section, Members)
    ]


def _told_status(status: int) -> str:
    if status // 100 == 3:  # noqa: PLR2004 - the class of redirects
        return f"is {status}: the panel follows no redirect; give ITX the address that answers"
    return f"is {status}; a card comes with 200"


def _headers(headers: Mapping[str, str]) -> Iterator[Breach]:
    kind, _, parameters = headers.get("content-type", "").partition(";")
    name = kind.strip().lower()
    if not name:
        yield Breach("Content-Type", "is not sent; send application/json")
    elif name != "application/json":
        told = f"is {name}" if _MEDIA_TYPE.fullmatch(name) else "is no media type"
        yield Breach("Content-Type", f"{told}; send application/json")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in {"utf-8", "utf8"}:
        yield Breach("Content-Type", "names a charset other than UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        yield Breach("Content-Encoding", "the body is compressed though plain bytes were asked for")


def _repeated(root: Json) -> Iterator[Breach]:
    """Tell of every document whose number an earlier one of the card has."""
    seen: set[str] = set()
    for section, one in enumerate(_items(_member(root, "sections"))):
        for place, document in enumerate(_items(_member(one, "documents"))):
            number = _member(document, "documentNumber")
            if not isinstance(number, str):
                continue
            if number in seen:
                path = f"{ROOT}.sections[{section}].documents[{place}].documentNumber"
                yield Breach(path, "stands on another document of this card too; it must be unique")
            seen.add(number)


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, Members) else None


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class Shape:
    """An object of the documentation: what it is called, its members, and which of them it must have."""

    name: str
    members: Mapping[str, Check]
    mandatory: tuple[str, ...] = ()

    def __call__(self, value: Json, path: str) -> Iterator[Breach]:
        """Yield the breaches of a value that should be such an object."""
        if not isinstance(value, Members):
            yield _wrong_kind(value, path, f"an object: {self.name}")
            return
        names = Counter(name for name, _ in value.pairs)
        for name, times in names.items():
            place = f"{path}.{name}" if _SAYABLE.fullmatch(name) else f"{path}.(unsaid)"
            if times > 1:
                yield Breach(place, "stands there more than once; each reader keeps another one")
            yield from self._member(name, value.get(name), place)
        for name in self.mandatory:
            if name not in names:
                yield Breach(f"{path}.{name}", f"is missing; {self.name} must have it")

    def _member(self, name: str, value: Json, path: str) -> Iterator[Breach]:
        if name not in self.members:
            yield Breach(path, f"is no member of {self.name}{self._meant(name)}")
        elif value is None:
            must = f"{self.name} must have it" if name in self.mandatory else "leave the member out instead"
            yield Breach(path, f"is null; {must}")
        else:
            yield from self.members[name](value, path)

    def _meant(self, name: str) -> str:
        meant = next((one for one in self.members if _plain(one) == _plain(name)), None)
        return f"; {meant} is meant?" if meant else ""


def _plain(name: str) -> str:
    return re.sub(r"[_\s-]", "", name).lower()


def _wrong_kind(value: Json, path: str, wanted: str) -> Breach:
    return Breach(path, f"is {_kind(value)}; it must be {wanted}")


def _kind(value: Json) -> str:
    if isinstance(value, Number) and not value.is_json:
        return "NaN or infinite, which JSON does not know"
    kinds: tuple[tuple[type, str], ...] = (
        (Members, "an object"),
        (list, "a list"),
        (str, "a string"),
        (Number, "a number"),
        (bool, "true or false"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "null")


def _list_of(check: Check, wanted: str) -> Check:
    def listed(value: Json, path: str) -> Iterator[Breach]:
        if not isinstance(value, list):
            yield _wrong_kind(value, path, f"a list of {wanted}")
            return
        for place, item in enumerate(value):
            yield from check(item, f"{path}[{place}]")

    return listed


def _text(value: Json, path: str) -> Iterator[Breach]:
    if not isinstance(value, str):
        yield _wrong_kind(value, path, "a string")


def _document_number(value: Json, path: str) -> Iterator[Breach]:
    yield from _text(value, path)
    if isinstance(value, str) and not value.strip():
        yield Breach(path, "is empty; each document must have a number")


def _address(value: Json, path: str) -> Iterator[Breach]:
    yield from _text(value, path)
    if isinstance(value, str) and not is_web_address(value):
        yield Breach(path, "is no http:// or https:// address that a browser can open")


def is_web_address(text: str) -> bool:
    """Whether a text is an address to follow: http or https, a host, no space."""
    return _ADDRESS.fullmatch(text) is not None


def _colour(value: Json, path: str) -> Iterator[Breach]:
    yield from _text(value, path)
    if isinstance(value, str) and value not in COLOURS:
        yield Breach(path, f"is none of {', '.join(COLOURS)}, in capitals")


def _date(value: Json, path: str) -> Iterator[Breach]:
    yield from _text(value, path)
    if not isinstance(value, str):
        return
    if not _DATE.fullmatch(value):
        yield Breach(path, f"is not written as {_DATE_FORM}")
    elif not _exists(value):
        yield Breach(path, "is a date or time that does not exist")


def _exists(date: str) -> bool:
    try:
        datetime.fromisoformat(date)
    except ValueError:
        return False
    return "T24" not in date  # newer readers take it for the next day, ITX's need not


def _number(value: Json, path: str) -> Iterator[Breach]:
    if not isinstance(value, Number) or not value.is_json:
        yield _wrong_kind(value, path, "a number")


def _money(value: Json, path: str) -> Iterator[Breach]:
    yield from _number(value, path)
    if not isinstance(value, Number) or not value.is_json:
        return
    if "e" in value.text.lower():
        yield Breach(path, "is written with an exponent; write two decimals, such as 12.50")
    elif -int(Decimal(value.text).as_tuple().exponent) > MONEY_PLACES:
        yield Breach(path, "has more than two decimals as it is written; write two, such as 12.50")


# SEED: the vendor's page "Custom KPI API". What bears no [optional] mark there is mandatory here.
_FIELD = Shape("a custom field", {"name": _text, "value": _text}, ("value",))
_NAMED_FIELD = Shape(
    "a custom field (only a document's own fields may be nameless)", _FIELD.members, ("name", "value")
)
_EXPANDABLE = Shape(
    "an expandable section of a line",
    {"columns": _list_of(_text, "strings"), "fields": _list_of(_NAMED_FIELD, "custom fields")},
    ("columns",),
)
_LINE = Shape(
    "a document's line",
    {
        "name": _text,
        "quantity": _number,
        "delivered": _number,
        "url": _address,
        "fields": _list_of(_NAMED_FIELD, "custom fields"),
        "expandableFields": _list_of(_EXPANDABLE, "expandable sections"),
    },
    ("name",),
)
_STATUS = Shape("a status", {"name": _text, "colorCode": _colour, "updatedDate": _date}, ("name",))
_DOCUMENT = Shape(
    "a document",
    {
        "documentNumber": _document_number,
        "documentDate": _date,
        "externalUrl": _address,
        "trackingUrl": _address,
        "status": _STATUS,
        "amount": _money,
        "currency": _text,
        "lines": _list_of(_LINE, "lines"),
        "fields": _list_of(_FIELD, "custom fields"),
    },
    ("documentNumber", "documentDate"),
)
_SECTION = Shape(
    "a section",
    {"title": _text, "message": _text, "documents": _list_of(_DOCUMENT, "documents")},
    ("title", "documents"),
)
_card: Check = Shape("the card", {"sections": _list_of(_SECTION, "sections")})


@dataclass(frozen=True)
class Kind:
    """Breaches of one kind: where, what, how many, and where the first stands."""

    path: str
    words: str
    count: int
    first: str

    def __str__(self) -> str:
        if self.count == 1:
            return f"{self.first}: {self.words}"
        return f"{self.path}: {self.words} ({self.count} times, first at {self.first})"


def by_kind(breaches: Iterable[Breach]) -> list[Kind]:
    """Return breaches that are the same but for the document's place as one, in the order of the first."""
    kinds: dict[tuple[str, str], list[Breach]] = {}
    for breach in breaches:
        kinds.setdefault(breach.kind, []).append(breach)
    return [Kind(*kind, len(found), found[0].path) for kind, found in kinds.items()]
