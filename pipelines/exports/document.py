"""A document: the tables of one export with its period and its proof, before it becomes files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.exports.proof import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.exports.proof import Control, Proof
    from pipelines.exports.table import Table

INCOMPLETE = "INCOMPLETE"
_SHOWN = ("feed", "report_date", "status", "origin", "rows_good", "rows_quarantined", "body_sha256", "seal")


@dataclass(frozen=True)
class Document:
    """What an export says. `notes` explain its figures, `parameters` are what was chosen for it."""

    name: str
    title: str
    proof: Proof
    controls: tuple[Control, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    parameters: dict[str, Any]
    version: str

    @property
    def stem(self) -> str:
        """The file's name without its ending; an incomplete one says so."""
        stem = f"{self.name}_{self.proof.period.name}"
        return stem if self.is_complete else f"{stem}_{INCOMPLETE}"

    @property
    def is_complete(self) -> bool:
        """Every day it is made from is wholly loaded."""
        return self.proof.is_complete

    @property
    def warning(self) -> str:
        """One line on what is not complete; empty when everything is."""
        if self.is_complete:
            return ""
        return f"{INCOMPLETE}: {some(self.proof.lacking)}"

    def sources(self) -> Iterator[dict[str, Any]]:
        """Yield each day it is made from with what proves it."""
        for day in self.proof.days:
            yield {name: day[name] for name in _SHOWN} | {"report_date": str(day["report_date"])}
