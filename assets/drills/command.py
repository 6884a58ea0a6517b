"""`drill`: play the named drills, print the scorecard, exit 0 only when all are green."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import indent

import click
from rich.console import Console
from rich.table import Table

from assets.drills.playing import play_all
from assets.drills.register import DRILLS, drills_of
from assets.drills.score import WIDTH, Score, scorecard
from pipelines.tables import plain


@click.command()
@click.argument("names", nargs=-1)
@click.option("--list", "is_list", is_flag=True)
@click.option("--json", "is_json", is_flag=True)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path))
def drill(names: tuple[str, ...], *, is_list: bool, is_json: bool, keep: Path | None) -> None:
    """Play failures in a sandbox of their own."""
    if is_list:
        _tell_drills(Console(), is_json=is_json)
        return
    beside = Console(stderr=True)
    scores = []
    for score in play_all(drills_of(names), keep):
        colour = "green" if score.is_green else "red"
        beside.print(
            f"[{colour}]{'green' if score.is_green else 'RED  '}[/] {score.drill}, {score.seconds:.0f} s"
        )
        scores.append(score)
    if is_json:
        click.echo(json.dumps([score.told() for score in scores], indent=2))
    else:
        tell(scores, Console(width=WIDTH))
    sys.exit(0 if all(score.is_green for score in scores) else 1)


def tell(scores: list[Score], console: Console) -> None:
    """Print the scorecard, what else was seen, and what keeps drills from being green."""
    console.print(scorecard(scores))
    for score in scores:
        _, _, text = score.alert.partition("\n")
        if text:
            console.print(plain(f"{score.drill}, the alert went on:\n{indent(text, '    ')}"))
    for score in scores:
        for words in score.seen:
            console.print(plain(f"{score.drill}: {words}"), style="dim")
    for score in scores:
        for fault in score.faults:
            console.print(plain(f"RED {score.drill}: {fault}"), style="red")
    green = sum(score.is_green for score in scores)
    seconds = sum(score.seconds for score in scores)
    console.print(f"{green} of {len(scores)} drills green, in {seconds:.0f} seconds", highlight=False)


def _tell_drills(console: Console, *, is_json: bool) -> None:
    if is_json:
        told = [{"name": d.name, "plays": d.plays, "must": d.must, "uses": d.uses} for d in DRILLS.values()]
        click.echo(json.dumps(told, indent=2))
        return
    table = Table(header_style="bold", pad_edge=False, show_lines=True)
    for title in ("drill", "plays", "must be seen", "uses"):
        table.add_column(title, no_wrap=title == "drill")
    for one in DRILLS.values():
        table.add_row(one.name, one.plays, one.must, "\n".join(one.uses))
    console.print(table)
