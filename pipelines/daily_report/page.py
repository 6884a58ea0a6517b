"""The page: figures, sentences and charts put into the template and written as one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.daily_report import calendar, charts, drawing, sentences
from pipelines.daily_report.figures import CALLS, CASES, NOT_LOADED, read_figures
from pipelines.html_pages import open_templates
from pipelines.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pipelines.daily_report.figures import CallDay, CaseDay, Figures, MonthStatus
    from pipelines.days import ReportDay
    from pipelines.lake import Lake

TEMPLATES = Path(__file__).parent
MOST_GAPS = 6
NONE = "\N{EN DASH}"
BACKLOG_NAMES = {
    "overdue": "Past the target date",
    "due_soon": "Due within seven days",
    "due_later": "Due later",
    "no_target": "Answered, waiting to be closed: no target date",
}
STATUS_NAMES = {
    "verified": "verified",
    "quarantined": "verified, some rows set aside",
    "unverified": "unverified",
    "failed": "failed",
    "missing": "missing",
}


@dataclass(frozen=True)
class Tile:
    """A number to see from afar, and what to hold it against."""

    name: str
    number: str
    note: str


@dataclass(frozen=True)
class Legend:
    """One colour of a chart, with its sign where it has one, in words."""

    colour: str
    name: str
    mark: str = ""
    ink: str = drawing.INK


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart; the first cell of each row is its name."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """One chart with its heading, its figures in words, its colours and its numbers.

    `reading` says how to read it where that does not go without saying.
    """

    key: str
    title: str
    told: str
    drawings: Sequence[str]
    legend: Sequence[Legend]
    table: Table
    reading: str = ""


def report_folder(lake: Lake) -> Path:
    """Where a lake's reports stand."""
    return lake.root / "reports"


def write_report(lake: Lake, day: ReportDay, folder: Path | None = None) -> Path:
    """Write the report of a day as `<day>.html` and return its path; the same catalogue gives the same bytes.

    Raises Permanent when there is no catalogue, it does not reach to this day, or the file cannot be written.
    """
    path = (folder or report_folder(lake)) / f"{day}.html"
    write_whole(path, page(read_figures(lake, day)).encode())
    return path


def page(figures: Figures) -> str:
    """Return the report as HTML."""
    is_complete, verdict = sentences.verdict(figures)
    gaps = sentences.gaps(figures)
    environment = open_templates(TEMPLATES)
    return environment.get_template("page.html.jinja").render(
        day=sentences.day_in_words(figures.day),
        is_complete=is_complete,
        verdict=verdict,
        is_invented=any(origin.startswith("sandbox") for origin in figures.origins.values()),
        origins=figures.origins,
        tiles=_tiles(figures),
        sections=[_volumes(figures), _open(figures), _backlog(figures), _calls(figures)],
        calendar=_calendar(figures),
        months=_months(figures) if figures.months else None,
        gaps=gaps[:MOST_GAPS],
        gaps_untold=max(len(gaps) - MOST_GAPS, 0),
    )


def _tiles(figures: Figures) -> list[Tile]:
    cases = _loaded(figures.case_days)
    calls = _loaded(figures.call_days)
    return [*_case_tiles(figures, cases), *_call_tiles(figures, calls)]


def _loaded(days: Sequence[sentences.Day]) -> sentences.Day | None:
    return days[-1] if days and days[-1].is_loaded else None


def _case_tiles(figures: Figures, today: CaseDay | None) -> list[Tile]:
    names = ("Cases received", "Cases closed", "Cases open", "Past target")
    if today is None:
        return [Tile(name, NONE, f"{CASES} is not loaded") for name in names]
    before = sentences.weekday_plural(today.day)
    received = sentences.usual(figures.case_days, lambda one: one.received)
    closed = sentences.usual(figures.case_days, lambda one: one.closed)
    overdue = sum(row.overdue for row in figures.backlog)
    total = sum(row.total for row in figures.backlog)
    return [
        Tile(names[0], f"{today.received:,}", _against(before, received)),
        Tile(names[1], f"{today.closed:,}", _against(before, closed)),
        Tile(names[2], f"{today.still_open:,}", "at close of day"),
        Tile(names[3], f"{overdue:,}", f"{sentences.share(overdue, total)} of open cases"),
    ]


def _call_tiles(figures: Figures, today: CallDay | None) -> list[Tile]:
    names = ("Calls in", "Answered in 20 s")
    if today is None:
        return [Tile(name, NONE, f"{CALLS} is not loaded") for name in names]
    before = sentences.weekday_plural(today.day)
    usual = sentences.usual(figures.call_days, lambda one: one.calls_in)
    level = sentences.share(today.answered_in_time, today.calls_in)
    abandoned = sentences.share(today.abandoned, today.calls_in)
    return [
        Tile(names[0], f"{today.calls_in:,}", _against(before, usual)),
        Tile(names[1], level, f"{abandoned} given up"),
    ]


def _against(weekdays: str, usual: int | None) -> str:
    return "" if usual is None else f"{weekdays} before: {usual:,}"


def _volumes(figures: Figures) -> Section:
    days = figures.case_days
    return Section(
        "volumes",
        "Cases received and closed, by day",
        sentences.volumes(figures),
        [charts.received_and_closed(days)] if _any_loaded(days) else [],
        [Legend(drawing.DARK_BLUE, "received"), Legend(drawing.ORANGE, "closed"), *_bands(days)],
        Table(
            ("Day", "Received", "Closed"),
            [(_short(one), *_counts(one, one.received, one.closed)) for one in days],
        ),
    )


