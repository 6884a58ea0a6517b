"""What a call asks for: the body's format and parameters, read as strictly as a server would.

Parameters are known by name; the value's own type repeats valueType (SEED). A wrong body is Malformed; agents
and skills that exist but may not be seen are Forbidden (SEED), those that do not exist are Malformed (GUESS).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.days import LONDON
from pipelines.demonstration import XIMA_AGENTS
from pipelines.sandbox.xima.centre import lines
from pipelines.sandbox.xima.centre.times import Span, milliseconds
from pipelines.sandbox.xima.reports import ROWS, SKILLS, TIMEFRAME, VALUE_TYPES, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")


class Malformed(ValueError):
    """A body that cannot be served; the text names the member, never its value."""


class Forbidden(Exception):
    """An agent or a skill that the service user may not see."""


@dataclass(frozen=True)
class Timeframe:
    """From when until when; the end is inclusive to its millisecond (GUESS). `echo` is how it comes back."""

    start: datetime
    end: datetime
    echo: Mapping[str, str]

    @property
    def span(self) -> Span:
        """The instants it holds."""
        return Span(milliseconds(self.start), milliseconds(self.end) + 1)


@dataclass(frozen=True)
class Asked:
    """The parameters of a report; `agents` and `skills` None when they do not narrow it."""

    timeframe: Timeframe
    agents: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None


def read_body(body: bytes) -> tuple[object, list[Mapping[str, Any]]]:
    """Return the format asked for and the parameters as they stand in the body; raise Malformed."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("The request body is not JSON.") from None
    if not isinstance(read, dict):
        raise Malformed("The request body is not an object.")
    parameters = read.get("parameters")
    if not isinstance(parameters, list) or not all(isinstance(item, dict) for item in parameters):
        raise Malformed("parameters is not a list of objects.")
    return read.get("format"), parameters


def read_asked(report: Report, kind: object, parameters: Sequence[Mapping[str, Any]], longest: int) -> Asked:
    """Read what a report is asked for, a timeframe of at most `longest` days; raise Malformed or Forbidden.

    Formats other than json exist, but their names and bytes are not known: they are refused (GUESS).
    """
    if kind != "json":
        raise Malformed("format is missing." if kind is None else "format is not json.")
    values: dict[str, Mapping[str, Any]] = {}
    for parameter in parameters:
        name, value = _read_parameter(parameter)
        if name in values:
            raise Malformed(f"{name} stands twice.")
        values[name] = value
    missing = [name for name in report.needs if name not in values]
    if missing:
        raise Malformed(f"{missing[0]} is missing.")
    timeframe = read_timeframe(values[TIMEFRAME])
    if timeframe.end - timeframe.start > timedelta(days=longest):
        raise Malformed(f"The timeframe is longer than {longest} days.")
    return Asked(
        timeframe,
        _keys(ROWS, values, "pbxUsers", XIMA_AGENTS, lines.UNSEEN_AGENTS),
        _keys(SKILLS, values, "skills", lines.SKILLS, lines.UNSEEN_SKILLS),
    )


def _read_parameter(parameter: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    name, value = parameter.get("name"), parameter.get("value")
    if not isinstance(name, str) or name not in VALUE_TYPES:
        raise Malformed("A parameter's name is not one of the report's.")
    kind = VALUE_TYPES[name]
    if parameter.get("valueType") != kind:
        raise Malformed(f"{name} needs the valueType {kind}.")
    if not isinstance(value, dict) or value.get("type") != kind:
        raise Malformed(f"{name} needs a value of the type {kind}.")
    return name, value


def read_timeframe(value: Mapping[str, Any]) -> Timeframe:
    """Read start and end: ISO with an offset, milliseconds or none (SEED); raise Malformed."""
    (start, first), (end, last) = _moment(value, "start"), _moment(value, "end")
    if end < start:
        raise Malformed("The timeframe ends before it starts.")
    return Timeframe(start, end, {"type": VALUE_TYPES[TIMEFRAME], "start": first, "end": last})


def _moment(value: Mapping[str, Any], bound: str) -> tuple[datetime, str]:
    """Return a bound of the timeframe, and its echo: milliseconds dropped, offset kept (SEED)."""
    text = value.get(bound)
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - one way out for a wrong form and an impossible date
        moment = datetime.fromisoformat(match[0])
        moment.astimezone(LONDON)  # at the calendar's ends there may be no such time
    except (ValueError, OverflowError):
        raise Malformed(f"The timeframe's {bound} is no date and time with an offset.") from None
    return moment, f"{match[1]}{match[3]}"


def _keys(
    name: str,
    values: Mapping[str, Mapping[str, Any]],
    member: str,
    known: Sequence[str],
    unseen: Sequence[str],
) -> tuple[str, ...] | None:
    """Read a list of `{"key": ...}` (SEED for agents, GUESS for skills); each counts once."""
    if name not in values:
        return None
    items = values[name].get(member)
    if not isinstance(items, list) or not items:
        raise Malformed(f"{name} needs {member}.")
    keys = [str(item.get("key")) if isinstance(item, dict) else "" for item in items]
    for key in keys:
        if key in unseen:
            raise Forbidden(f"{name} names one that the service user may not see.")
        if key not in known:
            raise Malformed(f"{name} names one that does not exist.")
    return tuple(dict.fromkeys(keys))
