"""The `casehouse export` commands: each reads its words, makes one export and names the files it wrote.

Heavy imports stay inside the commands, as in cli.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.exports.exporting import Order
    from pipelines.exports.period import Period
    from pipelines.exports.publish import Format, Written
    from pipelines.lake import Lake

    Command = Callable[..., Any]


@click.group()
def export() -> None:
    """Write files for payroll, finance and others, reconciled to the sources' totals.

    Beside each goes a manifest that names the days, receipts and totals it was made from.
    """


def _with_file_options(command: Command) -> Command:
    options = (
        click.option(
            "--format",
            "kind",
            type=click.Choice(["csv", "xlsx", "parquet", "json"]),
            default="xlsx",
            show_default=True,
            help="Kind of file; csv and parquet give each table its own.",
        ),
        click.option(
            "--out",
            "folder",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder for the files, made when it is not there; default exports/ in the data directory.",
        ),
        click.option(
            "--allow-incomplete",
            is_flag=True,
            help="Go on when days are missing, unverified or partly set aside; the file's name, its sheets"
            " and the manifest say so.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _with_days(command: Command) -> Command:
    first = click.option("--from", "first", required=True, metavar="DAY", help="First day, YYYY-MM-DD.")
    last = click.option("--to", "last", required=True, metavar="DAY", help="Last day.")
    return first(last(command))


@export.command()
@_with_days
@_with_file_options
def payroll(first: str, last: str, **options: Any) -> None:  # noqa: ANN401 - as _with_file_options gives them
    """Hours of each agent and London day, from the time cards."""
    from pipelines.exports.exporting import PAYROLL

    _export(PAYROLL, first, last, options)


@export.command()
@_with_days
@_with_file_options
def calls(first: str, last: str, **options: Any) -> None:  # noqa: ANN401 - as above
    """Every call with its numbers: personal data."""
    from pipelines.exports.exporting import CALLS

    _export(CALLS, first, last, options)


@export.command("account-usage")
@_with_days
@_with_file_options
def account_usage(first: str, last: str, **options: Any) -> None:  # noqa: ANN401 - as above
    """Usage of each account code: its calls and talking time."""
    from pipelines.exports.exporting import ACCOUNT_USAGE

    _export(ACCOUNT_USAGE, first, last, options)


@export.command()
@click.option("--month", required=True, metavar="MONTH", help="YYYY-MM.")
@click.option(
    "--rates",
    "table",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV with prefix, per_minute_gbp, minimum_gbp, increment_seconds; the longest prefix wins.",
)
@click.option(
    "--direction",
    "directions",
    type=click.Choice(["outbound", "inbound"]),
    multiple=True,
    default=["outbound"],
    show_default=True,
    help="Calls to charge, priced by the number that was called; may be given twice.",
)
@click.option("--allow-uncovered", is_flag=True, help="List calls that no rate covers, instead of refusing.")
@_with_file_options
def billing(
    month: str,
    table: Path,
    directions: tuple[str, ...],
    *,
    allow_uncovered: bool,
    **options: Any,  # noqa: ANN401 - as above
) -> None:
    """Call charges of a month by account code, from a rate table."""
    from pipelines.exports.exporting import export_bill
    from pipelines.exports.period import Period
    from pipelines.exports.rates import read_rates

    lake = _lake()
    order = _order(lake, Period.month(month), **options)
    wanted = [direction.capitalize() for direction in directions]
    _tell(export_bill(lake, read_rates(table), order, directions=wanted, allow_uncovered=allow_uncovered))


def _export(what: Any, first: str, last: str, options: dict[str, Any]) -> None:  # noqa: ANN401 - an Export
    from pipelines.exports.exporting import export as make
    from pipelines.exports.period import Period

    lake = _lake()
    _tell(make(lake, what, _order(lake, Period.between(first, last), **options)))


def _order(lake: Lake, period: Period, kind: Format, folder: Path | None, *, allow_incomplete: bool) -> Order:
    from pipelines.exports.exporting import Order, export_folder

    return Order(period, folder or export_folder(lake), kind, allow_incomplete=allow_incomplete)


def _lake() -> Lake:
    from pipelines.lake import Lake
    from pipelines.settings import load_settings

    return Lake(load_settings().data_dir)


def _tell(written: Written) -> None:
    for file in written.files:
        click.echo(file)
    if written.warning:
        click.echo(written.warning, err=True)
