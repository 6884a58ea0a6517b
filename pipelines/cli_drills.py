"""The `casehouse drill` command: its words. What a drill is and how it is played: see assets/drills."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from pipelines.handing_over import operate


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "is_list", is_flag=True, help="Tell what drills there are, and play none.")
@click.option("--json", "is_json", is_flag=True, help="The scorecard as JSON.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for each drill's data and logs; default one that is removed.",
)
def drill(names: tuple[str, ...], *, is_list: bool, is_json: bool, keep: Path | None) -> NoReturn:
    """Play failures in a sandbox of their own; exit 1 unless every one is green. Without a NAME: all.

    Nothing of this project's data, Dagster storage or ports is touched.
    """
    options = [*(["--list"] if is_list else []), *(["--json"] if is_json else [])]
    if keep is not None:
        options += ["--keep", str(keep.absolute())]
    operate("drill", *options, "--", *names)
