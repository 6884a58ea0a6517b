"""The council as it stands with all that was written to it: the same questions, and the ways to write.

The invented council stays as it is; what was written lies over its answers from the moment of writing on, so
a case shows in the reports of the London day on which it was written to, and no other row changes.

What is written to a customer shows on all of that customer's cases, which are touched by it (GUESS), closed
ones too. A case that was created has no further life: it waits for what is written next.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING

from pipelines.sandbox.council.case_rows import REQUEST
from pipelines.sandbox.council.opening import opened_row
from pipelines.sandbox.council.reports import CASE_COLUMNS, NOTES
from pipelines.sandbox.council.summary import SHOWN
from pipelines.sandbox.council.workdays import Workdays
from pipelines.sandbox.council.writings import Detail, Note, Writing, Writings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from pipelines.sandbox.council.callers import Caller
    from pipelines.sandbox.council.council import Council, Rows
    from pipelines.sandbox.council.opening import Opening
    from pipelines.sandbox.council.summary import CaseSummary, Document

FIRST_WRITTEN = 900_000_001  # the invented cases never get so far
FIRST_WRITTEN_CUSTOMER = 800_000_001
CHUNK = 1_000

# These show every case with news in the window, whatever the news was (SEED: cases with recent activity).
WITH_NEWS = frozenset({"classifications", "redress", "corrective_actions"})
EXTERNAL_ID = "CaseDetails.ExternalId"
REFERENCE = "MainParty.Reference"
_CASE_ID = CASE_COLUMNS.index("CaseDetails.CaseId")
_TYPE, _LABEL, _STATUS = "CaseDetails.CaseType", "CaseDetails.CaseLabel", "CaseStatus.Status"
_TOUCHED = ("CaseStatusTouchTimes.LastUpdatedTime", "CaseStatusTouchTimes.LastTouchTime")
_FIRST_NAME, _LAST_NAME = "MainParty.FirstName", "MainParty.LastName"


class Casework:
    """One council and the book of what was written to it. Times are naive London wall-clock times."""

    def __init__(self, council: Council, first_year: int) -> None:
        self.invented = council
        self._workdays = Workdays(first_year)
        self.writings = Writings()
        self._created: set[int] = set()
        self._customers = 0

    def report(self, name: str, first: date, last: date, *, as_of: datetime | None = None) -> Iterator[Rows]:
        """Yield a report's rows as `Council.report` does, with what was written to its cases."""
        end = datetime.combine(last, time.max)
        end = end if as_of is None else min(end, as_of)
        written = self.writings.until(_text(end))
        begin = first.isoformat()
        if name == NOTES.name:
            return self._notes(written, begin)
        rows = self.invented.report(name, first, last, as_of=as_of)
        if not written:
            return rows
        touched = deque(sorted(case for case, kept in written.items() if kept[-1].at >= begin))
        if name == "cases":
            return self._cases(rows, written, touched, end)
        return self._with_news(rows, name, touched, end) if name in WITH_NEWS else rows

    def case(self, case_id: int, as_of: datetime) -> dict[str, str] | None:
        """Return the columns of one case as it stood at `as_of`, None when it did not exist yet."""
        return self._case(case_id, as_of, self.writings.until(_text(as_of)))

    def cases_received(
        self,
        first: date,
        last: date,
        as_of: datetime,
        case_type: str | None = None,
        *,
        public_kinds_only: bool = False,
    ) -> Iterator[CaseSummary]:
        """Yield the cases received as `Council.cases_received` does; one that was created is never public."""
        written = self.writings.until(_text(as_of))
        for case in self.invented.cases_received(
            first, last, as_of, case_type, public_kinds_only=public_kinds_only
        ):
            yield _summary(case, written[case.case_id]) if case.case_id in written else case

    def documents(self, case_id: int, as_of: datetime) -> list[Document]:
        """List the files a case held at `as_of`; none for a case that did not exist."""
        written = self.writings.until(_text(as_of)).get(case_id, [])
        held = list(self.invented.documents(case_id, as_of))
        return held + [document for writing in written for document in writing.documents]

    def find_external(self, external_id: str, as_of: datetime) -> list[int]:
        """Return the numbers of the cases with this ExternalId at `as_of`, oldest first."""
        written = self.writings.until(_text(as_of))
        named = {
            case_id
            for case_id, kept in written.items()
            if (case := self._case(case_id, as_of, written)) and case[EXTERNAL_ID] == external_id
        }
        others = set(self.invented.find_external(external_id, as_of)) - set(written)
        return sorted(named | others)

    def cases_of(self, reference: str, as_of: datetime) -> list[int]:
        """Return the numbers of a customer's cases at `as_of`, oldest first."""
        root = self.writings.root(reference)
        created = {
            case_id
            for case_id, kept in self.writings.until(_text(as_of)).items()
            if kept[0].opened and self.writings.root(kept[0].opened[REFERENCE]) == root
        }
        return sorted(created | set(self.invented.cases_of(root, as_of)))

    def callers(self, first: date, last: date) -> list[Caller]:
        """List who may ring about a case, as `Council.callers` does; nobody about one that was created."""
        return self.invented.callers(first, last)

    def prepare(self, last: date) -> Iterator[int]:
        """Make the cases of the year before `last` ready, as `Council.prepare` does."""
        return self.invented.prepare(last)

    def next_number(self) -> int:
        """Return the number that the next case gets unless it asks for another."""
        number = FIRST_WRITTEN
        while number in self._created:
            number += 1
        return number

    def open_case(
        self,
        number: int,
        asked: Opening,
        customer: str,
        details: Mapping[str, str],
        *,
        documents: Sequence[Document] = (),
        by: str = "",
    ) -> None:
        """Create a case under a free number. `customer` is the reference, "" for one not held before.

        `details` are columns of the customer; those of one who is held are changed on all other cases too.
        Without details and reference the case is anonymous.
        """
        at = datetime.fromisoformat(asked.at)
        party = dict(details)
        if customer:
            self.change_customer(customer, details, at, act="createcase", by=by)
            party = {**self._held(customer, self.cases_of(customer, at), at), **party, REFERENCE: customer}
        elif details:
            self._customers += 1
            party[REFERENCE] = str(FIRST_WRITTEN_CUSTOMER + self._customers - 1)
        _name(party)
        self._created.add(number)
        row = opened_row(number, asked, party, self._workdays)
        held = tuple(documents)
        self.writings.add(Writing(number, asked.at, "createcase", by, opened=row, documents=held))

    def change_case(
        self,
        case_id: int,
        at: datetime,
        act: str,
        *,
        cells: Mapping[str, str] | None = None,
        note: Note | None = None,
        by: str = "",
    ) -> None:
        """Change a case's columns, or add a note to it; either touches it."""
        self.writings.add(Writing(case_id, _text(at), act, by, cells=cells or {}, note=note))

    def change_customer(
        self,
        reference: str,
        details: Mapping[str, str],
        at: datetime,
        *,
        act: str,
        new_reference: str = "",
        by: str = "",
    ) -> None:
        """Hold what is new of a customer and touch the cases that show it; without news nothing changes."""
        changes = {**details, REFERENCE: new_reference} if new_reference else dict(details)
        cases = self.cases_of(reference, at)
        held = self._held(reference, cases, at)
        if all(held.get(column) == text for column, text in changes.items()):
            return
        self.writings.hold(reference, Detail(_text(at), changes))
        if new_reference:
            self.writings.rename(reference, new_reference)
        for case_id in cases:
            self.writings.add(Writing(case_id, _text(at), act, by))

    def _held(self, reference: str, cases: Sequence[int], at: datetime) -> dict[str, str]:
        """Return what is known of a customer: what the newest case shows, with all that was written."""
        known: dict[str, str] = {}
        if cases:
            newest = self.case(cases[-1], at) or {}
            known = {column: text for column, text in newest.items() if column.startswith("MainParty.")}
        for cells in self.writings.details(reference, _text(at)):
            known |= cells
        return known

    def _case(
        self, case_id: int, as_of: datetime, written: Mapping[int, list[Writing]]
    ) -> dict[str, str] | None:
        kept = written.get(case_id, [])
        first = kept[0].opened if kept else None
        row = dict(first) if first else self.invented.case(case_id, as_of)
        if row is not None:
            self._amend(row, kept, _text(as_of))
        return row

    def _amend(self, row: dict[str, str], kept: Iterable[Writing], cutoff: str) -> None:
        """Change a case's columns as was written to it and to its customer."""
        for writing in kept:
            row |= writing.cells
            for column in _TOUCHED:
                row[column] = max(row[column], writing.at)
        if reference := row[REFERENCE]:
            for cells in self.writings.details(reference, cutoff):
                row |= cells
                _name(row)

    def _cases(
        self, rows: Iterator[Rows], written: Mapping[int, list[Writing]], touched: deque[int], end: datetime
    ) -> Iterator[Rows]:
        """Lay what was written over the rows, and put those in, by number, that only the writing touched."""
        cutoff = _text(end)
        for chunk in rows:
            out: Rows = []
            for row in chunk:
                case_id = int(row[_CASE_ID])
                while touched and touched[0] < case_id:
                    out += self._row(touched.popleft(), end, written)
                if touched and touched[0] == case_id:
                    touched.popleft()
                if case_id in written or self.writings.customers:
                    cells = dict(zip(CASE_COLUMNS, row, strict=True))
                    self._amend(cells, written.get(case_id, ()), cutoff)
                    row = tuple(cells.values())  # noqa: PLW2901 - the same row, amended
                out.append(row)
            yield from _chunks(out)
        yield from _chunks([row for case_id in touched for row in self._row(case_id, end, written)])

    def _row(self, case_id: int, end: datetime, written: Mapping[int, list[Writing]]) -> Rows:
        case = self._case(case_id, end, written)
        return [] if case is None else [tuple(case.values())]

    def _with_news(
        self, rows: Iterator[Rows], name: str, touched: deque[int], end: datetime
    ) -> Iterator[Rows]:
        """Put in what a report shows of the cases whose only news is that they were written to."""
        for chunk in rows:
            out: Rows = []
            for row in chunk:
                while touched and touched[0] < int(row[0]):
                    out += self.invented.rows_of(name, touched.popleft(), end)
                if touched and touched[0] == int(row[0]):
                    touched.popleft()
                out.append(row)
            yield from _chunks(out)
        yield from _chunks([row for case_id in touched for row in self.invented.rows_of(name, case_id, end)])

    def _notes(self, written: Mapping[int, list[Writing]], begin: str) -> Iterator[Rows]:
        """Yield the notes written from `begin` on, by case number and then as they came."""
        rows: Rows = []
        for case_id in sorted(written):
            notes = [writing for writing in written[case_id] if writing.note is not None]
            if not any(writing.at >= begin for writing in notes):
                continue
            kind = (self._case(case_id, datetime.fromisoformat(notes[-1].at), written) or {}).get(_TYPE, "")
            for number, writing in enumerate(notes, start=1):
                if writing.note is not None and writing.at >= begin:
                    shown = "Yes" if writing.note.is_shown else "No"
                    told = (writing.note.type, writing.note.text, shown, writing.by, writing.at)
                    rows.append((str(case_id), kind, f"N{case_id}-{number}", *told))
        return _chunks(rows)


def _text(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def _chunks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _name(row: dict[str, str]) -> None:
    """Write the full name as iCasework shows it, "Bloggs, Fred" (CODE/live)."""
    if _FIRST_NAME in row or _LAST_NAME in row:
        row["MainParty.FullName"] = ", ".join(filter(None, (row.get(_LAST_NAME), row.get(_FIRST_NAME))))


def _summary(case: CaseSummary, kept: Iterable[Writing]) -> CaseSummary:
    """Show what was written to a case that getcases lists."""
    cells = {column: text for writing in kept for column, text in writing.cells.items()}
    shown = {name: cells[REQUEST + name] for _, name in SHOWN if REQUEST + name in cells}
    return replace(
        case,
        label=cells.get(_LABEL, case.label),
        status=cells.get(_STATUS, case.status),
        attributes={name: text for name, text in {**case.attributes, **shown}.items() if text},
    )
