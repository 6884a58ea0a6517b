"""A ready patch for a contract whose report has other fields now: a unified diff, and what to ask before.

The patch makes the contract pin exactly the fields that came. A renamed field keeps its column; a field that
is gone loses it; a new one becomes a text that nobody may see (privacy special) until a person has said what
it is. Nothing is applied here: `git apply` or `patch -p1` does that, once somebody agrees.
"""

from __future__ import annotations

import ast
import inspect
import json
import keyword
import re
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts.contract import Rows
from pipelines.contracts.drift import Drift, compare
from pipelines.errors import Permanent
from pipelines.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipelines.contracts.contract import Contract

_WIDEST = 110
_INDENT = " " * 4
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_FORMAT = re.compile(r" \[[A-Z_]+\]$")


@dataclass(frozen=True)
class Patch:
    """What to ask before it is applied, one line a field, and the diff, from the project's root."""

    notes: tuple[str, ...]
    diff: str


@dataclass(frozen=True)
class _Declared:
    """One column as it stands in the source: its wire name, and its lines, remarks above it included."""

    name: str
    wire: str
    lines: tuple[str, ...]
    statement: ast.AnnAssign


def propose(contract: Contract, came: Sequence[str], *, day: str) -> Patch:
    """Return the patch after which the contract pins the fields that came on that day, in their order.

    Raises Permanent when the fields are the pinned ones, are hardly any of them, or one came twice, and when
    the source does not declare its columns one after another.
    """
    drift = compare(contract.wire_fields, came)
    _refuse(contract, drift)
    path = Path(inspect.getfile(contract.model))
    source = path.read_text(encoding="utf-8")
    declared = _declared(source, contract)
    lines = source.splitlines(keepends=True)
    columns = list(_columns(source, declared, drift, day))
    first = declared[0].statement.lineno - 1
    lines[first : declared[-1].statement.end_lineno] = [line for column in columns for line in column]
    patched = "".join(lines)
    if [one.wire for one in _declared(patched, contract)] != list(came):
        raise Permanent(
            f"no patch could be made for {contract.feed}",
            todo=f"edit {path.name} by hand: it must declare the fields that came, in their order",
        )
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    diff = unified_diff(
        source.splitlines(keepends=True), patched.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return Patch(tuple(_notes(contract, drift, _taken(declared))), "".join(diff))


def _refuse(contract: Contract, drift: Drift) -> None:
    if drift.pinned == drift.came:
        why, todo = "the fields that came are the fields it pins", "ingest the day"
    elif drift.twice:
        why, todo = f"came twice: {', '.join(drift.twice)}", "have the report give each field once"
    elif not drift.is_recognisable:
        why, todo = str(drift), "check the report's id in the settings, and that its header is asked for"
    else:
        return
    raise Permanent(f"there is no patch for {contract.feed}", why=why, todo=todo)


def _declared(source: str, contract: Contract) -> list[_Declared]:
    """Return the columns that the contract's class declares, in order."""
    lines = source.splitlines(keepends=True)
    (model,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == contract.model.__name__
    )
    found: list[_Declared] = []
    places: list[int] = []
    for place, statement in enumerate(model.body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.value, ast.Call):
            continue
        (wire, *_), target = statement.value.args, statement.target
        if not isinstance(wire, ast.Constant) or not isinstance(target, ast.Name):
            continue
        above = model.body[place - 1].end_lineno if place and found else statement.lineno - 1
        taken = tuple(lines[above : statement.end_lineno])
        found.append(_Declared(target.id, str(wire.value), taken, statement))
        places.append(place)
    if not places or places != list(range(places[0], places[-1] + 1)):
        raise Permanent(
            f"the columns of {contract.feed} do not stand one after another in the source",
            todo="edit the contract by hand",
        )
    return found


def _columns(source: str, declared: Sequence[_Declared], drift: Drift, day: str) -> Iterator[tuple[str, ...]]:
    """Yield the lines of each column in the order the fields came."""
    by_wire = {one.wire: one for one in declared}
    old_name = {new: old for old, new in drift.renamed.items()}
    taken = _taken(declared)
    for field in drift.came:
        if field in by_wire:
            yield by_wire[field].lines
        elif field in old_name:
            yield _renamed(source, by_wire[old_name[field]], field)
        else:
            name = column_name(field, taken)
            taken.add(name)
            told = f"Came unannounced with the report of {day}; nobody has said yet what it is."
            arguments = [_quoted(field), _quoted(told), 'privacy="special"']
            yield _declaration(name, "Text", arguments)


def _renamed(source: str, column: _Declared, field: str) -> tuple[str, ...]:
    """Return a column's lines with another wire name, laid out as the formatter would."""
    statement = column.statement
    call = statement.value
    whole = ast.get_source_segment(source, statement) or ""
    remarks = column.lines[: len(column.lines) - len(whole.splitlines())]
    if not isinstance(call, ast.Call) or "#" in whole:
        old = _quoted(column.wire)
        return tuple(line.replace(old, _quoted(field), 1) for line in column.lines)
    parts = [ast.get_source_segment(source, part) or "" for part in (*call.args[1:], *call.keywords)]
    annotation = ast.get_source_segment(source, statement.annotation) or ""
    is_spread = re.search(r",\s*\)$", whole) is not None
    return (*remarks, *_declaration(column.name, annotation, [_quoted(field), *parts], is_spread=is_spread))


def _declaration(
    name: str, annotation: str, arguments: Sequence[str], *, is_spread: bool = False
) -> tuple[str, ...]:
    """Lay a column out on one line, on three, or an argument a line, whichever fits first."""
    head, told = f"{_INDENT}{name}: {annotation} = wire(", ", ".join(arguments)
    if not is_spread and len(head) + len(told) + 1 <= _WIDEST:
        return (f"{head}{told})\n",)
    inner = _INDENT * 2
    if not is_spread and len(inner) + len(told) <= _WIDEST:
        return (f"{head}\n", f"{inner}{told}\n", f"{_INDENT})\n")
    return (f"{head}\n", *(f"{inner}{one},\n" for one in arguments), f"{_INDENT})\n")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _taken(declared: Iterable[_Declared]) -> set[str]:
    return {one.name for one in declared}


def column_name(field: str, taken: Iterable[str]) -> str:
    """Return a snake_case name for a wire name, its last part if that is free: Task.DateDue is date_due."""
    parts = [
        "_".join(word.lower() for word in _WORDS.findall(part)) for part in _FORMAT.sub("", field).split(".")
    ]
    last, whole = parts[-1], "_".join(filter(None, parts))
    wanted = [one for one in (last, whole) if _may_be_named(one)] or [f"field_{whole}".rstrip("_")]
    numbered = (f"{wanted[-1]}_{number}" for number in range(2, 10_000))
    return next(name for name in (*wanted, *numbered) if name not in set(taken))


def _may_be_named(name: str) -> bool:
    is_word = name.isascii() and name[:1].isalpha() and not keyword.iskeyword(name)
    return is_word and not hasattr(Rows, name)  # pandera's own names would be overwritten


def _notes(contract: Contract, drift: Drift, taken: set[str]) -> Iterator[str]:
    columns = {column.wire: column for column in contract.columns}
    for old, new in drift.renamed.items():
        yield (
            f"renamed? {old} is gone and {new} came in its place. Column {columns[old].name} will read it:"
            " check first that it means the same"
        )
    for field in drift.gone:
        column = columns[field]
        required = "" if column.nullable else " It must not be empty."
        role = " It is part of the key." if column.is_key else required
        used = readers(contract.feed, column.name)
        read = f" It is named in {', '.join(used)}, to be changed too." if used else ""
        yield (
            f"gone: {field}. Column {column.name} will leave the view; if it was taken out by mistake, have"
            f" it put back instead.{role}{read}"
        )
    if all(column.nullable for column in contract.columns if column.wire not in drift.gone):
        yield "no column is left that must not be empty: give one required=True, or nothing can be loaded"
    for field in drift.new:
        name = column_name(field, taken)
        taken.add(name)
        yield (
            f"new: {field} becomes column {name}, a text of privacy class special until somebody says what"
            " it is; days loaded before have none of it"
        )
    for field in drift.moved:
        yield f"moved: {field}. Its column moves with it"


def readers(feed: str, column: str) -> list[str]:
    """Name the SQL files that speak of a feed's view and of a column of this name."""
    view = re.compile(rf"\b{re.escape(feed.replace('/', '.'))}\b")
    word = re.compile(rf"\b{re.escape(column)}\b")
    found = []
    for path in sorted((ROOT / "warehouse").glob("*/*.sql")):
        text = path.read_text(encoding="utf-8")
        if view.search(text) and word.search(text):
            found.append(path.relative_to(ROOT).as_posix())
    return found
