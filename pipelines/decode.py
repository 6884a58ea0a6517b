"""Decoding: raw strings to typed columns, by contract and dialect, as polars expressions.

One expression per column makes the typed value, null where the text will not parse; further expressions say
which cells broke which check, and add up the columns that the source tells the sum of. The same expressions
serve a lazy scan of a million rows and a frame of ten.
Nothing here reads files or decides what happens to a bad row (see ingest.py).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.contracts.contract import Column, Contract, Rule
    from pipelines.sources.dialect import Dialect

FIRST_YEAR = "0001"
LEAP_SECOND = ":60"
# Money as sources write it: no thousands separators, no currency sign, no exponent, at most two decimals, so
# that nothing is rounded on the way in.
MONEY = r"^[+-]?\d{1,16}(\.\d{1,2})?$"
# Offsets from UTC that a clock somewhere shows; the parser would take any up to 23:59.
OFFSET = r"[+-](0[0-9]|1[0-4]):[0-5][0-9]$"
# With its offset taken off, a stamp outside these may leave the years 1 to 9999, all that readers show.
FIRST_STAMP, LAST_STAMP = "0001-01-02", "9999-12-31"
# What a cell that is no whole number begins with; 128 bits hold the sum of a hundred million such.
LEADING_DIGITS = r"^(-?[0-9]{1,30})"


@dataclass(frozen=True)
class Check:
    """One promise about one column, and the expression that is true where a row breaks it.

    A rule speaks of the typed value alone.
    """

    column: str
    wire: str
    name: str
    broken: pl.Expr
    is_rule: bool = False


@dataclass(frozen=True)
class Decoder:
    """The expressions made once from a contract and a dialect.

    `typed` reads wire columns and yields warehouse columns; `checks` read both. Apply `typed` with
    `with_columns` first.
    """

    contract: Contract
    typed: tuple[pl.Expr, ...]
    checks: tuple[Check, ...]

    @property
    def names(self) -> list[str]:
        """Warehouse names in contract order."""
        return [column.name for column in self.contract.columns]

    @property
    def marker(self) -> str:
        """The required column that is made null to mark a bad row in a file written in hope."""
        return next(column.name for column in self.contract.columns if not column.nullable)

    def hopeful(self) -> list[pl.Expr]:
        """List the typed columns, with the marker null on every row that breaks a check.

        A Parquet file of them tells by its own footer how many rows came and how many of them are bad.
        """
        marker = self.marker
        marked = pl.when(~self.is_bad()).then(pl.col(marker)).alias(marker)
        return [marked if name == marker else pl.col(name) for name in self.names]

    def finds_no_fault(self, raw: pl.DataFrame, typed: pl.DataFrame) -> bool:
        """Say whether no row breaks any check; the frames hold the same rows, as they came and typed.

        The same as counting none by `counts()`, at half the cost: a cell that would not parse is a null where
        there was none, and frames know how many nulls they hold.
        """
        for column in self.contract.columns:
            empty = raw.get_column(column.wire).null_count()
            if typed.get_column(column.name).null_count() != empty or (empty and not column.nullable):
                return False
        rules = [
            check.broken.any().alias(f"rule_{n}") for n, check in enumerate(self.checks) if check.is_rule
        ]
        return not (rules and any(typed.select(rules).row(0)))

    def counts(self) -> list[pl.Expr]:
        """Count the rows that break each check: a column a check, in the order of `checks`."""
        return [check.broken.sum().alias(f"check_{position}") for position, check in enumerate(self.checks)]

    def is_bad(self) -> pl.Expr:
        """Make the expression that is true for a row that breaks any check."""
        return reduce(
            operator.or_, (check.broken.fill_null(value=False) for check in self.checks), pl.lit(False)
        )

    def sums(self) -> list[pl.Expr]:
        """Add up each column that has a control, in the order of the contract, by its typed cells.

        128 bits wide: polars lets a sum of 64 bits wrap in silence.
        """
        return [pl.col(column.name).cast(pl.Int128).sum() for column in self.contract.controls.values()]

    def sums_of_all(self) -> list[pl.Expr]:
        """Add up the same columns, cells that would not parse by the digits they begin with.

        A source that shows a number in two ways that contradict each other has still put it into its sum.
        """
        return [
            pl.coalesce(
                pl.col(column.name).cast(pl.Int128),
                pl.col(column.wire).str.extract(LEADING_DIGITS).cast(pl.Int128, strict=False),
            )
            .sum()
            .alias(column.name)
            for column in self.contract.controls.values()
        ]

    def reasons(self) -> pl.Expr:
        """List the checks a row breaks, as structs of column, wire and check."""
        told = [
            pl.when(check.broken).then(
                pl.struct(
                    pl.lit(check.column).alias("column"),
                    pl.lit(check.wire).alias("wire"),
                    pl.lit(check.name).alias("check"),
                )
            )
            for check in self.checks
        ]
        return pl.concat_list(told).list.drop_nulls().alias("reasons")


def decoder_for(contract: Contract, dialect: Dialect) -> Decoder:
    """Derive the expressions of a contract; raise SettingsError on a check that has no expression."""
    typed: list[pl.Expr] = []
    checks: list[Check] = []
    for column in contract.columns:
        raw, value = pl.col(column.wire), pl.col(column.name)
        typed.append(_parse(column, dialect).alias(column.name))
        if not column.nullable:
            checks.append(Check(column.name, column.wire, "required", raw.is_null()))
        if column.dtype != pl.String:
            broken = raw.is_not_null() & value.is_null()
            checks.append(Check(column.name, column.wire, f"is {_told(column.dtype, dialect)}", broken))
        checks.extend(
            Check(column.name, column.wire, str(rule), _breaks(rule, value), is_rule=True)
            for rule in column.rules
        )
    return Decoder(contract, tuple(typed), tuple(checks))


def _parse(column: Column, dialect: Dialect) -> pl.Expr:
    parse = PARSERS.get(type(column.dtype))
    if parse is None:
        raise SettingsError(
            f"no way to read {column.name} as {column.dtype}", todo="add a parser to decode.py"
        )
    return parse(pl.col(column.wire), column, dialect)


def _parse_text(raw: pl.Expr, _column: Column, _dialect: Dialect) -> pl.Expr:
    return raw


def _parse_whole(raw: pl.Expr, _column: Column, _dialect: Dialect) -> pl.Expr:
    return raw.cast(pl.Int64, strict=False)


def _parse_flag(raw: pl.Expr, _column: Column, dialect: Dialect) -> pl.Expr:
    return pl.when(raw == dialect.true).then(statement=True).when(raw == dialect.false).then(statement=False)


def _exact(raw: pl.Expr, length: int) -> pl.Expr:
    """Keep text of the dialect's own length whose year is 1 or later.

    The parser is lenient otherwise: it knows signs, fewer digits and a year 0 that DuckDB cannot show. A
    blank in place of a leading zero is let pass: it says the same and costs more to find than all the rest.
    """
    return pl.when((raw.str.len_bytes() == length) & (raw >= FIRST_YEAR)).then(raw)


def _parse_day(raw: pl.Expr, _column: Column, dialect: Dialect) -> pl.Expr:
    return _exact(raw, dialect.date_length).str.to_date(dialect.date_format, strict=False)


def _parse_instant(raw: pl.Expr, _column: Column, dialect: Dialect) -> pl.Expr:
    if dialect.time_zone is None:
        return _parse_zoned(raw, dialect)
    return _parse_local(raw, dialect, dialect.time_zone)


def _parse_zoned(raw: pl.Expr, dialect: Dialect) -> pl.Expr:
    """Read text that ends in its offset from UTC as an instant: no hour of the year is in doubt."""
    whole = raw.str.contains(OFFSET) & ~raw.str.contains(LEAP_SECOND, literal=True)
    exact = pl.when(whole & (raw >= FIRST_STAMP) & (raw < LAST_STAMP)).then(_exact(raw, dialect.time_length))
    return exact.str.to_datetime(dialect.time_format, strict=False, time_unit="us")


def _parse_local(raw: pl.Expr, dialect: Dialect, time_zone: str) -> pl.Expr:
    """Read local wall-clock text as an instant.

    In the hour that happens twice in autumn the earlier instant is taken, since the text cannot tell; in the
    hour that spring leaves out there is no such instant and the cell is a violation, and so is a leap second,
    which the parser would move into the next minute.
    """
    exact = pl.when(~raw.str.ends_with(LEAP_SECOND)).then(_exact(raw, dialect.time_length))
    local = exact.str.to_datetime(dialect.time_format, strict=False, time_unit="us")
    placed = local.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _parse_money(raw: pl.Expr, column: Column, _dialect: Dialect) -> pl.Expr:
    return pl.when(raw.str.contains(MONEY)).then(raw).cast(column.dtype, strict=False)


PARSERS: Mapping[type[pl.DataType], Callable[[pl.Expr, Column, Dialect], pl.Expr]] = {
    pl.String: _parse_text,
    pl.Int64: _parse_whole,
    pl.Boolean: _parse_flag,
    pl.Date: _parse_day,
    pl.Datetime: _parse_instant,
    pl.Decimal: _parse_money,
}


def _told(dtype: pl.DataType, dialect: Dialect) -> str:
    """Name a type as the person on call would."""
    names: dict[type[pl.DataType], str] = {
        pl.Int64: "a whole number",
        pl.Boolean: "yes or no",
        pl.Date: "a date",
        pl.Datetime: "a local time that exists" if dialect.time_zone else "a time with its offset",
        pl.Decimal: "an amount with two decimals",
    }
    return names[type(dtype)]


# pandera's own checks, as expressions that are true where the value breaks them. Like pandera they let empty
# cells pass. A check that is not here cannot be used in a contract: better refused than skipped.
RULES: Mapping[str, Callable[[pl.Expr, Mapping[str, Any]], pl.Expr]] = {
    "greater_than_or_equal_to": lambda value, told: value < told["min_value"],
    "greater_than": lambda value, told: value <= told["min_value"],
    "less_than_or_equal_to": lambda value, told: value > told["max_value"],
    "less_than": lambda value, told: value >= told["max_value"],
    "isin": lambda value, told: ~value.is_in(list(told["allowed_values"])),
    "notin": lambda value, told: value.is_in(list(told["forbidden_values"])),
    "str_matches": lambda value, told: ~value.str.contains(f"^(?:{told['pattern']})"),
}


def _breaks(rule: Rule, value: pl.Expr) -> pl.Expr:
    try:
        express = RULES[rule.name]
    except KeyError:
        raise SettingsError(
            f"the check {rule.name} cannot be judged",
            todo="use a check listed in decode.RULES or add it there",
        ) from None
    return express(value, dict(rule.arguments))
