"""A small contact centre written by hand: rows of Xima, casework and Tascomi, loaded as ingest loads them.

Each report tells the totals that its rows add up to, so that the days are verified.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.feeds import FEEDS, Policy
from tests.plain_source import PlainSource, load_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.feeds import Feed
    from pipelines.lake import Lake

    Cells = Mapping[str, object]

DAY = ReportDay.parse("2026-10-24")  # the next one has 25 hours
LONG_DAY = DAY.plus(1)
AGENT = "Amira Khan(201)"


def stamp(day: ReportDay, seconds: float) -> str:
    """Write the instant so many seconds of real time after a London day began."""
    return (day.start + timedelta(seconds=seconds)).replace(microsecond=0).isoformat()


def call(number: str, *, day: ReportDay = DAY, at: float = 36_000, **cells: object) -> dict[str, object]:
    """One answered inbound call at ten: 5 s of ringing, a minute of talk; any cell can be told otherwise."""
    times = {"ring_ms": 5_000, "hold_ms": 0, "talk_ms": 60_000, "wrap_ms": 0}
    times |= {name: value for name, value in cells.items() if name in times and isinstance(value, int)}
    length = times["ring_ms"] + times["hold_ms"] + times["talk_ms"]
    told: dict[str, object] = {
        "call_id": number,
        "started_at": stamp(day, at),
        "ended_at": stamp(day, at + length / 1000),
        "direction": "Inbound",
        "outcome": "Answered",
        "caller_number": "020 7946 0123",
        "called_number": "03069 990100",
        "skill": "Council Tax",
        "agent": AGENT,
        "account_code": "0101",
        **times,
        "call_ms": length,
    }
    renamed = {"caller": "caller_number", "called": "called_number"}
    return told | {renamed.get(name, name): value for name, value in cells.items()}


def card(  # one argument a time is clearer than a dictionary
    start: float, end: float, *, day: ReportDay = DAY, agent: str = AGENT, talk_ms: int = 0, **cells: object
) -> dict[str, object]:
    """One session between two times in seconds of the day; what is not talk is idle."""
    length = round((end - start) * 1000)
    told: dict[str, object] = {
        "agent": agent,
        "shift_start_at": "",
        "shift_end_at": "",
        "session_start_at": stamp(day, start),
        "session_end_at": stamp(day, end),
        "logged_in_ms": length,
        "break_ms": 0,
        "do_not_disturb_ms": 0,
        "talk_ms": talk_ms,
        "hold_ms": 0,
        "wrap_ms": 0,
        "idle_ms": length - talk_ms,
    }
    return told | cells


def usage(code: str, calls: int, talk_ms: int) -> dict[str, object]:
    """One account code's calls of a day."""
    return {"account_code": code, "calls": calls, "talk_ms": talk_ms}


def summary(
    agent: str = AGENT, *, inbound: int = 0, outbound: int = 0, talk_ms: int = 0
) -> dict[str, object]:
    """One agent's calls of a day."""
    total = inbound + outbound
    return {
        "agent": agent,
        "inbound_calls": inbound,
        "outbound_calls": outbound,
        "internal_calls": 0,
        "total_calls": total,
        "talk_ms": talk_ms,
        "average_talk_ms": talk_ms // max(total, 1),
    }


def case(number: int, *, phone: str = "", mobile: str = "", **cells: object) -> dict[str, object]:
    """One open complaint received on the day before."""
    told: dict[str, object] = {
        "case_id": number,
        "case_type": "Complaint",
        "case_status": "Open",
        "received_date": DAY.plus(-1).date,
        "customer_id": f"{200_000 + number}",
        "customer_phone": phone,
        "customer_mobile": mobile,
    }
    return told | cells


def request(number: int, *, changed: str = "2026-10-24T11:00:00", **cells: object) -> dict[str, object]:
    """One open service request of Tascomi's, received at half past nine."""
    told: dict[str, object] = {
        "complaint_id": number,
        "complaint_number": f"SR26/{number}",
        "received_at": "2026-10-24 09:30:00",
        "status": "Open",
        "is_ceased": "f",
        "last_updated_at": changed.replace("T", " "),
    }
    return told | cells


def contact(number: int, reference: str) -> dict[str, object]:
    """One contact of Tascomi's."""
    return {
        "contact_id": number,
        "contact_reference": reference,
        "is_ceased": "f",
        "last_updated_at": "2026-10-24 09:00:00",
    }


def load(lake: Lake, day: ReportDay, **feeds: Sequence[Cells]) -> None:
    """Load one day's rows of feeds by their names, such as calls, time_cards, cases, complaints."""
    for name, rows in feeds.items():
        (feed,) = (feed for feed in FEEDS.values() if feed.name == name)
        load_one(day, source_of(feed, day, rows), lake, Policy(bad_row_share=1), feed)


def source_of(feed: Feed, day: ReportDay, rows: Sequence[Cells]) -> PlainSource:
    """Make the source that answers one day of a feed with these rows and the totals they add up to."""
    contract = feed.contract
    controls = {
        title: sum(int(str(row[column.name]).partition(" ")[0]) for row in rows)
        for title, column in contract.controls.items()
    }
    if contract.rows_control:
        controls[contract.rows_control] = len(rows)
    return PlainSource(
        rows={
            str(day): [tuple(str(row.get(column.name, "")) for column in contract.columns) for row in rows]
        },
        controls={str(day): controls},
        fields=contract.wire_fields,
    )


def after(day: ReportDay, seconds: float) -> datetime:
    """Return the instant so many seconds of real time after a London day began."""
    return (day.start + timedelta(seconds=seconds)).astimezone(UTC)
