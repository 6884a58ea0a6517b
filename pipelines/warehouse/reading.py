"""What a question to the catalogue may be: statements that read, and files of the data directory.

The catalogue is attached read-only, which keeps it whole, but DuckDB could still write files (COPY, EXPORT),
fetch extensions, or read any file of the machine. Both doors are closed here; what a reader's account may do
otherwise is the operating system's matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import Permanent
from pipelines.warehouse.statements import glob_of

if TYPE_CHECKING:
    from pathlib import Path

_READS = {duckdb.StatementType.SELECT, duckdb.StatementType.PRAGMA}  # DESCRIBE, SHOW, SUMMARIZE are SELECT
# A PIVOT anywhere makes DuckDB take a statement apart; then only its first word tells a question from a COPY.
_BEGINS_QUESTION = {"SELECT", "FROM", "WITH", "PIVOT", "UNPIVOT", "a bracket"}
_WORD = re.compile(r"\w+")
_EXPLAIN = tuple(
    re.compile(rf"explain\b{options}", re.IGNORECASE) for options in (r"\s+analyze\b", r"\s*\([^()]*\)", "")
)


def confine(engine: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let an engine open files of one folder only, from now on; what is attached stays attached."""
    whole = str(folder.resolve())
    # A glob is compared as it is written, and its special characters are written in brackets.
    names = list(dict.fromkeys((whole, str(folder.absolute()), glob_of(whole, ""))))
    engine.execute("SET allowed_directories = ?", [names])
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")


def require_question(engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise Permanent unless every statement only reads; duckdb.Error when it cannot be parsed."""
    statements = engine.extract_statements(sql)
    if not statements:
        raise Permanent("there is no statement to run", todo="give one SQL statement")
    for statement in statements:
        if not _reads(engine, statement):
            raise Permanent(
                f"a statement that begins with {_first_word(statement)} is refused",
                why="the catalogue is read-only",
                todo="ask with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW, PRAGMA, or EXPLAIN of these",
            )


def _reads(engine: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    word = _first_word(statement)
    if word == "EXPLAIN":
        # EXPLAIN ANALYZE runs what it explains.
        return any(
            _is_question(engine, statement.query[opening.end() :])
            for form in _EXPLAIN
            if (opening := form.match(statement.query))
        )
    if statement.type == duckdb.StatementType.MULTI:
        return word in _BEGINS_QUESTION
    return statement.type in _READS


def _is_question(engine: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        statements = engine.extract_statements(sql)
    except duckdb.ParserException:
        return False
    return len(statements) == 1 and _reads(engine, statements[0])


def _first_word(statement: duckdb.Statement) -> str:
    word = _WORD.match(statement.query.lstrip())
    return word[0].upper() if word else "a bracket"
