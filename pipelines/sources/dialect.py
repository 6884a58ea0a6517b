"""Dialects: how a source spells days, times, truth and money. Data only; decode.py reads text by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The spellings one source uses in its cells.

    `time_length` and `date_length` are exact lengths in bytes: they keep a lenient parser from taking
    `2021-2-5`, or a time with a zone nobody told us about, for what the source is known to write.
    `time_zone` is the one whose wall clock the stamps show; None where each stamp ends in its own offset.
    """

    date_format: str
    date_length: int
    time_format: str
    time_length: int
    time_zone: str | None
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

# Only the stamps are used: dates and truth have not been seen in a report. That a call's or session's times
# are text written as the report echoes its own timeframe is a GUESS (protocol notes: the echo is SEED).
XIMA = Dialect(
    date_format="%Y-%m-%d",
    date_length=10,
    time_format="%Y-%m-%dT%H:%M:%S%:z",
    time_length=25,
    time_zone=None,
    true="true",
    false="false",
)

# Recorded from clients of live servers (protocol notes: CODE); "t" and "f" are what one sends, that they also
# come back so is a GUESS. The longer tail that last_updated may have is cut off by the source.
TASCOMI = Dialect(
    date_format="%Y-%m-%d",
    date_length=10,
    time_format="%Y-%m-%d %H:%M:%S",
    time_length=19,
    time_zone="Europe/London",
    true="t",
    false="f",
)
