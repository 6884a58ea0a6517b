"""The digest of the morning: what was loaded, what is missing, what changed, ordered by what needs a person.

A quiet night is five lines. It is made from receipts, notes of failures and the record of incidents; counts
only. What was revised comes in, since the record of re-pulls is not kept here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.alerts.kinds import KINDS
from pipelines.alerts.loaded_days import WATCHED_DAYS, is_holiday
from pipelines.alerts.machine import about_cards, london
from pipelines.alerts.signs import tell_days, tell_scope
from pipelines.alerts.wording import NAME, next_step, runbook
from pipelines.errors import CasehouseError
from pipelines.outbound.ledger import count_dead_letters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pipelines.alerts.incidents import Incident, Record
    from pipelines.alerts.loaded_days import Receipts
    from pipelines.days import ReportDay
    from pipelines.revisions import Revision
    from pipelines.settings import Settings

_DAY = timedelta(days=1)
_INDENT = "   "


@dataclass(frozen=True)
class Digest:
    """The message; `needs_person` when somebody must do something."""

    title: str
    body: str
    needs_person: bool


@dataclass(frozen=True)
class _Facts:
    """What the lines are made of, gathered once."""

    settings: Settings
    receipts: Receipts
    feeds: Sequence[str]
    record: Record
    revised: Sequence[Revision]
    now: datetime

    @property
    def yesterday(self) -> ReportDay:
        return self.settings.last_day(self.now)

    def living(self) -> list[Incident]:
        """Return what is wrong now, told or not yet: failures before warnings, the oldest first."""
        living = [one for one in self.record.incidents if one.ended_at is None and one.gone_since is None]
        return sorted(living, key=lambda one: (KINDS[one.kind].tone != "failure", one.noticed_at))


def compose(
    *,
    settings: Settings,
    receipts: Receipts,
    feeds: Sequence[str],
    record: Record,
    revised: Sequence[Revision],
    now: datetime,
) -> Digest:
    """Return the digest as it reads at `now`."""
    facts = _Facts(settings, receipts, feeds, record, revised, now)
    itself = [one for one in facts.living() if KINDS[one.kind].heals and now - one.noticed_at < _DAY]
    person = [one for one in facts.living() if one not in itself]  # what has not healed in a day, too
    needed = len(person)
    blocks = [_listed("NEEDS A PERSON", [_incident(facts, one) for one in person])]
    blocks.append(_listed("HEALS BY ITSELF", [_incident(facts, one) for one in itself]))
    blocks.append(
        [_loaded(facts), _revised(revised), _quarantined(facts), _beside(facts), _open(facts, needed)]
    )
    blocks.append(_table(facts) if facts.living() else [])
    body = "\n\n".join("\n".join(block) for block in blocks if block)
    return Digest(_title(facts, needed, len(itself)), body, needed > 0)


def _title(facts: _Facts, needed: int, healing: int) -> str:
    told = f"{needed} {'needs' if needed == 1 else 'need'} a person" if needed else "nothing needs a person"
    more = f", {healing} {'heals' if healing == 1 else 'heal'} by itself" if healing else ""
    return f"{NAME}, {facts.yesterday.plus(1)}: {told}{more}"


def _listed(heading: str, items: Sequence[list[str]]) -> list[str]:
    lines = [heading] if items else []
    for number, item in enumerate(items, 1):
        lines.append(f"{number}. {item[0]}")
        lines += [_INDENT + line for line in item[1:]]
    return lines


def _incident(facts: _Facts, incident: Incident) -> list[str]:
    kind = KINDS[incident.kind]
    scope = tell_scope(incident.scope())
    return [
        kind.title(incident.subject),
        *([scope] if scope else []),
        f"{incident.why}; since {london(incident.noticed_at)}",
        f"{next_step(incident)}: {runbook(facts.settings.runbook_base, incident.kind)}",
    ]


def _loaded(facts: _Facts) -> str:
    day = facts.yesterday
    counts = {feed: facts.receipts.rows(feed, day) for feed in facts.feeds}
    there = [rows for rows in counts.values() if rows is not None]
    usual = [one.rows for feed in facts.feeds if (one := facts.receipts.usual(feed, day))]
    beside = f" (a {day.date:%A} has about {sum(usual):,.0f})" if len(usual) == len(counts) else ""
    holiday = ", a bank holiday" if is_holiday(day) else ""
    told = (
        f"Loaded: {_of(len(there), len(counts))} feeds of {day.date:%A} {day}{holiday}, {sum(there):,} rows"
    )
    missing = [feed for feed, rows in counts.items() if rows is None]
    return f"{told}{beside}{_missing(facts, missing)}"


def _of(there: int, wanted: int) -> str:
    return f"all {wanted}" if there == wanted else f"{there} of {wanted}"


def _missing(facts: _Facts, feeds: Sequence[str]) -> str:
    """Count the missing feeds by why they are: their names stand in the table."""
    if not feeds:
        return ""
    kinds = Counter(_state(facts, feed, facts.yesterday) for feed in feeds)
    return "; " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def _state(facts: _Facts, feed: str, day: ReportDay) -> str:
    failure = facts.receipts.lake.failures(feed).get(day)
    receipt = facts.receipts.receipt(feed, day)
    if receipt is not None:
        return receipt.status if failure is None else f"{receipt.status}, asked again in vain"
    return "not asked for" if failure is None else f"failed ({failure.kind})"


def _revised(revised: Sequence[Revision]) -> str:
    days = [one for one in revised if not one.kept]
    if not days:
        return "Revised: nothing"
    feeds = sorted({one.feed for one in days})
    added, changed, gone = (sum(getattr(one, name) for one in days) for name in ("added", "changed", "gone"))
    named = ", ".join(feeds[:3]) + (", ..." if len(feeds) > 3 else "")  # noqa: PLR2004 - a few tell enough
    days_told = tell_days({one.day for one in days})
    return f"Revised: {days_told} of {named}: {added} rows added, {changed} changed, {gone} gone"


def _quarantined(facts: _Facts) -> str:
    """Tell the rows set aside of yesterday, and how the last days compare with as many before them."""
    counts: Counter[ReportDay] = Counter()
    feeds: Counter[str] = Counter()
    for feed in facts.feeds:
        for back in range(2 * WATCHED_DAYS):
            day = facts.yesterday.plus(-back)
            receipt = facts.receipts.receipt(feed, day)
            rows = receipt.rows_quarantined if receipt else 0
            counts[day] += rows
            feeds[feed] += rows if back == 0 else 0
    new, oldest = counts[facts.yesterday], facts.yesterday.plus(1 - WATCHED_DAYS)
    total = sum(rows for day, rows in counts.items() if day >= oldest)
    before = sum(counts.values()) - total
    if not total and not before:
        return f"Set aside: no rows in {WATCHED_DAYS} days"
    worst = [f"{feed} {rows}" for feed, rows in feeds.most_common(3) if rows]
    named = f" ({', '.join(worst)})" if worst else ""
    grown = f"{total:,} in {WATCHED_DAYS} days, {before:,} in the {WATCHED_DAYS} before"
    return f"Set aside: {new:,} rows of yesterday{named}, {grown}"


def _beside(facts: _Facts) -> str:
    """Tell of service requests and cards, which stand on what was loaded."""
    told = []
    if facts.settings.outbound_enabled:
        try:
            waiting = count_dead_letters(facts.settings.data_dir)
        except CasehouseError as error:
            told.append(f"Service requests: {error.what}")
        else:
            told.append(f"Service requests: {waiting or 'none'} waiting for a person")
    try:
        about = about_cards(facts.settings.data_dir)
    except CasehouseError as error:
        told.append(f"Customer cards: {error.what}")
    else:
        shown = f"casework up to {london(about.as_of)}, made {london(about.built_at)}" if about else "none"
        told.append(f"Customer cards: {shown}")
    return "; ".join(told)


def _open(facts: _Facts, needed: int) -> str:
    """Tell what was over in the last day, and messages that could not be delivered."""
    ended = [
        one
        for one in facts.record.incidents
        if one.told_at and one.ended_at and one.ended_at > facts.now - _DAY
    ]
    stuck = sum(bool(note.waiting and note.tries) for note in facts.record.notes)
    told = [f"Incidents: {len(facts.living()) or 'none'} open"]
    if ended:
        told.append(f"over since yesterday: {', '.join(one.key for one in ended)}")
    if stuck:
        told.append(f"{stuck} messages could not be delivered yet")
    if needed:
        told.append("`casehouse alerts` lists them")
    return "; ".join(told)


def _table(facts: _Facts) -> list[str]:
    """Tell every feed of yesterday: its state, its rows, and what this weekday usually has."""
    day = facts.yesterday
    lines = [f"YESTERDAY, {day.date:%A} {day}, BY FEED"]
    for feed in facts.feeds:
        rows, usual = facts.receipts.rows(feed, day), facts.receipts.usual(feed, day)
        count = "no rows" if rows is None else f"{rows:,} rows"
        beside = f", usually about {usual.rows:,.0f}" if usual else ""
        lines.append(f"- {feed}: {_state(facts, feed, day)}, {count}{beside}")
    return lines
