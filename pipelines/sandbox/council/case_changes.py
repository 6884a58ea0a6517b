"""What each step of a case's life changes in its row of the cases report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sandbox.council import words
from pipelines.sandbox.council.dice import Dice, Stream
from pipelines.sandbox.council.kinds import INFORMATION_REQUEST, SUBJECT_ACCESS_REQUEST
from pipelines.sandbox.council.lives import Act
from pipelines.sandbox.council.reports import at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.sandbox.council.lives import Step
    from pipelines.sandbox.council.officers import Officer
    from pipelines.sandbox.council.plan import Plan

STATUS = at("CaseStatus.Status")
LAST_UPDATED = at("CaseStatusTouchTimes.LastUpdatedTime")
LAST_TOUCH = at("CaseStatusTouchTimes.LastTouchTime")
TARGET_DATE, TARGET_DAYS = at("CaseStatus.CurrentTargetDate"), at("CaseStatus.CurrentTargetDays")
CURRENT_STAGE = at("CaseStatus.CurrentStage")
OUTCOME, OUTCOME_DATE = at("CaseStatus.CurrentOutcome"), at("CaseStatus.CurrentOutcomeDate")
STAGE_OUTCOME = at("CaseStatus.CurrentStageOutcome")
STAGE_OUTCOME_DATE = at("CaseStatus.CurrentStageOutcomeDate")
CLOSED, CLOSED_IN_TARGET = at("CaseStatusClosure.DateClosed"), at("CaseStatusClosure.ClosureInTarget")
ACCEPTED = at("CaseStatusAcceptance.DateAccepted")
RETURNED, RETURNED_REASON = at("CaseStatusRejection.DateReturned"), at("CaseStatusRejection.ReturnedReason")
WITHDRAWN = at("CaseStatusWithdrawal.DateWithdrawn")
WITHDRAWN_REASON = at("CaseStatusWithdrawal.WithdrawnReason")
SATISFACTION = at("CustomerSatisfaction.OverallRating")
ASSIGNED_TO, ASSIGNED_TO_ID = at("CaseDetails.AssignedTo"), at("CaseDetails.AssignedToId")
DEPARTMENT, JOB = at("CaseDetails.Department"), at("CaseDetails.AssignedToJobTitle")
ADDRESS, DIRECTORATE = at("CaseDetails.AssignedToAddress"), at("CaseDetails.Directorate")
TEAM, TEAM_CODE = at("CaseDetails.Team"), at("CaseDetails.TeamCode")
RESPONSE_FORM = at("CaseDetailsInformationRequest.InformationWillBe")
PUBLISHED = at("CaseDetailsInformationRequest.PublishInTheDisclosureLog")
NOT_HELD = at("CaseDetailsInformationRequest.ReasonInformationNotHeld")
REQUEST_PAYMENT = at("CaseDetailsInformationRequest.PaymentAmount")
REQUEST_DISBURSEMENTS = at("CaseDetailsInformationRequest.Disbursements")
REQUEST_CHARGEABLE = at("CaseDetailsInformationRequest.ChargeableItemsCosts")
FEE_ALLOWED = at("CaseDetailsEstimatedFeesAndTimeSpent.TotalCostAllowedToBeCharged")
FEE_LIMIT = at("CaseDetailsEstimatedFeesAndTimeSpent.StatutoryAppropriateLimit")
FEE_CHARGED = at("CaseDetailsEstimatedFeesAndTimeSpent.FeeCharged")
FEE_DISBURSEMENTS = at("CaseDetailsEstimatedFeesAndTimeSpent.Disbursements")
FEE_CHARGEABLE = at("CaseDetailsEstimatedFeesAndTimeSpent.ChargeableItemsCosts")
SUBJECT_ACCESS_PAYMENT = at("CaseDetailsSubjectAccessRequest.PaymentAmount")

CHARGED, PUBLISHED_SHARE = 120, 750  # per thousand answered requests
STATUTORY_LIMIT_PENCE = 45_000  # what local authorities may spend on a request before they refuse or charge


@dataclass(frozen=True, slots=True)
class StageColumns:
    """Where the cells of one stage stand; `received` is -1 for stage 1, which has no such column."""

    target: int
    received: int
    due: int
    outcome: int
    details: int
    by: int
    completed: int
    in_target: int


def _stage_columns(stage: int) -> StageColumns:
    name = f"CaseStageStage{stage}."
    return StageColumns(
        target=at(name + "TargetDays"),
        received=at(name + "DateReceived") if stage > 1 else -1,
        due=at(name + "DateDue"),
        outcome=at(name + "Outcome"),
        details=at(name + "OutcomeDetails"),
        by=at(name + "OutcomeBy"),
        completed=at(name + "DateCompleted"),
        in_target=at(name + "ResponseInTarget"),
    )


STAGES = tuple(_stage_columns(stage) for stage in (1, 2, 3, 4))


@dataclass(eq=False, slots=True)
class Told:
    """A step of a plan as it is told: when, by whom, and the throws that are this step's own."""

    plan: Plan
    step: Step
    stamp: str
    day: str
    officer: Officer

    @property
    def columns(self) -> StageColumns:
        """Where the step's stage is written."""
        return STAGES[self.step.stage - 1]

    @property
    def dice(self) -> Dice:
        """Fresh throws: the same ones each time they are asked for."""
        return self.plan.part_dice(Stream.WORK, self.step.place)


