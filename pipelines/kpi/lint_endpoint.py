"""Trying a KPI endpoint, ours or anybody's: which questions are asked, and what each answer has to be.

The shape of a card is judged in lint.py, the call is made by sources/itx.py. The vendor's page says nothing
of an unknown customer, of a missing identifier or of time; what is held against an endpoint there is what an
agent's panel can live with, and the words say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError
from pipelines.kpi.lint import Breach, lint, sections_of
from pipelines.sources.itx import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines.sources.itx import Heard

NO_SUCH_CUSTOMER = "no-such-customer"
WRONG_TOKEN = "no-such-token"  # noqa: S105 - one that nobody has
SECONDS = 2.0
_PATIENCE = 5  # times the time allowed: a slow answer is still looked at

_UNSTATED = "ITX's page leaves it open, but"


@dataclass(frozen=True)
class Question:
    """One way to ask: its name for people, whose card, with what token, and what its answer must be."""

    name: str
    customer_id: str | None
    judge: Callable[[Heard], list[Breach]]
    token: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What came of one question: its breaches, the documents that were seen, and how long it took.

    `seconds` is None when no answer came.
    """

    question: str
    breaches: Sequence[Breach]
    sections: int
    has_documents: bool
    seconds: float | None


@dataclass(frozen=True)
class Trial:
    """How an endpoint is tried: whose cards, what token, an identifier nobody has, and the time allowed."""

    customers: Sequence[str] = ()
    token: str | None = None
    unknown: str = NO_SUCH_CUSTOMER
    seconds: float = SECONDS


def lint_endpoint(url: str, trial: Trial) -> Iterator[Verdict]:
    """Ask an endpoint every question of a trial and yield what came of each.

    Raises Permanent for an address that is none. Without a token the address is asked as it stands.
    """
    panel = Panel(url, token=trial.token, seconds=trial.seconds * _PATIENCE)
    try:
        for question in _questions(trial):
            yield _answered(panel, question, trial.seconds)
    finally:
        panel.close()


def _questions(trial: Trial) -> Iterator[Question]:
    several = len(trial.customers) > 1
    for number, customer in enumerate(trial.customers, 1):
        yield Question(f"card {number}" if several else "card", customer, _judge_card)
    yield Question("unknown customer", trial.unknown, _judge_unknown)
    yield Question("no customerId", None, _judge_missing)
    if trial.token is not None:
        yield Question("wrong token", trial.unknown, _judge_wrong_token, WRONG_TOKEN)


def _answered(panel: Panel, question: Question, seconds: float) -> Verdict:
    try:
        heard = panel.ask(question.name, question.customer_id, token=question.token)
    except CasehouseError as error:
        return Verdict(question.name, [Breach("answer", _told_absence(error))], 0, False, None)
    breaches = question.judge(heard)
    if heard.seconds > seconds:
        words = f"took longer than {seconds:g} s; {_UNSTATED} the agent is saying hello meanwhile"
        breaches.append(Breach("time", words))
    sections = sections_of(heard.answer.content)
    return Verdict(question.name, breaches, len(sections), any(holds for holds, _ in sections), heard.seconds)


def _told_absence(error: CasehouseError) -> str:
    return f"is not to be had: {error.what}{f' ({error.why})' if error.why else ''}"


def _judge_card(heard: Heard) -> list[Breach]:
    return lint(heard.answer.status, heard.answer.headers, heard.answer.content)


def _judge_unknown(heard: Heard) -> list[Breach]:
    status = heard.answer.status
    if status != HTTPStatus.OK:
        words = f"is {status}; {_UNSTATED} only 200 with a message in each section tells the agent anything"
        return [Breach("HTTP status", words)]
    found = _judge_card(heard)
    sections = sections_of(heard.answer.content)
    if not sections and not found:
        found.append(Breach("$.sections", f"is empty; {_UNSTATED} a section's message tells the agent why"))
    for place, (holds, says) in enumerate(sections):
        path = f"$.sections[{place}]"
        if holds:
            found.append(Breach(f"{path}.documents", "holds documents of somebody, though nobody was meant"))
        elif not says:
            words = f"is missing; {_UNSTATED} an empty section without one looks broken"
            found.append(Breach(f"{path}.message", words))
    return found


def _judge_missing(heard: Heard) -> list[Breach]:
    return _must_refuse(heard, "a request without customerId is the caller's mistake: answer 400")


def _judge_wrong_token(heard: Heard) -> list[Breach]:
    return _must_refuse(heard, "whoever has no token must be shown nothing: answer 401")


def _must_refuse(heard: Heard, words: str) -> list[Breach]:
    status = heard.answer.status
    is_refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return [] if is_refused else [Breach("HTTP status", f"is {status}; {words}")]
