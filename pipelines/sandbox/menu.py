"""Every fault that can be ordered, those of all systems and each system's own, and how an order is read."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from pipelines.sandbox.faults import (
    AnswerLost,
    BadValue,
    ColumnAdded,
    ColumnDropped,
    ColumnMoved,
    ColumnRenamed,
    CutOff,
    Empty,
    Fault,
    GzipHalf,
    HangUp,
    Hold,
    Html,
    RowsUntold,
    Status,
    TooMany,
)
from pipelines.sandbox.icasework.faults import ExpiredToken, FooterMissing, FooterWrong
from pipelines.sandbox.tascomi.faults import RowsShift
from pipelines.sandbox.xima.faults import (
    CellMissing,
    ColumnRetyped,
    ShownWrong,
    SummaryMissing,
    SummaryWrong,
    TimedOut,
)

AnyFault = (
    Status | TooMany | Hold | HangUp | Empty | Html | CutOff | GzipHalf | AnswerLost
    | ColumnRenamed | ColumnAdded | ColumnDropped | ColumnMoved | BadValue | RowsUntold
    | ExpiredToken | FooterWrong | FooterMissing
    | TimedOut | SummaryWrong | SummaryMissing | ColumnRetyped | CellMissing | ShownWrong
    | RowsShift
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
