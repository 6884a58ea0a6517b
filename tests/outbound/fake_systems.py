"""Tascomi and iCasework in memory: with a clock, lost answers, late writes, a dispatcher that can be killed.

Every call and every commit is a point at which the dispatcher may die; `Fate` decides which.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from pipelines.errors import Transient
from pipelines.outbound.desk import Desk, Rules
from pipelines.outbound.dispatch import alone, dispatch
from pipelines.outbound.ledger import Ledger
from pipelines.outbound.mapping import Case
from pipelines.outbound.ports import Columns
from pipelines.outbound.templates import (
    CASES,
    ContactMap,
    CreateTemplate,
    FromField,
    FromPerson,
    FromText,
    IncomingTemplate,
    NewRequestMap,
    NoteMap,
    RequestMap,
    Templates,
    UpdateTemplate,
)
from pipelines.sources.writing import NotIdentified, NotSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pipelines.outbound.dispatch import Summary
    from pipelines.sources.writing import Record

START = datetime(2026, 11, 23, 9, 0, 30, tzinfo=UTC)
SETTLE, LATE = 60.0, 30.0
ORIGIN = "sandbox sandbox, sandbox sandbox"

COLUMNS = Columns(
    request={
        "core_function": "core_function_id",
        "request_code": "complaint_code_id",
        "investigating_officer": "investigating_officer_id",
        "details": "remarks",
        "received": "received_date",
    },
    contact={"reference": "code", "title": "title_id", "first_name": "firstname", "surname": "surname"},
    coded={
        "core_function": "core_functions",
        "request_code": "complaint_codes",
        "investigating_officer": "users",
        "title": "titles",
    },
    request_reference="external_reference",
    contact_reference="code",
    number="complaint_number",
    status="status",
)
CODES = {
    ("core_functions", "EP"): "1",
    ("complaint_codes", "NOISED"): "2",
    ("users", "EHDUTY"): "3",
    ("titles", "Mr"): "4",
}

TEMPLATES = Templates(
    {
        "noise": CreateTemplate(
            kind="create",
            description="Noise.",
            reference="eh",
            requester=ContactMap(
                reference=FromPerson(person="reference"),
                first_name=FromPerson(person="first_name"),
                surname=FromPerson(person="surname"),
            ),
            contact=ContactMap(reference=FromField(field="due.contact")),
            service_request=NewRequestMap(
                core_function=FromText(text="EP"),
                request_code=FromField(field="form_type", codes={"Noise": "NOISED"}),
                investigating_officer=FromText(text="EHDUTY"),
                details=FromField(field="details"),
            ),
        ),
        "noise_update": UpdateTemplate(
            kind="update",
            description="Noise again.",
            reference="eh",
            service_request=RequestMap(details=FromField(field="details")),
        ),
        "told": IncomingTemplate(
            kind="incoming",
            description="What the case is told.",
            reference="eh",
            note=NoteMap(text="Raised as {number}."),
            status_note=NoteMap(text="{number} is now {status}."),
        ),
    }
)


T = TypeVar("T")


class Killed(BaseException):
    """The dispatcher's process is gone: nothing of it runs any more."""


@dataclass
class Fate:
    """What happens next: faults for the calls that write, then the point at which the dispatcher dies."""

    clock: datetime = START
    faults: deque[str] = field(default_factory=deque)
    points_left: int | None = None

    def now(self) -> datetime:
        return self.clock

    def pass_by(self) -> None:
        """Pass a point at which the dispatcher may die."""
        if self.points_left is not None:
            self.points_left -= 1
            if self.points_left < 0:
                raise Killed

    def next_fault(self) -> str:
        return self.faults.popleft() if self.faults else "ok"


