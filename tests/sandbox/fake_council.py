"""A council of a few fixed cases, so that a test of the wire knows every byte that must come."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.sandbox.council import BY_NAME, CaseSummary, Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS = "Flat 2, The Maltings\n14 St John's Row\nŁódź Court"
DETAILS = 'Says "enough" & <nothing> more; 100%'
PEOPLE = ("Bloggs, Fred", "O'Neill, Siân", "Müller, Zoë", "")
BUSY = date(2026, 11, 2)
EMPTY = date(2026, 11, 1)
ANSWERED = f"{BUSY}T16:43:11"
SPECIAL = {
    "MainParty.Address": ADDRESS,
    "CaseDetailsInformationRequest.Details": DETAILS,
    "CaseDetails.Rating": "Standard",
}


class FakeCouncil:
    """`rows` a day in chunks of `chunk`, none on 1 November; every value follows from its place."""

    def __init__(self, rows: int = 3, chunk: int = 2) -> None:
        self.rows = rows
        self.chunk = chunk
        self.asked: list[tuple[str, date, date, datetime | None]] = []

    def report(
        self, name: str, first: date, last: date, *, as_of: datetime | None = None
    ) -> Iterator[list[tuple[str, ...]]]:
        self.asked.append((name, first, last, as_of))
        day = first
        while day <= last:
            count = 0 if day == EMPTY else self.rows
            for start in range(0, count, self.chunk):
                yield [self.row(name, day, n) for n in range(start, min(start + self.chunk, count))]
            day += timedelta(days=1)

    def row(self, name: str, day: date, number: int) -> tuple[str, ...]:
        return tuple(self.cell(column, day, number) for column in BY_NAME[name].columns)

    def cell(self, column: str, day: date, number: int) -> str:
        last = column.rpartition(".")[2]
        if last.startswith(("Time", "LastUpdated")):
            return f"{day}T{(8 + number) % 24:02}:30:00"
        if last.startswith("Date"):
            return str(day)
        if column == "CaseDetails.CaseId":
            return str(487000 + number)
        if column == "MainParty.FullName":
            return PEOPLE[number % len(PEOPLE)]
        if number == 0:
            return SPECIAL.get(column, "")
        return f"{last} {number}" if column.endswith(("Type", "Title", "Team")) else ""

    def case(self, case_id: int, as_of: datetime) -> dict[str, str] | None:
        if not 487000 <= case_id < 487000 + self.rows:
            return None
        values = self.row("cases", as_of.date(), case_id - 487000)
        return dict(zip(BY_NAME["cases"].columns, values, strict=True))

    def cases_received(
        self,
        first: date,
        last: date,
        as_of: datetime,
        case_type: str | None = None,
        *,
        public_kinds_only: bool = False,
    ) -> Iterator[CaseSummary]:
        assert as_of.tzinfo is None
        assert public_kinds_only
        cases = (hidden_case(), bare_case(), full_case()) if first <= BUSY <= last else ()
        return (case for case in cases if case_type in (None, case.case_type))

    def documents(self, case_id: int, as_of: datetime) -> tuple[Document, ...]:
        assert as_of.tzinfo is None
        return full_case().documents if case_id == full_case().case_id else ()

    def find_external(self, external_id: str, as_of: datetime) -> list[int]:
        assert as_of.tzinfo is None
        return {"WEB-1": [487001], "WEB-2": [487002, 487000]}.get(external_id, [])


def summary(case_id: int, hour: int, attributes: Mapping[str, str], **more: object) -> CaseSummary:
    known = {
        "case_type": "Complaint",
        "label": "Bins & bags",
        "request_method": "Email",
        "status": "Open",
        "classifications": (),
        "documents": (),
        "is_public": True,
    }
    return CaseSummary(
        case_id=case_id,
        request_date=f"{BUSY}T{hour:02}:15:00",
        attributes=attributes,
        **{**known, **more},  # type: ignore[arg-type]
    )


def full_case() -> CaseSummary:
    return summary(
        487001,
        10,
        {"Details": DETAILS, "InformationWillBe": "Attached"},
        classifications=(("Waste & recycling", "Missed <bin>"), ('The "Green" team', "Parks")),
        documents=(
            Document(
                "D225851",
                'Reply "final"',
                "General upload",
                "application/pdf",
                "Document",
                ANSWERED,
            ),
        ),
    )


def bare_case() -> CaseSummary:
    return summary(487002, 11, {}, case_type="Compliment")


def hidden_case() -> CaseSummary:
    return summary(487000, 12, {}, is_public=False)
