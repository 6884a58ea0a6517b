"""The `casehouse` command: each subcommand reads settings, calls one room, prints what came of it.

Heavy imports stay inside the commands, so that `--help` answers at once. Commands that drive Dagster hand
over to `assets.operate` as a process of its own: nothing in pipelines/ imports Dagster.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from pipelines import telling
from pipelines.cli_alerts import alerts, digest
from pipelines.cli_calendar import calendar
from pipelines.cli_calls import calls, drift
from pipelines.cli_drills import drill
from pipelines.cli_exports import export
from pipelines.cli_kpi import build_and_tell, kpi
from pipelines.cli_late import revisions
from pipelines.cli_outbound import outbound
from pipelines.cli_replay import raw, replay
from pipelines.errors import Permanent, SettingsError
from pipelines.handing_over import operate
from pipelines.telling import DEBUG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(DEBUG, is_flag=True, help="Show the traceback of an error; may stand anywhere.")
@click.version_option(package_name="casehouse")
def cli(*, debug: bool) -> None:
    """Casework and contact-centre reports, by London day, proved complete.

    Settings come from the environment and .env; .env.example documents each.
    """
    del debug  # read by main(), which outlives the group, and by handing_over.py


cli.add_command(calls)
cli.add_command(drift)
cli.add_command(alerts)
cli.add_command(digest)
cli.add_command(calendar)
cli.add_command(drill)
cli.add_command(export)
cli.add_command(kpi)
cli.add_command(outbound)
cli.add_command(revisions)
cli.add_command(raw)
cli.add_command(replay)


@cli.command()
@click.option(
    "--days", type=click.IntRange(1, 3650), default=14, show_default=True, help="Days up to yesterday."
)
@click.option(
    "--serve/--no-serve", default=True, show_default=True, help="Keep the Dagster UI up until Ctrl-C."
)
def demo(days: int, *, serve: bool) -> NoReturn:
    """Run the whole product on invented data, through Dagster."""
    operate("demo", "--days", str(days), "--serve" if serve else "--no-serve")


@cli.command()
@click.option("--from", "first", required=True, metavar="DAY", help="First report day, YYYY-MM-DD.")
@click.option("--to", "last", required=True, metavar="DAY", help="Last report day.")
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="Such as icasework/cases; default all.")
@click.option("--missing", is_flag=True, help="Only days that failed or are missing.")
def backfill(first: str, last: str, feeds: tuple[str, ...], *, missing: bool) -> NoReturn:
    """Load a range of days as a Dagster backfill and watch it."""
    named = [word for feed in feeds for word in ("--feed", feed)]
    operate("backfill", "--from", first, "--to", last, *named, *(["--missing"] if missing else []))


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Default: CASEHOUSE_SANDBOX_PORT or 8765.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--cases-per-day",
    type=click.IntRange(10, 50_000),
    default=40,
    show_default=True,
    help="Size of the council.",
)
@click.option("--seed", type=int, default=2026, show_default=True, help="Another seed is another council.")
@click.option(
    "--environment",
    type=click.Choice(["uat", "production"]),
    default="uat",
    show_default=True,
    help="Which of iCasework's set-ups to play: production has hosts of its own for reports.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="ID=REPORT",
    help="Answer your own report id too, such as 122109=cases.",
)
def sandbox(
    port: int | None,
    host: str,
    cases_per_day: int,
    seed: int,
    environment: Literal["uat", "production"],
    reports: tuple[str, ...],
) -> None:
    """Serve stand-ins for the vendors' systems, with invented data, until Ctrl-C."""
    from pipelines.sandbox.server import serve

    serve(
        port or _settings().sandbox_port,
        host=host,
        cases_per_day=cases_per_day,
        seed=seed,
        environment=environment,
        reports=dict(map(_report_alias, reports)),
    )


def _report_alias(words: str) -> tuple[int, str]:
    number, _, name = words.partition("=")
    if not number.isdecimal() or not name:
        raise click.BadParameter(f"{words!r} is not of the form ID=REPORT", param_hint="--report")
    return int(number), name


