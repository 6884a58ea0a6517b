"""What the sandbox publishes: accounts, keys, reports and agents that settings default to and stand-ins know.

Constants only, and nothing secret: each of these opens nothing but an invented council.
"""

from __future__ import annotations

SANDBOX_ACCOUNT = "sandbox"
SANDBOX_API_KEY = "sandbox-key"
SANDBOX_SECRET = "sandbox-secret"  # noqa: S105 - published on purpose: it opens only the stand-in

# The feed of each report, and the report's id as iCasework writes it.
ICASEWORK_REPORTS: dict[str, int] = {
    "cases": 50521,
    "correspondence": 50522,
    "tasks": 50523,
    "classifications": 50524,
    "redress": 50525,
    "corrective_actions": 50526,
}

# The report of the notes on cases; no feed, but by it a lost answer to a note is settled.
ICASEWORK_NOTES_REPORT = 50527

SANDBOX_XIMA_KEY = "sandbox-xima-key"

# The feed of each report, and the report's key as Xima writes it: eight capitals and digits.
XIMA_REPORTS: dict[str, str] = {
    "calls": "CL7RT2QP",
    "agent_summary": "LT39K5C5",
    "time_cards": "TC4XN8VB",
    "account_usage": "AU9WD3MK",
}

# Agents as Xima writes them: a name, and the extension in brackets.
XIMA_DESK = "Out of Hours(290)"
XIMA_AGENTS: tuple[str, ...] = (
    "Amira Khan(201)",
    "Ben Holloway(202)",
    "Carys Prosser(203)",
    "Dele Adeyemi(204)",
    "Elin Marsh(205)",
    "Farid Rahimi(206)",
    "Grace Obuya(207)",
    "Hugh Penrose(208)",
    "Iwona Zielinska(209)",
    "Jo Tremaine(210)",
    "Kiran Bains(211)",
    "Lowri Bevan(212)",
    XIMA_DESK,
)

# These open the cards of invented people: `casehouse kpi serve` takes them on a loopback address only,
# and not beside a real system.
SANDBOX_KPI_TOKENS: dict[str, str] = {"sandbox": "sandbox-kpi-token"}
SANDBOX_KPI_HASH_KEY = "sandbox-kpi-hash-key"

SANDBOX_TASCOMI_PUBLIC_KEY = "sandbox-public-key"
SANDBOX_TASCOMI_PRIVATE_KEY = "sandbox-private-key"

# What templates may name in the sandbox's Tascomi: each table's codes and what they are called.
TASCOMI_CORE_FUNCTIONS: dict[str, str] = {
    "EP": "Environmental Protection",
    "FS": "Food Safety",
    "HS": "Health and Safety",
    "LIC": "Licensing",
    "PEST": "Pest Control",
    "PSH": "Private Sector Housing",
    "SS": "Street Scene Enforcement",
}
TASCOMI_REQUEST_CODES: dict[str, str] = {
    "ABV": "Abandoned vehicle",
    "ACCUM": "Accumulation of waste on private land",
    "DAMP": "Housing disrepair: damp & mould",
    "DOGF": "Dog fouling",
    "DRAIN": "Blocked private drain",
    "FLYT": "Fly-tipping",
    "FOODC": "Food complaint: item of food",
    "FOODH": "Food hygiene of premises",
    "HMO": "House in multiple occupation",
    "LIGHT": "Artificial light nuisance",
    "LICP": "Licensed premises",
    "NOISEC": "Noise: commercial",
    "NOISED": "Noise: domestic",
    "NOISES": "Noise: street & vehicles",
    "ODOUR": "Odour",
    "RATS": "Rats or mice",
    "SMOKE": "Smoke & bonfires",
    "WASTE": "Missed or contaminated waste",
    "WORK": "Accident or danger at work",
}
TASCOMI_REPORTING_METHODS: dict[str, str] = {
    "EMAIL": "E-mail",
    "LETTER": "Letter",
    "MEMBER": "Elected member",
    "PERSON": "In person",
    "TEL": "Telephone",
    "WEB": "Web form",
}
TASCOMI_REQUEST_CATEGORIES: dict[str, str] = {
    "COMP": "Complaint",
    "ENQ": "Enquiry",
    "REF": "Referral from another body",
    "SERV": "Request for service",
}
TASCOMI_ORGANIZATIONAL_UNITS: dict[str, str] = {
    "EH": "Environmental Health",
    "HOUS": "Housing Standards",
    "LICE": "Licensing",
    "STRE": "Street Scene",
}
TASCOMI_ACTIONS: dict[str, str] = {
    "ADV": "Advice given",
    "INV": "Investigate",
    "LET": "Send letter",
    "NFA": "No further action",
    "VIS": "Visit",
}
TASCOMI_TITLES: tuple[str, ...] = ("Mr", "Mrs", "Miss", "Ms", "Mx", "Dr", "Cllr", "Rev")

# A user name that is never given to a person; every other officer has one of the council's user names.
TASCOMI_DUTY_OFFICER = "EHDUTY"
# The reference of a contact who wants to stay unnamed, as councils keep one.
TASCOMI_ANONYMOUS = "ANON"