class FakeSystem:
    """Calls that write, each carried out at once, later, or not at all."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self._late: list[tuple[datetime, Callable[[], object]]] = []
        self.writes = self.reads = 0

    def catch_up(self) -> None:
        """Carry out what was still on its way."""
        due = [act for at, act in self._late if at <= self.fate.clock]
        self._late = [one for one in self._late if one[0] > self.fate.clock]
        for act in due:
            act()

    def reading(self) -> None:
        self.reads += 1
        self.catch_up()
        self.fate.pass_by()

    def writing(self, act: Callable[[], T]) -> T:
        self.catch_up()
        self.fate.pass_by()
        self.writes += 1
        match self.fate.next_fault():
            case "not sent":
                raise NotSent("no connection")
            case "refused":
                raise Refused("the server refuses", field="remarks", reason="This field is wrong.")
            case "lost before":
                raise OutcomeUnknown("no answer")
            case "lost after":
                act()
                self.fate.pass_by()
                raise OutcomeUnknown("no answer")
            case "killed":
                self._late.append((self.fate.clock + timedelta(seconds=LATE), act))
                raise Killed
            case "late":
                self._late.append((self.fate.clock + timedelta(seconds=LATE), act))
                self.fate.pass_by()
                raise OutcomeUnknown("no answer")
            case _:
                answer = act()
                self.fate.pass_by()
                return answer


class FakeTascomi(FakeSystem):
    """Tables of texts; ids and numbers are given out in order. Its switches make it a worse server."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(fate)
        self.tables: dict[str, dict[str, dict[str, str | None]]] = {"complaints": {}, "contacts": {}}
        self.keeps_reference = True
        self.escapes_reference = False  # and shows it as it was sent, which no search finds
        self.filters = True
        self.is_down = False
        self.refused_after: int | None = None  # calls, from which on the key is refused

    def identify(self) -> None:
        if self.refused_after is not None:
            if not self.refused_after:
                raise NotIdentified("the signature was refused")
            self.refused_after -= 1

    def create(self, table: str, fields: Record) -> Record:
        self.identify()
        return self.writing(lambda: self._create(table, fields))

    def _create(self, table: str, fields: Record) -> Record:
        number = str(1 + sum(map(len, self.tables.values())))
        row = {**fields, "id": number, "last_updated": self._local()}
        if table == "complaints":
            row |= {"complaint_number": f"SR-{number}", "status": "Open"}
            if not self.keeps_reference:
                row["external_reference"] = None
        self.tables[table][number] = row
        if table == "complaints" and self.escapes_reference:
            self.tables[table][number] = {
                **row,
                "external_reference": (row["external_reference"] or "").replace("/", "&#47;"),
            }
        return dict(row)

    def update(self, table: str, record_id: str, fields: Record) -> Record:
        self.identify()
        return self.writing(lambda: self.change(table, record_id, **fields))

    def change(self, table: str, record_id: str, **fields: str | None) -> Record:
        row = self.tables[table][record_id]
        row.update(fields, last_updated=self._local())
        return dict(row)

    def read(self, table: str, record_id: str) -> Record | None:
        self.identify()
        self.reading()
        row = self.tables[table].get(record_id)
        return dict(row) if row else None

    def search(self, table: str, filters: Mapping[str, str], *, sort: str | None = None) -> list[Record]:
        del sort
        self.identify()
        self.reading()
        if self.is_down:
            raise Transient("the source cannot be reached")
        rows = self.tables[table].values()
        if not self.filters:
            return [dict(row) for row in rows]
        return [
            dict(row)
            for row in rows
            if all((row.get(name) or "").startswith(text) for name, text in filters.items())
            and all(name == "last_updated" or row.get(name) == text for name, text in filters.items())
        ]

    def _local(self) -> str:
        return f"{self.fate.clock:%Y-%m-%d %H:%M:%S}"

    def add_contact(self, **fields: str) -> str:
        return str(self._create("contacts", fields)["id"])


