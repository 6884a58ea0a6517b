"""The charts of the daily report: cases by day, the backlog, calls by half hour.

Each is made for the width of a phone, so that its letters are as large there as on paper. A day that is not
loaded is a grey band and a break in the line, never a bar of nought.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import altair as alt

from pipelines.daily_report.drawing import (
    DARK_BLUE,
    GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    SOFT_BLUE,
    VERMILION,
    draw,
    values,
)
from pipelines.daily_report.figures import NOT_LOADED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from pipelines.daily_report.figures import Backlog, CaseDay, HalfHour

ABSENT, UNPROVED = "#e9ebee", "#fbe9c8"

PLOT_WIDTH, LABEL_WIDTH = 308, 34
TYPE_WIDTH = 132
HEIGHT = 116
BACKLOG_STEP = 15
MOST_TYPES = 9
MOST_STEPS = 4  # between the numbers at an axis
OFFICE_HOURS = (16, 36)  # half hours from 08:00 to 18:00 are always shown

BACKLOG_COLOURS = {
    "overdue": VERMILION,
    "due_soon": ORANGE,
    "due_later": LIGHT_BLUE,
    "no_target": GREY,
}
_DAY_LABEL = "utcFormat(toDate(datum.value), '%-d %b')"


def received_and_closed(days: Sequence[CaseDay]) -> str:
    """Draw two bars a day."""
    loaded = [one for one in days if one.is_loaded]
    counts = [
        {"day": str(one.day), "what": what, "cases": count}
        for one in loaded
        for what, count in (("1 received", one.received), ("2 closed", one.closed))
    ]
    bars = (
        alt.Chart(values(counts))
        .mark_bar()
        .encode(
            x=_days(one.day for one in days),
            xOffset=alt.XOffset("what:N", scale=alt.Scale(paddingInner=0)),
            y=_amounts("cases:Q", (max(one.received, one.closed) for one in loaded)),
            color=alt.Color("what:N", legend=None, scale=alt.Scale(range=[DARK_BLUE, ORANGE])),
        )
    )
    return draw(_bands(days) + bars, width=PLOT_WIDTH, height=HEIGHT)


def still_open(days: Sequence[CaseDay]) -> str:
    """Draw the open cases at the end of each day as a line that breaks where a day is not loaded."""
    loaded = [one for one in days if one.is_loaded]
    counts = [{"day": str(one.day), "cases": one.still_open if one.is_loaded else None} for one in days]
    amounts = _amounts("cases:Q", (one.still_open for one in loaded))
    chart = alt.Chart(values(counts)).encode(x=_days(one.day for one in days), y=amounts)
    line = chart.mark_line(color=DARK_BLUE, strokeWidth=2, invalid="break-paths-show-domains")
    last = (
        alt.Chart(values([{"day": str(one.day), "cases": one.still_open} for one in loaded[-1:]]))
        .mark_point(color=DARK_BLUE, filled=True, size=40, opacity=1)
        .encode(x="day:O", y=amounts)
    )
    return draw(_bands(days) + line + last, width=PLOT_WIDTH, height=HEIGHT)


def backlog(rows: Sequence[Backlog]) -> str:
    """Draw a bar a case type, cut by how the cases stand to their target; the largest types first."""
    shown = folded(rows)
    parts = [
        {"type": row.case_type, "order": order, "part": part, "cases": getattr(row, part)}
        for row in shown
        for order, part in enumerate(BACKLOG_COLOURS)
    ]
    types = [row.case_type for row in shown]
    bars = (
        alt.Chart(values(parts))
        .mark_bar()
        .encode(
            y=alt.Y(
                "type:N",
                sort=types,
                title=None,
                axis=alt.Axis(labelLimit=TYPE_WIDTH - 6, minExtent=TYPE_WIDTH, maxExtent=TYPE_WIDTH),
                scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
            ),
            x=_amounts_across("cases:Q", max((row.total for row in shown), default=1)),
            order="order:Q",
            color=alt.Color(
                "part:N",
                legend=None,
                scale=alt.Scale(domain=list(BACKLOG_COLOURS), range=list(BACKLOG_COLOURS.values())),
            ),
        )
    )
    totals = (
        alt.Chart(values([{"type": row.case_type, "cases": row.total} for row in shown]))
        .mark_text(align="left", dx=3, color=INK)
        .encode(y=alt.Y("type:N", sort=types), x="cases:Q", text=alt.Text("cases:Q", format=",d"))
    )
    width = PLOT_WIDTH + LABEL_WIDTH - TYPE_WIDTH
    return draw(bars + totals, height=BACKLOG_STEP * max(len(shown), 1), width=width)


def folded(rows: Sequence[Backlog]) -> list[Backlog]:
    """Keep the largest types and put the rest together."""
    if len(rows) <= MOST_TYPES:
        return list(rows)
    kept, rest = list(rows[: MOST_TYPES - 1]), rows[MOST_TYPES - 1 :]
    sums = (sum(getattr(row, part) for row in rest) for part in BACKLOG_COLOURS)
    return [*kept, type(rows[0])(f"{len(rest)} other types", *sums)]


def calls_by_half_hour(hours: Sequence[HalfHour]) -> str:
    """Draw the calls of one day, those given up on top of those answered, what ended otherwise on both."""
    first, last = span_of(hours)
    parts = [
        {"hour": one.number, "part": part, "calls": count}
        for one in hours
        for part, count in (
            ("1 answered", one.answered),
            ("2 abandoned", one.abandoned),
            ("3 otherwise", one.ended_otherwise),
        )
    ]
    colours = alt.Scale(range=[LIGHT_BLUE, VERMILION, GREY])
    bars = (
        alt.Chart(values(parts))
        .mark_bar()
        .encode(
            x=_half_hours(first, last),
            y=_amounts("calls:Q", (one.calls_in for one in hours)),
            order="part:N",
            color=alt.Color("part:N", legend=None, scale=colours),
        )
    )
    return draw(bars, width=PLOT_WIDTH, height=HEIGHT - 36)


def service_level(hours: Sequence[HalfHour]) -> str:
    """Draw the share of each half hour's calls that were answered in time."""
    shares = [{"hour": one.number, "share": one.answered_in_time / one.calls_in} for one in hours]
    base = alt.Chart(values(shares)).encode(
        x=_half_hours(*span_of(hours)),
        y=alt.Y(
            "share:Q",
            title=None,
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.5, 1], minExtent=LABEL_WIDTH, maxExtent=LABEL_WIDTH),
        ),
    )
    # The tick shows that there were calls where none was answered in time.
    ticks = base.mark_tick(color=DARK_BLUE, thickness=2, bandSize=8)
    return draw(base.mark_bar(color=SOFT_BLUE) + ticks, width=PLOT_WIDTH, height=54)


