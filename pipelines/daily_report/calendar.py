"""The calendar of the daily report: a bar a feed, cut into days or months, coloured by what is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import altair as alt

from pipelines.daily_report.drawing import draw, values
from pipelines.daily_report.figures import runs_of
from pipelines.day_status import SIGNS, WORST_LAST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pipelines.daily_report.figures import DayStatus, MonthStatus

STATUS_COLOURS = {status: sign.colour for status, sign in SIGNS.items()}
# A bar of verified days speaks for itself.
STATUS_MARKS = {status: "" if status == "verified" else sign.mark for status, sign in SIGNS.items()}
STATUS_INKS = {status: sign.ink for status, sign in SIGNS.items()}
ROOM_FOR_WORD = 70  # as long as "unverified" in these letters
ROOM_FOR_MARK = 6
ACROSS_WIDTH, ACROSS_THICK, ACROSS_LABEL = 565, 13, 150
DOWN_HEIGHT, DOWN_THICK, DOWN_LABEL = 728, 24, 52
MONTHS_A_YEAR = 12
FEW_MONTHS = 24  # up to which quarters are named, and not years


@dataclass(frozen=True)
class Run:
    """Neighbouring cells of one feed and status, `until` not among them."""

    feed: str
    status: str
    start: int
    until: int


@dataclass(frozen=True)
class Grid:
    """A calendar before it is drawn: `length` cells a feed, with names for some; steps are their widest."""

    runs: Sequence[Run]
    length: int
    names: Mapping[int, str]
    across_step: float
    down_step: float


def of_days(statuses: Sequence[DayStatus]) -> Grid:
    """Make a cell a day; the Mondays are named."""
    days = sorted({one.day for one in statuses})
    zero = days[0]
    runs = [
        Run(first.feed, first.status, (first.day - zero).days, (last.day - zero).days + 1)
        for first, last in runs_of(statuses)
    ]
    names = {number: f"{day.day} {day:%b}" for number, day in enumerate(days) if day.weekday() == 0}
    return Grid(runs, len(days), names, 6.2, 8)


def of_months(months: Sequence[MonthStatus]) -> Grid:
    """Make a cell a month, which has the worst status of its days."""
    worst: dict[tuple[str, int], str] = {}
    for one in months:
        key = one.feed, _number(one.month)
        worst[key] = max(worst.get(key, one.status), one.status, key=WORST_LAST.index)
    numbers = [number for _, number in worst]
    zero, length = min(numbers), max(numbers) - min(numbers) + 1
    runs = [
        Run(feed, status, cells[0] - zero, cells[-1] - zero + 1)
        for (feed, status, _), cells in _neighbours(worst)
    ]
    return Grid(runs, length, _month_names(zero, length), 23.5, 12)


def lying(grid: Grid, feeds: Sequence[str]) -> str:
    """Draw it with time running across, for paper and wide screens."""
    step = min(grid.across_step, ACROSS_WIDTH / grid.length)
    scale = alt.Scale(domain=[0, grid.length], nice=False)
    times = alt.Axis(
        values=list(grid.names), labelExpr=_names(grid), domain=False, grid=False, labelAlign="left"
    )
    level = alt.Axis(minExtent=ACROSS_LABEL, maxExtent=ACROSS_LABEL, labelLimit=ACROSS_LABEL, domain=False)
    rows = alt.Y("feed:N", sort=list(feeds), title=None, scale=_rows(), axis=level)
    runs = alt.Chart(_told(grid, step, has_words=True)).encode(
        x=alt.X("from:Q", title=None, scale=scale, axis=times), y=rows
    )
    bars = runs.mark_bar().encode(x2=alt.X2("until:Q"), color=_colour())
    cuts = alt.Chart(_cuts(grid)).mark_rule(color="#ffffff", strokeWidth=0.9).encode(x="at:Q")
    marks = runs.mark_text(fontWeight="bold").encode(x="middle:Q", text="mark:N", color=_ink())
    return draw(bars + cuts + marks, width=step * grid.length, height=ACROSS_THICK * len(feeds))


def standing(grid: Grid, feeds: Sequence[str]) -> str:
    """Draw it with time running down, for phones."""
    step = min(grid.down_step, DOWN_HEIGHT / grid.length)
    scale = alt.Scale(domain=[0, grid.length], nice=False, reverse=True)
    times = alt.Axis(
        values=list(grid.names),
        labelExpr=_names(grid),
        domain=False,
        grid=False,
        labelAlign="right",
        labelBaseline="top",
        minExtent=DOWN_LABEL,
        maxExtent=DOWN_LABEL,
    )
    slanted = alt.Axis(orient="top", labelAngle=-50, labelAlign="left", labelLimit=200, domain=False)
    columns = alt.X("feed:N", sort=list(feeds), title=None, scale=_rows(), axis=slanted)
    runs = alt.Chart(_told(grid, step, has_words=False)).encode(
        x=columns, y=alt.Y("from:Q", title=None, scale=scale, axis=times)
    )
    bars = runs.mark_bar().encode(y2=alt.Y2("until:Q"), color=_colour())
    cuts = alt.Chart(_cuts(grid)).mark_rule(color="#ffffff", strokeWidth=0.9).encode(y="at:Q")
    marks = runs.mark_text(fontWeight="bold").encode(y="middle:Q", text="mark:N", color=_ink())
    return draw(bars + cuts + marks, width=DOWN_THICK * len(feeds), height=step * grid.length)


def _number(month: date) -> int:
    return month.year * MONTHS_A_YEAR + month.month - 1


def _neighbours(worst: Mapping[tuple[str, int], str]) -> list[tuple[tuple[str, str, int], list[int]]]:
    """Put a feed's neighbouring months of one status together."""
    ordered = enumerate(sorted((feed, number, status) for (feed, number), status in worst.items()))
    groups = groupby(ordered, key=lambda one: (one[1][0], one[1][2], one[1][1] - one[0]))
    return [(key, [number for _, (_, number, _) in members]) for key, members in groups]


