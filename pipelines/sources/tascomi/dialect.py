"""How Tascomi's wire is spelled: paths, statuses, tables, and every guess about its columns, in one place.

Each constant says where it was read. SEED is the documentation of a known integration, CODE a published
client; a GUESS was seen nowhere: when a council's site does otherwise, this is the file to mend. Four columns
that differ between sites are settings (CASEHOUSE_TASCOMI_*_COLUMN). What is written, what is asked for and
what the feeds read all follow from here: the contracts' own names stay (see `site_columns`).
"""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.settings import Settings

# The version follows the address that councils are given (SEED); then a table, then perhaps an id (CODE).
VERSION = "v1"

# A key's two headers, and how the minute is written that is signed (CODE).
PUBLIC, HASH = "X-Public", "X-Hash"
MINUTE = "%Y%m%d%H%M"

# PUT makes a record, POST to its id changes it (CODE). 202 says that nothing was found (CODE): it never means
# "accepted". 404 for a record that is not there is a GUESS beside it.
CREATE, UPDATE = "PUT", "POST"
FOUND = frozenset({int(HTTPStatus.OK)})
NOTHING = frozenset({int(HTTPStatus.ACCEPTED)})
WRITTEN = frozenset({int(HTTPStatus.OK), int(HTTPStatus.CREATED)})

# Paging (CODE for all but that ids sort by number).
SORT, PAGE, BY_ID = "sort", "page", "id"
TOTAL, PER_PAGE, PAGE_NUMBER = "X-Number-Of-Results", "X-Results-Per-Page", "X-Page-Number"

# An update of a record that is not there is answered with an id of 0 (CODE/stub).
NO_SUCH_RECORD = 0
# An id that no record has: whether a table may be written is tried with it, and nothing is changed.
NOBODY = "none"

# The tables that an integration needs (SEED), and which of them it writes (GUESS).
COMPLAINTS, CONTACTS, USERS, TITLES, LOCATIONS = (
    "complaints",
    "contacts",
    "users",
    "titles",
    "dtf_locations",
)
VIEWED = (
    "complaint_action_required",
    "complaint_codes",
    COMPLAINTS,
    CONTACTS,
    "core_functions",
    LOCATIONS,
    "organizational_units",
    "reporting_methods",
    "request_categories",
    TITLES,
    USERS,
)
WRITTEN_TABLES = (COMPLAINTS, CONTACTS)

# Columns of a service request by what stands in them (GUESS; SEED for what there is), and the table whose id
# they hold, where they hold one. The first three may never be empty (SEED).
CORE_FUNCTION, REQUEST_CODE, OFFICER = "core_function_id", "complaint_code_id", "investigating_officer_id"
REQUESTER, CONTACT, LOCATION = "requester_id", "contact_id", "dtf_location_id"
REPORTED_BY, CATEGORY = "reporting_method_id", "request_category_id"
UNIT, ACTION = "organizational_unit_id", "complaint_action_required_id"
RECEIVED, REMARKS, STATUS, CLOSED = "received_date", "remarks", "status", "closed_date"
MANDATORY = (CORE_FUNCTION, REQUEST_CODE, OFFICER)
LINKS: Mapping[str, str] = MappingProxyType(
    {
        CORE_FUNCTION: "core_functions",
        REQUEST_CODE: "complaint_codes",
        OFFICER: USERS,
        REQUESTER: CONTACTS,
        CONTACT: CONTACTS,
        LOCATION: LOCATIONS,
        REPORTED_BY: "reporting_methods",
        CATEGORY: "request_categories",
        UNIT: "organizational_units",
        ACTION: "complaint_action_required",
    }
)

# What names a row of a table (CODE for complaint_codes, else GUESS); users are named by a setting.
CODE = "code"
NAMED_BY: Mapping[str, str] = MappingProxyType({TITLES: "title"})

# A row that was given up is kept and marked (CODE for both columns).
CEASED, ENABLED, TRUE, FALSE = "ceased", "enabled", "t", "f"
LAST_UPDATED = "last_updated"

# Locations (CODE); that a street's text stands in this column is a GUESS. 1 is an approved address, which an
# alternative or historical way to write it stands beside (the national address register).
UPRN, USRN, PLACE_TEXT, PLACE_STATUS, APPROVED = "uprn", "usrn", "pao_text", "lpi_logical_status_code", "1"

# Tables that come in as feeds, by the feed's name; last_updated may have a longer tail than this (CODE).
FEED_TABLES: Mapping[str, str] = MappingProxyType({COMPLAINTS: COMPLAINTS, CONTACTS: CONTACTS})
MOMENT_LENGTH = len("2026-11-22 00:00:00")

# What the contract calls the columns of a service request that are guesses, and what they are called here.
_GUESSED: Mapping[str, str] = MappingProxyType(
    {
        "core_function_id": CORE_FUNCTION,
        "complaint_code_id": REQUEST_CODE,
        "investigating_officer_id": OFFICER,
        "requester_id": REQUESTER,
        "contact_id": CONTACT,
        "dtf_location_id": LOCATION,
        "reporting_method_id": REPORTED_BY,
        "request_category_id": CATEGORY,
        "organizational_unit_id": UNIT,
        "complaint_action_required_id": ACTION,
        "received_date": RECEIVED,
        "remarks": REMARKS,
        "status": STATUS,
        "closed_date": CLOSED,
    }
)


def site_columns(table: str, settings: Settings) -> Mapping[str, str]:
    """Return what a site calls a table's columns, by the contract's name; those not named go by their own."""
    if table == CONTACTS:
        return {"code": settings.tascomi_contact_reference_column}
    return {
        **_GUESSED,
        "external_reference": settings.tascomi_request_reference_column,
        "complaint_number": settings.tascomi_number_column,
    }
