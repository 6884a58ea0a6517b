"""The reports that the stand-in publishes: their keys, columns, summary items and parameters.

Titles and order of the agent summary are the vendor's own example (SEED); the other reports' are GUESSES in
its manner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipelines.demonstration import XIMA_REPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

Format = Literal["STRING", "NUMBER", "DURATION"]

SKIN = "Avaya Default"
TIMEFRAME, ROWS, SKILLS = "Report Timeframe", "Rows (Agent)", "Skills"
VALUE_TYPES: Mapping[str, str] = {TIMEFRAME: "REPORT_TIMEFRAME", ROWS: "PBX_USERS", SKILLS: "SKILLS"}


@dataclass(frozen=True)
class Report:
    """One report: `number` is its reportId, `columns` titles with formats, `needs` the parameters it needs.

    The first of the `summary` titles counts the rows.
    """

    name: str
    number: int
    title: str
    columns: tuple[tuple[str, Format], ...]
    summary: tuple[str, ...]
    needs: tuple[str, ...] = (TIMEFRAME,)

    @property
    def key(self) -> str:
        """The key in the report's address."""
        return XIMA_REPORTS[self.name]


CALLS = Report(
    "calls",
    49,
    "Call Records",
    (
        ("Call ID", "STRING"),
        ("Start Time", "STRING"),
        ("End Time", "STRING"),
        ("Direction", "STRING"),
        ("Outcome", "STRING"),
        ("Calling Party", "STRING"),
        ("Called Party", "STRING"),
        ("Skill", "STRING"),
        ("Agent", "STRING"),
        ("Account Code", "STRING"),
        ("Ringing", "DURATION"),
        ("Hold", "DURATION"),
        ("Talking", "DURATION"),
        ("Wrap Up", "DURATION"),
        ("Call Duration", "DURATION"),
    ),
    (
        "Calls",
        "Total Ringing",
        "Total Hold",
        "Total Talking",
        "Total Wrap Up",
        "Total Call Duration",
        "Avg Talking",
    ),
)
AGENT_SUMMARY = Report(
    "agent_summary",
    48,
    "Agent Talking Summary",
    (
        ("Agent", "STRING"),
        ("Inbound Calls", "NUMBER"),
        ("Outbound Calls", "NUMBER"),
        ("Internal Calls", "NUMBER"),
        ("Total Calls", "NUMBER"),
        ("Total Talking", "DURATION"),
        ("Avg Talking", "DURATION"),
    ),
    (
        "Agents",
        "Total Inbound Calls",
        "Total Outbound Calls",
        "Total Internal Calls",
        "Total Calls",
        "Avg Total Calls",
        "Total Talking",
        "Avg Talking",
    ),
    (TIMEFRAME, ROWS),
)
TIME_CARDS = Report(
    "time_cards",
    50,
    "Agent Time Card",
    (
        ("Agent", "STRING"),
        ("Shift Start", "STRING"),
        ("Shift End", "STRING"),
        ("Session Start", "STRING"),
        ("Session End", "STRING"),
        ("Logged In", "DURATION"),
        ("Break", "DURATION"),
        ("Do Not Disturb", "DURATION"),
        ("Talking", "DURATION"),
        ("Hold", "DURATION"),
        ("Wrap Up", "DURATION"),
        ("Idle", "DURATION"),
    ),
    (
        "Sessions",
        "Total Logged In",
        "Total Break",
        "Total Do Not Disturb",
        "Total Talking",
        "Total Hold",
        "Total Wrap Up",
        "Total Idle",
    ),
)
ACCOUNT_USAGE = Report(
    "account_usage",
    51,
    "Account Code Summary",
    (("Account Code", "STRING"), ("Calls", "NUMBER"), ("Talking", "DURATION")),
    ("Account Codes", "Total Calls", "Total Talking"),
)

REPORTS: tuple[Report, ...] = (CALLS, AGENT_SUMMARY, TIME_CARDS, ACCOUNT_USAGE)
BY_NAME: Mapping[str, Report] = {report.name: report for report in REPORTS}
BY_KEY: Mapping[str, Report] = {report.key: report for report in REPORTS}
