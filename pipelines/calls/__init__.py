"""The record of vendor calls: every try of every call, by feed and day, so that a failed one can be found.

Lines are written beside the call (book.py) and read back as a frame (reading.py). No address, parameter or
body stands in them. Which calls are made, and what their answers mean, is the sources' own.
"""

from pipelines.calls.book import CallBook, CallMade, concerning, concerning_no_day
from pipelines.calls.reading import SCHEMA, mark_made_good, read_calls

__all__ = [
    "SCHEMA",
    "CallBook",
    "CallMade",
    "concerning",
    "concerning_no_day",
    "mark_made_good",
    "read_calls",
]
