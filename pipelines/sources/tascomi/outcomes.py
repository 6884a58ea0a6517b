"""What became of a call, by its answer: the judgement of statuses that no other vendor shares.

A server error says nothing about whether a write was carried out; any other refusal is given before it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sources.exchange import plain_reason
from pipelines.sources.tascomi import dialect
from pipelines.sources.tascomi.bodies import Unreadable, is_error, read_record, read_refusal
from pipelines.sources.wording import clip, scrub
from pipelines.sources.writing import NotAllowed, NotSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from pipelines.errors import CasehouseError
    from pipelines.sources.exchange import Answer, Call
    from pipelines.sources.writing import Record

LATER = "run it again later; if it stays so, run `casehouse doctor`"
_LOOK_UP = "look up what there is before anything is sent again"
_MEND = "correct the value, or the template that it comes from"
_ADDRESS = "check CASEHOUSE_TASCOMI_BASE_URL, _SITE and _ENVIRONMENT"
_NO_RECORD = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# These say that the request is to be made elsewhere, so it was not carried out; 303 is how a server leads
# away from what it has just done, and 302 is used for either.
_ELSEWHERE = frozenset(
    {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}
)
_BEFORE = frozenset({HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
# How a refused signature is told (SEED); that it comes as 401 is CODE, and with it what its body is a GUESS.
_UNSIGNED = b"Authentication failures"


def written(call: Call, answer: Answer) -> Record:
    """Return the record that a write left behind; raise Refused for none of this id, else OutcomeUnknown."""
    try:
        row = read_record(answer.content)
    except Unreadable as error:
        raise unknown(call, f"{answer.status}, and {error}") from None
    number = row.get(dialect.BY_ID) if row is not None else None
    if row is not None and number and number.isdecimal() and int(number) != dialect.NO_SUCH_RECORD:
        return row
    if number == str(dialect.NO_SUCH_RECORD) and call.method == dialect.UPDATE:
        raise Refused(
            f"{call.what} was refused by {call.host}",
            field=dialect.BY_ID,
            reason="there is no record of this id",
            todo="look the record up again: it may have been deleted in Tascomi",
        )
    raise unknown(call, f"{answer.status}, but no record came back")


def unknown(call: Call, why: str) -> OutcomeUnknown:
    """Return the error of a write that may have been carried out."""
    return OutcomeUnknown(f"{call.what}: nobody knows whether it was done", why=why, todo=_LOOK_UP)


def judge_write(call: Call, answer: Answer, sent: Record) -> CasehouseError:
    """Return what a write's answer is that does not say it was carried out."""
    status = answer.status
    if status in _BEFORE | _ELSEWHERE:
        why = reason_of(answer, call, sent)
        todo = _ADDRESS if status in _ELSEWHERE else LATER
        return NotSent(f"{call.what} was not taken by {call.host}", why=why, todo=todo)
    if (
        status < HTTPStatus.BAD_REQUEST
        or status == HTTPStatus.REQUEST_TIMEOUT
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        return unknown(call, reason_of(answer, call, sent))
    return judge(call, answer, sent)


def judge(call: Call, answer: Answer, sent: Record) -> CasehouseError:
    """Return what a refusal is: of the key, or of what was asked."""
    field, reason = read_refusal(answer, sent)
    reason = scrub(reason, call.secrets) or f"{answer.status} {plain_reason(answer)}"
    if answer.status == HTTPStatus.FORBIDDEN:
        return NotAllowed(
            f"{call.what}: {call.host} does not allow this to the API key",
            why=reason,
            todo="have the right to this table given to the key in Tascomi; `casehouse doctor` lists them",
        )
    if answer.status in _NO_RECORD and call.method == dialect.UPDATE:
        field = field or dialect.BY_ID
    elif answer.status in _NO_RECORD | {HTTPStatus.METHOD_NOT_ALLOWED}:
        return NotAllowed(f"{call.what}: {call.host} has no such table", why=reason, todo=_ADDRESS)
    return Refused(f"{call.what} was refused by {call.host}", field=field, reason=reason, todo=_MEND)


def is_unsigned(answer: Answer) -> bool:
    """Whether the signature was refused, by the status or, whatever that is, by the words (SEED).

    A server error is none, nor is a record or list whose text happens to hold the words: what was perhaps
    carried out is never taken for refused.
    """
    status = answer.status
    if status == HTTPStatus.UNAUTHORIZED:
        return True
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or _UNSIGNED not in answer.content:
        return False
    return status >= HTTPStatus.BAD_REQUEST or is_error(answer.content)


def reason_of(answer: Answer, call: Call, sent: Record) -> str:
    """Return the status and the server's own words, one line of them, without a key or what was sent."""
    _, reason = read_refusal(answer, sent)
    return f"{answer.status}: {clip(scrub(reason, call.secrets)) or plain_reason(answer)}"
