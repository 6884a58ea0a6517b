"""Reading a card's JSON without losing what a reader usually loses: every member, and numbers as written.

Standard readers keep the last of two members of one name, take NaN, and make 12.50 and 12.5 the same. Here
nothing is judged by the card's shape: that is lint.py's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SPACE = " \t\r\n"
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Number:
    """A number as it was written; `text` is NaN, Infinity or -Infinity where it is none."""

    text: str

    @property
    def is_json(self) -> bool:
        """Whether JSON knows it."""
        return self.text[-1].isdigit()


@dataclass(frozen=True)
class Members:
    """An object with every member that was written, those of the same name too."""

    pairs: tuple[tuple[str, Json], ...]

    def get(self, name: str) -> Json:
        """Return the member as most readers do, the last of that name; None when there is none."""
        return dict(self.pairs).get(name)


Json: TypeAlias = "Members | list[Json] | str | Number | bool | None"


class Unreadable(Exception):
    """The bytes are no JSON; said in words that hold nothing of the bytes."""


@dataclass(frozen=True)
class Read:
    """What was read, and what was wrong around it: words for the vendor's developer."""

    value: Json
    faults: tuple[str, ...]


def read_card(body: bytes) -> Read:
    """Read one JSON text; raise Unreadable when there is none.

    Whatever stands before or after it, and halves of characters in it, is told as a fault.
    """
    faults = []
    text = _as_text(body)
    if text.startswith(_BOM):
        faults.append("the body begins with a byte order mark: JSON is sent without one")
        text = text.removeprefix(_BOM)
    begins = len(text) - len(text.lstrip(_SPACE))
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: Members(tuple(pairs)),
        parse_float=Number,
        parse_int=Number,
        parse_constant=Number,
    )
    try:
        value, end = decoder.raw_decode(text, begins)
        has_halves = _has_halves(value)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"the body is not JSON: {error.msg.partition(':')[0].lower()} at {where}") from None
    except RecursionError:
        raise Unreadable("the body is nested far deeper than a card can be") from None
    if rest := text[end:].strip(_SPACE):
        faults.append(f"{_counted(len(rest), 'character')} after the end of the JSON text")
    if has_halves:
        faults.append("a text holds half of a \\u pair, which is no character")
    return Read(value, tuple(faults))


def _as_text(body: bytes) -> str:
    if not body.strip():
        raise Unreadable("the body is empty")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the body is not UTF-8 from byte {error.start} on") from None
    if "\0" in text[:4]:
        raise Unreadable("the body is UTF-16 or UTF-32: JSON is sent as UTF-8")
    return text


def _has_halves(value: Json) -> bool:
    if isinstance(value, Members):
        return any(_HALF.search(name) or _has_halves(held) for name, held in value.pairs)
    if isinstance(value, list):
        return any(map(_has_halves, value))
    return isinstance(value, str) and _HALF.search(value) is not None


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
