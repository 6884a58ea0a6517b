"""What stands in a cell is shown, and does nothing else."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.console import Console

from pipelines.tables import MOST_ROWS, plain, show


def shown(frame: pl.DataFrame) -> str:
    out = io.StringIO()
    show(frame, Console(file=out, width=120, force_terminal=True, color_system=None))
    return out.getvalue()


def test_markup_in_names_and_cells_is_text() -> None:
    told = shown(pl.DataFrame({"[b]name[/b]": ["[red]late[/]", "[/nothing]", "[link=http://x]y", "a [1] b"]}))
    for text in ("[b]name[/b]", "[red]late[/]", "[/nothing]", "[link=http://x]y", "a [1] b"):
        assert text in told


def test_a_cell_cannot_steer_the_terminal() -> None:
    told = shown(pl.DataFrame({"note": ["before\x1b]0;owned\x07\x1b[2Jafter\r\x9b"]}))
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(told)
    assert "before" in told
    assert "after" in told


@pytest.mark.parametrize("text", ["naïve ☃", "two\nlines", "", "O'Brien"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain(text).plain == text


def test_what_is_left_out_is_told() -> None:
    told = shown(pl.DataFrame({"a": range(MOST_ROWS + 1), "b": ["x" * 100] * (MOST_ROWS + 1)}))
    assert f"the first {MOST_ROWS} rows" in told
    assert "…" in told
