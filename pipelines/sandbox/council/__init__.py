"""The invented council behind the sandbox: cases and their lives, from a seed and the date alone.

What other rooms may use stands here. Nothing is read from a file, a clock or the network.
"""

from __future__ import annotations

from pipelines.sandbox.council.callers import Caller
from pipelines.sandbox.council.casework import Casework
from pipelines.sandbox.council.council import Council
from pipelines.sandbox.council.reports import ALL_REPORTS, BY_NAME, NOTES, REPORTS, Report
from pipelines.sandbox.council.summary import CaseSummary, Document

__all__ = [
    "ALL_REPORTS",
    "BY_NAME",
    "NOTES",
    "REPORTS",
    "Caller",
    "CaseSummary",
    "Casework",
    "Council",
    "Document",
    "Report",
]
