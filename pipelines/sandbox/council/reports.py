"""The six reports the council publishes, and one of what was written to it: number, XML names, wire columns.

Only names stand here. The sandbox keeps its own list on purpose and never imports the product's contracts:
a contract that drifts from the wire must fail against the sandbox, not drag it along.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Report:
    """One report: the number in its permalink, its name, the XML root and row elements, its columns."""

    report_id: int
    name: str
    root: str
    row: str
    columns: tuple[str, ...]


# CODE/live: the elements of a recorded getcasedetails answer, in the order they came.
CASE_COLUMNS: tuple[str, ...] = (
    "CaseDetailsInformationRequest.AdviceAndAssistance",
    "CaseDetailsInformationRequest.Details",
    "CaseDetailsInformationRequest.InformationWillBe",
    "CaseDetailsInformationRequest.PressOfficeContact",
    "CaseDetailsInformationRequest.PublishInTheDisclosureLog",
    "CaseDetailsInformationRequest.ReasonInformationNotHeld",
    "CaseDetailsInformationRequest.RequestAboutDeceasedPerson",
    "CaseDetailsInformationRequest.Scheme",
    "CaseDetailsInformationRequest.SuitableForPublicationScheme",
    "CaseDetails.CaseId",
    "CaseDetails.ExternalId",
    "CaseDetails.ParentCaseId",
    "CaseDetails.CaseType",
    "CaseDetails.FormType",
    "CaseDetails.CaseLabel",
    "CaseDetails.Rating",
    "CaseDetails.Confidential",
    "CaseDetails.AssignedTo",
    "CaseDetails.AssignedToId",
    "CaseDetails.Department",
    "CaseDetails.AssignedToJobTitle",
    "CaseDetails.AssignedToAddress",
    "CaseDetails.Team",
    "CaseDetails.TeamCode",
    "CaseDetails.Directorate",
    "CaseDetailsEstimatedFeesAndTimeSpent.TotalCostAllowedToBeCharged",
    "CaseDetailsEstimatedFeesAndTimeSpent.StatutoryAppropriateLimit",
    "CaseDetailsEstimatedFeesAndTimeSpent.FeeCharged",
    "CaseDetailsEstimatedFeesAndTimeSpent.Disbursements",
    "CaseDetailsEstimatedFeesAndTimeSpent.ChargeableItemsCosts",
    "CaseDetailsInformationRequest.PaymentAmount",
    "CaseDetailsInformationRequest.Disbursements",
    "CaseDetailsInformationRequest.ChargeableItemsCosts",
    "CaseDetailsSubjectAccessRequest.PaymentAmount",
    "CaseDetails.Id",
    "CaseStatus.Status",
    "CaseStatus.CurrentTargetDate",
    "CaseStatus.CurrentTargetDays",
    "CaseStatus.CurrentStage",
    "CaseStatus.CurrentOutcome",
    "CaseStatus.CurrentOutcomeDate",
    "CaseStatus.CurrentStageOutcome",
    "CaseStatus.CurrentStageOutcomeDate",
    "CaseStatusReceipt.Method",
    "CaseStatusReceipt.CreatedBy",
    "CaseStatusReceipt.DateReceived",
    "CaseStatusReceipt.TimeCreated",
    "CaseStatusTouchTimes.FirstTouchTime",
    "CaseStatusTouchTimes.LastUpdatedTime",
    "CaseStatusTouchTimes.LastTouchTime",
    "CaseStatusAcceptance.DateAccepted",
    "CaseStatusRejection.DateReturned",
    "CaseStatusRejection.ReturnedReason",
    "CaseStatusWithdrawal.DateWithdrawn",
    "CaseStatusWithdrawal.WithdrawnReason",
    "CaseStatusClosure.DateClosed",
    "CaseStatusClosure.ClosureInTarget",
    "CaseStageStage1.TargetDays",
    "CaseStageStage1.DateDue",
    "CaseStageStage1.Outcome",
    "CaseStageStage1.OutcomeDetails",
    "CaseStageStage1.OutcomeBy",
    "CaseStageStage1.DateCompleted",
    "CaseStageStage1.ResponseInTarget",
    "CaseStageStage2.TargetDays",
    "CaseStageStage2.DateReceived",
    "CaseStageStage2.DateDue",
    "CaseStageStage2.Outcome",
    "CaseStageStage2.OutcomeDetails",
    "CaseStageStage2.OutcomeBy",
    "CaseStageStage2.DateCompleted",
    "CaseStageStage2.ResponseInTarget",
    "CaseStageStage3.TargetDays",
    "CaseStageStage3.DateReceived",
    "CaseStageStage3.DateDue",
    "CaseStageStage3.Outcome",
    "CaseStageStage3.OutcomeDetails",
    "CaseStageStage3.OutcomeBy",
    "CaseStageStage3.DateCompleted",
    "CaseStageStage3.ResponseInTarget",
    "CaseStageStage4.TargetDays",
    "CaseStageStage4.DateReceived",
    "CaseStageStage4.DateDue",
    "CaseStageStage4.Outcome",
    "CaseStageStage4.OutcomeDetails",
    "CaseStageStage4.OutcomeBy",
    "CaseStageStage4.DateCompleted",
    "CaseStageStage4.ResponseInTarget",
    "MainParty.Reference",
    "MainParty.Title",
    "MainParty.FullName",
    "MainParty.FirstName",
    "MainParty.LastName",
    "MainParty.Address",
    "MainParty.Town",
    "MainParty.County",
    "MainParty.Postcode",
    "MainParty.EmailAddress",
    "CustomerSatisfaction.OverallRating",
    "MainParty.Category",
    "MainParty.ContactMethod",
    "MainParty.ContactTime",
    "MainParty.DateOfBirth",
    "MainParty.Mobile",
    "MainParty.Organisation",
    "MainParty.Phone",
    "MainParty.ContactLanguage",
    "MainParty.Notes",
)

# GUESS from here on: no public example of these reports was found. The names follow the style of the case
# columns, and every row starts with the case it belongs to.
_CASE_KEY = ("CaseDetails.CaseId", "CaseDetails.CaseType")

CORRESPONDENCE_COLUMNS: tuple[str, ...] = (
    *_CASE_KEY,
    "Correspondence.Id",
    "Correspondence.Type",
    "Correspondence.Method",
    "Correspondence.Template",
    "Correspondence.Subject",
    "Correspondence.Recipient",
    "Correspondence.RecipientAddress",
    "Correspondence.Stage",
    "Correspondence.DateSent",
    "Correspondence.TimeSent",
    "Correspondence.SentBy",
)
TASK_COLUMNS: tuple[str, ...] = (
    *_CASE_KEY,
    "Task.Id",
    "Task.Type",
    "Task.Description",
    "Task.Status",
    "Task.Stage",
    "Task.AssignedTo",
    "Task.AssignedToId",
    "Task.Team",
    "Task.TimeCreated",
    "Task.DateDue",
    "Task.DateCompleted",
    "Task.TimeCompleted",
    "Task.CompletedBy",
    "Task.CompletedInTarget",
)
CLASSIFICATION_COLUMNS: tuple[str, ...] = (
    *_CASE_KEY,
    "Classification.Group",
    "Classification.Title",
    "Classification.AddedBy",
    "Classification.TimeAdded",
)
REDRESS_COLUMNS: tuple[str, ...] = (
    *_CASE_KEY,
    "Redress.Id",
    "Redress.Type",
    "Redress.Reason",
    "Redress.Amount",
    "Redress.Currency",
    "Redress.Status",
    "Redress.Team",
    "Redress.AgreedBy",
    "Redress.DateAgreed",
    "Redress.DatePaid",
)
CORRECTIVE_ACTION_COLUMNS: tuple[str, ...] = (
    *_CASE_KEY,
    "CorrectiveAction.Id",
    "CorrectiveAction.Type",
    "CorrectiveAction.Description",
    "CorrectiveAction.Owner",
    "CorrectiveAction.Team",
    "CorrectiveAction.Status",
    "CorrectiveAction.DateRaised",
    "CorrectiveAction.DateDue",
    "CorrectiveAction.DateCompleted",
    "CorrectiveAction.CompletedInTarget",
)

# Report numbers: SEED shows 50521 for the cases; the next five are GUESS. Cases/Case is CODE/live, the
# other XML names are GUESS: a client must take any root and treat each child as a row.
REPORTS: Mapping[int, Report] = MappingProxyType(
    {
        report.report_id: report
        for report in (
            Report(50521, "cases", "Cases", "Case", CASE_COLUMNS),
            Report(50522, "correspondence", "CorrespondenceList", "Correspondence", CORRESPONDENCE_COLUMNS),
            Report(50523, "tasks", "Tasks", "Task", TASK_COLUMNS),
            Report(50524, "classifications", "Classifications", "Classification", CLASSIFICATION_COLUMNS),
            Report(50525, "redress", "RedressPayments", "RedressPayment", REDRESS_COLUMNS),
            Report(
                50526,
                "corrective_actions",
                "CorrectiveActions",
                "CorrectiveAction",
                CORRECTIVE_ACTION_COLUMNS,
            ),
        )
    }
)
BY_NAME: Mapping[str, Report] = MappingProxyType({report.name: report for report in REPORTS.values()})

# The notes that were written to cases. No public page tells where notes can be read; that a council can make
# a report of them rests on the vendor's word that reports export just about anything (SEED). Names: GUESS.
NOTES = Report(
    50527,
    "notes",
    "CaseNotes",
    "CaseNote",
    (
        *_CASE_KEY,
        "CaseNote.Id",
        "CaseNote.Type",
        "CaseNote.Text",
        "CaseNote.SelfServiceAccess",
        "CaseNote.AddedBy",
        "CaseNote.TimeAdded",
    ),
)
ALL_REPORTS: Mapping[int, Report] = MappingProxyType({**REPORTS, NOTES.report_id: NOTES})


def at(column: str) -> int:
    """Return the place of a case column in its row."""
    return CASE_COLUMNS.index(column)
