"""The council's services: its teams and the subjects people write about. Content only, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

CIVIC_CENTRE = "Civic Centre\nMarket Square, Calderbridge"
DEPOT = "Lowfield Depot\nUnit 4, Canal Road"
ANNEXE = "St Anne's House\nFloor 2, Priory Street"


@dataclass(frozen=True)
class Team:
    """A team as a case shows it; `department` and `address` may be empty."""

    code: str
    name: str
    department: str
    directorate: str
    address: str
    job: str


@dataclass(frozen=True)
class Topic:
    """What cases are about: the team that answers, the classification group and titles, and the words."""

    team: str
    group: str
    titles: tuple[str, ...]
    subjects: tuple[str, ...]


_ALL_TEAMS = (
    Team(
        "CRTeam",
        "Customer Relations Team",
        "Customer and Digital",
        "Corporate Resources",
        CIVIC_CENTRE,
        "Customer Relations Officer",
    ),
    Team("IGTeam", "Information Governance Team", "", "Corporate Resources", "", "Information Officer"),
    Team(
        "MEMBER",
        "Member Services",
        "Democratic Services",
        "Corporate Resources",
        CIVIC_CENTRE,
        "Liaison Officer",
    ),
    Team(
        "CTAX",
        "Council Tax and Benefits",
        "Revenues",
        "Corporate Resources",
        CIVIC_CENTRE,
        "Revenues Officer",
    ),
    Team("WASTE", "Waste and Recycling", "Street Scene", "Environment and Place", DEPOT, "Waste Supervisor"),
    Team("HWAYS", "Highways and Lighting", "Transport", "Environment and Place", DEPOT, "Highways Inspector"),
    Team(
        "PARKS",
        "Parks, Trees and Open Spaces",
        "Street Scene",
        "Environment and Place",
        DEPOT,
        "Parks Officer",
    ),
    Team("PARKING", "Parking Services", "Transport", "Environment and Place", "", "Parking Appeals Officer"),
    Team(
        "PLAN",
        "Planning and Building Control",
        "Development",
        "Environment and Place",
        CIVIC_CENTRE,
        "Planner",
    ),
    Team(
        "REPAIRS", "Housing Repairs", "Council Homes", "Housing and Communities", ANNEXE, "Repairs Surveyor"
    ),
    Team(
        "TENANCY",
        "Tenancy and Neighbourhoods",
        "Council Homes",
        "Housing and Communities",
        ANNEXE,
        "Housing Officer",
    ),
    Team("HOMELESS", "Housing Options", "", "Housing and Communities", ANNEXE, "Housing Options Adviser"),
    Team("ASC", "Adult Care Assessment", "Adult Social Care", "People", ANNEXE, "Service Manager"),
    Team("CHILD", "Children's Safeguarding", "Children and Families", "People", ANNEXE, "Team Manager"),
    Team("SEND", "Education and SEND", "Learning", "People", "", "SEND Case Officer"),
)
TEAMS: dict[str, Team] = {team.code: team for team in _ALL_TEAMS}

WASTE = Topic(
    "WASTE",
    "Waste and recycling",
    ("Missed collection", "Assisted collection", "Bulky waste", "Garden waste", "Staff attitude"),
    (
        "missed collection, three weeks running",
        'crew left the "assisted" bin at the kerb',
        "new recycling box not delivered",
        "garden waste permit paid, bin not emptied",
        "fly-tipping behind the garages",
        "broken glass left after collection",
    ),
)
STREETS = Topic(
    "HWAYS",
    "Transport and streets",
    ("Potholes", "Street lighting", "Gritting", "Road works", "Footpaths"),
    (
        "pothole outside the primary school",
        "street light out, corner of the crescent",
        "pavement trip hazard, tree roots",
        'road works with no "diversion" sign',
        "gully blocked and flooding",
        "road not gritted, bus couldn't get through",
    ),
)
PARKS = Topic(
    "PARKS",
    "Leisure and culture",
    ("Parks", "Playgrounds", "Trees", "Allotments", "Libraries"),
    (
        "overhanging tree, council land",
        "playground swing broken",
        "allotment waiting list",
        "dog fouling on the rec",
        "café in the park closed early",
    ),
)
PARKING = Topic(
    "PARKING",
    "Parking",
    ("Penalty charge notice", "Resident permits", "Blue Badge", "Car parks"),
    (
        "PCN issued while loading",
        "resident's permit not renewed",
        "pay machine took £4.60, gave no ticket",
        "Blue Badge application delay",
    ),
)
PLANNING = Topic(
    "PLAN",
    "Planning and building",
    ("Enforcement", "Consultation", "Delay in decision", "Building control"),
    (
        'neighbour\'s "temporary" structure',
        "not consulted on extension at no. 12",
        "delay in planning decision",
        "building works, Sundays, noise",
    ),
)
COUNCIL_TAX = Topic(
    "CTAX",
    "Council tax and benefits",
    ("Recovery action", "Incorrect bill", "Discounts and exemptions", "Housing benefit", "Delay"),
    (
        "summons sent after payment, ref. mix-up",
        "single person discount removed",
        "refund of £212.40 still awaited",
        "change of address not actioned",
        "benefit overpayment letter unclear",
    ),
)
REPAIRS = Topic(
    "REPAIRS",
    "Housing repairs",
    ("Delay in repair", "Damp and mould", "Missed appointment", "Quality of work", "Heating"),
    (
        "damp and mould, child's bedroom",
        "boiler - no hot water since Friday",
        "operative didn't attend, 2nd time",
        "front door won't lock",
        "kitchen refit, snagging not done",
        "lift out of order, Rose House",
    ),
)
TENANCY = Topic(
    "TENANCY",
    "Tenancy and neighbourhoods",
    ("Anti-social behaviour", "Tenancy transfer", "Service charges", "Communal areas"),
    (
        "noise nuisance, flat above",
        "service charge query 2024/25",
        "communal cleaning not done",
        "mutual exchange refused",
    ),
)
HOMELESS = Topic(
    "HOMELESS",
    "Housing options",
    ("Temporary accommodation", "Housing register banding", "Homelessness decision"),
    ("banding decision, medical evidence", "temporary accommodation unsuitable", "no reply to application"),
)
ADULTS = Topic(
    "ASC",
    "Health and social care",
    ("Adult social care", "Financial assessment", "Home care", "Occupational therapy"),
    (
        "late care visits for mother",
        "financial assessment wrong, appeal",
        "wet room adaptation delayed",
        "direct payment stopped",
    ),
)
CHILDREN = Topic(
    "CHILD",
    "Children and families",
    ("Adoption and fostering", "Social worker conduct", "Assessment", "Contact arrangements"),
    (
        "reports not shared before conference",
        "change of social worker, 4th",
        "contact cancelled at short notice",
    ),
)
SCHOOLS = Topic(
    "SEND",
    "Education",
    ("School transport", "Education, health and care plans", "Admissions"),
    ("EHC plan overdue", "school taxi late, daily", "admission appeal papers"),
)
RECORDS = Topic(
    "IGTeam",
    "About the council",
    ("Budgets spending and performance", "Contracts and suppliers", "Staff and pay", "Data protection"),
    (
        "agency staff spending, last 3 years",
        "contracts over £5,000",
        "parking fines by street",
        'copies of "gifts and hospitality" register',
        "empty homes, by ward",
        "business rates accounts in credit",
    ),
)
OWN_RECORDS = Topic(
    "IGTeam",
    "About you",
    ("Housing file", "Social care records", "CCTV", "Council tax account"),
    ("housing file since 2009", "social care records, late father", "CCTV of the bus station, 14:00-15:00"),
)

STREET_SCENE = (WASTE, STREETS, PARKS)
ANYTHING = (WASTE, STREETS, PARKS, PARKING, PLANNING, COUNCIL_TAX, REPAIRS, TENANCY, ADULTS, SCHOOLS)

STREET_FORMS = {
    "missed collection, three weeks running": "Missed collection",
    "garden waste permit paid, bin not emptied": "Missed collection",
    "fly-tipping behind the garages": "Fly-tipping report",
    "pothole outside the primary school": "Report a pothole",
    "street light out, corner of the crescent": "Street light fault",
}
