"""The eleven tables that such an integration needs (SEED), their columns, and what may stand in them.

Names in `contacts`, `users`, `titles` and `dtf_locations` are those of a recorded schema (CODE); of the other
tables only id, code, description, remarks, asbo and submit_date are (CODE), everything else is a GUESS, and
so is every length.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "flag", "link", "moment"]
WRITTEN = frozenset({"complaints", "contacts"})
LONGEST = 255


@dataclass(frozen=True)
class Column:
    """What may stand in a column.

    `kind` is text of at most `longest` characters, a flag (t or f), a link to a row of `table`, or a date
    with or without a time. A mandatory one is never empty; one that is the server's nobody else writes.
    """

    kind: Kind = "text"
    longest: int = LONGEST
    table: str = ""
    is_mandatory: bool = False
    is_servers: bool = False


Table = MappingProxyType[str, Column]

_SERVERS_TEXT = Column(is_servers=True)
_SERVERS_MOMENT = Column("moment", is_servers=True)
_MOMENT, _FLAG = Column("moment"), Column("flag")


def _text(names: str, longest: int) -> dict[str, Column]:
    return dict.fromkeys(names.split(), Column(longest=longest))


def _links(**tables: str) -> dict[str, Column]:
    return {name: Column("link", table=table) for name, table in tables.items()}


def _table(columns: Mapping[str, Column]) -> Table:
    """Add what nearly every table has (CODE)."""
    return MappingProxyType(
        {
            "id": _SERVERS_TEXT,
            **columns,
            "ceased": _FLAG,
            "ceased_date": _MOMENT,
            "creation_user_id": _SERVERS_TEXT,
            "submit_date": _SERVERS_MOMENT,
            "last_updated": _SERVERS_MOMENT,
            "last_updated_by": _SERVERS_TEXT,
        }
    )


def _codes(*names: str) -> Table:
    return _table({"code": Column(longest=20), **_text(" ".join(names), 100), "enabled": _FLAG})


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "complaint_action_required": _codes("description"),
        "complaint_codes": _codes("description"),
        "complaints": _table(
            {
                "complaint_number": _SERVERS_TEXT,
                "external_reference": Column(longest=50),
                "core_function_id": Column("link", table="core_functions", is_mandatory=True),
                "complaint_code_id": Column("link", table="complaint_codes", is_mandatory=True),
                "investigating_officer_id": Column("link", table="users", is_mandatory=True),
                **_links(
                    requester_id="contacts",
                    contact_id="contacts",
                    dtf_location_id="dtf_locations",
                    reporting_method_id="reporting_methods",
                    request_category_id="request_categories",
                    organizational_unit_id="organizational_units",
                    complaint_action_required_id="complaint_action_required",
                ),
                "received_date": _MOMENT,
                "remarks": Column(longest=4000),
                "asbo": _FLAG,
                "status": Column(longest=50),
                "closed_date": _MOMENT,
            }
        ),
        "contacts": _table(
            {
                "code": Column(longest=30),
                **_links(title_id="titles", dtf_location_id="dtf_locations"),
                **_text("firstname surname", 50),
                **_text("contact_name company_name position house_name_or_number", 100),
                **_text("street_name locality town townland county", 100),
                **_text("postcode", 10),
                **_text("telephone mobile fax", 30),
                **_text("email title finance_ref", 100),
                **_text("company_type_id contact_type_id", 10),
                **_text("address notes spatial_features", 4000),
                "agent": _FLAG,
                "phone_book": _FLAG,
            }
        ),
        "core_functions": _codes("name"),
        "dtf_locations": _table(
            _text(
                "uprn usrn parent_uprn lpi_key pao_text postcode x_coordinate y_coordinate"
                " blpu_logical_status_code lpi_logical_status_code custodian_code_id street_id"
                " merge_source_id",
                100,
            )
        ),
        "organizational_units": _codes("name"),
        "reporting_methods": _codes("name"),
        "request_categories": _codes("name"),
        "titles": _table({"title": Column(longest=20), "enabled": _FLAG, "is_default": _FLAG}),
        "users": _table(
            {
                **_text("forename surname username email mobile phone job_title mileage_rate", 100),
                **dict.fromkeys(("enabled", "manager", "officer"), _FLAG),
                "last_login": _MOMENT,
                "last_password_change": _MOMENT,
            }
        ),
    }
)
