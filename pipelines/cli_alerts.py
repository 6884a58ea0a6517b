"""`casehouse alerts` and `casehouse digest`: what is wrong now, who was told; the message of the morning."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.alerts.incidents import Incident, Note
    from pipelines.alerts.watch import Watch


@click.group(invoke_without_command=True)
@click.pass_context
def alerts(context: click.Context) -> None:
    """Show what is wrong, since when, and which messages could not be delivered.

    It tells of the last look: Dagster looks each minute, `casehouse alerts look` does so now.
    """
    if context.invoked_subcommand is not None:
        return
    from pipelines.alerts.record import RecordFile

    watch = _watch()
    record = RecordFile.of(watch.settings.data_dir).read()
    for incident in record.open():
        _show(incident, watch.settings.runbook_base)
    noticed = [one for one in record.living().values() if one.told_at is None]
    for incident in noticed:
        click.echo(f"noticed, not told yet: {incident.key} ({incident.why})")
    stuck = [note for note in record.notes if note.waiting or note.given_up]
    for note in stuck:
        click.echo(_told(note))
    _tell_addresses(watch)
    counts = f"{len(record.open())} open, {len(noticed)} noticed, {len(stuck)} messages not delivered"
    click.echo(f"{counts}; {_last_look(RecordFile.of(watch.settings.data_dir).looked_at())}")


def _last_look(at: datetime | None) -> str:
    from pipelines.alerts.machine import london

    return f"last look {london(at)}" if at else "nobody has looked yet: casehouse alerts look"


def _show(incident: Incident, base: str) -> None:
    from pipelines.alerts.kinds import KINDS
    from pipelines.alerts.machine import london
    from pipelines.alerts.signs import tell_scope
    from pipelines.alerts.wording import next_step, runbook

    kind = KINDS[incident.kind]
    click.echo(f"{incident.key}: {kind.title(incident.subject)}, since {london(incident.noticed_at)}")
    for name, text in (
        ("where", tell_scope(incident.scope())),
        ("why", incident.why),
        ("to do", next_step(incident)),
        ("runbook", runbook(base, incident.kind)),
    ):
        if text:
            click.echo(f"  {name}: {text}")


def _told(note: Note) -> str:
    reasons = "; ".join(f"{address}: {why}" for address, why in note.failed.items())
    state = "given up" if note.given_up and not note.waiting else f"waits, {note.tries} tries"
    return f"not delivered ({state}): {note.title}{f' ({reasons})' if reasons else ''}"


def _tell_addresses(watch: Watch) -> None:
    names = ", ".join(watch.senders)
    click.echo(f"alerts go to {names}" if names else "nobody is told: CASEHOUSE_ALERT_URLS is empty")


@alerts.command()
def look() -> None:
    """Look now, tell what has begun or ended, send what waits. For cron, where Dagster may be down."""
    from pipelines.alerts.watch import look as look_once

    click.echo(look_once(_watch()))


@alerts.command()
def test() -> None:
    """Send a test message to every address; exit 1 when one could not be delivered."""
    from pipelines.alerts.watch import send_test

    watch = _watch()
    _tell_addresses(watch)
    _tell_delivery(send_test(watch))


@alerts.command()
@click.argument("key")
def accept(key: str) -> None:
    """Take the days of the incident KEY for right: they are not told again, and it is over.

    For days that are empty or unusual and nevertheless true, or that their source can no longer tell.
    """
    from pipelines.alerts.incidents import accept as take_for_right
    from pipelines.errors import Permanent

    file = _watch().file
    with file.held() as record:
        if not take_for_right(record, key):
            open_now = ", ".join(one.key for one in record.living().values() if one.days) or "none"
            raise Permanent(f"there is no incident {key!r} with days", todo=f"name one of: {open_now}")
        file.save(record)
    click.echo(f"{key}: its days are accepted; the next look finds it over")


@click.command()
@click.option("--send", is_flag=True, help="Send it to every address too, beside the one of the morning.")
def digest(*, send: bool) -> None:
    """Print the daily digest as it would be sent now."""
    from pipelines.alerts.watch import make_digest, send_digest

    watch = _watch()
    made = make_digest(watch, watch.file.read(), _now())
    click.echo(f"{made.title}\n\n{made.body}")
    if send:
        _tell_addresses(watch)
        _tell_delivery(send_digest(watch))


def _tell_delivery(results: Mapping[str, str]) -> None:
    for name, why in results.items():
        click.echo(f"{'WRONG' if why else 'ok   '} {name}{f': {why}' if why else ''}")
    if not results or any(results.values()):
        sys.exit(1)


def _watch() -> Watch:
    from pipelines.alerts.watch import open_watch
    from pipelines.lake import Lake
    from pipelines.settings import load_settings

    settings = load_settings()
    return open_watch(settings, Lake(settings.data_dir), now=_now)


def _now() -> datetime:
    return datetime.now(UTC)
