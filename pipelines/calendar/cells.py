"""The cells of the page: one for each feed and day that is expected, from the catalogue and the revisions.

Nothing here words, draws or encodes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.day_status import COMPLETE
from pipelines.days import ReportDay
from pipelines.errors import Permanent
from pipelines.revisions import held_back, read_revisions
from pipelines.warehouse import catalogue_path, run_queries
from pipelines.warehouse.statements import sections

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pipelines.lake import Lake
    from pipelines.revisions import Revision


@dataclass(frozen=True)
class Repulls:
    """What is known of days that were asked for again, by feed.

    `revisions` gives a feed's revisions by day, the oldest first; `held` the days whose last re-pull was held
    back and that still wait for somebody.
    """

    revisions: Callable[[str], Mapping[ReportDay, Sequence[Revision]]]
    held: Callable[[str], Collection[ReportDay]]


def repulls_of(lake: Lake) -> Repulls:
    """Read what stands beside a lake's days."""
    return Repulls(partial(read_revisions, lake.root), partial(held_back, lake.root))


@dataclass(frozen=True, slots=True)
class Cell:
    """One feed's one day. What a receipt proves is None where there is none; so is a failure.

    `recorded` is the status that the catalogue gives; `body` the first digits of the answer's digest.
    """

    feed: str
    day: date
    recorded: str
    origin: str | None = None
    window_from: str | None = None
    window_until: str | None = None
    source_total: int | None = None
    rows_good: int | None = None
    rows_quarantined: int | None = None
    body: str | None = None
    contract: str | None = None
    version: str | None = None
    kind: str | None = None
    message: str | None = None
    attempted_at: datetime | None = None
    revisions: Sequence[Revision] = ()
    is_held: bool = False

    @property
    def status(self) -> str:
        """The status as it is shown: whatever weighs more than that the day was revised comes first."""
        if self.is_held and self.recorded in COMPLETE:
            return "held"
        is_revised = any(not one.kept for one in self.revisions)
        return "revised" if is_revised and self.recorded == "verified" else self.recorded

    @property
    def is_loaded(self) -> bool:
        """Whether there is a receipt."""
        return self.body is not None


@dataclass(frozen=True)
class Calendar:
    """Every feed's cells from `since` to `until`, without a gap, the oldest first.

    `unused` names the sources of which no day was ever asked for: their feeds are left out, unless there are
    no others. `changed_at` is when the catalogue, which all this is read from, last changed.
    """

    since: date
    until: date
    changed_at: datetime
    feeds: Mapping[str, Sequence[Cell]]
    unused: Sequence[str] = ()

    @property
    def cells(self) -> Iterable[Cell]:
        """All of them."""
        return (cell for cells in self.feeds.values() for cell in cells)


def read_calendar(lake: Lake, repulls: Repulls | None = None) -> Calendar:
    """Ask the catalogue for every feed and day; raise Permanent when there is none or it expects no day.

    `repulls`: what to go by instead of the lake's own record.
    """
    repulls = repulls or repulls_of(lake)
    told = run_queries(lake, sections("calendar"), {})
    since, until = told["span"].row(0)
    if since > until:
        raise Permanent(
            "there is no day to show yet",
            why=f"the first report day, {since}, is after the last, {until}",
            todo="set CASEHOUSE_START_DATE to an earlier day, then run `casehouse rebuild`",
        )
    feeds = {
        feed: _cells_of(members, repulls.revisions(feed), repulls.held(feed))
        for feed, members in groupby(told["cells"].iter_rows(), key=lambda row: row[0])
    }
    used, unused = _used(feeds)
    changed = catalogue_path(lake).stat().st_mtime
    return Calendar(since, until, datetime.fromtimestamp(changed, UTC), used, unused)


def _cells_of(
    rows: Iterable[tuple[Any, ...]],
    revisions: Mapping[ReportDay, Sequence[Revision]],
    held: Collection[ReportDay],
) -> list[Cell]:
    days = ((row, ReportDay(row[1])) for row in rows)
    return [Cell(*(*row, revisions.get(day, ()), day in held)) for row, day in days]


def _used(feeds: Mapping[str, list[Cell]]) -> tuple[Mapping[str, list[Cell]], list[str]]:
    """Leave out sources that were never asked for: a council without one is not short of it every day."""
    sources = {feed.partition("/")[0] for feed in feeds}
    used = {
        feed.partition("/")[0]
        for feed, cells in feeds.items()
        if any(cell.recorded != "missing" for cell in cells)
    }
    if not used:
        return feeds, []
    return {feed: cells for feed, cells in feeds.items() if feed.partition("/")[0] in used}, sorted(
        sources - used
    )
