"""The guesses about the wire that a person may turn: spellings and numbers which no public source shows.

A person who learns better edits one line here, and a test may vary it to prove that the client does not lean
on it. Recorded facts stand in the code that writes them, and so do the guesses that are behaviour rather than
a value; each is marked GUESS where it stands.

One of those is larger than the others. History (GUESS): asked for a past day, the sandbox answers with the
cases as they stood at the end of that day. The real server may instead keep no history and answer with
today's values of the cases that were last updated on that day: a case then moves from day to day, and a day
loaded late has fewer rows than one loaded in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Error numbers are prefix x 1000 + n. Token's 19 is recorded, updatecase's 11 is the vendor's (DOC); the
# others are unused numbers (GUESS).
PREFIXES: Mapping[str, int] = MappingProxyType(
    {
        "token": 19,
        "getreport": 50,
        "getcases": 51,
        "getcasedetails": 52,
        "getcasedocuments": 53,
        "createcase": 54,
        "addcasenotes": 55,
        "updateexternalid": 56,
        "updatecustomer": 57,
        "updatecase": 11,
    }
)
WRITING = frozenset({"createcase", "addcasenotes", "updateexternalid", "updatecustomer", "updatecase"})

# The parameter whose value is signed beside date and secret; the first one present counts. Nothing for
# createcase and CaseId for updateexternalid are the vendor's own (DOC); CaseId and ExternalId were read in
# public code; ReportId for getreport, Id for updatecustomer and nothing for getcases are GUESSES.
LEGACY_EXTRA: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "token": (),
        "getreport": ("ReportId",),
        "getcases": (),
        "getcasedetails": ("CaseId", "ExternalId"),
        "getcasedocuments": ("CaseId", "ExternalId"),
        "createcase": (),
        "addcasenotes": ("CaseId", "ExternalId"),
        "updateexternalid": ("CaseId",),
        "updatecustomer": ("Id",),
        "updatecase": ("CaseId", "ExternalId"),
    }
)

# Which time a window inside a day compares, per report; reports not named here are cut by whole days.
ACTIVITY_TIMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cases": ("CaseStatusTouchTimes.LastUpdatedTime",),
        "correspondence": ("Correspondence.TimeSent",),
        "tasks": ("Task.TimeCreated", "Task.TimeCompleted"),
        "notes": ("CaseNote.TimeAdded",),
    }
)


@dataclass(frozen=True)
class Dialect:
    """The guesses that a test or a person may set otherwise.

    `csv_footer` is a template over `{rows}` (data rows; neither header nor footer counted) and `{delimiter}`.
    `iat_tolerance_seconds` bounds a token request's age and its lead alike. `wrong_db` answers of 200 with
    nothing are recorded for token and assumed for the other calls.
    """

    csv_footer: str = "Rows{delimiter}{rows}"
    csv_line_end: str = "\r\n"
    json_empty: str = ""
    iat_tolerance_seconds: int = 300
    token_seconds: int = 3600
    bad_token_status: int = 401
    bad_signature_status: int = 403
    prefixes: Mapping[str, int] = field(default_factory=lambda: PREFIXES)
    legacy_extra: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: LEGACY_EXTRA)
    activity_times: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: ACTIVITY_TIMES)
