"""What the reading calls (getcases, getcasedocuments) show of a case: plain values, no wire format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sandbox.council import words
from pipelines.sandbox.council.case_changes import PUBLISHED, STATUS
from pipelines.sandbox.council.case_rows import REQUEST, details, label, row
from pipelines.sandbox.council.dice import Stream
from pipelines.sandbox.council.kinds import INFORMATION_REQUEST
from pipelines.sandbox.council.part_rows import is_sent, part_id, theme
from pipelines.sandbox.council.plan import PARTS_PER_CASE
from pipelines.sandbox.council.reports import CASE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.sandbox.council.plan import Plan

ATTACHED = 300  # per thousand cases that came with files
# CODE/live: the attributes of the recorded cases, in the order they came.
SHOWN = tuple(
    (CASE_COLUMNS.index(REQUEST + name), name)
    for name in (
        "Details",
        "InformationWillBe",
        "PublishInTheDisclosureLog",
        "ReasonInformationNotHeld",
        "SuitableForPublicationScheme",
    )
)
PUBLIC_KINDS = frozenset({INFORMATION_REQUEST})


@dataclass(frozen=True)
class Document:
    """A file held on a case. `document_date` is London wall-clock text, `2021-02-15T16:43:11`."""

    document_id: str
    name: str
    category: str
    mime_type: str
    source: str
    document_date: str


@dataclass(frozen=True)
class CaseSummary:
    """A case as getcases lists it (shape: CODE/live getcases answer).

    `attributes` maps the short name of a filled-in attribute to its text; `classifications` are
    (group, title) pairs; `is_public` tells whether the self-service portal may show the case.
    """

    case_id: int
    case_type: str
    label: str
    request_method: str
    request_date: str
    status: str
    attributes: Mapping[str, str]
    classifications: tuple[tuple[str, str], ...]
    documents: tuple[Document, ...]
    is_public: bool


def summarise(plan: Plan, told: int) -> CaseSummary:
    """Show a case as it stands after its first `told` steps.

    The portal shows information requests that were answered and put in the disclosure log (both cases of the
    recorded answer are such; the rule itself is a GUESS).
    """
    cells = row(plan, told)
    attributes = {name: cells[place] for place, name in SHOWN if cells[place]}
    attributes.setdefault("Details", details(plan))
    return CaseSummary(
        case_id=plan.case_id,
        case_type=plan.kind.name,
        label=label(plan),
        request_method=plan.method,
        request_date=plan.created,
        status=cells[STATUS],
        attributes=attributes,
        classifications=tuple(
            theme(plan, number, step) for number, step in enumerate(plan.life.themes) if step.place < told
        ),
        documents=tuple(documents(plan, told)),
        is_public=cells[PUBLISHED] == "Yes",
    )


def documents(plan: Plan, told: int) -> list[Document]:
    """List the files a case holds after its first `told` steps: what the customer sent, then our letters."""
    dice = plan.dice(Stream.DOCUMENTS)
    held = []
    if dice.chance(ATTACHED):
        for number in range(dice.pick((1, 1, 2))):
            name, mime = dice.pick(words.ATTACHMENTS)
            document_id = part_id(plan, "D", PARTS_PER_CASE - 1 - number)
            held.append(Document(document_id, name, "Customer upload", mime, plan.method, plan.created))
    for number, letter in enumerate(plan.life.letters):
        if letter.sent.place < told and plan.person is not None and is_sent(plan, letter):
            name = f"{letter.title} ({plan.case_id})"
            stamp = plan.stamps[letter.sent.place]
            document_id = part_id(plan, "D", number)
            held.append(Document(document_id, name, "General upload", "application/pdf", "Document", stamp))
    return held
