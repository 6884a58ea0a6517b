"""The calendar of the daily report: a bar a feed, cut into days, coloured by whether each day is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from pipelines.daily_report.drawing import INK, ORANGE, SOFT_BLUE, VERMILION, draw, values
from pipelines.daily_report.figures import runs_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pipelines.daily_report.figures import DayStatus

STATUS_COLOURS = {
    "verified": SOFT_BLUE,
    "quarantined": "#b9dbf1",
    "unverified": ORANGE,
    "failed": VERMILION,
    "missing": "#dde1e6",
}
STATUS_MARKS = {
    "verified": "",
    "quarantined": "\N{MIDDLE DOT}",
    "unverified": "?",
    "failed": "\N{MULTIPLICATION SIGN}",
    "missing": "\N{EN DASH}",
}
ROOM_FOR_WORD = 70  # as long as "unverified" in these letters
ACROSS_STEP, ACROSS_THICK, ACROSS_LABEL = 6.2, 13, 150
DOWN_STEP, DOWN_THICK, DOWN_LABEL = 8, 24, 44


def lying(statuses: Sequence[DayStatus], feeds: Sequence[str]) -> str:
    """Draw it with the days running across, for paper and wide screens."""
    days = _days(statuses)
    scale = alt.Scale(domain=[0, len(days)], nice=False)
    weeks = alt.Axis(**_weeks(days), labelAlign="left")
    level = alt.Axis(minExtent=ACROSS_LABEL, maxExtent=ACROSS_LABEL, labelLimit=ACROSS_LABEL, domain=False)
    rows = alt.Y("feed:N", sort=list(feeds), title=None, scale=_rows(), axis=level)
    runs = alt.Chart(_runs(statuses, days[0], ACROSS_STEP)).encode(
        x=alt.X("from:Q", title=None, scale=scale, axis=weeks), y=rows
    )
    bars = runs.mark_bar().encode(x2=alt.X2("until:Q"), color=_colour())
    cuts = alt.Chart(_cuts(days)).mark_rule(color="#ffffff", strokeWidth=0.9).encode(x="at:Q")
    marks = runs.mark_text(color=INK, fontWeight="bold").encode(x="middle:Q", text="mark:N")
    return draw(bars + cuts + marks, width=ACROSS_STEP * len(days), height=ACROSS_THICK * len(feeds))


def standing(statuses: Sequence[DayStatus], feeds: Sequence[str]) -> str:
    """Draw it with the days running down, for phones."""
    days = _days(statuses)
    scale = alt.Scale(domain=[0, len(days)], nice=False, reverse=True)
    weeks = alt.Axis(
        **_weeks(days), labelAlign="right", labelBaseline="top", minExtent=DOWN_LABEL, maxExtent=DOWN_LABEL
    )
    slanted = alt.Axis(orient="top", labelAngle=-50, labelAlign="left", labelLimit=200, domain=False)
    columns = alt.X("feed:N", sort=list(feeds), title=None, scale=_rows(), axis=slanted)
    runs = alt.Chart(_runs(statuses, days[0], 0)).encode(
        x=columns, y=alt.Y("from:Q", title=None, scale=scale, axis=weeks)
    )
    bars = runs.mark_bar().encode(y2=alt.Y2("until:Q"), color=_colour())
    cuts = alt.Chart(_cuts(days)).mark_rule(color="#ffffff", strokeWidth=0.9).encode(y="at:Q")
    marks = runs.mark_text(color=INK, fontWeight="bold").encode(y="middle:Q", text="mark:N")
    return draw(bars + cuts + marks, width=DOWN_THICK * len(feeds), height=DOWN_STEP * len(days))


def _rows() -> alt.Scale:
    return alt.Scale(paddingInner=0.14, paddingOuter=0)


def _days(statuses: Sequence[DayStatus]) -> list[date]:
    return sorted({one.day for one in statuses})


def _weeks(days: Sequence[date]) -> dict[str, Any]:
    """Name the Mondays; days are numbers on this axis, since a bar has a beginning and an end."""
    return {
        "values": [number for number, day in enumerate(days) if day.weekday() == 0],
        "labelExpr": f"utcFormat(time(toDate('{days[0]}')) + datum.value * 864e5, '%-d %b')",
        "domain": False,
        "grid": False,
    }


def _cuts(days: Sequence[date]) -> alt.InlineData:
    return values([{"at": number} for number in range(1, len(days))])


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(STATUS_COLOURS), range=list(STATUS_COLOURS.values()))
    return alt.Color("status:N", legend=None, scale=scale)


def _runs(statuses: Sequence[DayStatus], zero: date, step: float) -> alt.InlineData:
    return values([_run(run, zero, step) for run in runs_of(statuses)])


def _run(run: tuple[DayStatus, DayStatus], zero: date, step: float) -> dict[str, Any]:
    """Tell a run for the calendar, with the word for it where there is room and a sign where there is not."""
    start, end = (run[0].day - zero).days, (run[1].day - zero).days + 1
    status = run[0].status
    has_room = (end - start) * step > ROOM_FOR_WORD and status != "verified"
    return {
        "feed": run[0].feed,
        "status": status,
        "from": start,
        "until": end,
        "middle": (start + end) / 2,
        "mark": status if has_room else STATUS_MARKS[status],
    }
