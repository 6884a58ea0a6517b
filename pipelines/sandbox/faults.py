"""Faults on order that any system can meet: what may go wrong with an answer, and for which calls.

A fault is a strict, small record that a test or a person posts; one that could never do anything is refused
at once. Each system's room has further ones of its own; `menu.py` lists them all, `orders.py` keeps those in
force and counts them. How a fault is acted out stands elsewhere: `visits.py` for those that replace the
answer, each room's `tampering.py` for those in a report, `answers.py` for broken connections.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads the annotation
from math import floor
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.sandbox.answers import Ending, Framing  # noqa: TC001 - pydantic reads the annotations
from pipelines.sandbox.systems import BY_SYSTEM, DATED, FEEDS, OPERATIONS, REPORTING, columns

if TYPE_CHECKING:
    from pipelines.sandbox.calls import Call

LONGEST_WAIT = 86_400  # seconds

Stage = Literal["answer", "table", "wire"]


class Fault(BaseModel):
    """Which calls a fault meets: None means any; `calls` None means until it is taken away.

    `feed` is a report's name, `day` any day inside the window asked for. A fault of the stage `answer` meets
    every such call, one of `table` or `wire` only a call that would have been answered well. Of those that
    share a `group` a call meets the oldest alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    stage: ClassVar[Stage]
    group: ClassVar[str | None] = None
    operations: ClassVar[frozenset[str]] = OPERATIONS

    calls: int | None = Field(default=None, ge=1)
    system: str | None = None
    operation: str | None = None
    feed: str | None = None
    day: date | None = None

    @model_validator(mode="after")
    def _can_meet_a_call(self) -> Self:
        systems = [name for name, system in BY_SYSTEM.items() if system.operations & self.operations]
        feeds = [feed for feed, system in FEEDS.items() if system.reporting in self.operations]
        for what, named, known in (
            ("system", self.system, systems),
            ("operation", self.operation, sorted(self.operations)),
            ("feed", self.feed, feeds),
        ):
            if named is not None and named not in known:
                raise ValueError(f"{what} must be one of {', '.join(known)}")
        if not self.reach:
            raise ValueError("no call has this system, operation and feed")
        if self.day is not None and not self.reach & DATED:
            raise ValueError(f"only {', '.join(sorted(DATED))} have a day")
        return self

    @property
    def reach(self) -> frozenset[str]:
        """The operations whose calls it may meet."""
        found = self.operations
        if self.system is not None:
            found &= BY_SYSTEM[self.system].operations
        if self.operation is not None:
            found &= {self.operation}
        if self.feed is not None:
            found &= {FEEDS[self.feed].reporting}
        return found

    def meets(self, call: Call) -> bool:
        """Whether this call is one that the fault is for."""
        if call.operation not in self.operations or self.operation not in (None, call.operation):
            return False
        if self.system not in (None, call.system) or self.feed not in (None, call.feed):
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
    retry_after: int = Field(default=1, ge=0, le=LONGEST_WAIT)
    as_date: bool = False


class Hold(Fault):
    """The call is held back for so many seconds, then done and answered: a time-out for whoever waits less.

    What such a caller asked for is done nevertheless, later: a server does not know that nobody waits.
    """

    stage = "answer"
    fault: Literal["hold"] = "hold"
    seconds: float = Field(default=30, gt=0, le=3600)


class HangUp(Fault):
    """The connection is closed before any byte."""

    stage = "answer"
    fault: Literal["hang_up"] = "hang_up"


class Empty(Fault):
    """200 with no body at all."""

    stage = "answer"
    fault: Literal["empty"] = "empty"


class Html(Fault):
    """200 with a web page where a report should be."""

    stage = "answer"
    fault: Literal["html"] = "html"


class TableFault(Fault):
    """A fault in the rows and columns of a report; only the operations that report have them."""

    stage = "table"
    operations = REPORTING


class RowsUntold(TableFault):
    """A share of the rows is not told, and the totals are those of the others.

    Ordered before a day is first asked for and taken back afterwards, these rows come late; ordered
    afterwards, they are gone, as after a deletion or the end of the vendor's retention. Which rows these are
    stays the same. What is corrected later is a matter of `bad_value` with a value that fits.
    """

    fault: Literal["rows_untold"] = "rows_untold"
    share: float = Field(default=0.1, gt=0, le=1)

    def leaves_out(self, number: int) -> bool:
        """Whether the row of this number, counted from 1, is one of those not told."""
        return _is_of_share(number, self.share)


