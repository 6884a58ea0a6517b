"""The dispatcher: for every case that is due, the next step that is not done: check, send, mark.

One dispatcher at a time works on a ledger, held by a lock that dies with its process. An intent is on disk
before its call. Whatever a call without an answer may have done is looked up once it can be, and never sent
again before that. A connection that fails is tried again by later runs; what the other system judged wrong
waits for a person; what is wrong with the settings ends the run.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError, Transient, Unverified
from pipelines.outbound.entries import Intent, Marked
from pipelines.outbound.ledger import ledger_path
from pipelines.outbound.mapping import MappingRefused, draft
from pipelines.outbound.read_back import read_back
from pipelines.outbound.states import DEAD_LETTERS, DONE, State, Step
from pipelines.outbound.templates import UpdateTemplate
from pipelines.outbound.work import NotSettled, Outcome
from pipelines.sources.writing import NotAllowed, NotIdentified, NotSent, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta
    from pathlib import Path

    from pipelines.outbound.desk import Desk
    from pipelines.outbound.entries import CaseEntry, StepEntry
    from pipelines.outbound.mapping import Case
    from pipelines.outbound.work import Sending

logger = logging.getLogger("casehouse.outbound")

FAULTS_IN_A_ROW = 5
# What may pass by itself; a list that could not be proved whole is read again like one that did not come.
_PASSING = (Transient, Unverified)
_NEEDS_DUE = frozenset({Step.CONTACT, Step.SECOND_CONTACT, Step.REQUEST})


class Busy(Transient):
    """Another dispatcher is at work; this one has sent nothing."""

    kind = "busy"


class _Enough(Exception):
    """One fault after the other: the rest is left to the next run."""


@dataclass
class Summary:
    """What one run did."""

    planned: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    blocked: int = 0
    status_changes: int = 0
    trouble: CasehouseError | None = None

    def __str__(self) -> str:
        """One line for a person."""
        done = ", ".join(f"{count} {what}" for what, count in sorted(self.outcomes.items())) or "nothing done"
        parts = [f"{self.planned} cases newly due; steps: {done}"]
        if self.status_changes:
            parts.append(f"{self.status_changes} changes of status read back")
        if self.waiting:
            parts.append(f"{self.waiting} cases wait for a later run")
        if self.blocked:
            parts.append(f"{self.blocked} cases wait for a person: casehouse outbound log --dead")
        return "; ".join(parts)


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Be the only dispatcher of a data directory; raise Busy when another process is."""
    path = ledger_path(data_dir).with_name("dispatch.lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                "another dispatcher is at work on this data directory, so nothing was sent",
                todo="nothing: it sends what is due; the next run goes on",
            ) from None
        yield
    finally:
        os.close(handle)


def dispatch(desk: Desk, *, keep_log: timedelta) -> Summary:
    """Do all that can be done now; call it within `alone`.

    What kept it from reading and may pass stands in the summary's trouble. Whatever is no fault of one case
    is raised and ends the run: a wrong setting, a key that is refused, a right that is missing, a server that
    does not filter. No case is the worse for it.
    """
    run = _Run(desk)
    run.take_over()
    desk.kept_reference.require()
    try:
        run.plan()
        run.summary.status_changes = read_back(desk)
    except NotIdentified:
        raise
    except _PASSING as error:
        run.summary.trouble = error
    try:
        for entry in desk.ledger.unfinished():
            run.advance(entry)
    except _Enough:
        logger.warning("outbound: %d faults in a row; the rest is left to the next run", FAULTS_IN_A_ROW)
    desk.ledger.forget_log(desk.now() - keep_log)
    return run.summary


