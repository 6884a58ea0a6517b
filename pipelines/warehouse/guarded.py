"""A connection for queries that councils write for the customer card: what they may read, and what not.

The catalogue is seen through views without the columns of the privacy class special, made anew for each
connection from the data dictionary, so that a column which nobody has classified is not there either. A query
is judged by DuckDB's own parse of it before it runs: it may name these views, the tables of `ops` and `card`,
and what it defines itself; no catalogue by name, no file, and no function that reads anything. Which queries
there are and what becomes of their answers is not told here.
"""

from __future__ import annotations

import json
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Timer
from typing import TYPE_CHECKING, NoReturn

import duckdb

from pipelines.errors import Permanent
from pipelines.warehouse.query import connect, told_in_one_line
from pipelines.warehouse.statements import Sql, identifier, listed, render, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from pipelines.lake import Lake

OPS = "ops"
OWN = "card"  # what whoever opened the connection made for the queries
MEMORY = "900MB"  # beyond this DuckDB spills into the data directory
SPILL = "20GB"  # and beyond this a query has gone wrong
SECONDS = 1200.0  # a query that joins everything with everything must not hold up the night

_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_HARMLESS_FUNCTIONS = {"unnest", "range", "generate_series"}
_NAME = re.compile(r"\w+")
_ADVICE = "read views of icasework, xima and marts, tables of ops and card, by schema and name"


@dataclass(frozen=True)
class Question:
    """A query that was judged, and the parameters that it names."""

    sql: Sql
    parameters: frozenset[str]