def change(cells: list[str], plan: Plan, place: int) -> None:
    """Change a case's cells as step `place` of its life does."""
    step = plan.life.steps[place]
    stamp = plan.stamps[place]
    _CHANGES[step.act](cells, Told(plan, step, stamp, stamp[:10], plan.handlers[place]))
    cells[LAST_UPDATED] = stamp
    if step.act is not Act.SURVEY:  # a survey is the customer's doing, nobody touched the case
        cells[LAST_TOUCH] = stamp


def yes(is_so: bool) -> str:  # noqa: FBT001 - the truth is the whole argument
    """Write a truth as iCasework does."""
    return "Yes" if is_so else "No"


def money(pence: int) -> str:
    """Write an amount of pounds as `12.50`."""
    return f"{pence // 100}.{pence % 100:02}"


def _receive(cells: list[str], told: Told) -> None:
    plan = told.plan
    team = plan.triage.team
    cells[STATUS] = "New"
    cells[TEAM] = team.name
    cells[TEAM_CODE] = f"INBOX{plan.kind.prefix}"  # CODE/live: a createcase answer names team INBOXIR
    cells[DIRECTORATE] = team.directorate
    _start_stage(cells, told)


def _accept(cells: list[str], told: Told) -> None:
    cells[STATUS] = "Accepted"
    cells[ACCEPTED] = told.day


def _reject(cells: list[str], told: Told) -> None:
    cells[RETURNED] = told.day
    cells[RETURNED_REASON] = told.dice.pick(words.REJECTION_REASONS)
    _end(cells, told, "Rejected")


def _withdraw(cells: list[str], told: Told) -> None:
    cells[WITHDRAWN] = told.day
    cells[WITHDRAWN_REASON] = told.dice.pick(words.WITHDRAWAL_REASONS)
    _end(cells, told, "Withdrawn")


def _assign(cells: list[str], told: Told) -> None:
    cells[STATUS] = "Assigned to officer"
    _reassign(cells, told)


def _reassign(cells: list[str], told: Told) -> None:
    officer = told.officer
    team = officer.team
    cells[ASSIGNED_TO] = officer.name
    cells[ASSIGNED_TO_ID] = officer.user_id
    cells[DEPARTMENT] = team.department
    cells[JOB] = officer.job
    cells[ADDRESS] = team.address
    cells[TEAM] = team.name
    cells[TEAM_CODE] = team.code
    cells[DIRECTORATE] = team.directorate


def _progress(cells: list[str], told: Told) -> None:
    cells[STATUS] = words.WORKING_STATUSES[told.step.place % len(words.WORKING_STATUSES)]


def _hold(cells: list[str], told: Told) -> None:
    del told
    cells[STATUS] = "Response overdue"


def _extend(cells: list[str], told: Told) -> None:
    columns = told.columns
    cells[TARGET_DATE] = cells[columns.due] = told.plan.due_day(told.step)
    cells[TARGET_DAYS] = cells[columns.target] = str(told.step.target)