@cli.command()
@click.argument("feed")
@click.argument("day")
@click.option("--no-rebuild", is_flag=True, help="Leave the catalogue as it is.")
@click.option("--accept-shrink", is_flag=True, help="Take the day even if most of its rows are gone.")
def ingest(feed: str, day: str, *, no_rebuild: bool, accept_shrink: bool) -> None:
    """Load one DAY (YYYY-MM-DD) of one FEED (such as icasework/cases) without Dagster."""
    from pipelines.days import ReportDay
    from pipelines.feeds import connect, find_feed, policy_for
    from pipelines.ingest import ingest_days
    from pipelines.lake import Lake

    settings = _settings()
    found, report_day = find_feed(feed), ReportDay.parse(day)
    if report_day < settings.first_day:
        raise SettingsError(
            f"{day} is before the first report day, {settings.first_day}",
            todo="choose a later day, or set CASEHOUSE_START_DATE to an earlier one",
        )
    if report_day.end > datetime.now(UTC):
        # Not left to the load: it would note that the day failed, and somebody would be woken for it.
        raise Permanent(f"{day} is not over yet", todo="ask for it after midnight, London time")
    policy = policy_for(found.key, settings)
    source = connect(found.source, settings)
    try:
        (outcome,) = ingest_days(
            found,
            [report_day],
            source=source,
            lake=Lake(settings.data_dir),
            policy=replace(policy, shrink_guard=None) if accept_shrink else policy,
        )
    finally:
        source.close()
    if outcome.error or not outcome.receipt:
        raise outcome.error or Permanent("the day ended without a receipt", feed=feed, day=day)
    receipt = outcome.receipt
    click.echo(
        f"{feed} {day}: {receipt.status}, {receipt.rows_good} rows"
        f"{f', {receipt.rows_quarantined} in quarantine' if receipt.rows_quarantined else ''}"
        f"{'' if outcome.changed else ', unchanged'}, {outcome.seconds:.2f} s"
    )
    if revision := outcome.revision:
        click.echo(f"revised: {revision}")
        if revision.kept:
            click.echo(f"to do: ask the vendor; to take it: casehouse ingest {feed} {day} --accept-shrink")
    if not no_rebuild:
        _rebuild(settings)


@cli.command()
@click.option("--afresh", is_flag=True, help="Keep nothing of the last one: read and write every file again.")
def rebuild(*, afresh: bool) -> None:
    """Build the DuckDB catalogue anew from the lake, and the customer cards where there are any."""
    _rebuild(_settings(), afresh=afresh)


@cli.command()
@click.option("--contracts", is_flag=True, help="Also judge every stored row by its pandera contract.")
def verify(*, contracts: bool) -> None:
    """Re-read every partition, and every file that views read; exit 1 when one differs or is gone."""
    settings = _settings()
    from pipelines.feeds import FEEDS
    from pipelines.lake import Lake
    from pipelines.verify import verify as read_again

    lake = Lake(settings.data_dir)
    proved = months = bad = 0
    for verdict in read_again(lake, FEEDS, judge=contracts):
        bad += verdict.problem is not None
        proved += bool(verdict.day) and verdict.problem is None
        months += bool(verdict.month) and verdict.problem is None
        if told := verdict.problem or verdict.note:
            click.echo(f"{'WRONG' if verdict.problem else 'note '} {told}")
    click.echo(f"{proved} partitions and {months} monthly files proved, {bad} wrong")
    if bad:
        sys.exit(1)


@cli.command()
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Every row, as CSV, instead of a table of the first 50.")
def sql(query: str, *, as_csv: bool) -> None:
    """Ask the catalogue a question, read-only."""
    settings = _settings()
    from pipelines.lake import Lake
    from pipelines.tables import MOST_ROWS, show
    from pipelines.warehouse import run_query

    lake = Lake(settings.data_dir)
    if as_csv:
        click.echo(run_query(lake, query).write_csv(), nl=False)
    else:
        show(run_query(lake, query, limit=MOST_ROWS + 1))


