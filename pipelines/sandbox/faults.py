"""Faults on order: what may go wrong with an answer, for which calls, and with which options.

A fault is a strict, small record that a test or a person posts; one that could never do anything is refused
at once. `orders.py` keeps those in force and counts them. How a fault is acted out stands elsewhere:
`icasework.py` for those that replace the answer, `tampering.py` for those in the table, `answers.py` for
broken connections.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads the annotation
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from pipelines.sandbox.answers import Ending, Framing  # noqa: TC001 - pydantic reads the annotations
from pipelines.sandbox.council import BY_NAME
from pipelines.sandbox.icasework.dialect import PREFIXES

if TYPE_CHECKING:
    from pipelines.sandbox.calls import Call

LONGEST_WAIT = 86_400  # seconds
_EVERY_COLUMN = frozenset(column for report in BY_NAME.values() for column in report.columns)

Stage = Literal["answer", "table", "wire"]


class Fault(BaseModel):
    """Which calls a fault meets: None means any; `calls` None means until it is taken away.

    `feed` is a report's name, `day` any day inside the window asked for. A fault of the stage `answer` meets
    every such call, one of `table` or `wire` only a call that would have been answered well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    stage: ClassVar[Stage]
    operations: ClassVar[frozenset[str]] = frozenset(PREFIXES)

    calls: int | None = Field(default=None, ge=1)
    operation: str | None = None
    feed: str | None = None
    day: date | None = None

    @model_validator(mode="after")
    def _can_meet_a_call(self) -> Self:
        if self.operation is not None and self.operation not in self.operations:
            raise ValueError(f"operation must be one of {', '.join(sorted(self.operations))}")
        if self.feed is not None and self.feed not in BY_NAME:
            raise ValueError(f"feed must be one of {', '.join(BY_NAME)}")
        if self.feed is not None and self.operation not in (None, "getreport"):
            raise ValueError("only getreport has a feed")
        if self.day is not None and self.operation not in (None, "getreport", "getcases"):
            raise ValueError("only getreport and getcases have a day")
        return self

    def meets(self, call: Call) -> bool:
        """Whether this call is one that the fault is for."""
        if call.operation not in self.operations or self.operation not in (None, call.operation):
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
    retry_after: int = Field(default=1, ge=0, le=LONGEST_WAIT)
    as_date: bool = False


class Hold(Fault):
    """The answer is held back for so many seconds, then given: a time-out for whoever waits less."""

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


class ExpiredToken(Fault):
    """The token that the call carries ends there and then; only a call with a good one is met."""

    stage = "answer"
    operations = frozenset(PREFIXES) - {"token"}
    fault: Literal["expired_token"] = "expired_token"

    def meets(self, call: Call) -> bool:
        """Whether this call is one that the fault is for."""
        return call.bears_token and super().meets(call)


class TableFault(Fault):
    """A fault in the rows and columns of a report; only getreport has them."""

    stage = "table"
    operations = frozenset({"getreport"})


class FooterWrong(TableFault):
    """The row count at the end is off by so many."""

    fault: Literal["footer_wrong"] = "footer_wrong"
    off_by: int = 1

    @model_validator(mode="after")
    def _is_wrong(self) -> Self:
        if self.off_by == 0:
            raise ValueError("off_by 0 would leave the count right")
        return self


class FooterMissing(TableFault):
    """No row count at the end, though it was asked for."""

    fault: Literal["footer_missing"] = "footer_missing"


class ColumnFault(TableFault):
    """A fault in a column that the report, or without a feed some report, has."""

    column: str

    @model_validator(mode="after")
    def _has_the_column(self) -> Self:
        feed = self.feed
        if self.column not in (_EVERY_COLUMN if feed is None else BY_NAME[feed].columns):
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


class BadValue(ColumnFault):
    """A value that fits no type stands in a column: in one row (1-based), in a share of rows, or in all.

    A share takes every 1/share-th row, so that of n rows exactly floor(n x share) are bad.
    """

    fault: Literal["bad_value"] = "bad_value"
    value: str = "not-a-value"
    row: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _names_its_rows_once(self) -> Self:
        if self.row is not None and self.share is not None:
            raise ValueError("row and share exclude each other")
        return self


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


AnyFault = (
    Status | TooMany | Hold | HangUp | Empty | Html | ExpiredToken
    | FooterWrong | FooterMissing | ColumnRenamed | ColumnAdded | ColumnDropped | ColumnMoved | BadValue
    | CutOff | GzipHalf
)  # fmt: skip
_FAULT: TypeAdapter[AnyFault] = TypeAdapter(Annotated[AnyFault, Field(discriminator="fault")])


def read_fault(wish: object) -> AnyFault:
    """Read a fault from the mapping that the control page takes; raise pydantic.ValidationError."""
    return _FAULT.validate_python(wish)


def catalogue() -> list[dict[str, Any]]:
    """Tell every fault: its name, what it does, the operations it can meet, its options as JSON schema."""
    return [_entry(kind) for kind in get_args(AnyFault)]


def _entry(kind: type[Fault]) -> dict[str, Any]:
    options = {
        name: {key: told for key, told in schema.items() if key != "title"}
        for name, schema in kind.model_json_schema()["properties"].items()
        if name != "fault"
    }
    return {
        "fault": kind.model_fields["fault"].default,
        "what": (kind.__doc__ or "").partition("\n")[0],
        "operations": sorted(kind.operations),
        "options": options,
    }
