"""Frames as tables on a terminal: bounded, aligned, saying what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 50
WIDEST_CELL = 60


def show(frame: pl.DataFrame, console: Console | None = None) -> None:
    """Print the first rows of a frame; numbers stand to the right, empty cells stay empty.

    One row more than MOST_ROWS is enough to say that there are more.
    """
    console = console or Console()
    table = Table(header_style="bold")
    for name, dtype in frame.schema.items():
        table.add_column(plain(name), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.head(MOST_ROWS).iter_rows():
        table.add_row(*(plain(_cut(value)) for value in row))
    console.print(table)
    if frame.height > MOST_ROWS:
        console.print(f"the first {MOST_ROWS} rows; --csv gives all")


def plain(text: str) -> Text:
    """Return text that rich prints as it is: no markup, and nothing that could steer the terminal.

    Cells hold what strangers wrote; `[red]` is no colour and an escape character no command there.
    """
    return Text(
        "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)
    )


def _cut(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 1] + "…"
