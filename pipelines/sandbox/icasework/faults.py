"""How iCasework's room acts out the faults that replace an answer, and reads those that cut it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.sandbox.answers import Answer, Cut
from pipelines.sandbox.faults import CutOff, Empty, GzipHalf, Html, Status, TooMany
from pipelines.sandbox.icasework.pages import ERROR_PAGE, HTML

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipelines.sandbox.faults import AnyFault


def instead(fault: AnyFault, now: datetime) -> Answer | None:
    """Return the answer that a fault puts in place of the real one, None when it leaves the real one."""
    match fault:
        case Status(status=status):
            return _plain_page(status)
        case TooMany(retry_after=seconds, as_date=as_date):
            moment = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
            return _plain_page(
                HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": moment if as_date else str(seconds)}
            )
        case Empty():
            return Answer()
        case Html():
            return Answer(headers={"Content-Type": HTML}, chunks=[ERROR_PAGE])
    return None


def cut_of(fault: AnyFault) -> Cut:
    """Return how a fault of the wire breaks an answer off."""
    match fault:
        case CutOff():
            return Cut(fault.framing, fault.after, fault.whole_lines, end=fault.end, seconds=fault.seconds)
        case GzipHalf():
            return Cut(squeezed=True)
    raise TypeError(f"{fault.fault} is no fault of the wire")


def _plain_page(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a page as a load balancer in front of the vendor writes it."""
    named = status in HTTPStatus.__members__.values()
    title = f"{status} {HTTPStatus(status).phrase}" if named else str(status)
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    return Answer(status, {"Content-Type": "text/html", **(headers or {})}, [page.encode()])
