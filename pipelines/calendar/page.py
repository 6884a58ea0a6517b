"""The page: cells, words and tables put into the template and written as one file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.calendar import gaps
from pipelines.calendar.cells import read_calendar
from pipelines.calendar.packed import digests, pack
from pipelines.daily_report import report_folder
from pipelines.daily_report.sentences import listed
from pipelines.day_status import SIGNS
from pipelines.days import LONDON
from pipelines.html_pages import open_templates
from pipelines.whole_files import write_whole

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.calendar.cells import Calendar
    from pipelines.lake import Lake

ROOM = Path(__file__).parent
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def calendar_path(lake: Lake) -> Path:
    """Where a lake's completeness page stands."""
    return report_folder(lake) / "calendar.html"


def write_calendar(lake: Lake, now: datetime, path: Path | None = None) -> Path:
    """Write the page and return its path; the same but for `now` while catalogue and revisions are the same.

    Raises Permanent when there is no catalogue, it expects no day, or the file cannot be written.
    """
    target = path or calendar_path(lake)
    write_whole(target, page(read_calendar(lake), now).encode())
    return target


def page(calendar: Calendar, now: datetime) -> str:
    """Return the page as HTML, written at the aware instant `now`."""
    environment = open_templates(ROOM)
    style, script = _style(), (ROOM / "page.js").read_text(encoding="utf-8")
    is_complete, verdict = gaps.verdict(calendar)
    all_years, by_year = gaps.years(calendar)
    return environment.get_template("page.html.jinja").render(
        policy=f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:",
        style=style,
        script=script,
        written_at=in_words(now),
        changed_at=in_words(calendar.changed_at),
        origins=sorted({cell.origin for cell in calendar.cells if cell.origin}),
        unused=listed(calendar.unused) if calendar.unused else "",
        is_complete=is_complete,
        verdict=verdict,
        troubles=gaps.troubles(calendar),
        signs=SIGNS,
        counts=gaps.by_status(calendar),
        years=all_years,
        by_year=by_year,
        months=MONTHS,
        by_month=gaps.months(calendar),
        packed=pack(calendar),
        digests=digests(calendar),
    )


def in_words(instant: datetime) -> str:
    """Such as 22 November 2026 14:05 GMT, by a London clock."""
    local = instant.astimezone(LONDON)
    return f"{local.day} {local:%B %Y %H:%M %Z}"


def _style() -> str:
    """Return the page's style, with the colours of statuses."""
    colours = "".join(
        f".s-{status}{{background:{sign.colour};color:{sign.ink}}}\n" for status, sign in SIGNS.items()
    )
    return (ROOM / "page.css").read_text(encoding="utf-8") + colours


def _digest(text: str) -> str:
    """Name a text as a content security policy does: nothing else may style the page or run in it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
