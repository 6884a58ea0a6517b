"""The guesses about Tascomi's wire that a person may turn: what no public source shows.

Recorded facts stand in the code that writes them, and so do the guesses that are behaviour rather than a
value; each is marked GUESS where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal


@dataclass(frozen=True)
class TascomiDialect:
    """The guesses that a test or a person may set otherwise.

    `page_size` is how many rows a page has. `nothing` is the body of a 202: the text null, or none at all.
    `escapes` is whether text comes back as HTML (CODE: it may). `refused` is the status of a write whose
    fields are wrong, `created` that of one that made a record. `zone` is the site's time zone (SEED).
    """

    page_size: int = 100
    nothing: Literal["null", ""] = "null"
    escapes: bool = True
    refused: HTTPStatus = HTTPStatus.BAD_REQUEST
    created: HTTPStatus = HTTPStatus.OK
    zone: str = "Europe/London"
