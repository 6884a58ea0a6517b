"""Contracts: what a feed's rows are, told once.

A contract is a pandera model whose fields stand in CSVFields order. Each field is declared by `wire(...)`,
which keeps the vendor's column name beside the warehouse name, with a description and a privacy class. From
the model come the fields asked for, the typed schema, the catalogue's comments, the judge, and the totals of
the source that columns must add up to. Parsing text into types is not here (see decode.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandera.polars as pa
import polars as pl

from pipelines.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Privacy = Literal["public", "personal", "special"]


class Rows(pa.DataFrameModel):
    """Base of every contract: exactly these columns, in this order, of these types, nothing coerced."""

    class Config:
        """pandera's switches."""

        strict = True
        ordered = True
        coerce = False


def wire(
    name: str,
    description: str,
    *,
    privacy: Privacy = "public",
    required: bool = False,
    control: str | None = None,
    key: bool = False,
    **checks: Any,  # noqa: ANN401 - pandera's own check arguments
) -> Any:  # noqa: ANN401 - stands where pandera expects a field of any type
    """Declare one column: the vendor's `name`, what it means, who may see it, whether it may be empty.

    `control` is the vendor's title of this column's sum, where the report carries it: a day is complete only
    when the rows add up to it. `key` columns together name the thing whose state a row tells, where a later
    row tells a later state.
    """
    return pa.Field(
        nullable=not (required or key),
        description=description,
        metadata={"wire": name, "privacy": privacy, "control": control, "key": key},
        **checks,
    )


@dataclass(frozen=True)
class Rule:
    """One check on typed values, as pandera names it: `greater_than_or_equal_to`, {"min_value": 0}."""

    name: str
    arguments: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.arguments)})"


@dataclass(frozen=True)
class Column:
    """One column of a contract: warehouse name, wire name, type, and what people must know about it."""

    name: str
    wire: str
    dtype: pl.DataType
    nullable: bool
    description: str
    privacy: Privacy
    rules: tuple[Rule, ...]
    control: str | None = None
    is_key: bool = False


@dataclass(frozen=True, eq=False)
class Contract:
    """The pinned shape of one feed's rows.

    `rows_control` is the vendor's title of the row count, where it is one of the report's titled totals.
    `rows_by` names the columns that tell the rows of one day apart, where they are others than the key's.
    `rows_move`: a row stands under the day of its last change, so that a past day loses rows as time goes on
    and never gets any: asking for it again can only take away what was so.
    """

    feed: str
    model: type[Rows]
    rows_control: str | None = None
    rows_by: tuple[str, ...] = ()
    rows_move: bool = False

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema, built once: building costs more than judging a small day."""
        return self.model.to_schema()

    @cached_property
    def description(self) -> str:
        """What one row is, from the model's docstring."""
        return " ".join((self.model.__doc__ or "").split())

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column in CSVFields order; at least one of them is required, or a row would say nothing."""
        columns = tuple(_column(self.feed, name, column) for name, column in self.schema.columns.items())
        if all(column.nullable for column in columns):
            raise SettingsError(
                f"no column of contract {self.feed} is required", todo="declare one with required=True"
            )
        _check_controls(self.feed, self.rows_control, columns)
        return columns

    @cached_property
    def controls(self) -> Mapping[str, Column]:
        """The columns whose sum the source tells, by its title of that sum, in contract order."""
        return {column.control: column for column in self.columns if column.control is not None}

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns that name the thing whose state a row tells; none where every row is one of its own."""
        return tuple(column for column in self.columns if column.is_key)

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """The columns that tell the rows of one day apart; none where equal rows may stand in it.

        Other than the key's these may be personal: such a cell is compared and never told.
        """
        names = self.rows_by or tuple(column.name for column in self.key)
        if unknown := set(names) - set(self.polars_schema):
            raise SettingsError(
                f"contract {self.feed} tells rows apart by {', '.join(sorted(unknown))}, which it has not",
                todo="name columns of the contract in rows_by",
            )
        return names

    @property
    def wire_fields(self) -> tuple[str, ...]:
        """The vendor's column names, in the order they are asked for and must come back."""
        return tuple(column.wire for column in self.columns)

    @cached_property
    def polars_schema(self) -> pl.Schema:
        """Warehouse names and types."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @cached_property
    def fingerprint(self) -> str:
        """Digest of what the contract pins: names, order, types, rules, totals; not the cells' dialect."""
        told: list[Any] = [
            [
                column.name,
                column.wire,
                str(column.dtype),
                column.nullable,
                [str(rule) for rule in column.rules],
                *([column.control] if column.control else []),
            ]
            for column in self.columns
        ]
        if self.rows_control:
            told.append(self.rows_control)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _column(feed: str, name: str, column: Any) -> Column:  # noqa: ANN401 - pandera's Column is generic in its backend
    told = column.metadata or {}
    if "wire" not in told or told.get("privacy") not in get_args(Privacy) or not column.description:
        raise SettingsError(
            f"column {name} of contract {feed} does not say what it is",
            todo="declare it with wire(name, description, privacy=...)",
        )
    if told["key"] and told["privacy"] != "public":
        raise SettingsError(
            f"key column {name} of contract {feed} is {told['privacy']}",
            why="keys are copied into tables of their own",
            todo="declare another column as key",
        )
    return Column(
        name=name,
        wire=told["wire"],
        dtype=_instance(column.dtype.type),
        nullable=column.nullable,
        description=column.description,
        privacy=told["privacy"],
        rules=tuple(_rules(column.checks)),
        control=told.get("control"),
        is_key=told["key"],
    )


def _check_controls(feed: str, rows_control: str | None, columns: Iterable[Column]) -> None:
    """Refuse a total of anything but whole numbers, and a title that two totals would share."""
    titles = [rows_control] if rows_control else []
    for column in columns:
        if column.control is None:
            continue
        if column.dtype != pl.Int64:
            raise SettingsError(
                f"column {column.name} of contract {feed} has a control and is {column.dtype}",
                todo="only whole numbers add up exactly: take the control away or make it Whole",
            )
        titles.append(column.control)
    if len(titles) != len(set(titles)):
        raise SettingsError(
            f"contract {feed} gives one total to two things", todo="give each its own control title"
        )


def _instance(dtype: pl.DataType | type[pl.DataType]) -> pl.DataType:
    """Make `pl.Int64` into `pl.Int64()`: pandera keeps types without parameters as classes."""
    return dtype() if isinstance(dtype, type) else dtype


def _rules(checks: Iterable[Any]) -> Iterable[Rule]:
    for check in checks:
        yield Rule(check.name, tuple(sorted((check.statistics or {}).items())))