class TotalFault(TableFault):
    """A total that the report tells is off by so many."""

    off_by: int = 1

    @model_validator(mode="after")
    def _is_wrong(self) -> Self:
        if self.off_by == 0:
            raise ValueError("off_by 0 would leave the total right")
        return self


class ColumnFault(TableFault):
    """A fault in a column that the report, or without a feed some report, has."""

    column: str

    @model_validator(mode="after")
    def _has_the_column(self) -> Self:
        feed = self.feed
        if self.column not in columns(self.reach, feed):
            raise ValueError(f"{feed or 'no report'} has {'no' if feed else 'a'} column {self.column}")
        return self


class ColumnRenamed(ColumnFault):
    """A column comes back under another name."""

    fault: Literal["column_renamed"] = "column_renamed"
    to: str

    @model_validator(mode="after")
    def _is_renamed(self) -> Self:
        if self.to == self.column:
            raise ValueError("the column has this name already")
        return self


class ColumnAdded(TableFault):
    """A column comes back that nobody asked for, at the end or before position `at` (0-based)."""

    fault: Literal["column_added"] = "column_added"
    column: str
    value: str = ""
    at: int | None = Field(default=None, ge=0)


class ColumnDropped(ColumnFault):
    """A column that was asked for does not come back."""

    fault: Literal["column_dropped"] = "column_dropped"


class ColumnMoved(ColumnFault):
    """A column comes back at position `at` (0-based) instead of its own."""

    fault: Literal["column_moved"] = "column_moved"
    at: int = Field(default=0, ge=0)


class CellFault(ColumnFault):
    """A fault in a column's cells: in one row (1-based), in a share of rows, or in all.

    A share takes every 1/share-th row, so that of n rows exactly floor(n x share) are met.
    """

    row: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _names_its_rows_once(self) -> Self:
        if self.row is not None and self.share is not None:
            raise ValueError("row and share exclude each other")
        return self

    def meets_row(self, number: int) -> bool:
        """Whether the row of this number, counted from 1, is one of those meant."""
        if self.row is not None:
            return number == self.row
        if self.share is not None:
            return _is_of_share(number, self.share)
        return True


class BadValue(CellFault):
    """A value that fits no type stands in a column, or one of another JSON type where a report has types."""

    fault: Literal["bad_value"] = "bad_value"
    value: str | bool | int | float = "not-a-value"


class CutOff(Fault):
    """The connection breaks after `after` body bytes (half when None), under the framing named.

    At least the last byte is missing. `end` closes the connection, resets it, or stalls: nothing more comes
    for so many `seconds`, then it is closed.
    """

    stage = "wire"
    fault: Literal["cut"] = "cut"
    framing: Framing = "length"
    after: int | None = Field(default=None, ge=0)
    whole_lines: bool = False
    end: Ending = "close"
    seconds: float = Field(default=30, gt=0, le=3600)

    @model_validator(mode="after")
    def _waits_only_when_it_stalls(self) -> Self:
        if "seconds" in self.model_fields_set and self.end != "stall":
            raise ValueError("only a stall has seconds")
        return self


class GzipHalf(Fault):
    """Half of a gzipped body under a Content-Length that fits the half, whatever encoding was asked for."""

    stage = "wire"
    fault: Literal["gzip_half"] = "gzip_half"


class AnswerLost(Fault):
    """The call is done as asked, but the caller is not told.

    Instead the connection is closed or reset before any byte, a server error comes, or nothing comes for so
    many `seconds` and then the connection's end.
    """

    stage = "wire"
    fault: Literal["answer_lost"] = "answer_lost"
    how: Literal["hang_up", "reset", "error", "silence"] = "hang_up"
    status: int = Field(default=502, ge=500, le=599)
    seconds: float = Field(default=30, gt=0, le=3600)

    @model_validator(mode="after")
    def _has_what_it_names(self) -> Self:
        for name, how in (("status", "error"), ("seconds", "silence")):
            if name in self.model_fields_set and self.how != how:
                raise ValueError(f"only how={how} has {name}")
        return self


def _is_of_share(number: int, share: float) -> bool:
    return floor(number * share) > floor((number - 1) * share)
