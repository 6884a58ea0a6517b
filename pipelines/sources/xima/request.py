"""What Xima is asked: a report's configured parameters as JSON text, with the day in the timeframe alone.

The text is made once for a request: only the very same bytes collect a result that came too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipelines.errors import SettingsError
from pipelines.sources.xima.dialect import FORMAT, TIMEFRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.days import ReportDay
    from pipelines.settings import Parameter


def window_of(day: ReportDay) -> tuple[str, str]:
    """Write a day's first and last millisecond, each with the London offset of its own hour.

    Such as `2026-10-25T00:00:00.000+01:00` and `2026-10-25T23:59:59.999+00:00`.
    """
    first, last = day.local_bounds
    return first.isoformat(timespec="milliseconds"), last.isoformat(timespec="milliseconds")


def find_timeframe(name: str, parameters: Sequence[Parameter]) -> int:
    """Return the place of the parameter that carries the day; raise SettingsError unless there is one."""
    places = [place for place, one in enumerate(parameters) if one.get("valueType") == TIMEFRAME]
    has_value = [isinstance(parameters[place].get("value"), dict) for place in places]
    if has_value != [True]:
        raise SettingsError(
            f"the parameters of report {name!r} cannot carry the day",
            why=f"{len(places)} of them are of the valueType {TIMEFRAME}, {sum(has_value)} with a value",
            todo="give it exactly one in CASEHOUSE_XIMA_PARAMETERS, as the report's Request Details show it",
        )
    return places[0]


def write_request(name: str, parameters: Sequence[Parameter], day: ReportDay) -> bytes:
    """Return the request of a feed's report for a day; all but the timeframe's start and end is left as set.

    Raises SettingsError unless exactly one parameter is a timeframe.
    """
    place = find_timeframe(name, parameters)
    first, last = window_of(day)
    asked = list(parameters)
    asked[place] = asked[place] | {"value": asked[place]["value"] | {"start": first, "end": last}}
    return msgspec.json.encode({"format": FORMAT, "parameters": asked})
