"""Faults on order that only iCasework can meet: its tokens, and the row count at the end of a CSV report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines.sandbox.faults import Fault, TableFault, TotalFault
from pipelines.sandbox.systems import BY_SYSTEM

if TYPE_CHECKING:
    from pipelines.sandbox.calls import Call

_SYSTEM = BY_SYSTEM["icasework"]


class ExpiredToken(Fault):
    """The token that the call carries ends there and then; only a call with a good one is met."""

    stage = "answer"
    operations = _SYSTEM.operations - {"token"}
    fault: Literal["expired_token"] = "expired_token"

    def meets(self, call: Call) -> bool:
        """Whether this call is one that the fault is for."""
        return call.bears_token and super().meets(call)


class FooterFault(TableFault):
    """A fault in the row count at the end of a CSV report."""

    group = "footer"
    operations = frozenset({_SYSTEM.reporting})


class FooterWrong(TotalFault, FooterFault):
    """The row count at the end is off by so many."""

    fault: Literal["footer_wrong"] = "footer_wrong"


class FooterMissing(FooterFault):
    """No row count at the end, though it was asked for."""

    fault: Literal["footer_missing"] = "footer_missing"
