"""Read the catalogue: a connection that never locks it, and one query's answer.

The catalogue is attached read-only to an engine in memory: DuckDB shares one open file among the connections
of a process, so a process that opened the file by name would go on seeing the old one after a swap.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb

from pipelines.days import LONDON
from pipelines.errors import Permanent
from pipelines.warehouse.reading import confine, require_question
from pipelines.warehouse.statements import sections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    import polars as pl

    from pipelines.lake import Lake

CATALOGUE = "casehouse.duckdb"
MONTHLY = "monthly"

# Errors about the text of a query or about files, found before a cell is read: their messages quote none.
_HARMLESS = (
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
    duckdb.NotImplementedException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
    duckdb.TransactionException,
    duckdb.FatalException,
)
# Messages of other errors that are known to hold no cell.
_HARMLESS_MESSAGES = (
    re.compile(
        r'[\w ]+Error: Error while reading file "[^"]*\.parquet": '
        r'failed to cast column "\w+" from type [\w(), ]+ to [\w(), ]+(?=:)'
    ),
    re.compile(r"[\w ]+Error: More than one row returned by a subquery used as an expression"),
    re.compile(r"""[\w ]+Error: [^'"`]*\b[Ff]ile '[^']*\.parquet'[\w ]*$"""),
    re.compile(
        r'[\w ]+Error: Cannot execute statement of type "\w+" on database "\w+" which is attached in \S+'
    ),
)
_WHOLE = {
    sign + size for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")
}
_PLAIN = _WHOLE | {"boolean", "float", "double", "decimal", "varchar", "uuid", "enum", "date", "time"}
_PARAMETER = re.compile(r"\$([a-z_]+)")
_CAST_COLUMN = re.compile(r"when casting from source column (\w+)$")
_QUOTED = re.compile(r"""['"`](.*)['"`]""")


def catalogue_path(lake: Lake) -> Path:
    """Where the catalogue of a lake stands."""
    return lake.root / CATALOGUE


def spill_path(lake: Lake) -> Path:
    """Where queries on a lake put what does not fit into memory; DuckDB makes it and clears it."""
    return lake.root / ".spill"


def connect(lake: Lake, *, memory: str | None = None, spill: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open the catalogue as it is now, read-only, in London time; the caller closes it.

    No file outside the data directory can be opened through it. Beyond `memory`, such as 1GB, it spills into
    the data directory, at most `spill`. Raises Permanent when there is no catalogue or it cannot be opened.
    """
    path = catalogue_path(lake)
    if not path.exists():
        raise Permanent("there is no catalogue yet", why=f"no {path}", todo="run `casehouse rebuild`")
    engine = open_engine(spill_path(lake))
    try:
        engine.execute("ATTACH ? AS casehouse (READ_ONLY)", [str(path)])
        engine.execute("USE casehouse")
        if memory:
            engine.execute("SET memory_limit = ?", [memory])
        if spill:
            engine.execute("SET max_temp_directory_size = ?", [spill])
        confine(engine, lake.root)
    except duckdb.Error as error:
        engine.close()
        raise Permanent(
            "the catalogue cannot be opened", why=told_in_one_line(error), todo="run `casehouse rebuild`"
        ) from None
    return engine


def run_query(lake: Lake, sql: str, *, limit: int | None = None) -> pl.DataFrame:
    """Run a query on the catalogue and return its first `limit` rows, or all; raise Permanent in one line.

    Statements that do more than read are refused. Plain values keep their types, instants in London time;
    intervals, lists and other composed values come as the text DuckDB writes for them, since a frame cannot
    hold or print them all. A limit also spares the work for the rows beyond it.
    """
    with closing(connect(lake)) as engine:
        return _answer(engine, sql, limit=limit)


def run_queries(
    lake: Lake, queries: Mapping[str, str], parameters: Mapping[str, object]
) -> dict[str, pl.DataFrame]:
    """Run named queries on one and the same catalogue, whatever is swapped in meanwhile, as `run_query` does.

    A query is given those parameters that it names, such as `$day`; one that is not there is a KeyError.
    """
    with closing(connect(lake)) as engine:
        return {
            name: _answer(engine, sql, {key: parameters[key] for key in _PARAMETER.findall(sql)})
            for name, sql in queries.items()
        }


def _answer(
    engine: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Mapping[str, object] | None = None,
    *,
    limit: int | None = None,
) -> pl.DataFrame:
    try:
        require_question(engine, sql)
        answer: duckdb.DuckDBPyRelation | None = engine.sql(sql, params=parameters or None)
        if answer is None:
            raise Permanent("the statement has no answer", todo="give one that asks something")
        frame: pl.DataFrame = _plain(answer if limit is None else answer.limit(limit)).pl()
    except duckdb.Error as error:
        raise Permanent("the query failed", why=told_in_one_line(error, sql), todo=_todo(error)) from None
    return frame


def count_days(lake: Lake) -> dict[str, int]:
    """Return how many days of how many feeds have each status."""
    return dict(run_query(lake, sections("ops/completeness")["by_status"]).rows())


def loaded_days(lake: Lake) -> list[tuple[str, date]]:
    """Return the feeds and days whose file was there when the catalogue was built."""
    return run_query(lake, sections("ops/files")["loaded"]).rows()


def monthly_files(lake: Lake) -> list[tuple[str, date, Path]]:
    """Return the files that the catalogue's views read: feed, first of the month, path."""
    rows = run_query(lake, sections("ops/months")["stored"]).rows()
    return [(feed, month, lake.root / file) for feed, month, file in rows]


def _plain(answer: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Turn the columns that a frame cannot hold or print into text."""
    if all(_is_plain(kind) for kind in answer.types):
        return answer
    if len(set(answer.columns)) < len(answer.columns):
        raise Permanent("two columns of the answer have one name", todo="give each its own with AS")
    columns = [
        duckdb.ColumnExpression(name)
        if _is_plain(kind)
        else duckdb.ColumnExpression(name).cast(duckdb.sqltypes.VARCHAR).alias(name)
        for name, kind in zip(answer.columns, answer.types, strict=True)
    ]
    return answer.select(*columns)


def _is_plain(kind: duckdb.sqltypes.DuckDBPyType) -> bool:
    return kind.id in _PLAIN or kind.id.startswith("timestamp")


def open_engine(spill: Path) -> duckdb.DuckDBPyConnection:
    """Open an engine in memory that fetches nothing from outside and sees no variable of this program.

    What does not fit into memory is spilled to the folder `spill`, which should be as private as the data.
    """
    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": str(spill),
            "TimeZone": LONDON.key,
        }
    )


def told_in_one_line(error: duckdb.Error, sql: str = "") -> str:
    """Return DuckDB's message in one line, without anything that may be a cell's value."""
    text = " ".join(str(error).split())
    if isinstance(error, _HARMLESS):
        return text
    for harmless in _HARMLESS_MESSAGES:
        if known := harmless.match(text):
            return known[0]
    text = text.partition(" LINE ")[0]
    if isinstance(error, duckdb.ConversionException) and _is_about_query(text, sql):
        return text
    cast = _CAST_COLUMN.search(text)
    column = f" casting {cast[1]}" if cast and cast[1] in sql else ""
    return f"{text.partition(':')[0]}{column}; DuckDB's message may quote a cell, so it is not shown"


def _todo(error: duckdb.Error) -> str:
    """Tell what to do about a file that a view expects and that is gone, elsewhere or damaged."""
    text = str(error)
    if isinstance(error, duckdb.PermissionException):
        if f"/{MONTHLY}/" in text:
            return "run `casehouse rebuild`: the catalogue was built for a lake in another place"
        return "ask only for the catalogue and for files of the data directory"
    if f"/{MONTHLY}/" not in text:
        return ""
    if isinstance(error, duckdb.IOException) and "No files found" in text:
        return "run `casehouse rebuild`: a monthly file is gone"
    return "run `casehouse rebuild --afresh`: a monthly file is damaged"


def _is_about_query(message: str, sql: str) -> bool:
    """Tell whether a conversion error quotes a constant of the query and not a cell."""
    quoted = _QUOTED.search(message)
    return not _CAST_COLUMN.search(message) and quoted is not None and quoted[1] in sql