def span_of(hours: Sequence[HalfHour]) -> tuple[int, int]:
    """Return the half hours to show: office hours, and more where calls came in."""
    numbers = [one.number for one in hours]
    return min([OFFICE_HOURS[0], *numbers]), max([OFFICE_HOURS[1] - 1, *numbers])


def _days(days: Iterable[date]) -> alt.X:
    every = list(days)
    mondays = [str(day) for day in every if day.weekday() == 0]
    return alt.X(
        "day:O",
        title=None,
        scale=alt.Scale(domain=[str(day) for day in every], paddingInner=0.2, paddingOuter=0.1),
        axis=alt.Axis(values=mondays, labelExpr=_DAY_LABEL, labelAngle=0, labelAlign="left", labelOffset=-4),
    )


def _half_hours(first: int, last: int) -> alt.X:
    every = list(range(first, last + 1))
    step = 4 if len(every) <= OFFICE_HOURS[1] else 8
    return alt.X(
        "hour:O",
        title=None,
        scale=alt.Scale(domain=every, paddingInner=0.15, paddingOuter=0.05),
        axis=alt.Axis(
            values=[number for number in every if number % step == 0],
            labelExpr="pad(floor(datum.value / 2), 2, '0', 'left') + ':00'",
            labelAngle=0,
        ),
    )


def ticks(largest: int) -> list[int]:
    """Return some three to five whole numbers from 0 on, of which the last is not under the largest."""
    step = 1
    for factor in cycle((2, 2.5, 2)):
        if step * MOST_STEPS >= largest:
            break
        step = int(step * factor)
    return list(range(0, max(largest, 1) + step, step))


def _amounts(field: str, shown: Iterable[int]) -> alt.Y:
    marks = ticks(max(shown, default=0))
    axis = alt.Axis(format=",d", values=marks, minExtent=LABEL_WIDTH, maxExtent=LABEL_WIDTH)
    return alt.Y(field, title=None, axis=axis, scale=alt.Scale(domain=[0, marks[-1]], nice=False))


def _amounts_across(field: str, largest: int) -> alt.X:
    end = largest * 1.15  # room to the right for the totals that stand at the bars' ends
    axis = alt.Axis(format=",d", values=[mark for mark in ticks(largest) if mark <= end])
    return alt.X(field, title=None, axis=axis, scale=alt.Scale(domain=[0, end], nice=False))


def _bands(days: Sequence[CaseDay]) -> alt.Chart:
    """Mark the days that are not loaded, and those whose figures are not proved."""
    marked = [
        {"day": str(one.day), "band": "absent" if one.status in NOT_LOADED else "unproved"}
        for one in days
        if one.status in NOT_LOADED or one.status == "unverified"
    ]
    colours = alt.Scale(domain=["absent", "unproved"], range=[ABSENT, UNPROVED])
    bands: alt.Chart = alt.Chart(values(marked)).mark_rect()
    return bands.encode(x=alt.X("day:O"), color=alt.Color("band:N", legend=None, scale=colours))