def _month_names(zero: int, length: int) -> dict[int, str]:
    """Name every third month of a short calendar, and the Januaries of a long one by their year."""
    if length > FEW_MONTHS:
        return {
            cell: str((zero + cell) // 12) for cell in range(length) if (zero + cell) % MONTHS_A_YEAR == 0
        }
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return {
        cell: f"{months[(zero + cell) % MONTHS_A_YEAR]} {(zero + cell) // MONTHS_A_YEAR}"
        for cell in range(0, length, 3)
    }


def _rows() -> alt.Scale:
    return alt.Scale(paddingInner=0.14, paddingOuter=0)


def _names(grid: Grid) -> str:
    """Name cells, which are numbers on this axis, since a bar has a beginning and an end."""
    return f"{json.dumps({str(cell): name for cell, name in grid.names.items()})}[datum.value]"


def _cuts(grid: Grid) -> alt.InlineData:
    return values([{"at": number} for number in range(1, grid.length)])


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(STATUS_COLOURS), range=list(STATUS_COLOURS.values()))
    return alt.Color("status:N", legend=None, scale=scale)


def _ink() -> alt.Color:
    scale = alt.Scale(domain=list(STATUS_INKS), range=list(STATUS_INKS.values()))
    return alt.Color("status:N", legend=None, scale=scale)


def _told(grid: Grid, step: float, *, has_words: bool) -> alt.InlineData:
    return values([_cell(run, step, has_words=has_words) for run in grid.runs])


def _cell(run: Run, step: float, *, has_words: bool) -> dict[str, object]:
    """Tell a run for the chart, with the word for it where there is room and a sign where there is less."""
    room = (run.until - run.start) * step
    is_word = has_words and room > ROOM_FOR_WORD and run.status != "verified"
    return {
        "feed": run.feed,
        "status": run.status,
        "from": run.start,
        "until": run.until,
        "middle": (run.start + run.until) / 2,
        "mark": run.status if is_word else STATUS_MARKS[run.status] if room >= ROOM_FOR_MARK else "",
    }
