"""SQL from `warehouse/`: found by name, and rendered where DuckDB takes no parameters.

A file holds sections that start with `-- name: something`; what stands above the first is for readers. Values
travel as parameters. DDL has none (a view cannot be prepared, a comment cannot be a parameter), so a
double-braced mark is filled with an identifier, a literal or a type, each made by a function here that quotes
it; plain text is refused by its type.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import NewType

import polars as pl

from pipelines.errors import Permanent
from pipelines.settings import ROOT

Sql = NewType("Sql", str)
"""Text that may stand in a statement as it is."""

FOLDER = ROOT / "warehouse"

_SECTION = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_MARK = re.compile(r"\{\{(\w+)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_GLOB = re.compile(r"[*?\[]")


@cache
def sections(name: str) -> dict[str, Sql]:
    """Return the sections of `warehouse/<name>.sql`."""
    try:
        text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    except OSError as error:
        raise Permanent(
            f"warehouse/{name}.sql cannot be read", why=error.strerror or "", todo="install Casehouse again"
        ) from None
    _, *parts = _SECTION.split(text)
    return {key: Sql(body.strip()) for key, body in zip(parts[::2], parts[1::2], strict=True)}


@cache
def definitions_digest() -> str:
    """Digest of the SQL that makes the tables of `ops`: rows made by other definitions are not kept."""
    digest = hashlib.sha256()
    for path in sorted((FOLDER / "ops").glob("*.sql")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def section_digest(name: str) -> str:
    """Digest of the sections of `warehouse/<name>.sql`, remarks above them left out."""
    return hashlib.sha256(repr(sorted(sections(name).items())).encode()).hexdigest()


def render(template: Sql, **parts: Sql) -> Sql:
    """Fill every mark of a template; a mark without a part, or a part without a mark, is a KeyError."""
    if unknown := parts.keys() - set(_MARK.findall(template)):
        raise KeyError(*sorted(unknown))
    return Sql(_MARK.sub(lambda mark: parts[mark[1]], template))


def listed(parts: list[Sql]) -> Sql:
    """Join parts as a list."""
    return Sql(", ".join(parts))


def identifier(*names: str) -> Sql:
    """Quote a name, or names qualified by dots; only the snake_case that contracts use is let in."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise Permanent(f"{name!r} cannot be a name in the catalogue", todo="use lower snake_case")
    return Sql(".".join(f'"{name}"' for name in names))


def literal(text: str) -> Sql:
    """Quote text as a string literal; DuckDB knows no escapes but the doubled quote."""
    if "\0" in text:
        raise Permanent("a text for the catalogue holds a zero byte", todo="correct the description or path")
    return Sql("'" + text.replace("'", "''") + "'")


def glob_of(folder: str, pattern: str) -> str:
    """Return `folder/pattern` for DuckDB's glob, the folder's own special characters meant as they are."""
    return _GLOB.sub(lambda special: f"[{special[0]}]", folder) + "/" + pattern


def type_name(dtype: pl.DataType) -> Sql:
    """Return the DuckDB type of a contract's column."""
    match dtype:
        case pl.String():
            return Sql("VARCHAR")
        case pl.Int64():
            return Sql("BIGINT")
        case pl.Boolean():
            return Sql("BOOLEAN")
        case pl.Date():
            return Sql("DATE")
        case pl.Datetime(time_unit="us", time_zone="UTC"):
            return Sql("TIMESTAMP WITH TIME ZONE")
        case pl.Decimal(precision=int(precision), scale=scale):
            return Sql(f"DECIMAL({precision:d},{scale:d})")
        case _:
            raise Permanent(
                f"the catalogue has no type for {dtype}", todo="add it to pipelines/warehouse/statements.py"
            )