@cli.command()
@click.argument("test", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Every row, as CSV, instead of a table of the first 50.")
def check(test: str | None, *, as_csv: bool) -> None:
    """Ask the catalogue for rows that break a promise; exit 1 when there are some.

    Runs every query of warehouse/tests and tells how many rows each returns. Name one TEST to see its rows.
    """
    settings = _settings()
    from pipelines.lake import Lake
    from pipelines.tables import MOST_ROWS, show
    from pipelines.warehouse import offending_rows, run_sql_tests

    lake = Lake(settings.data_dir)
    if test is not None:
        rows = offending_rows(lake, test, limit=None if as_csv else MOST_ROWS + 1)
        click.echo(rows.write_csv(), nl=False) if as_csv else show(rows)
        sys.exit(1 if rows.height else 0)
    broken = 0
    for verdict in run_sql_tests(lake):
        broken += not verdict.passed
        click.echo(f"{'ok   ' if verdict.passed else 'WRONG'} {verdict}")
    if broken:
        click.echo(f"{broken} promises broken; casehouse check NAME shows the rows")
        sys.exit(1)


@cli.command()
@click.option("--day", metavar="DAY", help="Report day, YYYY-MM-DD; default yesterday.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for it; default reports/ in the data directory.",
)
def report(day: str | None, out: Path | None) -> None:
    """Write the one-page report of a day as an HTML file that needs no network."""
    settings = _settings()
    from pipelines.daily_report import write_report
    from pipelines.days import ReportDay
    from pipelines.lake import Lake

    report_day = ReportDay.parse(day) if day else settings.last_day(_now())
    click.echo(write_report(Lake(settings.data_dir), report_day, out))


@cli.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for it; default dictionary/ in the data directory.",
)
def dictionary(out: Path | None) -> None:
    """Write the data dictionary as HTML and XLSX: every view and column, with invented examples."""
    settings = _settings()
    from pipelines.dictionary import dictionary_folder, invented_lake, read_views, write_dictionary
    from pipelines.lake import Lake

    with invented_lake() as invented:
        views = read_views(invented)
    for path in write_dictionary(views, out or dictionary_folder(Lake(settings.data_dir))):
        click.echo(path)


@cli.command()
def doctor() -> None:
    """Check settings, hosts, token, clock, disk and rights; exit 1 when something is wrong."""
    settings = _settings()
    from pipelines.doctor import examine

    bad = 0
    for finding in examine(settings, _now):
        bad += not finding.ok
        mark = click.style("ok   ", fg="green") if finding.ok else click.style("wrong", fg="red")
        click.echo(f"{mark} {finding.name}: {finding.detail}")
        if finding.todo and not finding.ok:
            click.echo(f"      to do: {finding.todo}")
    if bad:
        sys.exit(1)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command; how it ends is told in telling.py."""
    words = _with_debug_first(sys.argv[1:] if arguments is None else arguments)
    telling.run(cli, words, debug=DEBUG in words[:1])


def _with_debug_first(arguments: Sequence[str]) -> list[str]:
    """Move `--debug` to the front, where the group takes it, from wherever it stands before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = [word for word in arguments[:end] if word != DEBUG]
    return [*([DEBUG] if len(words) < end else []), *words, *arguments[end:]]


def _settings() -> Settings:
    from pipelines.settings import load_settings

    return load_settings()


def _rebuild(settings: Settings, *, afresh: bool = False) -> None:
    """Build the catalogue, keeping what has not changed, and the cards that stand on it; tell of both.

    Cards are made where some are served already: those that stayed would show other figures than the marts.
    """
    from pipelines.feeds import FEEDS
    from pipelines.kpi.card_file import FOLDER, POINTER
    from pipelines.lake import Lake
    from pipelines.outbound.log_frame import log_frame
    from pipelines.warehouse import build

    summary = build(
        Lake(settings.data_dir),
        FEEDS,
        since=settings.first_day,
        until=settings.last_day(_now()),
        contact_window_days=settings.contact_window_days,
        outbound_log=log_frame(settings.data_dir),
        afresh=afresh,
    )
    click.echo(summary)
    if (settings.data_dir / FOLDER / POINTER).exists():
        build_and_tell(settings)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
