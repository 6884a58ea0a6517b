"""Tables: rows with what their columns are, before they become any kind of file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

# duration_ms: whole milliseconds. money: pounds to a hundredth of a penny. pounds: to the penny. instant:
# shown in UTC. local: London's clocks.
Kind = Literal[
    "text", "whole", "duration_ms", "hours", "money", "pounds", "rate", "date", "local", "instant", "flag"
]

_TYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "duration_ms": pl.Int64(),
    "hours": pl.Decimal(18, 6),
    "money": pl.Decimal(18, 4),
    "pounds": pl.Decimal(18, 2),
    "rate": pl.Decimal(18, 6),
    "date": pl.Date(),
    "local": pl.Datetime("us"),
    "instant": pl.Datetime("us", "UTC"),
    "flag": pl.Boolean(),
}


@dataclass(frozen=True)
class Field:
    """One column: its name for machines, its title for people, what it holds, and whether it is added up."""

    name: str
    title: str
    kind: Kind
    is_totalled: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under fields. `name` is part of a file's name, `title` the sheet's."""

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: Sequence[tuple[Any, ...]]

    @classmethod
    def of(cls, name: str, title: str, fields: tuple[Field, ...], frame: pl.DataFrame) -> Table:
        """Take the fields' columns out of a frame, typed as they say."""
        kinds = pl.Schema({one.name: _TYPES[one.kind] for one in fields})
        return cls(name, title, fields, frame.select(*kinds).cast(kinds).rows())

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as a typed frame."""
        schema = {one.name: _TYPES[one.kind] for one in self.fields}
        return pl.DataFrame(self.rows, schema=schema, orient="row")

    def total(self, name: str) -> Any:  # noqa: ANN401 - whole numbers or exact decimals
        """Add up a column, exactly; 0 for no rows."""
        place = [one.name for one in self.fields].index(name)
        return sum(row[place] for row in self.rows if row[place] is not None)
