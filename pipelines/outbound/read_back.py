"""Read back what became of service requests: each change of status is noted on its case, once.

Tascomi tells which records changed on a day, not since when; so the days since the last reading are asked for
again, the last one included, and what is known already changes nothing.
"""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.days import LONDON
from pipelines.outbound.ports import REQUESTS
from pipelines.outbound.searching import id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.outbound.desk import Desk

READ_UP_TO = "status read up to"
MOST_DAYS = 60  # further back than anybody leaves a dispatcher switched off
_CHANGED = "last_updated"  # CODE: a day given for it matches all of that day


def read_back(desk: Desk) -> int:
    """Take in changed statuses and plan their notes; return how many changed.

    What a failure leaves unread is read by the next run.
    """
    ledger, status = desk.ledger, desk.columns.status
    changes = 0
    for day in _days(desk):
        for row in desk.tascomi.search(REQUESTS, {_CHANGED: str(day)}):
            entry = ledger.case_of_request(id_of(row))
            if entry is None or not (now := row.get(status)):
                continue
            incoming = desk.incoming(entry)
            with_note = incoming is not None and incoming.status_note is not None
            changes += ledger.note_status(entry.case_id, html.unescape(now), with_note=with_note)
        ledger.remember(READ_UP_TO, str(day))
    return changes


def _days(desk: Desk) -> Iterator[date]:
    """Yield the days to ask for: from the last one read, or the day of the first case, to today."""
    raised = [entry for entry in desk.ledger.cases() if entry.request_id]
    if not raised:
        return
    today = desk.now().astimezone(LONDON).date()
    known = desk.ledger.fact(READ_UP_TO)
    first = date.fromisoformat(known) if known else raised[0].planned_at.astimezone(LONDON).date()
    day = max(first - timedelta(days=1), today - timedelta(days=MOST_DAYS))
    while day <= today:
        yield day
        day += timedelta(days=1)
