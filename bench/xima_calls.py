"""The Xima report the measurements read: twelve columns of calls, as many rows as asked, as documented.

One key a line, as in the vendor's example; some cells are missing, some are null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.contracts.columns import Instant, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.days import ReportDay
from pipelines.feeds import Feed
from pipelines.sources.dialect import XIMA

if TYPE_CHECKING:
    from pathlib import Path

DAY = ReportDay.parse("2026-01-01")


class XimaCalls(Rows):
    """One invented call."""

    call_id: Text = wire("Call ID [STRING]", "Number.", required=True)
    started_at: Instant = wire("Start Time [STRING]", "Begin.", required=True)
    ended_at: Instant = wire("End Time [STRING]", "End.", required=True)
    direction: Text = wire("Direction [STRING]", "Direction.", required=True)
    caller_number: Text = wire("Calling Party [STRING]", "Caller.", privacy="personal")
    agent: Text = wire("Agent [STRING]", "Agent.", privacy="personal")
    account_code: Text = wire("Account Code [STRING]", "Code.")
    transfers: Whole = wire("Transfers [NUMBER]", "Transfers.", required=True, ge=0)
    ring_ms: Whole = wire("Ringing [DURATION]", "Ringing.", required=True, ge=0)
    hold_ms: Whole = wire("Hold [DURATION]", "Hold.", required=True, ge=0)
    talk_ms: Whole = wire("Talking [DURATION]", "Talking.", required=True, ge=0)
    call_ms: Whole = wire("Call Duration [DURATION]", "All of it.", required=True, ge=0)


XIMA_CALLS = Feed(Contract("bench/xima_calls", XimaCalls), XIMA)


def write_calls(path: Path, rows: int) -> None:
    """Write a day's report of that many calls."""
    columns = [name.removesuffix("]").split(" [") for name in XIMA_CALLS.contract.wire_fields]
    told = ",\n".join(
        f'  {{\n   "key": "{key}",\n   "title": "{title}",\n   "format": "{form}"\n  }}'
        for key, (title, form) in enumerate(columns)
    )
    first, last = (bound.isoformat(timespec="seconds") for bound in DAY.local_bounds)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(
            f'{{\n "reportId": 48,\n "timeframe": {{\n  "start": "{first}",\n  "end": "{last}"\n }},\n'
            f' "columns": [\n{told}\n ],\n "dataFlag": "INCLUDED",\n "summaryItems": [],\n "rows": [\n'
        )
        file.writelines(f"{_row(number)},\n" for number in range(rows - 1))
        file.write(f'{_row(rows - 1)}\n ],\n "charts": {{\n  "type": "CHARTS",\n  "rows": []\n }}\n}}')


def _row(number: int) -> str:
    mixed = number * 7919 % 100_003
    ring, hold, talk = mixed % 20_000, mixed * 3 % 90_000, mixed * 41 % 4_000_000
    seconds = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    texts = {
        0: f"CR-{number:09}",
        1: f"2026-01-01T{seconds}+00:00",
        2: f"2026-01-01T{seconds}+00:00",
        3: "Inbound" if mixed % 3 else "Outbound",
        4: f"07700 9{mixed % 100_000:05}",
        5: f"Agent {mixed % 40}({200 + mixed % 40})",
        6: f"AC{mixed % 97:04}",
    }
    if not mixed % 10:
        del texts[6]
    cells = [f'   "{key}": {{\n    "value": "{text}"\n   }}' for key, text in texts.items()]
    if not mixed % 7:
        cells[5] = '   "5": {\n    "value": null\n   }'
    cells.append(_number(7, mixed % 3, str(mixed % 3)))
    durations = enumerate((ring, hold, talk, ring + hold + talk), 8)
    cells += [_number(key, value, _shown(value)) for key, value in durations]
    return '  {{\n   "values": {{\n{}\n   }}\n  }}'.format(",\n".join(cells))


def _number(key: int, value: int, shown: str) -> str:
    return f'   "{key}": {{\n    "value": {value},\n    "formattedValue": "{shown}"\n   }}'


def _shown(value: int) -> str:
    seconds = value // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
