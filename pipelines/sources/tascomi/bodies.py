"""What Tascomi's answers say: records, lists with their totals, and why something was refused.

Nothing that an error says holds a value that was sent or came back.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.errors import Unverified
from pipelines.sources.tascomi.dialect import BY_ID, FOUND, PAGE_NUMBER, PER_PAGE, TOTAL
from pipelines.sources.wording import clip, scrub, strike, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.sources.exchange import Answer
    from pipelines.sources.writing import Record

_Cells = dict[str, str | int | None]
_ONE = msgspec.json.Decoder(_Cells | None)
_MANY = msgspec.json.Decoder(list[_Cells] | None)
_ANY = msgspec.json.Decoder(dict[str, Any])
_DIGITS = re.compile(r"[0-9]{1,18}")
# Where a refusal was seen, or is guessed, to say which field and why.
_FIELD_KEYS, _REASON_KEYS = ("field", "name"), ("message", "error", "reason", "errors", "messages")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_DEEPEST = 5


class Unreadable(Exception):
    """A body that is no record and no list of them; says how, never what stands in it."""


@dataclass(frozen=True)
class Page:
    """One page of a list: its records, how many the whole list has, and how many make a page."""

    rows: Sequence[Record]
    total: int
    per_page: int


def read_record(content: bytes) -> Record | None:
    """Read one record; None for null. An id of 0 stays, as "0". Raise Unreadable."""
    try:
        cells = _ONE.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(_told(error)) from None
    return None if cells is None else _texts(cells)


def is_error(content: bytes) -> bool:
    """Whether a body is an object that tells of an error and is no record: it has no id."""
    try:
        told = _ANY.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return BY_ID not in told and any(isinstance(told.get(key), str) for key in _REASON_KEYS)


def read_page(answer: Answer, asked: int) -> Page:
    """Read a page of a list, the one of the number asked for; raise Unverified when it proves nothing."""
    if answer.status not in FOUND:
        return Page((), _count(answer, TOTAL, 0), _count(answer, PER_PAGE, 0))
    try:
        many = _MANY.decode(answer.content)
        rows = [_texts(cells) for cells in many or ()]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = _told(error)
    except Unreadable as error:
        why = str(error)
    else:
        if _count(answer, PAGE_NUMBER, asked) != asked:
            raise _unproved(f"page {asked} was asked for and another one came")
        if many is None:
            return Page((), 0, 0)
        return Page(rows, _count(answer, TOTAL), _count(answer, PER_PAGE))
    raise Unverified("Tascomi's answer is no list of records", why=why, todo=_ASK)


_ASK = "run it again; if it stays so, check CASEHOUSE_TASCOMI_BASE_URL and ask the vendor"


def _texts(cells: _Cells) -> Record:
    """Undo the escaping of text as HTML (CODE: it may come so); only an id may be a number."""
    for name, value in cells.items():
        if isinstance(value, int) and name != BY_ID:
            raise Unreadable("a value is neither text nor null")
    return {
        name: html.unescape(value) if isinstance(value, str) else None if value is None else str(value)
        for name, value in cells.items()
    }


def _told(error: Exception) -> str:
    """Tell a decoder's error: names of types and places, no values; keys of a record are columns."""
    return str(error) if isinstance(error, msgspec.MsgspecError) else "it is not UTF-8"


def _count(answer: Answer, name: str, otherwise: int | None = None) -> int:
    text = answer.header(name).strip()
    if _DIGITS.fullmatch(text):
        return int(text)
    if otherwise is None:
        raise _unproved(f"the list came without {name}")
    return otherwise


def _unproved(why: str) -> Unverified:
    return Unverified("Tascomi's list cannot be proved whole", why=why, todo=_ASK)


def read_refusal(answer: Answer, sent: Record) -> tuple[str | None, str]:
    """Return which field a refusal names (None: none) and the server's words without the values sent, if any.

    The form of a refusal was never seen: any object or list is searched for a field and a message, and text
    that names one of the fields sent counts as naming it.
    """
    try:
        told = list(_faults(msgspec.json.decode(answer.content), sent))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told = []  # a web page: it explains nothing
    field, words = next((one for one in told if one[0]), told[0] if told else (None, ""))
    if field not in sent and not _is_column(field, sent):
        field = next((name for name in sent if re.search(rf"\b{re.escape(name)}\b", words)), None)
    values = [value for value in sent.values() if value]
    return field, clip(scrub(strike(html.unescape(words), values, names=sent)))


def _is_column(name: str | None, sent: Record) -> bool:
    """Whether what a refusal calls a field is one's name: not a person's, and nothing that was sent."""
    return bool(
        name
        and _COLUMN.fullmatch(name)
        and not any(name in words_of(value) for value in sent.values() if value)
    )


def _faults(told: Any, sent: Record, depth: int = 0) -> Iterator[tuple[str | None, str]]:  # noqa: ANN401 - JSON
    if depth > _DEEPEST:
        return
    if isinstance(told, str):
        yield None, told
    elif isinstance(told, list):
        for one in told:
            yield from _faults(one, sent, depth + 1)
    elif isinstance(told, dict):
        named = next((told[key] for key in _FIELD_KEYS if isinstance(told.get(key), str)), None)
        for key, value in told.items():
            if key in sent:
                yield from ((key, words) for _, words in _faults(value, sent, depth + 1))
            elif key in _REASON_KEYS:
                yield from ((field or named, words) for field, words in _faults(value, sent, depth + 1))
