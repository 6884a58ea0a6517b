"""Values as an agent reads them, and instants as the wire wants them: whole columns at a time.

How a value is written follows from its column's type and the end of its name, as the top of card.toml tells
councils. Escaping and the shape of the card are not told here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.days import LONDON
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

PEOPLES_DAY, WIRE_DAY = "%-d %b %Y", "%Y-%m-%dT"
PEOPLES_TIME, WIRE_TIME = " %H:%M", "%H:%M:%SZ"
_DAY_SECONDS = 86_400
_MOST_DAYS = 100_000  # a column that spans more is written value by value


def worded(column: pl.Series) -> pl.Series:
    """Write a column's values for people; null stays null. Raises Permanent for a type that no card shows."""
    match column.dtype:
        case pl.String():
            return column
        case pl.Boolean():
            return _at(pl.Series(["No", "Yes"]), column.cast(pl.UInt32))
        case pl.Date():
            return _days(column, PEOPLES_DAY)
        case pl.Datetime(time_zone=zone):
            here = column.dt.convert_time_zone(LONDON.key).dt.replace_time_zone(None) if zone else column
            return _instants(here, PEOPLES_DAY, PEOPLES_TIME)
        case kind if kind.is_numeric():
            return _number(column)
        case kind:
            raise Permanent(
                f"{column.name} is of type {kind}, which no card shows", todo="cast it to text in the query"
            )


def _number(column: pl.Series) -> pl.Series:
    if column.name.endswith("_seconds"):
        return _each(column.round().cast(pl.Int64, strict=False), _length)
    if column.name.endswith("_gbp"):
        return _each(column.cast(pl.Decimal(38, 2), strict=False), _pounds)
    return (column.set(~column.is_finite(), None) if column.dtype.is_float() else column).cast(pl.String)


def wire_instants(column: pl.Series) -> pl.Series:
    """Write instants in UTC as the wire wants them: whole seconds, a Z."""
    return _instants(column, WIRE_DAY, WIRE_TIME)


def _instants(column: pl.Series, day_form: str, time_form: str) -> pl.Series:
    """Write day and time apart: a column holds few days, and a day few seconds."""
    seconds = column.dt.epoch("s")
    days = (seconds // _DAY_SECONDS).cast(pl.Int32).cast(pl.Date)
    return _days(days, day_form) + _at(_clock(time_form), (seconds % _DAY_SECONDS).cast(pl.UInt32))


def _clock(form: str) -> pl.Series:
    """Write every second of a day."""
    seconds = pl.int_range(0, _DAY_SECONDS, dtype=pl.Int64) * 1_000_000_000
    return pl.select(seconds.cast(pl.Time).dt.strftime(form)).to_series()


def _days(column: pl.Series, form: str) -> pl.Series:
    """Write days: each of the span once, since a column holds each many times."""
    numbers = column.cast(pl.Int32)
    first, last = numbers.min(), numbers.max()
    if not isinstance(first, int) or not isinstance(last, int):
        return pl.Series(column.name, [None] * len(column), pl.String)
    if last - first > _MOST_DAYS:
        return column.dt.strftime(form)
    span = pl.int_range(first, last + 1, dtype=pl.Int32)
    return _at(pl.select(span.cast(pl.Date).dt.strftime(form)).to_series(), (numbers - first).cast(pl.UInt32))


def _at(texts: pl.Series, places: pl.Series) -> pl.Series:
    """Return the text at each place, null at none."""
    return texts.gather(places).alias(places.name)


def _each(column: pl.Series, write: Callable[[Decimal], str]) -> pl.Series:
    """Write each distinct value once."""
    distinct = column.drop_nulls().unique()
    told = pl.Series([write(value) for value in distinct], dtype=pl.String)
    return column.replace_strict(distinct, told, default=None, return_dtype=pl.String)


def _length(seconds: Decimal) -> str:
    """Write a length of time in its two largest units, such as 1 h 5 min or 3 min 20 s."""
    minutes, rest = divmod(abs(int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    if hours:
        return f"{sign}{hours} h {minutes} min"
    return f"{sign}{minutes} min {rest} s" if minutes else f"{sign}{rest} s"


def _pounds(amount: Decimal) -> str:
    return f"-£{-amount:,.2f}" if amount < 0 else f"£{amount:,.2f}"
