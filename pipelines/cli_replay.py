"""`casehouse replay` and `casehouse raw`: days derived again from kept bodies, and what is kept.

Heavy imports stay inside the commands, as in cli.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed
    from pipelines.replay.replaying import Replayed
    from pipelines.settings import Settings


@click.command()
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="Such as icasework/cases; default all.")
@click.option("--from", "first", metavar="DAY", help="First report day, YYYY-MM-DD; default all.")
@click.option("--to", "last", metavar="DAY", help="Last report day; default all.")
@click.option("--publish", is_flag=True, help="Put the days that differ in their places, after telling how.")
@click.option("--no-rebuild", is_flag=True, help="Leave the catalogue as it is.")
@click.pass_context
def replay(
    context: click.Context,
    feeds: tuple[str, ...],
    first: str | None,
    last: str | None,
    *,
    publish: bool,
    no_rebuild: bool,
) -> None:
    """Derive days again from kept bodies by today's contracts, and tell what would change.

    No vendor is called. Nothing is changed without --publish. Exit 1 when a day fails.
    """
    from pipelines.days import ReportDay
    from pipelines.feeds import feeds_of
    from pipelines.settings import load_settings

    settings = load_settings()
    since = ReportDay.parse(first) if first else None
    until = ReportDay.parse(last) if last else None
    failed = published = 0
    for feed in feeds_of(feeds):
        outcome, done = _replay(feed, settings, since, until, publish=publish)
        failed, published = failed + len(outcome.failed), published + done
    if published and not no_rebuild:
        root = context.find_root()
        rebuild = root.command.get_command(root, "rebuild") if isinstance(root.command, click.Group) else None
        if rebuild is not None:
            context.invoke(rebuild)
    if failed:
        sys.exit(1)


def _replay(
    feed: Feed, settings: Settings, first: ReportDay | None, last: ReportDay | None, *, publish: bool
) -> tuple[Replayed, int]:
    """Replay one feed and tell of it; return how it went and how many days were published."""
    from pipelines.feeds import SOURCES, policy_for
    from pipelines.lake import Lake
    from pipelines.replay.replaying import Replay

    source, lake = SOURCES[feed.source], Lake(settings.data_dir)
    origin = lake.owner(feed.source) or source.origin(settings)
    one = Replay(feed, lake, origin, source.opener(settings), policy_for(feed.key, settings))
    with one.derived(first, last) as (outcome, beside):
        _tell(outcome)
        if not (publish and outcome.changes):
            return outcome, 0
        known = set(outcome.failed)
        published = one.publish(outcome, beside)
        _tell_days("not published", {day: str(outcome.failed[day]) for day in outcome.failed.keys() - known})
        click.echo(f"{feed.key}: {len(published)} published")
        return outcome, len(published)


def _tell(outcome: Replayed) -> None:
    choice = outcome.choice
    if not (choice.bodies or choice.passed_over or choice.without):
        click.echo(f"{outcome.feed.key}: nothing is kept")
        return
    told = [
        f"{len(days)} {what}"
        for what, days in (
            ("would change", outcome.changes),
            ("fail", outcome.failed),
            ("passed over", outcome.passed_over),
            ("without a kept body", choice.without),
        )
        if days
    ]
    click.echo(f"{outcome.feed.key}: {', '.join([f'{_days(outcome.same)} the same', *told])}")
    _tell_days("change", {day: str(difference) for day, difference in outcome.changes.items()})
    _tell_days("fail", {day: str(error) for day, error in outcome.failed.items()})
    _tell_days("pass", outcome.passed_over)
    if choice.without:
        click.echo(f"  none   {_spans(choice.without)}")


def _tell_days(what: str, days: Mapping[ReportDay, str]) -> None:
    for day in sorted(days):
        click.echo(f"  {what:<6} {day}: {days[day]}")


def _spans(days: Sequence[ReportDay]) -> str:
    """Write days in order, those that follow each other as one span."""
    spans: list[tuple[ReportDay, ReportDay]] = []
    for day in days:
        if spans and spans[-1][1].plus(1) == day:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in spans)


@click.command()
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="Such as icasework/cases; default all.")
def raw(feeds: tuple[str, ...]) -> None:
    """List the kept bodies: how many of which days, and how much room they take."""
    from pipelines.feeds import feeds_of
    from pipelines.raw.shelf import Shelf
    from pipelines.raw.telling import tell_size
    from pipelines.settings import load_settings

    settings = load_settings()
    bodies = taken = 0
    for feed in feeds_of(feeds):
        shelf = Shelf(settings.data_dir, feed.key)
        room = shelf.measure()
        bodies, taken = bodies + room.bodies, taken + room.room
        if room.bodies:
            days = f"{_days(room.days)} ({_spans(shelf.days())})"
            click.echo(f"{feed.key}: kept bodies {room.bodies}, of {days}, {tell_size(room.room)}")
    kept = f"kept for {_days(settings.raw_days)}" if settings.raw_days else "none are to be kept"
    click.echo(f"all kept bodies: {bodies}, {tell_size(taken)}; {kept} (CASEHOUSE_RAW_DAYS)")


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
