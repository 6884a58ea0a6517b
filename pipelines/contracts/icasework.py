"""The six iCasework contracts: wire name, warehouse name, type, meaning and privacy class, a line a column.

The columns of `Cases` and their order were recorded from a live server's case details. The columns of the
other five reports are not public: their wire names are guesses in the same style. A council whose report
spells a column differently edits that column's first argument here, and nothing else.
"""

from pipelines.contracts.columns import Day, Flag, Instant, Money, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire


class Cases(Rows):
    """One case with activity on the report day, as it stood when that day ended."""

    is_advice_and_assistance_given: Flag = wire(
        "CaseDetailsInformationRequest.AdviceAndAssistance",
        "Advice and assistance was given to the requester.",
    )
    details: Text = wire(
        "CaseDetailsInformationRequest.Details",
        "What was asked for, in the requester's words.",
        privacy="personal",
    )
    information_will_be: Text = wire(
        "CaseDetailsInformationRequest.InformationWillBe", "How the information is to be supplied."
    )
    is_press_office_contacted: Flag = wire(
        "CaseDetailsInformationRequest.PressOfficeContact", "The press office was told of the request."
    )
    is_published_in_disclosure_log: Flag = wire(
        "CaseDetailsInformationRequest.PublishInTheDisclosureLog", "The answer goes into the disclosure log."
    )
    information_not_held_reason: Text = wire(
        "CaseDetailsInformationRequest.ReasonInformationNotHeld",
        "Why information is not held; it may be in the officer's own words.",
        privacy="personal",
    )
    is_about_deceased_person: Flag = wire(
        "CaseDetailsInformationRequest.RequestAboutDeceasedPerson",
        "The request concerns someone who has died.",
        privacy="personal",
    )
    information_scheme: Text = wire(
        "CaseDetailsInformationRequest.Scheme",
        "The law the request falls under, such as Freedom of Information.",
    )
    is_suitable_for_publication_scheme: Flag = wire(
        "CaseDetailsInformationRequest.SuitableForPublicationScheme",
        "The information suits the publication scheme.",
    )
    case_id: Whole = wire("CaseDetails.CaseId", "The case's number in iCasework.", key=True, ge=1)
    external_id: Text = wire("CaseDetails.ExternalId", "The case's reference in another system, once linked.")
    parent_case_id: Whole = wire("CaseDetails.ParentCaseId", "The case this one follows from.", ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case, such as Complaint.", required=True)
    form_type: Text = wire("CaseDetails.FormType", "The form the case was raised with.")
    case_label: Text = wire(
        "CaseDetails.CaseLabel", "Short label; officers put names and places into it.", privacy="personal"
    )
    rating: Text = wire("CaseDetails.Rating", "Seriousness, such as Standard, Medium or High.")
    is_confidential: Flag = wire("CaseDetails.Confidential", "Only named officers may open the case.")
    assigned_to: Text = wire("CaseDetails.AssignedTo", "Officer who holds the case.", privacy="personal")
    assigned_to_id: Text = wire("CaseDetails.AssignedToId", "User id of that officer.", privacy="personal")
    department: Text = wire("CaseDetails.Department", "Department of the officer.")
    assigned_to_job_title: Text = wire("CaseDetails.AssignedToJobTitle", "Job title of the officer.")
    assigned_to_address: Text = wire(
        "CaseDetails.AssignedToAddress", "Office address of the officer.", privacy="personal"
    )
    team: Text = wire("CaseDetails.Team", "Team that holds the case.")
    team_code: Text = wire("CaseDetails.TeamCode", "Code of that team.")
    directorate: Text = wire("CaseDetails.Directorate", "Directorate the team belongs to.")
    total_cost_allowed_gbp: Money = wire(
        "CaseDetailsEstimatedFeesAndTimeSpent.TotalCostAllowedToBeCharged",
        "Most that may be charged for the request, in pounds.",
        ge=0,
    )
    statutory_limit_gbp: Money = wire(
        "CaseDetailsEstimatedFeesAndTimeSpent.StatutoryAppropriateLimit",
        "The statutory appropriate limit, in pounds.",
        ge=0,
    )
    fee_charged_gbp: Money = wire(
        "CaseDetailsEstimatedFeesAndTimeSpent.FeeCharged", "Fee charged, in pounds.", ge=0
    )
    estimated_disbursements_gbp: Money = wire(
        "CaseDetailsEstimatedFeesAndTimeSpent.Disbursements", "Estimated disbursements, in pounds.", ge=0
    )
    estimated_chargeable_items_gbp: Money = wire(
        "CaseDetailsEstimatedFeesAndTimeSpent.ChargeableItemsCosts",
        "Estimated cost of chargeable items, in pounds.",
        ge=0,
    )
    information_request_payment_gbp: Money = wire(
        "CaseDetailsInformationRequest.PaymentAmount", "Paid for an information request, in pounds.", ge=0
    )
    disbursements_gbp: Money = wire(
        "CaseDetailsInformationRequest.Disbursements",
        "Disbursements of an information request, in pounds.",
        ge=0,
    )
    chargeable_items_gbp: Money = wire(
        "CaseDetailsInformationRequest.ChargeableItemsCosts",
        "Chargeable items of an information request, in pounds.",
        ge=0,
    )
    subject_access_payment_gbp: Money = wire(
        "CaseDetailsSubjectAccessRequest.PaymentAmount", "Paid for a subject access request, in pounds.", ge=0
    )
    details_id: Text = wire("CaseDetails.Id", "Second identifier that iCasework sends; empty when recorded.")
    case_status: Text = wire("CaseStatus.Status", "Status in words.")
    current_target_date: Day = wire("CaseStatus.CurrentTargetDate", "Day by which the current stage is due.")
    current_target_days: Whole = wire(
        "CaseStatus.CurrentTargetDays", "Working days the current stage allows.", ge=0
    )
    current_stage: Text = wire("CaseStatus.CurrentStage", "Stage the case is in.")
    current_outcome: Text = wire("CaseStatus.CurrentOutcome", "Latest outcome of the case.")
    current_outcome_date: Day = wire("CaseStatus.CurrentOutcomeDate", "Day of that outcome.")
    current_stage_outcome: Text = wire("CaseStatus.CurrentStageOutcome", "Outcome of the current stage.")
    current_stage_outcome_date: Day = wire(
        "CaseStatus.CurrentStageOutcomeDate", "Day of the current stage's outcome."
    )
    received_method: Text = wire("CaseStatusReceipt.Method", "How the case arrived, such as Online Form.")
    created_by: Text = wire("CaseStatusReceipt.CreatedBy", "Who recorded the case.", privacy="personal")
    received_date: Day = wire("CaseStatusReceipt.DateReceived", "Day the case was received.")
    created_at: Instant = wire("CaseStatusReceipt.TimeCreated", "When the case was recorded.")
    first_touched_at: Instant = wire(
        "CaseStatusTouchTimes.FirstTouchTime", "When an officer first opened it."
    )
    last_updated_at: Instant = wire("CaseStatusTouchTimes.LastUpdatedTime", "When the case last changed.")
    last_touched_at: Instant = wire("CaseStatusTouchTimes.LastTouchTime", "When an officer last opened it.")
    accepted_date: Day = wire("CaseStatusAcceptance.DateAccepted", "Day the case was accepted.")
    returned_date: Day = wire("CaseStatusRejection.DateReturned", "Day the case was rejected and returned.")
    returned_reason: Text = wire(
        "CaseStatusRejection.ReturnedReason",
        "Why it was returned; it may be in the officer's own words.",
        privacy="personal",
    )
    withdrawn_date: Day = wire("CaseStatusWithdrawal.DateWithdrawn", "Day the customer withdrew it.")
    withdrawn_reason: Text = wire(
        "CaseStatusWithdrawal.WithdrawnReason",
        "Why it was withdrawn; it may be in the customer's own words.",
        privacy="personal",
    )
    closed_date: Day = wire("CaseStatusClosure.DateClosed", "Day the case was closed.")
    is_closed_in_target: Flag = wire("CaseStatusClosure.ClosureInTarget", "It was closed within its target.")
    stage1_target_days: Whole = wire("CaseStageStage1.TargetDays", "Working days stage 1 allows.", ge=0)
    stage1_due_date: Day = wire("CaseStageStage1.DateDue", "Day stage 1 is due.")
    stage1_outcome: Text = wire("CaseStageStage1.Outcome", "Outcome of stage 1.")
    stage1_outcome_details: Text = wire(
        "CaseStageStage1.OutcomeDetails", "Notes on the outcome of stage 1.", privacy="personal"
    )
    stage1_outcome_by: Text = wire("CaseStageStage1.OutcomeBy", "Who decided stage 1.", privacy="personal")
    stage1_completed_date: Day = wire("CaseStageStage1.DateCompleted", "Day stage 1 ended.")
    is_stage1_in_target: Flag = wire("CaseStageStage1.ResponseInTarget", "Stage 1 was answered in time.")
    stage2_target_days: Whole = wire("CaseStageStage2.TargetDays", "Working days stage 2 allows.", ge=0)
    stage2_received_date: Day = wire("CaseStageStage2.DateReceived", "Day stage 2 began.")
    stage2_due_date: Day = wire("CaseStageStage2.DateDue", "Day stage 2 is due.")
    stage2_outcome: Text = wire("CaseStageStage2.Outcome", "Outcome of stage 2.")
    stage2_outcome_details: Text = wire(
        "CaseStageStage2.OutcomeDetails", "Notes on the outcome of stage 2.", privacy="personal"
    )
    stage2_outcome_by: Text = wire("CaseStageStage2.OutcomeBy", "Who decided stage 2.", privacy="personal")
    stage2_completed_date: Day = wire("CaseStageStage2.DateCompleted", "Day stage 2 ended.")
    is_stage2_in_target: Flag = wire("CaseStageStage2.ResponseInTarget", "Stage 2 was answered in time.")
    stage3_target_days: Whole = wire("CaseStageStage3.TargetDays", "Working days stage 3 allows.", ge=0)
    stage3_received_date: Day = wire("CaseStageStage3.DateReceived", "Day stage 3 began.")
    stage3_due_date: Day = wire("CaseStageStage3.DateDue", "Day stage 3 is due.")
    stage3_outcome: Text = wire("CaseStageStage3.Outcome", "Outcome of stage 3.")
    stage3_outcome_details: Text = wire(
        "CaseStageStage3.OutcomeDetails", "Notes on the outcome of stage 3.", privacy="personal"
    )
    stage3_outcome_by: Text = wire("CaseStageStage3.OutcomeBy", "Who decided stage 3.", privacy="personal")
    stage3_completed_date: Day = wire("CaseStageStage3.DateCompleted", "Day stage 3 ended.")
    is_stage3_in_target: Flag = wire("CaseStageStage3.ResponseInTarget", "Stage 3 was answered in time.")
    stage4_target_days: Whole = wire("CaseStageStage4.TargetDays", "Working days stage 4 allows.", ge=0)
    stage4_received_date: Day = wire("CaseStageStage4.DateReceived", "Day stage 4 began.")
    stage4_due_date: Day = wire("CaseStageStage4.DateDue", "Day stage 4 is due.")
    stage4_outcome: Text = wire("CaseStageStage4.Outcome", "Outcome of stage 4.")
    stage4_outcome_details: Text = wire(
        "CaseStageStage4.OutcomeDetails", "Notes on the outcome of stage 4.", privacy="personal"
    )
    stage4_outcome_by: Text = wire("CaseStageStage4.OutcomeBy", "Who decided stage 4.", privacy="personal")
    stage4_completed_date: Day = wire("CaseStageStage4.DateCompleted", "Day stage 4 ended.")
    is_stage4_in_target: Flag = wire("CaseStageStage4.ResponseInTarget", "Stage 4 was answered in time.")
    customer_id: Text = wire("MainParty.Reference", "The customer's reference.", privacy="personal")
    customer_title: Text = wire("MainParty.Title", "The customer's title.", privacy="personal")
    customer_name: Text = wire("MainParty.FullName", "Surname, first name.", privacy="personal")
    customer_first_name: Text = wire("MainParty.FirstName", "The customer's first name.", privacy="personal")
    customer_last_name: Text = wire("MainParty.LastName", "The customer's surname.", privacy="personal")
    customer_address: Text = wire(
        "MainParty.Address", "Street part of the address, a line a line.", privacy="personal"
    )
    customer_town: Text = wire("MainParty.Town", "Town of the address.", privacy="personal")
    customer_county: Text = wire("MainParty.County", "County of the address.", privacy="personal")
    customer_postcode: Text = wire("MainParty.Postcode", "Postcode.", privacy="personal")
    customer_email: Text = wire("MainParty.EmailAddress", "Email address.", privacy="personal")
    satisfaction_rating: Whole = wire(
        "CustomerSatisfaction.OverallRating", "How content the customer was, as surveyed.", ge=0
    )
    customer_category: Text = wire("MainParty.Category", "Kind of customer, such as Resident.")
    customer_contact_method: Text = wire("MainParty.ContactMethod", "How the customer wants to be reached.")
    customer_contact_time: Text = wire(
        "MainParty.ContactTime", "When the customer wants to be called.", privacy="personal"
    )
    customer_birth_date: Day = wire("MainParty.DateOfBirth", "Date of birth.", privacy="personal")
    customer_mobile: Text = wire("MainParty.Mobile", "Mobile number as typed.", privacy="personal")
    customer_organisation: Text = wire("MainParty.Organisation", "Organisation.", privacy="personal")
    customer_phone: Text = wire("MainParty.Phone", "Landline number as typed.", privacy="personal")
    customer_language: Text = wire(
        "MainParty.ContactLanguage",
        "Language wanted, ISO 639; it can reveal ethnic origin.",
        privacy="special",
    )
    customer_notes: Text = wire(
        "MainParty.Notes", "Free notes on the customer; they can tell of health or belief.", privacy="special"
    )


class Correspondence(Rows):
    """One letter or message sent to a customer on the report day."""

    case_id: Whole = wire("CaseDetails.CaseId", "The case it was sent for.", required=True, ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case.")
    correspondence_id: Text = wire("Correspondence.Id", "The letter's own number.", required=True)
    correspondence_type: Text = wire("Correspondence.Type", "Kind of letter, such as Acknowledgement.")
    sent_method: Text = wire("Correspondence.Method", "Email, Letter and so on.")
    template: Text = wire("Correspondence.Template", "Template it was written from.")
    subject: Text = wire("Correspondence.Subject", "Subject line.", privacy="personal")
    recipient: Text = wire("Correspondence.Recipient", "Who it was sent to.", privacy="personal")
    recipient_address: Text = wire(
        "Correspondence.RecipientAddress",
        "Where it was sent: street lines or an email address.",
        privacy="personal",
    )
    stage: Text = wire("Correspondence.Stage", "Stage of the case it belongs to.")
    sent_date: Day = wire("Correspondence.DateSent", "Day it was sent.")
    sent_at: Instant = wire("Correspondence.TimeSent", "When it was sent.")
    sent_by: Text = wire("Correspondence.SentBy", "Officer who sent it.", privacy="personal")


class Tasks(Rows):
    """One task created or completed on the report day, as it stood when that day ended."""

    case_id: Whole = wire("CaseDetails.CaseId", "The case it belongs to.", key=True, ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case.")
    task_id: Text = wire("Task.Id", "The task's own number.", key=True)
    task_type: Text = wire("Task.Type", "Kind of task.")
    task_description: Text = wire("Task.Description", "What is to be done.", privacy="personal")
    task_status: Text = wire("Task.Status", "Open, Completed and so on.")
    stage: Text = wire("Task.Stage", "Stage of the case it belongs to.")
    assigned_to: Text = wire("Task.AssignedTo", "Officer who holds the task.", privacy="personal")
    assigned_to_id: Text = wire("Task.AssignedToId", "User id of that officer.", privacy="personal")
    team: Text = wire("Task.Team", "Team that holds the task.")
    created_at: Instant = wire("Task.TimeCreated", "When it was created.")
    due_date: Day = wire("Task.DateDue", "Day it is due.")
    completed_date: Day = wire("Task.DateCompleted", "Day it was completed.")
    completed_at: Instant = wire("Task.TimeCompleted", "When it was completed.")
    completed_by: Text = wire("Task.CompletedBy", "Officer who completed it.", privacy="personal")
    is_completed_in_target: Flag = wire("Task.CompletedInTarget", "It was completed by its due day.")


class Classifications(Rows):
    """One classification of a case with activity on the report day."""

    case_id: Whole = wire("CaseDetails.CaseId", "The case it describes.", required=True, ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case.")
    classification_group: Text = wire(
        "Classification.Group", "Group of subjects, such as Transport and streets."
    )
    classification_title: Text = wire("Classification.Title", "Subject within the group.", required=True)
    added_by: Text = wire("Classification.AddedBy", "Officer who classified the case.", privacy="personal")
    added_at: Instant = wire("Classification.TimeAdded", "When it was added.")


class Redress(Rows):
    """One redress agreed for a case with activity on the report day."""

    case_id: Whole = wire("CaseDetails.CaseId", "The case it was agreed for.", key=True, ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case.")
    redress_id: Text = wire("Redress.Id", "The redress's own number.", key=True)
    redress_type: Text = wire("Redress.Type", "Kind of redress, such as Apology or Compensation.")
    redress_reason: Text = wire(
        "Redress.Reason", "What it makes good; it may be in the officer's own words.", privacy="personal"
    )
    amount_gbp: Money = wire("Redress.Amount", "Amount in pounds; empty when no money is paid.", ge=0)
    currency: Text = wire(
        "Redress.Currency", "Currency code; amounts are stored as pounds, so it must be GBP.", isin=["GBP"]
    )
    redress_status: Text = wire("Redress.Status", "Agreed, Paid and so on.")
    team: Text = wire("Redress.Team", "Team that bears it.")
    agreed_by: Text = wire("Redress.AgreedBy", "Officer who agreed it.", privacy="personal")
    agreed_date: Day = wire("Redress.DateAgreed", "Day it was agreed.")
    paid_date: Day = wire("Redress.DatePaid", "Day it was paid.")


class CorrectiveActions(Rows):
    """One corrective action of a case with activity on the report day."""

    case_id: Whole = wire("CaseDetails.CaseId", "The case it follows from.", key=True, ge=1)
    case_type: Text = wire("CaseDetails.CaseType", "Kind of case.")
    corrective_action_id: Text = wire("CorrectiveAction.Id", "The action's own number.", key=True)
    corrective_action_type: Text = wire("CorrectiveAction.Type", "Kind of action, such as Training.")
    corrective_action_description: Text = wire(
        "CorrectiveAction.Description", "What is to change.", privacy="personal"
    )
    owner: Text = wire("CorrectiveAction.Owner", "Officer who must see to it.", privacy="personal")
    team: Text = wire("CorrectiveAction.Team", "Team that must see to it.")
    corrective_action_status: Text = wire("CorrectiveAction.Status", "Open, Completed and so on.")
    raised_date: Day = wire("CorrectiveAction.DateRaised", "Day it was raised.")
    due_date: Day = wire("CorrectiveAction.DateDue", "Day it is due.")
    completed_date: Day = wire("CorrectiveAction.DateCompleted", "Day it was completed.")
    is_completed_in_target: Flag = wire(
        "CorrectiveAction.CompletedInTarget", "It was completed by its due day."
    )


# Where a report has no key of its own: what tells its rows of one day apart.
_ROWS_BY = {
    "correspondence": ("correspondence_id",),
    "classifications": ("case_id", "classification_group", "classification_title"),
}
ICASEWORK_CONTRACTS = tuple(
    Contract(f"icasework/{name}", model, rows_by=_ROWS_BY.get(name, ()))
    for name, model in {
        "cases": Cases,
        "correspondence": Correspondence,
        "tasks": Tasks,
        "classifications": Classifications,
        "redress": Redress,
        "corrective_actions": CorrectiveActions,
    }.items()
)