def _open(figures: Figures) -> Section:
    days = figures.case_days
    return Section(
        "open",
        "Cases open at the end of each day",
        sentences.still_open(figures),
        [charts.still_open(days)] if _any_loaded(days) else [],
        [Legend(drawing.DARK_BLUE, "open cases"), *_bands(days)],
        Table(("Day", "Open"), [(_short(one), *_counts(one, one.still_open)) for one in days]),
    )


def _backlog(figures: Figures) -> Section:
    rows = figures.backlog if _loaded(figures.case_days) else []
    return Section(
        "backlog",
        "Open cases against their target date, by type",
        sentences.backlog(figures),
        [charts.backlog(rows)] if rows else [],
        [Legend(charts.BACKLOG_COLOURS[part], name.partition(":")[0]) for part, name in BACKLOG_NAMES.items()]
        if rows
        else [],
        Table(
            ("Case type", *BACKLOG_NAMES.values(), "All"),
            [
                (row.case_type, *(f"{getattr(row, part):,}" for part in BACKLOG_NAMES), f"{row.total:,}")
                for row in rows
            ],
        ),
    )


def _calls(figures: Figures) -> Section:
    hours = figures.half_hours if _loaded(figures.call_days) else []
    drawings = [charts.calls_by_half_hour(hours), charts.service_level(hours)] if hours else []
    return Section(
        "calls",
        "Calls in, by half hour",
        sentences.calls(figures),
        drawings,
        [
            Legend(drawing.LIGHT_BLUE, "answered"),
            Legend(drawing.VERMILION, "caller gave up"),
            *([Legend(drawing.GREY, "ended otherwise")] if any(one.ended_otherwise for one in hours) else []),
            Legend(drawing.SOFT_BLUE, "share answered within 20 s"),
        ]
        if hours
        else [],
        Table(
            ("Half hour from", "Calls in", "Answered", "Given up", "Within 20 s", "Share"),
            [
                (
                    one.begins,
                    f"{one.calls_in:,}",
                    f"{one.answered:,}",
                    f"{one.abandoned:,}",
                    f"{one.answered_in_time:,}",
                    sentences.share(one.answered_in_time, one.calls_in),
                )
                for one in hours
            ],
        ),
    )


def _calendar(figures: Figures) -> Section:
    statuses, feeds = figures.statuses, figures.feeds
    found = {one.status for one in statuses}
    by_feed = {feed: [one.status for one in figures.of_feed(feed)] for feed in feeds}
    return Section(
        "calendar",
        "Is everything there? Every feed, every day",
        sentences.completeness(figures),
        _both_ways(calendar.of_days(statuses), feeds) if feeds else [],
        _statuses(found),
        Table(
            ("Feed, days", *(name for status, name in STATUS_NAMES.items() if status in found)),
            [
                (feed, *(f"{days.count(status):,}" for status in STATUS_NAMES if status in found))
                for feed, days in by_feed.items()
            ],
        ),
    )


def _months(figures: Figures) -> Section:
    feeds = figures.feeds
    grid = calendar.of_months(figures.months)
    years = sorted({one.month.year for one in figures.months})
    first = min(one.month for one in figures.months)
    return Section(
        "months",
        f"Every feed, every month since {first:%B} {first.year}",
        sentences.months(figures),
        _both_ways(grid, feeds),
        _statuses({run.status for run in grid.runs}),
        Table(
            ("Feed, complete days of", *map(str, years)),
            [(feed, *(_of_year(figures.months, feed, year) for year in years)) for feed in feeds],
        ),
        "Each month by its worst day:",
    )


def _of_year(months: Sequence[MonthStatus], feed: str, year: int) -> str:
    of_year = [one for one in months if (one.feed, one.month.year) == (feed, year)]
    complete = sum(one.days for one in of_year if one.status in sentences.COMPLETE)
    return f"{complete:,} of {sum(one.days for one in of_year):,}"


def _both_ways(grid: calendar.Grid, feeds: Sequence[str]) -> list[str]:
    return [calendar.lying(grid, feeds), calendar.standing(grid, feeds)]


def _statuses(found: Collection[str]) -> list[Legend]:
    return [
        Legend(
            calendar.STATUS_COLOURS[status],
            name,
            calendar.STATUS_MARKS[status],
            calendar.STATUS_INKS[status],
        )
        for status, name in STATUS_NAMES.items()
        if status in found
    ]


def _any_loaded(days: Sequence[CaseDay]) -> bool:
    return any(one.is_loaded for one in days)


def _bands(days: Sequence[CaseDay]) -> list[Legend]:
    bands = []
    if any(one.status in NOT_LOADED for one in days):
        bands.append(Legend(charts.ABSENT, "not loaded"))
    if any(one.status == "unverified" for one in days):
        bands.append(Legend(charts.UNPROVED, "unverified"))
    return bands


def _short(one: CaseDay) -> str:
    return f"{one.day:%a} {one.day.day} {one.day:%b}"


def _counts(one: CaseDay, *numbers: int) -> list[str]:
    """Write numbers, or that there are none because the day is not loaded."""
    mark = " (unverified)" if one.status == "unverified" else ""
    return [f"{number:,}{mark}" if one.is_loaded else "not loaded" for number in numbers]
