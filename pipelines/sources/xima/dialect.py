"""How Xima's wire is spelled: path, request, statuses, and every guess about its answers, in one place.

Each constant says where it was read. SEED is the vendor's own text, DOC its further documentation; a GUESS
was seen nowhere: when a council's server does otherwise, this is the file to mend. How cells are spelled
stands in sources/dialect.py.
"""

from __future__ import annotations

from http import HTTPStatus

# A report is run by POST to this path and its key, such as LT39K5C5 (SEED).
HISTORIC_DATA = "rest/api/v1/historic-data"

# The format asked for and the parameter whose start and end are the day (SEED). The end's millisecond belongs
# to the window: GUESS, from the vendor's own example, which ends at 23:59:59.000.
FORMAT = "json"
TIMEFRAME = "REPORT_TIMEFRAME"

# What says that the rows are in the answer (SEED for the word; no other was seen).
INCLUDED = "INCLUDED"

# Column formats (SEED). Of STRING and of formats never seen, a cell's value is taken as text. A DURATION is
# whole milliseconds, shown as H:MM:SS with the rest cut off (SEED, by arithmetic). An item of the summary
# calls its format NUMBER even where it is a duration (SEED), so that format is not looked at.
NUMBER = "NUMBER"
DURATION = "DURATION"

# Statuses have meanings of their own here. 202: the run timed out and its result is kept, so that the same
# request, byte for byte, collects it later (DOC; that every byte counts is a GUESS). 204: nothing, which is
# never an empty day (DOC for the status). 509: a bandwidth limit (DOC); like 429 and 5xx it may pass.
GOOD = frozenset({int(HTTPStatus.OK)})
UNFINISHED = frozenset({int(HTTPStatus.ACCEPTED)})
NOTHING = HTTPStatus.NO_CONTENT
REASONS = {
    int(HTTPStatus.ACCEPTED): "the run timed out and goes on",
    509: "Bandwidth Limit Exceeded",
}

# A request that no server can take for a report, by which a key is tried without running one: SEED has 400
# for malformed JSON; that the key is looked at before the body is a GUESS, and usual.
MALFORMED = b"{"
MALFORMED_IS_KNOWN = GOOD | UNFINISHED | {int(HTTPStatus.BAD_REQUEST)}
