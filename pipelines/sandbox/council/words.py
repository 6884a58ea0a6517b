"""What officers and customers write: the phrases of the council. Content only, no behaviour.

Commas, quotes, apostrophes, line breaks and letters outside ASCII are there on purpose.
"""

from __future__ import annotations

ONLINE_FORM, E_MAIL, PHONE, POST, IN_PERSON = "Online Form", "Email", "Phone", "Letter", "In person"
DAYTIME_METHODS = (ONLINE_FORM, ONLINE_FORM, ONLINE_FORM, E_MAIL, E_MAIL, PHONE, PHONE, POST, IN_PERSON)
EVENING_METHODS = (ONLINE_FORM, ONLINE_FORM, E_MAIL)
CREATED_BY_SYSTEM = {ONLINE_FORM: "Self Service", E_MAIL: "Email gateway"}

RATINGS = ("Standard", "Standard", "Medium", "Medium", "Low", "High")
WORKING_STATUSES = ("Awaiting service comments", "Under investigation", "Response being drafted")

REJECTION_REASONS = (
    "Duplicate of an earlier case",
    "Not a council service",
    "Right of appeal elsewhere",
    "Over 12 months old",
    'Marked "anonymous", cannot be investigated',
)
WITHDRAWAL_REASONS = ("Resolved by phone", "Customer withdrew", "No reply from customer, 20 days", "")

OUTCOME_DETAILS = (
    "",
    "",
    "Apology given, service restored.",
    'Visited on site; the "snagging list" is agreed.',
    "We didn't follow our own procedure.\nAn apology and a new appointment were offered.",
    "No fault found, customer's account checked back to April.",
    "Refund of £35.00 agreed, crew reminded",
    "See response letter, paragraphs 2-4",
)

INFORMATION_DETAILS = (
    "Please send me {subject}.",
    "Under the Act I request:\n1. {subject}\n2. any related minutes, 2023 to date",
    'I would like {subject}, in a "reusable" format (CSV).',
    "{subject} - for each ward, please; the last reply wasn't complete",
)
CASE_DETAILS = (
    "About: {subject}. Please look into it.",
    "{subject}\nThis has been going on for weeks, and nobody's called back.",
    'I was told it was "in hand": {subject}.',
    "Customer reports {subject}, wants a reply in writing.",
)
INFORMATION_FORMS = (
    "Embedded in the response",
    "Attached to the response",
    "Available on the website",
    "Sent by post",
)
NOT_HELD_REASONS = (
    "Held by the county council",
    "Destroyed under the retention schedule",
    "Never recorded, by design",
)

LETTER_SUBJECTS = {
    "Automatic acknowledgement": "We have received your {kind} ({case})",
    "Acknowledgement": "Your {kind} {case}: {subject}",
    "Unable to accept": "Why we can't take on {case}",
    "Extension of time": "{case}: we need more time, new date inside",
    "Holding reply": "{case} - an update, and our apologies",
    "Withdrawal confirmed": "{case} is withdrawn, as you asked",
    "Response": 'Our response to {case}: "{subject}"',
    "Payment advice": "{case}: payment made",
    "Next stage acknowledgement": "{case} - your request for a review",
}
LETTER_TEMPLATES = {
    "Automatic acknowledgement": "AUTO01",
    "Acknowledgement": "ACK03",
    "Unable to accept": "REJ01",
    "Extension of time": "EXT02",
    "Holding reply": "HLD01",
    "Withdrawal confirmed": "WDR01",
    "Response": "RSP07",
    "Payment advice": "PAY01",
    "Next stage acknowledgement": "ACK04",
}
TASK_DETAILS = (
    "",
    "{subject}",
    "Chase the service; {officer} is away until Monday",
    'Check file, "{subject}"',
    "Ring the customer first, then write.\nKeep {officer} copied in.",
)
CAUSES = (
    "Delay",
    "Failure to follow policy",
    "Staff conduct",
    "Poor communication",
    "Contractor's performance",
    "Quality of service",
)

REDRESS_TYPES = (
    "Financial payment",
    "Financial payment",
    "Rent account credit",
    "Reimbursement",
    "Goodwill voucher",
)
REDRESS_REASONS = (
    "Time and trouble",
    "Distress",
    "Delay",
    "Missed appointment",
    "Loss, or damage to belongings",
    "",
)
REDRESS_PENCE = (1000, 2500, 3500, 5000, 7550, 10000, 13742, 15000, 25000, 48099, 120000)

ACTIONS = (
    ("Training", "Brief the crew on assisted collections, all rounds"),
    ("Training", "Refresher on the complaints code for new starters"),
    ("Process change", "Confirm appointments by text the day before; don't rely on post"),
    ("Policy review", 'Reword the "right to review" paragraph'),
    ("System change", "Stop the reminder letter going out after payment"),
    ("Communication", "Publish the gritting map\nand the list of routes"),
)

ATTACHMENTS = (
    ("Photo", "image/jpeg"),
    ("Scanned letter", "application/pdf"),
    ("Screenshot (Zoë's phone)", "image/png"),
    ("Tenancy agreement, signed", "application/pdf"),
)
