"""`casehouse outbound`: what would be sent, sending it, what came of it, and what waits for a person."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.outbound.desk import Desk
    from pipelines.outbound.entries import LogEntry, StepEntry
    from pipelines.outbound.ledger import Ledger
    from pipelines.outbound.planning import PlannedCase
    from pipelines.settings import Settings


@click.group()
def outbound() -> None:
    """Raise cases that are due as service requests in Tascomi, once each, and tell the cases.

    Nothing is sent until CASEHOUSE_OUTBOUND_ENABLED is true. Which cases are due stands in
    warehouse/marts/outbound_due.sql, what is sent of them in the templates of CASEHOUSE_OUTBOUND_TEMPLATES.
    """


@outbound.command()
@click.option("--case", "case_id", metavar="CASE", help="Only this case.")
@click.option("--personal", is_flag=True, help="Show personal values instead of their length.")
def plan(case_id: str | None, *, personal: bool) -> None:
    """Show what a run would send now, to the letter, and send nothing."""
    from pipelines.outbound.planning import plan as planned_cases

    count = refused = 0
    with _desk() as desk:
        for planned in planned_cases(desk, personal=personal, only=case_id):
            count += 1
            refused += any(step.is_refused for step in planned.steps)
            _show(planned)
    click.echo(f"{count} cases; {refused} would be refused; nothing was sent")


def _show(planned: PlannedCase) -> None:
    click.echo(f"case {planned.case_id}, template {planned.template}")
    for step in planned.steps:
        click.echo(f"  {step.step}: {step.act}")
        for name, value in step.fields.items():
            text = value.replace("\n", "\n" + " " * (len(name) + 7))
            click.echo(f"    {name} = {text}")


@outbound.command()
def run() -> None:
    """Send what is due, go on with what was begun, read back what changed."""
    from pipelines.lake import Lake
    from pipelines.outbound.running import run as dispatch_once

    settings = _settings()
    summary = dispatch_once(settings, Lake(settings.data_dir), _now)
    click.echo(summary)
    if summary.trouble:
        raise summary.trouble


@outbound.command()
@click.option("--case", "case_id", metavar="CASE", help="Only this case.")
@click.option("--dead", is_flag=True, help="Only what waits for a person, with its number for retry.")
def log(case_id: str | None, *, dead: bool) -> None:
    """Tell what happened to each step of each case: when, which try, what came of it and why."""
    with _ledger() as ledger:
        if not dead:
            for entry in ledger.log(case_id=case_id):
                click.echo(_told(entry))
            return
        from pipelines.outbound.dead_letters import dead_letters

        letters = [step for step in dead_letters(ledger) if case_id in (None, step.case_id)]
        for step in letters:
            click.echo(_told_dead(step))
        click.echo(f"{len(letters)} wait for a person; casehouse outbound retry NUMBER takes one up again")


def _told(entry: LogEntry) -> str:
    when = entry.at.astimezone().isoformat(" ", "seconds")
    why = ": ".join(part for part in (entry.field, entry.reason) if part)
    attempt = f"try {entry.attempt}, " if entry.attempt else ""
    head = f"{when} {entry.n} case {entry.case_id} {entry.step}: {attempt}{entry.outcome}"
    return f"{head} ({why})" if why else head


def _told_dead(step: StepEntry) -> str:
    why = ": ".join(part for part in (step.field, step.reason) if part)
    return f"{step.n} case {step.case_id} {step.step}: {step.state} ({why})"


@outbound.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--there", "seen", flag_value="there", help="Of a note: you saw it on the case.")
@click.option(
    "--send", "seen", flag_value="not there", help="Of a note or a contact: you saw that it is not there."
)
def retry(number: int, seen: str | None) -> None:
    """Take up again what waits for a person, by its NUMBER in `casehouse outbound log --dead`.

    What may have been carried out is looked up before anything is sent again.
    """
    from pipelines.outbound.dead_letters import retry as take_up

    with _ledger() as ledger:
        step = take_up(ledger, number, _now(), seen=seen)  # type: ignore[arg-type]  # click gives one of the two
    click.echo(f"case {step.case_id} {step.step}: {step.state}; casehouse outbound run goes on with it")


@outbound.command()
@click.option(
    "--all", "whole_table", is_flag=True, help="Read every service request, not only cases known here."
)
def reconcile(*, whole_table: bool) -> None:
    """Compare what is due, what was sent and what is really there; exit 1 when they differ."""
    from pipelines.outbound.reconcile import reconcile as differences

    count = 0
    with _desk() as desk:
        for one in differences(desk, whole_table=whole_table):
            count += 1
            click.echo(f"{one.kind} {one.case_id}: {one.what}")
    click.echo(f"{count} differences")
    sys.exit(1 if count else 0)


@outbound.command()
def test() -> None:
    """Hold the templates to their examples, without a server; exit 1 when one differs."""
    from pipelines.outbound.opening import columns_of
    from pipelines.outbound.rehearsal import rehearse
    from pipelines.outbound.templates import read_templates

    settings = _settings()
    templates = read_templates(settings.outbound_templates)
    wrong = 0
    for name, told in rehearse(settings.outbound_templates, templates, columns_of(settings)):
        wrong += bool(told)
        click.echo(f"{'WRONG' if told else 'ok   '} {name}")
        for line in told:
            click.echo(f"      {line}")
    click.echo(f"{len(templates.names)} templates can be read; {wrong} examples differ")
    sys.exit(1 if wrong else 0)


@contextmanager
def _desk() -> Iterator[Desk]:
    from pipelines.lake import Lake
    from pipelines.outbound.opening import open_desk

    settings = _settings()
    with open_desk(settings, Lake(settings.data_dir), _now) as desk:
        yield desk


@contextmanager
def _ledger() -> Iterator[Ledger]:
    from pipelines.outbound.opening import open_ledger

    with open_ledger(_settings()) as ledger:
        yield ledger


def _settings() -> Settings:
    from pipelines.settings import load_settings

    return load_settings()


def _now() -> datetime:
    return datetime.now(UTC)