def _respond(cells: list[str], told: Told) -> None:
    kind, outcome, columns = told.plan.kind, told.step.outcome, told.columns
    cells[STATUS] = outcome if kind.keeps_outcome_as_status else "Response sent"
    _finish_stage(cells, told, outcome)
    dice = told.dice
    cells[columns.details] = dice.pick(words.OUTCOME_DETAILS)
    if kind.name == INFORMATION_REQUEST:
        _disclose(cells, outcome, dice)
    elif kind.name == SUBJECT_ACCESS_REQUEST and dice.chance(CHARGED):
        cells[SUBJECT_ACCESS_PAYMENT] = "10.00"


def _disclose(cells: list[str], outcome: str, dice: Dice) -> None:
    cells[RESPONSE_FORM] = dice.pick(words.INFORMATION_FORMS) if "sent" in outcome else ""
    cells[NOT_HELD] = dice.pick(words.NOT_HELD_REASONS) if "held" in outcome else ""
    cells[PUBLISHED] = yes(dice.chance(PUBLISHED_SHARE))
    if dice.chance(CHARGED):
        disbursements, chargeable = 5 * dice.below(700), 10 * dice.below(900)
        fee = money(disbursements + chargeable)
        cells[FEE_LIMIT] = money(STATUTORY_LIMIT_PENCE)
        cells[FEE_ALLOWED] = cells[FEE_CHARGED] = cells[REQUEST_PAYMENT] = fee
        cells[FEE_DISBURSEMENTS] = cells[REQUEST_DISBURSEMENTS] = money(disbursements)
        cells[FEE_CHARGEABLE] = cells[REQUEST_CHARGEABLE] = money(chargeable)


def _escalate(cells: list[str], told: Told) -> None:
    _start_stage(cells, told)
    _reassign(cells, told)
    cells[STATUS] = f"{cells[CURRENT_STAGE]} under review"
    cells[STAGE_OUTCOME] = cells[STAGE_OUTCOME_DATE] = ""
    cells[told.columns.received] = told.day
    cells[CLOSED] = cells[CLOSED_IN_TARGET] = ""  # a closed case is opened again


def _close(cells: list[str], told: Told) -> None:
    cells[CLOSED] = told.day
    cells[CLOSED_IN_TARGET] = cells[told.columns.in_target]
    if not told.plan.kind.keeps_outcome_as_status:
        cells[STATUS] = "Closed"


def _survey(cells: list[str], told: Told) -> None:
    if told.plan.person is not None:  # who gave no name cannot be asked
        cells[SATISFACTION] = told.dice.pick("1123344555")


def _touch(cells: list[str], told: Told) -> None:
    """Leave the case's own cells alone: money or an improvement is written in another report."""
    del cells, told


def _start_stage(cells: list[str], told: Told) -> None:
    step = told.step
    cells[CURRENT_STAGE] = told.plan.kind.stages[step.stage - 1].name
    cells[TARGET_DATE] = cells[told.columns.due] = told.plan.due_day(step)
    cells[TARGET_DAYS] = str(step.target)


def _end(cells: list[str], told: Told, outcome: str) -> None:
    """End case and stage together."""
    cells[STATUS] = outcome
    _finish_stage(cells, told, outcome)
    cells[CLOSED] = told.day
    cells[CLOSED_IN_TARGET] = cells[told.columns.in_target]


def _finish_stage(cells: list[str], told: Told, outcome: str) -> None:
    columns = told.columns
    cells[TARGET_DATE] = cells[TARGET_DAYS] = ""
    cells[OUTCOME] = cells[STAGE_OUTCOME] = cells[columns.outcome] = outcome
    cells[OUTCOME_DATE] = cells[STAGE_OUTCOME_DATE] = cells[columns.completed] = told.day
    cells[columns.by] = told.officer.name
    cells[columns.in_target] = yes(told.day <= cells[columns.due])


_CHANGES: Mapping[Act, Callable[[list[str], Told], None]] = {
    Act.RECEIVE: _receive,
    Act.ACCEPT: _accept,
    Act.REJECT: _reject,
    Act.ASSIGN: _assign,
    Act.REASSIGN: _reassign,
    Act.PROGRESS: _progress,
    Act.EXTEND: _extend,
    Act.HOLD: _hold,
    Act.WITHDRAW: _withdraw,
    Act.RESPOND: _respond,
    Act.ESCALATE: _escalate,
    Act.CLOSE: _close,
    Act.SURVEY: _survey,
    Act.PAY: _touch,
    Act.IMPROVE: _touch,
}
