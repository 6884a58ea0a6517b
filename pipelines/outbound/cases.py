"""The cases that are due, and those on their way, as the catalogue has them at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.errors import SettingsError
from pipelines.outbound.mapping import ADDRESS, Case
from pipelines.outbound.templates import CreateTemplate
from pipelines.warehouse.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipelines.lake import Lake
    from pipelines.outbound.templates import Templates

DUE_VIEW = "marts.outbound_due"
_NEEDED = ("case_id", "template", *ADDRESS.values())


@dataclass(frozen=True)
class CasesFound:
    """Cases by number: those to be raised or on their way, and the changes of those that were raised."""

    cases: Mapping[str, Case]
    updates: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)

    @property
    def due(self) -> list[Case]:
        """Those that are due to be raised."""
        return [case for case in self.cases.values() if case.template is not None]


def read_cases(lake: Lake, templates: Templates, on_their_way: Collection[str]) -> CasesFound:
    """Read what is due, and the cases that were begun before, due or not.

    Raises SettingsError when the view lacks a column, a case's number or its template, names a template that
    is not there, wants one case raised by two templates, or has two rows for one that say different things;
    Permanent when there is no catalogue.
    """
    with snapshot(lake) as catalogue:
        listed = catalogue.ask("outbound", "due")
        if missing := [name for name in _NEEDED if name not in listed.columns]:
            raise SettingsError(
                f"{DUE_VIEW} lacks {', '.join(missing)}",
                todo="correct warehouse/marts/outbound_due.sql and run `casehouse rebuild`",
            )
        due = _distinct(listed.to_dicts())
        numbers = sorted({*(number for number, _ in due), *map(int, on_their_way)})
        rows = {
            str(row["case_id"]): row
            for row in catalogue.ask("outbound", "cases", case_ids=numbers).to_dicts()
        }
    nothing = dict.fromkeys(listed.columns)
    cases = {number: Case(number, None, row, nothing) for number, row in rows.items()}
    updates: dict[str, tuple[Case, ...]] = {}
    for (case_id, template), told in due.items():
        number = str(case_id)
        if number not in rows:
            continue  # a view that lists cases of another table: what is not in cases_current cannot be sent
        found = Case(number, template, rows[number], told)
        if isinstance(templates.outgoing(template), CreateTemplate):
            _require_one(cases[number], template)
            cases[number] = found
        else:
            updates[number] = (*updates.get(number, ()), found)
    return CasesFound(cases, updates)


def _distinct(rows: list[dict[str, object]]) -> dict[tuple[int, str], dict[str, object]]:
    """Return each case and template once: a join may well repeat a row, but not with two different places."""
    told: dict[tuple[int, str], dict[str, object]] = {}
    for row in rows:
        number, template = row["case_id"], row["template"]
        if not isinstance(number, int) or not template:
            raise SettingsError(
                f"{DUE_VIEW} has a row without a case_id or a template",
                why="case_id is no whole number" if number is not None and template else "it is empty",
                todo="correct warehouse/marts/outbound_due.sql and run `casehouse rebuild`",
            )
        known = told.setdefault((number, str(template)), row)
        if different := [name for name in row if row[name] != known[name]]:
            raise SettingsError(
                f"{DUE_VIEW} has two rows for case {number} by template {template}",
                why=f"they differ in {', '.join(different)}",
                todo="have it listed once: a join that finds several places must choose one",
            )
    return told


def _require_one(known: Case, template: str) -> None:
    if known.template not in (None, template):
        raise SettingsError(
            f"{DUE_VIEW} wants case {known.case_id} raised twice",
            why=f"by templates {known.template} and {template}",
            todo="have it listed once: a case becomes one service request",
        )
