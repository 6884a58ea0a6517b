"""What an answer says of a writing call that it does not praise: which of the four outcomes it is, and why.

The server's words are quoted without what was sent: that is personal, and an error is read by many.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sources.icasework.auth import is_stale_token
from pipelines.sources.icasework.dialect import ERROR_CODE, NOT_THIS_CALL, UNIDENTIFIED
from pipelines.sources.icasework.error_page import error_info, read_reason
from pipelines.sources.wording import bare, clip, scrub, strike, words_of
from pipelines.sources.writing import NotAllowed, NotSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.sources.exchange import Answer

_CODE = re.compile(r"\d{4,6}")

# What every call says of itself is nobody's own.
_IMPERSONAL = frozenset({"Format", "RequestDate", "RequestMethod", "Type", "SelfServiceAccess", "Attribute"})

_REFUSED_BEFORE = frozenset({HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_NO_SUCH_CALL = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
LOOK = "look up whether it was carried out before anything is sent again"


def judge(
    operation: str, answer: Answer, fields: Mapping[str, str], secrets: Iterable[str]
) -> OutcomeUnknown | NotSent | Refused | NotAllowed:
    """Return what an answer that is not the good one amounts to.

    Refused are 400 and the other statuses that judge a request (CODE/live, DOC). NotAllowed are 401 and 403
    and calls that the host does not know. 429 is given before a request is looked at (GUESS). All else, a
    server error above all, leaves open whether the call was carried out.
    """
    what = f"icasework {operation}"
    reason = f"{answer.status}: {_told(answer, fields, secrets)}"
    status = answer.status
    if status in _REFUSED_BEFORE:
        wait = answer.header("Retry-After").strip()
        later = f"; it asks to wait {clip(wait)}" if wait else ""
        return NotSent(
            f"{what}: the server takes no more calls now", why=reason + later, todo="run it again later"
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or is_stale_token(answer):
        return NotAllowed(
            f"{what}: the key may not do this",
            why=reason,
            todo="have the key's rights and allowed addresses checked in iCasework; with signatures, also"
            " CASEHOUSE_ICASEWORK_WRITE_SECRET and the clock of this machine",
        )
    if status in _NO_SUCH_CALL or _number(answer) in NOT_THIS_CALL:
        return NotAllowed(
            f"{what}: the host does not know this call",
            why=reason,
            todo="check CASEHOUSE_ICASEWORK_BASE_URL and CASEHOUSE_ICASEWORK_ENVIRONMENT",
        )
    if (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.REQUEST_TIMEOUT
    ):
        return Refused(
            f"{what} was refused",
            field=_field(answer, fields),
            reason=reason,
            todo=""
            if _number(answer)
            else "check the case's Type: an unknown one is refused without a reason",
        )
    return OutcomeUnknown(f"{what}: the answer does not say what became of it", why=reason, todo=LOOK)


def says_nothing(operation: str, answer: Answer) -> OutcomeUnknown:
    """Return what a good status with nothing to be read amounts to: nothing is known.

    An empty one is how a wrong account is told (CODE/live, of the token call), but not only that.
    """
    empty = not answer.content.strip()
    return OutcomeUnknown(
        f"icasework {operation}: the answer does not say what became of it",
        why="200 with nothing, as a wrong account/db is told" if empty else "200 with something else",
        todo=LOOK + (", and check CASEHOUSE_ICASEWORK_ACCOUNT" if empty else ""),
    )


def _told(answer: Answer, fields: Mapping[str, str], secrets: Iterable[str]) -> str:
    """Quote the server's reason without what was sent."""
    code = answer.header(ERROR_CODE)
    told = error_info(answer) or read_reason(answer)
    values = (value for name, value in fields.items() if name not in _IMPERSONAL)
    told = strike(scrub(told, secrets), values, names=fields)
    return clip(f"{code} {told}" if error_info(answer) and _CODE.fullmatch(code) else told)


def _field(answer: Answer, fields: Mapping[str, str]) -> str | None:
    """Return the parameter that the server names, the case's when it says it cannot identify that."""
    words = words_of(error_info(answer))
    known = {bare(name): name for name in ("Notes", "Type", "CaseId", "ExternalId", "Id", *fields)}
    is_unidentified = _number(answer) == UNIDENTIFIED and "case" in words
    identifying = ("CaseId", "ExternalId") if is_unidentified else ()
    found = [known[word] for word in words if word in known]
    found = [*(name for name in identifying if name in fields), *sorted(found, key=len, reverse=True)]
    return found[0] if found else None


def _number(answer: Answer) -> str:
    """Return the last three digits of the error number, which mean the same for all calls; "" for none."""
    code = answer.header(ERROR_CODE)
    return code[-3:] if _CODE.fullmatch(code) else ""