class FakeCasework(FakeSystem):
    """External ids and notes by case. `shows_notes` off: an iCasework without a report of notes."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(fate)
        self.external_ids: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}
        self.shows_notes = True

    def update_external_id(self, case_id: str, external_id: str) -> None:
        self.writing(lambda: self.external_ids.__setitem__(case_id, external_id))

    def add_case_notes(
        self, case: str, notes: str, *, kind: str | None = None, is_shown_to_customer: bool = False
    ) -> None:
        del kind, is_shown_to_customer
        self.writing(lambda: self.notes.setdefault(case, []).append(notes))

    def external_id(self, case_id: str) -> str | None:
        self.reading()
        return self.external_ids.get(case_id)

    def count_notes(self, case_id: str, mark: str, *, since: datetime | None = None) -> int | None:
        del since
        self.reading()
        if not self.shows_notes:
            return None
        return sum(mark in note for note in self.notes.get(case_id, []))


class FakeCodes:
    def find(self, table: str, code: str) -> str | None:
        return CODES.get((table, code))

    def location(self, *, uprn: str | None = None, usrn: str | None = None) -> str | None:
        return {"100": "77"}.get(uprn or usrn or "")


class FragileLedger(Ledger):
    """A ledger whose process may die right before or right after a commit."""

    fate: Fate | None = None

    def __init__(self, data_dir: Path, *, origin: str) -> None:
        super().__init__(data_dir, origin=origin)
        # Here the process only plays dead, so nothing need reach the disk.
        self._engine.execute("PRAGMA synchronous = OFF")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with super()._change() as engine:
            yield engine
            if self.fate:
                self.fate.pass_by()
        if self.fate:
            self.fate.pass_by()


def case(
    number: int, *, customer: str | None = "C1", template: str | None = "noise", **cells: str | None
) -> Case:
    """Return a case that is due, of a customer whose name follows from the reference."""
    row: dict[str, object] = dict.fromkeys(column.name for column in CASES.columns)
    row |= {
        "case_id": number,
        "form_type": "Noise",
        "details": f"Loud music, case {number}",
        "customer_id": customer,
        "customer_first_name": "Ann",
        "customer_last_name": f"Archer {customer}",
    }
    due = {"location_uprn": None, "location_usrn": None, "contact": None}
    return Case(
        str(number),
        template,
        row | {name: value for name, value in cells.items() if name in row},
        due | {name: value for name, value in cells.items() if name in due},
    )


@dataclass
class Office:
    """Both systems, the cases that are due, and a ledger on disk; `run` is one life of a dispatcher."""

    data_dir: Path
    cases: dict[str, Case] = field(default_factory=dict)
    updates: dict[str, tuple[Case, ...]] = field(default_factory=dict)
    fate: Fate = field(default_factory=Fate)
    templates: Templates = TEMPLATES

    def __post_init__(self) -> None:
        self.tascomi = FakeTascomi(self.fate)
        self.casework = FakeCasework(self.fate)
        self.codes = FakeCodes()

    def due(self, *cases: Case) -> None:
        self.cases |= {one.case_id: one for one in cases}

    def run(self, *faults: str, kill_at: int | None = None) -> Summary | None:
        """Run a dispatcher; None when it was killed."""
        self.fate.faults, self.fate.points_left = deque(faults), kill_at
        try:
            with alone(self.data_dir), FragileLedger(self.data_dir, origin=ORIGIN) as ledger:
                ledger.fate = self.fate
                return dispatch(self.desk(ledger), keep_log=timedelta(days=90))
        except Killed:
            return None
        finally:
            self.fate.faults, self.fate.points_left = deque(), None

    def desk(self, ledger: Ledger) -> Desk:
        return Desk(
            ledger=ledger,
            tascomi=self.tascomi,
            codes=self.codes,
            casework=self.casework,
            columns=COLUMNS,
            templates=self.templates,
            rules=Rules(lambda case_id: f"casehouse/sandbox/{case_id}", SETTLE, tries=10),
            now=self.fate.now,
            cases=self.cases,
            updates=self.updates,
        )

    def ledger(self) -> Ledger:
        return FragileLedger(self.data_dir, origin=ORIGIN)

    def wait(self, seconds: float) -> None:
        self.fate.clock += timedelta(seconds=seconds)

    def wait_all(self) -> None:
        """Let everything pass that anybody waits for."""
        self.wait(5 * 3600)

    @property
    def requests(self) -> list[dict[str, str | None]]:
        return list(self.tascomi.tables["complaints"].values())

    @property
    def contacts(self) -> list[dict[str, str | None]]:
        return list(self.tascomi.tables["contacts"].values())

    def states(self, case_id: str) -> dict[str, str]:
        with self.ledger() as ledger:
            return {str(step.step): str(step.state) for step in ledger.steps(case_id)}
