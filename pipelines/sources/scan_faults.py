"""What polars' complaint about a scanned body means, told without its own words, which hold cell values.

A scan is lazy, so a body's faults surface wherever its frame is collected; whoever collects tells them by
this. Which error of the product a fault is stays with the caller.
"""

from __future__ import annotations

import os
import re

# Parts of polars' messages, in the order they are looked for. A message that is none of these is told by its
# class alone: a later polars that words it otherwise loses us the reason, never the failure.
_FAULTS = (
    ("found more fields than defined", "a row has more fields than the header"),
    ("n_extra", "the first row has more fields than the header"),
    ("n_missing", "the first row has fewer fields than the header"),
    ("invalid utf-8", "a cell is not UTF-8 text"),
    ("could not parse `", "a cell's quotes do not pair up"),
    ("CSV malformed", "a cell's quotes do not pair up"),
)

# Where polars meets a full disk it says so in the end of a message, and not as an OSError.
_REFUSED = re.compile(r"IO error: [^`]*\(os error (?P<number>\d+)\)")


def refusal(error: Exception) -> OSError | None:
    """Return the operating system's own refusal where polars only tells of it, such as a full disk."""
    found = _REFUSED.search(str(error))
    return OSError(int(found["number"]), os.strerror(int(found["number"]))) if found else None


def tell_fault(error: Exception) -> str:
    """Return what is wrong with the body, free of its contents."""
    words = str(error)
    known = (fault for part, fault in _FAULTS if part in words)
    return next(known, f"it does not parse ({type(error).__name__})")
