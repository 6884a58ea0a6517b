"""Dialects: how a source spells days, times, truth and money. Data only; decode.py reads text by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The spellings one source uses in its cells.

    `time_length` and `date_length` are exact lengths in bytes: they keep a lenient parser from taking
    `2021-2-5`, or a time with a zone nobody told us about, for what the source is known to write.
    """

    date_format: str
    date_length: int
    time_format: str
    time_length: int
    time_zone: str
    true: str
    false: str


# Spellings recorded from a live server (protocol notes: CODE/live). That the stamps, which carry no zone, are
# UK wall-clock time is a GUESS.
ICASEWORK = Dialect(
    date_format="%Y-%m-%d",
    date_length=10,
    time_format="%Y-%m-%dT%H:%M:%S",
    time_length=19,
    time_zone="Europe/London",
    true="Yes",
    false="No",
)
