"""The types of case the council keeps, their stages, targets and odds. Content only, no behaviour.

Odds are per thousand cases. Targets are working days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pipelines.sandbox.council import services as on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.sandbox.council.services import Topic


class Sender(Enum):
    """Who writes in."""

    PUBLIC = "public"
    COUNCILLOR = "councillor"
    PARLIAMENT = "parliament"


@dataclass(frozen=True)
class Stage:
    """A stage of a case's life and the working days it may take."""

    name: str
    target: int


@dataclass(frozen=True)
class Odds:
    """How often, per thousand cases, something happens; `redress` and `actions` count upheld stages only."""

    reject: int = 30
    withdraw: int = 25
    late: int = 180
    extend: int = 40
    escalate: int = 0
    redress: int = 0
    actions: int = 0
    reassign: int = 80
    survey: int = 120


@dataclass(frozen=True)
class Kind:
    """A type of case. `share` is its part of all cases, per thousand; `accept` the days until accepted.

    `forms` are those it comes in on, unless `forms_by_subject` has one of its own for what it is about.
    """

    name: str
    prefix: str
    share: int
    forms: tuple[str, ...]
    stages: tuple[Stage, ...]
    topics: tuple[Topic, ...]
    outcomes: tuple[str, ...]
    work: tuple[str, ...]
    odds: Odds
    accept: tuple[int, ...] = (0, 0, 1, 1, 2, 3)
    triage: str = "CRTeam"
    sender: Sender = Sender.PUBLIC
    keeps_outcome_as_status: bool = False
    is_sensitive: bool = False
    may_be_anonymous: bool = False
    forms_by_subject: Mapping[str, str] = field(default_factory=dict)


UPHELD = frozenset({"Upheld", "Partially upheld", "Maladministration found"})
FINDINGS = (
    "Upheld",
    "Upheld",
    "Partially upheld",
    "Partially upheld",
    "Not upheld",
    "Not upheld",
    "Resolved",
)
ANSWERS = ("Answered", "Answered", "Answered", "Action taken", "Referred to partner")
DISCLOSURES = (
    "All information sent",
    "All information sent",
    "All information sent",
    "Some information sent but not all held",
    "Some information sent but part exempt",
    "Information not held",
    "Refused - exemption applies",
)

INFORMATION_REQUEST = "Information request"
SUBJECT_ACCESS_REQUEST = "Subject access request"

