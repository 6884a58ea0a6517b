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