class _Run:
    """One pass over the ledger."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ledger = desk.ledger
        self.summary = Summary()
        self._faults = 0

    def take_over(self) -> None:
        """Find what a dispatcher that was killed left in the air: its request may still be on its way."""
        now = self.desk.now()
        for step in self.ledger.in_state(State.SENDING):
            told = Marked(
                State.UNKNOWN,
                "the dispatcher ended before an answer came",
                not_before=self.desk.rules.settled_by(now),
                may_be_there=True,
            )
            self.ledger.mark(step, told, now)

    def plan(self) -> None:
        """Note the cases that are newly due, and the changes of those that were raised."""
        now = self.desk.now()
        for case in self.desk.cases.values():
            if case.template is None:
                continue
            steps = self.desk.steps_of(self.desk.create_template(case.template))
            if entry := self.ledger.case(case.case_id):
                if entry.template != case.template:
                    self.ledger.change_template(case.case_id, case.template, steps)
                continue
            self.ledger.plan(case.case_id, case.template, self.desk.rules.reference(case.case_id), steps, now)
            self.summary.planned += 1
        for case_id, changes in self.desk.updates.items():
            entry = self.ledger.case(case_id)
            for change in changes if entry and entry.request_id else ():
                self._plan_update(case_id, change.template or "", change)

    def _plan_update(self, case_id: str, name: str, change: Case) -> None:
        template = self.desk.templates.outgoing(name)
        if isinstance(template, UpdateTemplate):
            steps = self.desk.steps_of_update(template)
            self.ledger.add_update(case_id, name, draft(template, change).digest, steps)

    def advance(self, entry: CaseEntry) -> None:
        """Do the steps of a case in order, as far as they can be done now."""
        for step in self.ledger.steps(entry.case_id):
            after = self._finish(entry, step)
            if after.state not in DONE:
                self.summary.blocked += after.state in DEAD_LETTERS
                self.summary.waiting += after.state not in DEAD_LETTERS
                return
            entry = self.ledger.case(entry.case_id) or entry

    def _finish(self, entry: CaseEntry, step: StepEntry) -> StepEntry:
        """Take one step as far as it goes."""
        while step.state in (State.UNKNOWN, State.PLANNED) and self._may_go_on(step):
            before = step
            step = self._settle(entry, step) if step.state is State.UNKNOWN else self._send(entry, step)
            if step == before:
                break
        return step

    def _may_go_on(self, step: StepEntry) -> bool:
        if step.not_before is not None and step.not_before > self.desk.now():
            return False
        if step.state is State.PLANNED and step.step in _NEEDS_DUE and step.about is None:
            case = self.desk.cases.get(step.case_id)
            return case is not None and case.template is not None
        return True

    # ---- looking up what became of a call

    def _settle(self, entry: CaseEntry, step: StepEntry) -> StepEntry:
        try:
            outcome = self.desk.work_for(step).settle(entry, step)
        except NotIdentified:
            raise
        except _PASSING as error:
            later = self.desk.rules.again_at(self.desk.now(), step.tries)
            told = Marked(State.UNKNOWN, _reason(error), not_before=later, may_be_there=True)
            return self._faulted(self._mark(step, told))
        except (NotSettled, MappingRefused, Refused) as error:
            return self._mark(step, Marked(State.DEAD, _reason(error), may_be_there=True))
        if outcome is not None:
            return self._done(step, outcome, "no answer came, but it is there")
        return self._mark(step, self._again(step, "no answer came, and nothing of it is there"))

    # ---- sending

    def _send(self, entry: CaseEntry, step: StepEntry) -> StepEntry:
        try:
            found = self.desk.work_for(step).prepare(entry, step)
        except (MappingRefused, Refused) as error:
            return self._mark(step, _refused(error))
        except NotIdentified:
            raise
        except _PASSING as error:
            return self._faulted(self._mark(step, self._later(step, _reason(error), tries=1)))
        except NotSettled as error:
            return self._mark(step, Marked(State.DEAD, _reason(error)))
        if isinstance(found, Outcome):
            return self._done(step, found, found.reason)
        if other := self._unsettled(step, found):
            return self._kept_waiting(step, other)
        return self._call(self._begin(step, found), found)

    def _begin(self, step: StepEntry, sending: Sending) -> StepEntry:
        intent = Intent(sending.payload.digest, sending.payload.fields, sending.seen)
        return self.ledger.begin(step, intent, self.desk.now())

    def _call(self, step: StepEntry, sending: Sending) -> StepEntry:
        try:
            outcome = sending.call()
        except Refused as error:
            return self._mark(step, _refused(error))
        except (NotAllowed, NotIdentified) as error:
            self._mark(step, Marked(State.PLANNED, _reason(error), tries=-1))
            raise
        except NotSent as error:
            return self._faulted(self._mark(step, self._later(step, _reason(error))))
        except CasehouseError as error:
            # Also what the client could not make sense of: the request went out, so it may have been done.
            told = Marked(
                State.UNKNOWN,
                _reason(error),
                not_before=self.desk.rules.settled_by(self.desk.now()),
                may_be_there=True,
            )
            return self._faulted(self._mark(step, told))
        after = self._done(step, outcome, outcome.reason)
        if outcome.trouble:
            raise outcome.trouble
        return after

    def _unsettled(self, step: StepEntry, sending: Sending) -> StepEntry | None:
        """Find another case's call for the same contact that is still in the air: it may be the one."""
        if (key := sending.seen.get("key")) is None:
            return None
        in_the_air = self.ledger.in_state(State.UNKNOWN, State.DEAD)
        return next(
            (
                other
                for other in in_the_air
                if other.may_be_there and other.case_id != step.case_id and other.intent.get("key") == key
            ),
            None,
        )

    def _kept_waiting(self, step: StepEntry, other: StepEntry) -> StepEntry:
        """Tell once what a step waits for."""
        reason = f"waits for number {other.n}, of case {other.case_id}: it may have made this very contact"
        return step if step.reason == reason else self._mark(step, Marked(State.PLANNED, reason))

    # ---- marking

    def _later(self, step: StepEntry, reason: str, *, tries: int = 0) -> Marked:
        """Return what becomes of a step that was not sent: later, or never when it was tried often enough."""
        counted = step.tries + tries
        if counted >= self.desk.rules.tries:
            return Marked(State.DEAD, f"given up after {counted} tries: {reason}", tries=tries)
        later = self.desk.rules.again_at(self.desk.now(), counted)
        return Marked(State.PLANNED, reason, not_before=later, tries=tries)

    def _again(self, step: StepEntry, reason: str) -> Marked:
        if step.tries >= self.desk.rules.tries:
            return Marked(State.DEAD, f"given up after {step.tries} tries: {reason}")
        later = self.desk.rules.again_at(step.attempted_at or self.desk.now(), step.tries)
        return Marked(State.PLANNED, reason, not_before=later)

    def _done(self, step: StepEntry, outcome: Outcome, reason: str | None) -> StepEntry:
        self._faults = 0
        state = State.LINKED if outcome.is_linked else State.SENT
        told = Marked(state, reason, result_id=outcome.result_id)
        now: datetime = self.desk.now()
        if step.step is Step.REQUEST:
            found = (outcome.result_id or "", outcome.number, outcome.status)
            after = self.ledger.mark_request(step, told, found, now)
        else:
            if outcome.number:
                self.ledger.set_number(step.case_id, outcome.number)
            after = self.ledger.mark(step, told, now)
        return self._counted(after)

    def _mark(self, step: StepEntry, marked: Marked) -> StepEntry:
        return self._counted(self.ledger.mark(step, marked, self.desk.now()))

    def _counted(self, step: StepEntry) -> StepEntry:
        self.summary.outcomes[step.state] += 1
        logger.info("outbound: case %s, %s: %s", step.case_id, step.step, step.state)
        return step

    def _faulted(self, step: StepEntry) -> StepEntry:
        self._faults += 1
        if self._faults >= FAULTS_IN_A_ROW:
            self.summary.waiting += 1
            raise _Enough
        return step


def _refused(error: MappingRefused | Refused) -> Marked:
    return Marked(State.REFUSED, error.reason or error.what, field=error.field)


def _reason(error: CasehouseError) -> str:
    """Return what an error says, without what to do: errors of casehouse hold no value of a case."""
    return f"{error.what} ({error.why})" if error.why else error.what
