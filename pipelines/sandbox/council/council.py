"""The council as the HTTP room asks it: reports by window, single cases, lists, documents.

What a case does is decided in `lives`, `plan` and their neighbours; here is only who is asked and up to when.

Cost, on one core of a small machine: at 40 cases a day a working day's reports have 230 cases, 110 letters,
275 tasks, 315 classifications and some 18 rows each of redress and corrective actions. A cases report takes
some 5 ms while its cases still have to be made and half of that afterwards, the others 1.5 to 2 ms; `prepare`
makes a year's cases in half a second. At 50,000 a day a cases report of 280,000 rows streams in some 20 s,
the others in 1 to 10 s.

Memory: 45 MB with nothing made, 80 MB with a year's cases at 40 a day, and some 125 MB when as many are kept
as ever will be, however large the council.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from pipelines.errors import Permanent, SettingsError
from pipelines.sandbox.council.callers import caller
from pipelines.sandbox.council.case_rows import opened, row
from pipelines.sandbox.council.intake import FIRST_CASE
from pipelines.sandbox.council.kinds import KINDS
from pipelines.sandbox.council.part_rows import WRITERS
from pipelines.sandbox.council.plan import Plan, World
from pipelines.sandbox.council.reports import BY_NAME, CASE_COLUMNS
from pipelines.sandbox.council.summary import PUBLIC_KINDS, documents, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.sandbox.council.callers import Caller
    from pipelines.sandbox.council.intake import Batch
    from pipelines.sandbox.council.kinds import Kind
    from pipelines.sandbox.council.summary import CaseSummary, Document

Rows = list[tuple[str, ...]]

FEWEST, MOST = 10, 50_000
OPENED = date(2025, 1, 1)
CHUNK = 1_000
A_YEAR = timedelta(days=365)
CALLERS_FROM_A_BATCH = 24
PREPARED_AT_ONCE = 20  # some 2 ms of work
ROOM_FOR_OTHERS = 1_024  # plans that calls may ask for meanwhile without pushing out prepared ones
CASES_SEARCHED = 100_000  # by customer: at forty cases a day almost seven years
SEARCHES_KEPT = 1_024
PLANS_KEPT = 16_384  # some 80 MB; at forty cases a day more than a year's cases


class Council:
    """One invented council. The same seed, dial and opening day give the same cases for ever.

    `cases_per_day` (10 to 50,000) is what comes in on an average working day. Methods may be called from
    several threads at once. Times are naive London wall-clock times.
    """

    def __init__(self, *, seed: int = 2026, cases_per_day: int = 40, opened: date = OPENED) -> None:
        if not FEWEST <= cases_per_day <= MOST:
            raise SettingsError(
                f"{cases_per_day} cases a day is out of range",
                todo=f"choose {FEWEST:,} to {MOST:,} cases a day",
            )
        self.opened = opened
        self._world = World(seed, cases_per_day, opened)
        self._plan = lru_cache(maxsize=PLANS_KEPT)(self._make)
        self._numbers_of = lru_cache(maxsize=SEARCHES_KEPT)(self._search)

    def report(
        self, name: str, first: date, last: date, *, as_of: datetime | None = None
    ) -> Iterator[list[tuple[str, ...]]]:
        """Yield a report's rows in chunks of up to a thousand, by case number and then id.

        Rows have activity from `first` to `last` and stand as they did at the end of `last`, or at `as_of`
        when that is earlier. Cells are wire text in the report's column order, "" where empty. An unknown
        name raises Permanent at once, not at the first chunk.
        """
        if name not in BY_NAME:
            raise Permanent(
                f"the council publishes no report {name!r}", todo=f"ask for one of {', '.join(BY_NAME)}"
            )
        return self._chunks(name, first, *_cut(last, as_of))

    def case(self, case_id: int, as_of: datetime) -> dict[str, str] | None:
        """Return the columns of one case as it stood at `as_of`, None when it did not exist yet."""
        found = self._find(case_id, as_of)
        return None if found is None else dict(zip(CASE_COLUMNS, row(*found), strict=True))

    def cases_received(
        self,
        first: date,
        last: date,
        as_of: datetime,
        case_type: str | None = None,
        *,
        public_kinds_only: bool = False,
    ) -> Iterator[CaseSummary]:
        """Yield the cases received in a window as they stood at `as_of`, newest first (CODE/live).

        `public_kinds_only` leaves out, without making them, the cases that are of no kind ever made public.
        """
        wanted = frozenset(kind.name for kind in KINDS if case_type in (None, kind.name))
        if public_kinds_only:
            wanted &= PUBLIC_KINDS
        if not wanted:
            return
        cutoff = _text(as_of)
        world = self._world
        for batch in reversed(world.intake.received(first, min(last, as_of.date()))):
            for place in range(batch.count - 1, -1, -1):
                if world.wheel.life(batch, place).kind.name not in wanted:
                    continue
                plan = self._plan(batch.first_case + place, batch)
                told = plan.told_by(cutoff)
                if told:
                    yield summarise(plan, told)

    def documents(self, case_id: int, as_of: datetime) -> list[Document]:
        """List the files a case held at `as_of`; none for a case that did not exist."""
        found = self._find(case_id, as_of)
        return [] if found is None else documents(*found)

    def find_external(self, external_id: str, as_of: datetime) -> list[int]:
        """Return the numbers of the cases with this ExternalId at `as_of`, oldest first."""
        numbers = [FIRST_CASE + ordinal for ordinal in self._world.register.opened_by(external_id)]
        found = [self._find(number, as_of) for number in numbers]
        return [
            match[0].case_id for match in found if match is not None and match[0].external_id == external_id
        ]

    def rows_of(self, name: str, case_id: int, as_of: datetime) -> Rows:
        """Return one case's rows in a report on cases with news, as they stood at `as_of`."""
        found = self._find(case_id, as_of)
        if found is None:
            return []
        plan, told = found
        return WRITERS[name](plan, told, told)

    def cases_of(self, reference: str, as_of: datetime) -> list[int]:
        """Return the numbers of a customer's cases at `as_of`, oldest first, among the newest CASES_SEARCHED.

        There is no index of customers: at forty cases a day a search of two years takes some 0.1 s.
        """
        return [
            number
            for number in self._numbers_of(reference, as_of.date())
            if self._find(number, as_of) is not None
        ]

    def callers(self, first: date, last: date) -> list[Caller]:
        """List who may ring about a case with news from `first` to `last`, by case number.

        Of the cases that came in together only the first few are looked at, however large the council.
        """
        plans = self._plans_with_news("cases", first, last, most=CALLERS_FROM_A_BATCH)
        return [found for plan in plans if (found := caller(plan)) is not None]

    def prepare(self, last: date) -> Iterator[int]:
        """Make the cases of the year before `last` ready to be reported; yield after each few how many are.

        The newest are made, as many as are kept; a caller that lets others in between is not in their way.
        """
        batches = self._world.intake.received(last - A_YEAR, last)
        made = 0
        for batch in reversed(batches):
            for place in range(batch.count - 1, -1, -1):
                opened(self._plan(batch.first_case + place, batch))
                made += 1
                if made % PREPARED_AT_ONCE == 0:
                    yield made
                if made >= PLANS_KEPT - ROOM_FOR_OTHERS:
                    return

    def _chunks(self, name: str, first: date, last: date, cutoff: str) -> Iterator[Rows]:
        write = WRITERS[name]
        begins = first.isoformat()
        chunk: Rows = []
        for plan in self._plans_with_news(name, first, last):
            before, told = plan.told_before(begins), plan.told_by(cutoff)
            if before < told:
                chunk += write(plan, before, told)
                if len(chunk) >= CHUNK:
                    yield chunk[:CHUNK]
                    chunk = chunk[CHUNK:]
        if chunk:
            yield chunk

    def _plans_with_news(
        self, name: str, first: date, last: date, *, most: int | None = None
    ) -> Iterator[Plan]:
        """Yield in order the plans that may have rows; those of a day cut short may turn out to have none.

        `most` bounds how many are taken of each batch.
        """
        first = max(first, self.opened)
        if last < first:
            return
        world = self._world
        start, end = world.workdays.number(first), world.workdays.number_after(last)
        for batch in world.intake.since(start - world.wheel.longest, last):
            ages = range(start - batch.base, end - batch.base)
            places = world.wheel.places(batch, name, ages, is_received=batch.day >= first)
            for place in islice(places, most):
                yield self._plan(batch.first_case + place, batch)

    def _search(self, reference: str, last: date) -> tuple[int, ...]:
        """Return a customer's cases that came in until the end of `last`, oldest first."""
        world = self._world
        newest = islice(self._newest(last), CASES_SEARCHED)
        return tuple(sorted(number for kind, number in newest if world.reference(kind, number) == reference))

    def _newest(self, last: date) -> Iterator[tuple[Kind, int]]:
        """Yield kind and number of the cases that came in until the end of `last`, the newest first."""
        for batch in reversed(self._world.intake.received(self.opened, last)):
            for place in range(batch.count - 1, -1, -1):
                yield self._world.wheel.life(batch, place).kind, batch.first_case + place

    def _find(self, case_id: int, as_of: datetime) -> tuple[Plan, int] | None:
        batch = self._world.intake.find(case_id, as_of.date())
        if batch is None:
            return None
        plan = self._plan(case_id, batch)
        told = plan.told_by(_text(as_of))
        return (plan, told) if told else None

    def _make(self, case_id: int, batch: Batch) -> Plan:
        return Plan(self._world, case_id, batch)


def _cut(last: date, as_of: datetime | None) -> tuple[date, str]:
    """Return the last day of a window and its last moment, none of it after `as_of`."""
    end = datetime.combine(last, time.max)
    if as_of is not None and as_of < end:
        end = as_of
    return end.date(), _text(end)


def _text(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