KINDS: tuple[Kind, ...] = (
    Kind(
        name="Service request",
        prefix="SR",
        share=300,
        forms=("Service request",),
        forms_by_subject=on.STREET_FORMS,
        stages=(Stage("Request", 5),),
        topics=on.STREET_SCENE,
        outcomes=("Completed", "Completed", "Completed", "No action needed", "Passed to contractor"),
        work=("Inspect", "Carry out work"),
        odds=Odds(reject=50, withdraw=15, late=200, extend=0, reassign=60, survey=80),
        accept=(0, 0, 0, 1),
        may_be_anonymous=True,
    ),
    Kind(
        name="Corporate complaint",
        prefix="COM",
        share=220,
        forms=("Corporate complaint",),
        stages=(Stage("Stage 1", 10), Stage("Stage 2", 20), Stage("Ombudsman", 20)),
        topics=on.ANYTHING,
        outcomes=FINDINGS,
        work=("Obtain comments from the service", "Draft response", "Approve response"),
        odds=Odds(late=230, escalate=140, redress=280, actions=240, survey=180),
    ),
    Kind(
        name="Housing complaint",
        prefix="HC",
        share=110,
        forms=("Housing complaint", "Repairs complaint"),
        stages=(Stage("Stage 1", 10), Stage("Stage 2", 20), Stage("Ombudsman", 20)),
        topics=(on.REPAIRS, on.TENANCY, on.HOMELESS),
        outcomes=FINDINGS,
        work=("Inspect property", "Draft response", "Approve response"),
        odds=Odds(late=300, extend=80, escalate=200, redress=520, actions=350, survey=180),
        accept=(0, 1, 2, 3, 4),
    ),
    Kind(
        name=INFORMATION_REQUEST,
        prefix="IR",
        share=130,
        forms=("Information request",) * 9 + ("Environmental information request",),
        stages=(Stage("Request", 20), Stage("Internal review", 20), Stage("Commissioner", 20)),
        topics=(on.RECORDS,),
        outcomes=DISCLOSURES,
        work=("Collate information", "Apply exemptions", "Approve disclosure"),
        odds=Odds(reject=40, late=160, extend=60, escalate=50, reassign=50, survey=40),
        triage="IGTeam",
        keeps_outcome_as_status=True,
    ),
    Kind(
        name=SUBJECT_ACCESS_REQUEST,
        prefix="SAR",
        share=50,
        forms=("Subject access request",),
        stages=(Stage("Request", 21), Stage("Review", 20)),
        topics=(on.OWN_RECORDS,),
        outcomes=("Records sent", "Records sent", "Records sent in part", "No records held"),
        work=("Check identity", "Collate records", "Redact records"),
        odds=Odds(reject=60, late=260, extend=150, escalate=60, survey=30),
        triage="IGTeam",
        keeps_outcome_as_status=True,
        is_sensitive=True,
    ),
    Kind(
        name="Member enquiry",
        prefix="ME",
        share=80,
        forms=("Member enquiry",),
        stages=(Stage("Enquiry", 10), Stage("Follow-up", 10)),
        topics=on.ANYTHING,
        outcomes=ANSWERS,
        work=("Obtain comments from the service", "Draft response"),
        odds=Odds(reject=10, withdraw=10, escalate=70, survey=0),
        triage="MEMBER",
        sender=Sender.COUNCILLOR,
    ),
    Kind(
        name="MP enquiry",
        prefix="MP",
        share=20,
        forms=("MP enquiry",),
        stages=(Stage("Enquiry", 10),),
        topics=on.ANYTHING,
        outcomes=ANSWERS,
        work=("Obtain comments from the service", "Draft response", "Approve response"),
        odds=Odds(reject=0, withdraw=10, late=250, survey=0),
        triage="MEMBER",
        sender=Sender.PARLIAMENT,
    ),
    Kind(
        name="Compliment",
        prefix="CPL",
        share=40,
        forms=("Compliment",),
        stages=(Stage("Compliment", 5),),
        topics=on.ANYTHING,
        outcomes=("Passed to staff",),
        work=("Pass on thanks",),
        odds=Odds(reject=0, withdraw=0, late=60, extend=0, reassign=0, survey=0),
        accept=(0, 1),
        may_be_anonymous=True,
    ),
    Kind(
        name="Comment",
        prefix="CMT",
        share=25,
        forms=("Comment", "Suggestion"),
        stages=(Stage("Comment", 10),),
        topics=on.ANYTHING,
        outcomes=("Noted", "Noted", "Suggestion adopted"),
        work=("Obtain comments from the service",),
        odds=Odds(reject=60, withdraw=10, extend=0, survey=20),
        may_be_anonymous=True,
    ),
    Kind(
        name="Adult social care complaint",
        prefix="ASC",
        share=15,
        forms=("Adult social care complaint",),
        stages=(Stage("Local resolution", 25), Stage("Ombudsman", 20)),
        topics=(on.ADULTS,),
        outcomes=FINDINGS,
        work=("Meet complainant", "Draft response", "Approve response"),
        odds=Odds(late=280, extend=120, escalate=120, redress=300, actions=300, survey=100),
        is_sensitive=True,
    ),
    Kind(
        name="Children's statutory complaint",
        prefix="CSC",
        share=10,
        forms=("Children's statutory complaint",),
        stages=(
            Stage("Stage 1", 10),
            Stage("Stage 2 investigation", 25),
            Stage("Stage 3 review panel", 30),
            Stage("Ombudsman", 20),
        ),
        topics=(on.CHILDREN,),
        outcomes=FINDINGS,
        work=("Meet complainant", "Independent investigation", "Draft response", "Approve response"),
        odds=Odds(late=350, extend=150, escalate=420, redress=350, actions=400, survey=60),
        is_sensitive=True,
    ),
)
