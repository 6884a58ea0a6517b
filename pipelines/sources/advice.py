"""What to do about a call that failed, where the transport, which knows no vendor, could not say.

Each source tells its own words once; when they apply is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sources.exchange import Refused, Unreachable, Unsendable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.errors import CasehouseError


@dataclass(frozen=True)
class Advice:
    """One source's words: for a refusal by its status or else, and for a call that cannot even be sent.

    `source` is its name as settings spell it.
    """

    source: str
    refused: Mapping[int, str]
    refused_else: str
    unsendable: str

    def give(self, error: CasehouseError, environment: str, status: int | None = None) -> CasehouseError:
        """Complete and return the error; `status` is what a refusal amounts to, where its own misleads."""
        if isinstance(error, Refused) and not error.todo:
            error.todo = self.refused.get(status or error.answer.status, self.refused_else)
        if isinstance(error, Unsendable):
            error.todo = self.unsendable
        if isinstance(error, Unreachable) and environment == "sandbox":
            setting = f"CASEHOUSE_{self.source.upper()}_ENVIRONMENT"
            error.todo = f"start the sandbox with `casehouse sandbox`, or set {setting}"
        return error