@dataclass(frozen=True)
class Guarded:
    """An engine in which only what may be shown is to be seen; made by `guarded`."""

    engine: duckdb.DuckDBPyConnection
    schemas: frozenset[str]
    special: frozenset[str] = field(repr=False)
    seconds: float = SECONDS

    def judge(self, text: str) -> Question:
        """Return a query that may be asked; raise Permanent when it reads what it must not or is none."""
        try:
            statements = self.engine.extract_statements(text)
            rows = self.engine.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
        except duckdb.Error as error:
            raise Permanent(
                "the query cannot be read", why=told_in_one_line(error), todo="correct it"
            ) from None
        tree = json.loads(rows[0][0])
        if tree["error"] or len(tree["statements"]) != 1 or len(statements) != 1:
            raise Permanent(
                "it is not one query", why=tree.get("error_message", ""), todo="write one SELECT or WITH"
            )
        _Judge(self.schemas, frozenset(_defined(tree))).look_at(tree)
        return Question(_without_end(statements[0].query), frozenset(statements[0].named_parameters))

    def execute(self, sql: Sql, values: Mapping[str, object] | None = None) -> None:
        """Run a statement of ours, perhaps with a question rendered into it; raise Permanent in one line."""
        try:
            with self._in_time():
                self.engine.execute(sql, dict(values) if values else None)
        except duckdb.Error as error:
            self._tell(error, sql)

    def frame(self, sql: Sql, values: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the answer to a query of ours or to a question; raise Permanent in one line."""
        try:
            with self._in_time():
                answer: pl.DataFrame = self.engine.sql(sql, params=dict(values) if values else None).pl()
        except duckdb.Error as error:
            self._tell(error, sql)
        return answer

    def make_from(self, sql: Sql, name: str, rows: pl.DataFrame) -> None:
        """Run a statement that reads a frame under a name."""
        self.engine.register(name, rows)
        try:
            self.execute(sql)
        finally:
            self.engine.unregister(name)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Interrupt what takes too long: DuckDB itself knows no limit of time."""
        timer = Timer(self.seconds, self.engine.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _tell(self, error: duckdb.Error, sql: str) -> NoReturn:
        if isinstance(error, duckdb.InterruptException):
            raise Permanent(
                f"the query was stopped after {self.seconds:g} s",
                todo="see what it joins, or whether it ends",
            ) from None
        why = told_in_one_line(error, sql)
        named = sorted(column for column in self.special if re.search(rf"\b{column}\b", why))
        if named and isinstance(error, duckdb.BinderException):
            raise Permanent(
                "the query asks for what must never be shown",
                why=f"{', '.join(named)}: privacy class special",
                todo="leave it out",
            ) from None
        raise Permanent("the query failed", why=why, todo="correct it") from None


@contextmanager
def guarded(lake: Lake, *, seconds: float = SECONDS) -> Iterator[Guarded]:
    """Open the catalogue of a lake for queries that may read no special column, nor last beyond `seconds`.

    Raises Permanent when there is no catalogue.
    """
    with closing(connect(lake, memory=MEMORY, spill=SPILL)) as engine:
        sql = sections("card")
        try:
            shown = dict(engine.execute(sql["classified"]).fetchall())
            special = {row[0] for row in engine.execute(sql["special"]).fetchall()}
            tables = [row[0] for row in engine.execute(sql["tables_of_ops"]).fetchall()]
            engine.execute("USE memory")
            engine.execute(sql["own"])
            for view, columns in shown.items():
                _show(engine, *view.split("."), columns=listed([identifier(column) for column in columns]))
            for table in tables:
                _show(engine, OPS, table, columns=Sql("*"))
        except duckdb.Error as error:
            raise Permanent(
                "the catalogue cannot be shown without its special columns",
                why=told_in_one_line(error),
                todo="run `casehouse rebuild`",
            ) from None
        schemas = frozenset(view.split(".")[0] for view in shown) | {OPS, OWN}
        yield Guarded(engine, schemas, frozenset(special), seconds)


def _without_end(query: str) -> Sql:
    """Take the semicolon off a query, and the remarks behind it, so that it can stand in brackets."""
    text = query.encode()  # DuckDB counts bytes
    tokens = [at for at, kind in duckdb.tokenize(query) if kind is not duckdb.token_type.comment]
    while tokens and text[tokens[-1] : tokens[-1] + 1] == b";":
        text = text[: tokens.pop()]
    return Sql(text.decode().strip())


def _show(engine: duckdb.DuckDBPyConnection, schema: str, name: str, *, columns: Sql) -> None:
    sql = sections("card")
    engine.execute(render(sql["schema"], schema=identifier(schema)))
    engine.execute(render(sql["view"], view=identifier(schema, name), columns=columns))


@dataclass(frozen=True)
class _Judge:
    """Walks a parse tree and refuses everything that reads from elsewhere."""

    schemas: frozenset[str]
    defined: frozenset[str]

    def look_at(self, node: object) -> None:
        if isinstance(node, dict):
            self._look_at_one(node)
            node = list(node.values())
        if isinstance(node, list):
            for part in node:
                self.look_at(part)

    def _look_at_one(self, node: dict[str, object]) -> None:
        kind = node.get("type")
        if not isinstance(kind, str):
            return
        if kind.endswith("_NODE") and kind not in _QUERY_NODES:
            _refuse(f"a part of the query is {kind.removesuffix('_NODE')}, which does more than read")
        match kind:
            case "BASE_TABLE":
                self._look_at_table(node)
            case "TABLE_FUNCTION":
                function = node.get("function")
                name = function.get("function_name") if isinstance(function, dict) else None
                if name not in _HARMLESS_FUNCTIONS:
                    _refuse(f"{name}() reads by itself")
            case "SHOW_REF":
                _refuse("DESCRIBE, SHOW and SUMMARIZE are no rows for a card")

    def _look_at_table(self, node: dict[str, object]) -> None:
        schema, name = str(node["schema_name"]), str(node["table_name"])
        if node["catalog_name"] or (schema and schema.lower() not in self.schemas):
            _refuse(f"it names {'.'.join(str(node[part]) for part in _PARTS if node[part])}")
        if not schema and name.lower() not in self.defined:
            _refuse(f"it names {name!r} without a schema")


_PARTS = ("catalog_name", "schema_name", "table_name")


def _defined(node: object) -> Iterator[str]:
    """Name what a query defines itself by WITH, in small letters; a name that could be a file's is none."""
    if isinstance(node, dict):
        known = node.get("cte_map")
        if isinstance(known, dict):
            yield from (one["key"].lower() for one in known["map"] if _NAME.fullmatch(one["key"]))
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _defined(part)


def _refuse(why: str) -> NoReturn:
    raise Permanent("the query is refused", why=why, todo=_ADVICE)
