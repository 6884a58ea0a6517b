"""Open the desk that the settings describe: both clients, the templates, the ledger, the cases."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.outbound.cases import read_cases
from pipelines.outbound.desk import Desk, Rules
from pipelines.outbound.ledger import Ledger
from pipelines.outbound.ports import Columns
from pipelines.outbound.templates import read_templates
from pipelines.sources.icasework.writing import connect_writer
from pipelines.sources.tascomi import dialect
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.tascomi.codes import Codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pipelines.lake import Lake
    from pipelines.settings import Settings

# Field of a template: column of Tascomi. Only names of columns that dialect.py does not need stand here.
_REQUEST = {
    "core_function": dialect.CORE_FUNCTION,
    "request_code": dialect.REQUEST_CODE,
    "investigating_officer": dialect.OFFICER,
    "reporting_method": "reporting_method_id",
    "request_category": "request_category_id",
    "organisational_unit": "organizational_unit_id",
    "action_required": "complaint_action_required_id",
    "details": dialect.REMARKS,
    "received": dialect.RECEIVED,
}
# Columns of contacts (CODE: a recorded schema of the planning product).
_CONTACT = {
    "title": "title_id",
    "first_name": "firstname",
    "surname": "surname",
    "company": "company_name",
    "house": "house_name_or_number",
    "street": "street_name",
    "locality": "locality",
    "town": "town",
    "county": "county",
    "postcode": "postcode",
    "address": "address",
    "email": "email",
    "telephone": "telephone",
    "mobile": "mobile",
    "notes": "notes",
}


def columns_of(settings: Settings) -> Columns:
    """Return where the fields of templates go at this site."""
    coded = {name: dialect.LINKS[column] for name, column in _REQUEST.items() if column in dialect.LINKS}
    return Columns(
        request=_REQUEST,
        contact={"reference": settings.tascomi_contact_reference_column, **_CONTACT},
        coded={**coded, "title": dialect.TITLES},
        request_reference=settings.tascomi_request_reference_column,
        contact_reference=settings.tascomi_contact_reference_column,
        number=settings.tascomi_number_column,
        status=dialect.STATUS,
        requester=dialect.REQUESTER,
        second_contact=dialect.CONTACT,
        location=dialect.LOCATION,
        ceased=dialect.CEASED,
    )


def rules_of(settings: Settings) -> Rules:
    """Return what the settings say of a run."""

    def reference(case_id: str) -> str:
        return settings.outbound_reference.format(account=settings.icasework_account, case_id=case_id)

    return Rules(
        reference,
        settle_seconds=settings.outbound_settle_seconds,
        tries=settings.outbound_tries,
        first_wait=settings.outbound_wait_seconds,
    )


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger of the data directory for the accounts that are set."""
    origin = f"iCasework {settings.icasework_origin}, Tascomi {settings.tascomi_origin}"
    return Ledger(settings.data_dir, origin=origin)


@contextmanager
def open_desk(settings: Settings, lake: Lake, now: Callable[[], datetime]) -> Iterator[Desk]:
    """Lend a desk; nothing is sent by opening it."""
    templates = read_templates(settings.outbound_templates)
    with (
        open_ledger(settings) as ledger,
        connect_tascomi(settings) as tascomi,
        connect_writer(settings) as casework,
    ):
        found = read_cases(lake, templates, [entry.case_id for entry in ledger.unfinished()])
        yield Desk(
            ledger=ledger,
            tascomi=tascomi,
            codes=Codes(tascomi),
            casework=casework,
            columns=columns_of(settings),
            templates=templates,
            rules=rules_of(settings),
            now=now,
            cases=found.cases,
            updates=found.updates,
        )
