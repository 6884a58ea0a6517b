"""Whether dispatching may begin, as far as it is ours: templates, the view of what is due, the ledger.

`casehouse doctor` tells this with what it finds of the two systems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError
from pipelines.looked import Looked
from pipelines.outbound.cases import read_cases
from pipelines.outbound.opening import columns_of, open_ledger
from pipelines.outbound.rehearsal import rehearse
from pipelines.outbound.templates import read_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.lake import Lake
    from pipelines.settings import Settings


def look(settings: Settings, lake: Lake) -> Iterator[Looked]:
    """Yield what was found, local things first."""
    yield _templates(settings)
    yield _due(settings, lake)
    yield _ledger(settings)


def _templates(settings: Settings) -> Looked:
    name, folder = "outbound templates", settings.outbound_templates
    try:
        templates = read_templates(folder)
        wrong = [example for example, told in rehearse(folder, templates, columns_of(settings)) if told]
    except CasehouseError as error:
        return _failed(name, error)
    if wrong:
        return Looked(name, False, f"examples differ: {', '.join(wrong)}", "run `casehouse outbound test`")
    return Looked(name, True, f"{', '.join(templates.names)}; their examples hold")


def _due(settings: Settings, lake: Lake) -> Looked:
    name = "cases that are due"
    try:
        found = read_cases(lake, read_templates(settings.outbound_templates), [])
    except CasehouseError as error:
        return _failed(name, error)
    return Looked(name, True, f"{len(found.due)}; `casehouse outbound plan` shows what would be sent")


def _ledger(settings: Settings) -> Looked:
    name = "outbound ledger"
    try:
        with open_ledger(settings) as ledger:
            raised = sum(entry.request_id is not None for entry in ledger.cases())
    except CasehouseError as error:
        return _failed(name, error)
    return Looked(name, True, f"{raised} cases raised")


def _failed(name: str, error: CasehouseError) -> Looked:
    return Looked(name, False, f"{error.what} ({error.why})" if error.why else error.what, error.todo)
