"""Whatever happens, in whatever order: never two of anything for one case, and never one lost.

A run may meet lost answers, late writes, refusals and faults, and its process may die at any call and at any
commit, before it or after. Time passes, statuses change, persons take up dead letters. In the end, with the
faults gone, every case has exactly one service request, its link, and its notes, once and in order.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipelines.outbound.dead_letters import dead_letters, retry
from pipelines.outbound.states import Step
from tests.outbound.fake_systems import SETTLE, Office, case

FAULTS = st.sampled_from(["ok", "ok", "not sent", "lost before", "lost after", "late", "killed", "refused"])
CUSTOMERS = st.sampled_from(["C1", "C1", "C1", "C2", "KNOWN", "MANY", None])
ENDINGS = 40


class Once(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="casehouse-once-"))
        self.office = Office(self.folder)
        for reference in ("KNOWN", "MANY", "MANY"):
            self.office.tascomi.add_contact(code=reference, surname="Known")
        self.statuses: dict[str, list[str]] = {}

    def teardown(self) -> None:
        try:
            self.end_well()
        finally:
            shutil.rmtree(self.folder)

    @initialize(customers=st.lists(CUSTOMERS, min_size=2, max_size=3))
    def some_cases_are_due(self, customers: list[str | None]) -> None:
        for customer in customers:
            self.a_case_becomes_due(customer)

    @rule(customer=CUSTOMERS)
    def a_case_becomes_due(self, customer: str | None) -> None:
        number = len(self.office.cases) + 1
        if number <= 4:
            self.office.due(case(number, customer=customer))

    @rule(faults=st.lists(FAULTS, max_size=8), kill_at=st.none() | st.integers(0, 40))
    def a_dispatcher_runs(self, faults: list[str], kill_at: int | None) -> None:
        self.office.run(*faults, kill_at=kill_at)

    @rule(seconds=st.sampled_from([1.0, SETTLE / 2, SETTLE + 1, 3600.0, 86_400.0]))
    def time_passes(self, seconds: float) -> None:
        self.office.wait(seconds)

    @rule(which=st.integers(0, 3))
    def a_status_changes(self, which: int) -> None:
        requests = self.office.requests
        if which < len(requests):
            number, told = (
                str(requests[which]["id"]),
                self.statuses.setdefault(str(requests[which]["id"]), []),
            )
            told.append(f"Status {len(told) + 1}")
            self.office.tascomi.change("complaints", number, status=told[-1])

    @rule()
    def persons_take_up_what_waits_for_them(self) -> None:
        with self.office.ledger() as ledger:
            for step in dead_letters(ledger):
                retry(ledger, step.n, self.office.fate.now())

    @invariant()
    def nothing_is_there_twice(self) -> None:
        references = [str(request["external_reference"]) for request in self.office.requests]
        contacts = Counter(contact["code"] for contact in self.office.contacts)
        notes = [note.rpartition("\n")[2] for told in self.office.casework.notes.values() for note in told]
        assert len(references) == len(set(references))
        assert len(notes) == len(set(notes))
        assert all(count == 1 for code, count in contacts.items() if code != "MANY"), contacts

    def end_well(self) -> None:
        for _ in range(ENDINGS):
            self.persons_take_up_what_waits_for_them()
            self.office.wait_all()
            self.office.run()
            with self.office.ledger() as ledger:
                if not ledger.unfinished():
                    break
        self.nothing_is_there_twice()
        references = sorted(str(request["external_reference"]) for request in self.office.requests)
        assert references == sorted(f"casehouse/sandbox/{number}" for number in self.office.cases)
        of_many = sum(one.row["customer_id"] == "MANY" for one in self.office.cases.values())
        assert sum(contact["code"] == "MANY" for contact in self.office.contacts) == 2 + of_many
        for request in self.office.requests:
            self.is_told(str(request["external_reference"]).rpartition("/")[2], request)

    def is_told(self, case_id: str, request: dict[str, str | None]) -> None:
        number, told = request["complaint_number"], self.statuses.get(str(request["id"]), [])
        assert self.office.casework.external_ids[case_id] == number
        with self.office.ledger() as ledger:
            steps = ledger.steps(case_id)
        first, *later = [note.splitlines()[0] for note in self.office.casework.notes[case_id]]
        assert first == f"Raised as {number}."
        assert later == [f"{number} is now {s.about}." for s in steps if s.step is Step.STATUS_NOTE]
        noted = [str(step.about) for step in steps if step.step is Step.STATUS_NOTE]
        assert noted == [status for status in told if status in noted]  # in order, each once
        assert noted[-1:] == told[-1:] or first_seen_is_last(told, noted)


def first_seen_is_last(told: list[str], noted: list[str]) -> bool:
    """A status that was there when the request was first seen is no change."""
    return not noted and bool(told)


TestOnce = Once.TestCase
TestOnce.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
