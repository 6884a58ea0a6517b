"""Views and tests that stand one a file: a header of remarks that says what it is, then one query.

The header's first lines, up to an empty remark, describe it. In a mart every column follows, in order:

    -- name [public]: what it means             a column of its own, with its privacy class
    -- name = icasework.cases.team              described and classed as the column it is taken from
    -- name = icasework.cases.team: its meaning  classed as that column, described anew
    -- icasework.cases.*                        every column of that view

A remark that is indented by three spaces continues the line above. No column goes without a class, and what
is taken from a feed keeps the class that its contract gives. What a query reads is asked of DuckDB's parser.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, cast, get_args

import duckdb

from pipelines.contracts.contract import Privacy
from pipelines.errors import Permanent
from pipelines.warehouse.statements import FOLDER, Sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

MARTS = "marts"
TESTS = "tests"

_REMARK = re.compile(r"--( ?)(.*)")
_OWN = re.compile(r"(\w+) \[(\w+)\]: (.+)")
_TAKEN = re.compile(r"(\w+) = (\w+\.\w+)\.(\w+)(?:: (.+))?")
_MADE_OF_FEEDS = ("latest_", "versions_")  # tables of ops that are named after a feed
_ALL = re.compile(r"(\w+\.\w+)\.\*")


@dataclass(frozen=True)
class ToldColumn:
    """One line of a header: a column by name, or every column of a view when the name is None."""

    name: str | None
    privacy: Privacy | None = None
    description: str | None = None
    view: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Definition:
    """One file: its name, what it says of itself, its query, and the views and tables this names."""

    kind: str
    name: str
    description: str
    columns: tuple[ToldColumn, ...]
    sql: Sql
    reads: frozenset[str]

    @property
    def file(self) -> str:
        """Where a person finds it."""
        return f"warehouse/{self.kind}/{self.name}.sql"

    @property
    def view(self) -> str:
        """Its name in the catalogue."""
        return f"{self.kind}.{self.name}"


@cache
def definitions(kind: str) -> Mapping[str, Definition]:
    """Return the definitions of `warehouse/<kind>/`, by name; raise Permanent when a header is not one."""
    files = sorted((FOLDER / kind).glob("*.sql"))
    return {path.stem: parse(kind, path.stem, path.read_text(encoding="utf-8")) for path in files}


def parse(kind: str, name: str, text: str) -> Definition:
    """Read one file's text."""
    lines = text.splitlines()
    length = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header, sql = _joined(lines[:length]), Sql("\n".join(lines[length:]).strip().removesuffix(";"))
    told, _, columns = ("\n".join(header)).partition("\n\n")
    definition = Definition(kind, name, " ".join(told.split()), (), sql, frozenset())
    if not definition.description or not sql:
        raise Permanent(
            f"{definition.file} does not say what it is", todo="begin it with remarks, end it with one query"
        )
    return Definition(
        kind,
        name,
        definition.description,
        tuple(_column(definition, line) for line in columns.splitlines() if line),
        sql,
        _reads(definition),
    )


def applying(kind: str, sources: Collection[str]) -> list[Definition]:
    """Return what can be asked where only some sources have feeds, each after what it reads."""
    found = definitions(kind)
    marts = definitions(MARTS)
    before = {
        name: {read.partition(".")[2] for read in one.reads if _is_in(read, kind)} & found.keys()
        for name, one in found.items()
    }
    order = TopologicalSorter(before)
    return [found[name] for name in order.static_order() if _needs(found[name], marts) <= set(sources)]


def _needs(definition: Definition, marts: Mapping[str, Definition]) -> set[str]:
    """Name the sources whose feeds a query reads or a header describes, by itself or through marts."""
    needed: set[str] = set()
    for read in definition.reads | {told.view for told in definition.columns if told.view}:
        schema, _, name = read.partition(".")
        if schema == MARTS:
            needed |= _needs(_mart(definition, name, marts), marts)
        elif schema != "ops":
            needed.add(schema)
        elif name.startswith(_MADE_OF_FEEDS):
            needed.add(name.split("_")[1])
    return needed


def _mart(definition: Definition, name: str, marts: Mapping[str, Definition]) -> Definition:
    if name not in marts:
        raise Permanent(
            f"{definition.file} reads marts.{name}, which there is not", todo=f"use one of {', '.join(marts)}"
        )
    return marts[name]


def _is_in(read: str, kind: str) -> bool:
    return read.startswith(f"{kind}.")


def _joined(remarks: list[str]) -> list[str]:
    """Take the dashes off and join what is continued; an empty remark stays an empty line."""
    lines: list[str] = []
    for remark in remarks:
        text = cast("re.Match[str]", _REMARK.match(remark))[2]
        if text.startswith("  ") and lines and lines[-1]:
            lines[-1] += " " + text.strip()
        else:
            lines.append(text.rstrip())
    return lines


def _column(definition: Definition, line: str) -> ToldColumn:
    if own := _OWN.fullmatch(line):
        if own[2] in get_args(Privacy):
            return ToldColumn(own[1], cast("Privacy", own[2]), own[3])
    elif taken := _TAKEN.fullmatch(line):
        return ToldColumn(taken[1], None, taken[4], taken[2], taken[3])
    elif every := _ALL.fullmatch(line):
        return ToldColumn(None, view=every[1])
    raise Permanent(
        f"{definition.file} describes a column in no known way: {line!r}",
        todo="write `name [public|personal|special]: meaning`, `name = view.column` or `view.*`",
    )


def _reads(definition: Definition) -> frozenset[str]:
    """Name the tables and views with a schema that a query names."""
    with duckdb.connect() as engine:
        row = engine.execute("SELECT json_serialize_sql(?)", [definition.sql]).fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error", True):
        raise Permanent(
            f"{definition.file} is not one query", why=tree.get("error_message", ""), todo="correct it"
        )
    return frozenset(_tables(tree))


def _tables(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and node["schema_name"]:
            yield f"{node['schema_name']}.{node['table_name']}"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _tables(part)
