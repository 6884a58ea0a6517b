"""The `casehouse kpi` commands: build the customer's cards, serve them, try an endpoint, tell who asked.

Imports of the rooms stay inside the commands, as in cli.py.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from pipelines.errors import SettingsError

if TYPE_CHECKING:
    from pipelines.kpi.lint_endpoint import Verdict
    from pipelines.settings import Settings


@click.group()
def kpi() -> None:
    """Build, serve and try the customer card of the contact centre."""


@kpi.command()
def build() -> None:
    """Make the customer cards from the catalogue and swap them in; exit 1 when a section failed.

    What they show is told in warehouse/card. The service takes the new cards up by itself.
    """
    from pipelines.settings import load_settings

    build_and_tell(load_settings())


def build_and_tell(settings: Settings) -> None:
    """Make the cards and say what is in them; exit 1 when a section failed."""
    from datetime import UTC, datetime

    from pipelines.kpi.building import build_cards
    from pipelines.lake import Lake

    built = build_cards(Lake(settings.data_dir), settings, datetime.now(UTC))
    click.echo(built)
    for note in built.notes:
        click.echo(f"note  {note}", err=True)
    for title, why in built.failed.items():
        click.echo(f"WRONG {title}: {why}", err=True)
    if built.failed:
        sys.exit(1)


@kpi.command()
@click.argument("url")
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="ID",
    help="A customer who has documents; may be given several times. Without one, no card is looked at.",
)
@click.option(
    "--token-env",
    metavar="NAME",
    help="Environment variable that holds the token: it goes where {token} stands in the URL, else into the"
    " Authorization header.",
)
@click.option(
    "--unknown", metavar="ID", help="An identifier that nobody has, where the endpoint is particular."
)
@click.option(
    "--seconds", type=click.FloatRange(min=0.01), help="Time allowed for an answer; default 2 seconds."
)
def lint(
    url: str, customers: tuple[str, ...], token_env: str | None, unknown: str | None, seconds: float | None
) -> None:
    """Ask a KPI endpoint, ours or another, as ITX does, and tell what breaks the documented shape.

    URL is the endpoint as it is entered in ITX. Exit status 1 when something is wrong. Neither the URL's path
    nor an identifier nor any value of the answers is printed.
    """
    from pipelines.kpi.lint_endpoint import NO_SUCH_CUSTOMER, SECONDS, Trial, lint_endpoint

    trial = Trial(customers, _token(token_env), unknown or NO_SUCH_CUSTOMER, seconds or SECONDS)
    bad = 0
    for verdict in lint_endpoint(url, trial):
        bad += len(verdict.breaches)
        _tell(verdict)
    if not customers:
        click.echo("note  no card was looked at: name a customer who has documents by --customer")
    if bad:
        click.echo(f"{bad} breach{'es' if bad > 1 else ''}")
        sys.exit(1)


@kpi.command()
@click.option("--host", help="Default: CASEHOUSE_KPI_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: CASEHOUSE_KPI_PORT or 8780.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the customer cards to the contact centre, until Ctrl-C.

    A line for each access goes to standard output: time, name of the token, hash of the customer, what was
    found, microseconds. A new card file is taken up by itself.
    """
    from pipelines.kpi.serving import serve as run
    from pipelines.settings import load_settings

    settings = load_settings()
    pages = []
    if settings.kpi_preview:
        from pipelines.kpi.pages import add_preview

        pages.append(add_preview)
    run(settings, host or settings.kpi_host, settings.kpi_port if port is None else port, pages)


@kpi.command()
@click.option(
    "--customer",
    metavar="ID",
    prompt="Customer",
    prompt_required=False,
    help="Only who asked for this customer, in any spelling; without ID it is asked for, and no list of"
    " processes shows it.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Only the last DAYS days.")
@click.option("--csv", "as_csv", is_flag=True, help="Every row, as CSV, instead of a table of the last 50.")
def log(customer: str | None, days: int | None, *, as_csv: bool) -> None:
    """Tell who asked for whose card, and when. Customers are told by a hash."""
    from datetime import UTC, datetime, timedelta

    from pipelines.kpi.records import accesses
    from pipelines.settings import load_settings
    from pipelines.tables import MOST_ROWS, show

    since = datetime.now(UTC) - timedelta(days=days) if days else None
    most = None if as_csv else MOST_ROWS
    rows = accesses(load_settings(), customer=customer, since=since, most=most)
    click.echo(rows.write_csv(), nl=False) if as_csv else show(rows)


def _token(variable: str | None) -> str | None:
    if variable is None:
        return None
    token = os.environ.get(variable)
    if not token:
        raise SettingsError(f"{variable} is not set", todo="export the token under that name, or another")
    return token


def _tell(verdict: Verdict) -> None:
    """Print one question's breaches, each kind once with its count, or that there are none."""
    from pipelines.kpi.lint import by_kind

    took = "" if verdict.seconds is None else f", {verdict.seconds * 1000:.0f} ms"
    seen = f", {verdict.sections} section{'' if verdict.sections == 1 else 's'}" if verdict.sections else ""
    click.echo(f"{'WRONG' if verdict.breaches else 'ok   '} {verdict.question}{took}{seen}")
    for kind in by_kind(verdict.breaches):
        click.echo(f"      {kind}")
    if verdict.question.startswith("card") and not verdict.breaches and not verdict.has_documents:
        click.echo("      note: no section holds a document, so that little was proved")
