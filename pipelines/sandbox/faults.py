"""Faults on order: what may go wrong with an answer, for which calls, how often.

A fault is a strict, small record that a test or a person posts; the book keeps those in force, hands out the
ones that meet a call, counts them down and tells of them. How a fault is acted out stands elsewhere:
`icasework.py` for those that replace the answer, `tampering.py` for those in the table, `answers.py` for
broken connections.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - pydantic reads the annotation
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipelines.sandbox.answers import Framing  # noqa: TC001 - pydantic reads the annotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.sandbox.calls import Call

_SPENT_KEPT = 100


class Fault(BaseModel):
    """Which calls a fault meets: None means any; `calls` None means until it is taken away.

    `feed` is a report's name, `day` any day inside the window asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    stage: ClassVar[Literal["answer", "table", "wire"]]
    only: ClassVar[frozenset[str] | None] = None
    never: ClassVar[frozenset[str]] = frozenset()

    calls: int | None = Field(default=None, ge=1)
    operation: str | None = None
    feed: str | None = None
    day: date | None = None

    def meets(self, call: Call) -> bool:
        """Whether this call is one that the fault is for."""
        if call.operation in self.never or (self.only is not None and call.operation not in self.only):
            return False
        if self.operation is not None and call.operation != self.operation:
            return False
        if self.feed is not None and call.feed != self.feed:
            return False
        return self.day is None or call.covers(self.day)


class Status(Fault):
    """A server error with an HTML page, as a load balancer writes it."""

    stage = "answer"
    fault: Literal["status"] = "status"
    status: int = Field(default=500, ge=400, le=599)


class TooMany(Fault):
    """429 with Retry-After, in seconds or as an HTTP date."""

    stage = "answer"
    fault: Literal["too_many_requests"] = "too_many_requests"
    retry_after: int = Field(default=1, ge=0)
    as_date: bool = False


class Hold(Fault):
    """The answer is held back for so many seconds, then given: a time-out for whoever waits less."""

    stage = "answer"
    fault: Literal["hold"] = "hold"
    seconds: float = Field(default=30, ge=0, le=3600)


class Refuse(Fault):
    """The connection is closed before any byte."""

    stage = "answer"
    fault: Literal["refuse"] = "refuse"


class Empty(Fault):
    """200 with no body at all."""

    stage = "answer"
    fault: Literal["empty"] = "empty"


class Html(Fault):
    """200 with a web page where a report should be."""

    stage = "answer"
    fault: Literal["html"] = "html"


class ExpiredToken(Fault):
    """The token that the call carries stops being valid there and then."""

    stage = "answer"
    never = frozenset({"token"})
    fault: Literal["expired_token"] = "expired_token"


class TableFault(Fault):
    """A fault in the rows and columns of a report; only getreport has them."""

    stage = "table"
    only = frozenset({"getreport"})


class FooterWrong(TableFault):
    """The row count at the end is off by so many."""

    fault: Literal["footer_wrong"] = "footer_wrong"
    off_by: int = 1


class FooterMissing(TableFault):
    """No row count at the end, though it was asked for."""

    fault: Literal["footer_missing"] = "footer_missing"


class ColumnRenamed(TableFault):
    """A column comes back under another name."""

    fault: Literal["column_renamed"] = "column_renamed"
    column: str
    to: str


class ColumnAdded(TableFault):
    """A column comes back that nobody asked for, at the end or before position `at` (0-based)."""

    fault: Literal["column_added"] = "column_added"
    column: str
    value: str = ""
    at: int | None = Field(default=None, ge=0)


class ColumnDropped(TableFault):
    """A column that was asked for does not come back."""

    fault: Literal["column_dropped"] = "column_dropped"
    column: str


class ColumnMoved(TableFault):
    """A column comes back at position `at` (0-based) instead of its own."""

    fault: Literal["column_moved"] = "column_moved"
    column: str
    at: int = Field(default=0, ge=0)


class BadValue(TableFault):
    """A value that fits no type stands in a column: in one row (1-based), in a share of rows, or in all.

    A share takes every 1/share-th row, so that of n rows exactly floor(n x share) are bad.
    """

    fault: Literal["bad_value"] = "bad_value"
    column: str
    value: str = "not-a-value"
    row: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)


class CutOff(Fault):
    """The connection ends after `after` body bytes (half when None), under the framing named."""

    stage = "wire"
    fault: Literal["cut"] = "cut"
    framing: Framing = "length"
    after: int | None = Field(default=None, ge=0)
    whole_lines: bool = False


class GzipHalf(Fault):
    """Half of a gzipped body under a Content-Length that fits the half, whatever encoding was asked for."""

    stage = "wire"
    fault: Literal["gzip_half"] = "gzip_half"


AnyFault = (
    Status | TooMany | Hold | Refuse | Empty | Html | ExpiredToken
    | FooterWrong | FooterMissing | ColumnRenamed | ColumnAdded | ColumnDropped | ColumnMoved | BadValue
    | CutOff | GzipHalf
)  # fmt: skip
_FAULT: TypeAdapter[AnyFault] = TypeAdapter(Annotated[AnyFault, Field(discriminator="fault")])


@dataclass
class Order:
    """A fault in the book: its number, what it is, how many calls it has met and may still meet."""

    number: int
    fault: AnyFault
    left: int | None
    met: int = 0

    def told(self) -> dict[str, Any]:
        """Return the order as the control page shows it."""
        return {"id": self.number, "left": self.left, "met": self.met, **self.fault.model_dump(mode="json")}


class FaultBook:
    """The faults ordered so far; safe to use from another thread than the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Order] = []
        self._last = 0

    def add(self, fault: str, **options: object) -> int:
        """Order a fault by name; return its number. Raises pydantic.ValidationError for a wrong order."""
        return self.order({"fault": fault, **options})

    def order(self, wish: object) -> int:
        """Order a fault given as the mapping that the control page takes."""
        fault = _FAULT.validate_python(wish)
        with self._lock:
            self._last += 1
            spent = [order for order in self._orders if order.left == 0]
            for order in spent[: max(0, len(spent) - _SPENT_KEPT)]:
                self._orders.remove(order)
            self._orders.append(Order(self._last, fault, fault.calls))
            return self._last

    def clear(self, number: int | None = None) -> int:
        """Take away one order, or all; return how many went."""
        with self._lock:
            kept = [order for order in self._orders if number is not None and order.number != number]
            gone = len(self._orders) - len(kept)
            self._orders = kept
            return gone

    def told(self) -> list[dict[str, Any]]:
        """Return every order, spent ones (left 0) included, oldest first."""
        with self._lock:
            return [order.told() for order in self._orders]

    def take(self, call: Call) -> list[AnyFault]:
        """Return the faults that this call meets, oldest first, and count them down.

        One fault that replaces the answer outranks all others; otherwise every fault of the table and the
        first one of the wire act together.
        """
        with self._lock:
            met = [order for order in self._orders if order.left != 0 and order.fault.meets(call)]
            by_stage = _pick(met)
            for order in by_stage:
                order.met += 1
                order.left = None if order.left is None else order.left - 1
            return [order.fault for order in by_stage]


def _pick(met: list[Order]) -> list[Order]:
    def at(stage: str) -> Callable[[Order], bool]:
        return lambda order: order.fault.stage == stage

    answers = list(filter(at("answer"), met))
    if answers:
        return answers[:1]
    return [*filter(at("table"), met), *list(filter(at("wire"), met))[:1]]
