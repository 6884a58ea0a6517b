"""Whether the API key reaches every table that is needed, and whether the columns are called as we think.

Nothing is changed: a right to write is tried on a record that cannot exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines.errors import CasehouseError
from pipelines.sources.tascomi import dialect
from pipelines.sources.writing import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pipelines.settings import Settings
    from pipelines.sources.tascomi.client import TascomiClient


class Access(NamedTuple):
    """What was found of one table; `todo` is empty when all is well."""

    table: str
    ok: bool
    detail: str
    todo: str = ""


def try_tables(client: TascomiClient) -> Iterator[Access]:
    """Look at each table that is viewed or written, one after the other."""
    for table in dialect.VIEWED:
        try:
            yield _try(client, table)
        except CasehouseError as error:
            yield Access(table, False, f"{error.what} ({error.why})" if error.why else error.what, error.todo)


def _try(client: TascomiClient, table: str) -> Access:
    columns = client.look(table)
    told = "may be viewed"
    if table in dialect.WRITTEN_TABLES:
        try:
            client.try_writing(table)
        except NotAllowed as error:
            return Access(table, False, f"{told}, but not created and updated ({error.why})", error.todo)
        told += ", created and updated"
    if columns is None:
        return Access(table, True, f"{told}; it is empty, so its columns cannot be seen")
    absent = [name for name in _needed(table, client.settings) if name not in columns]
    if absent:
        return Access(
            table,
            False,
            f"{told}, but has no {', '.join(absent)}",
            "see what these are called at your site, in the vendor's documentation page: four have settings,"
            " CASEHOUSE_TASCOMI_*_COLUMN, the others stand in pipelines/sources/tascomi/dialect.py",
        )
    return Access(table, True, told)


def _needed(table: str, settings: Settings) -> Collection[str]:
    """Name the columns of a table that are asked for or written."""
    if table == dialect.COMPLAINTS:
        reference = settings.tascomi_request_reference_column
        stated = (dialect.RECEIVED, dialect.REMARKS, dialect.STATUS, dialect.LAST_UPDATED)
        return (reference, settings.tascomi_number_column, *dialect.LINKS, *stated)
    if table == dialect.LOCATIONS:
        return (dialect.UPRN, dialect.USRN, dialect.PLACE_TEXT)
    named = {
        dialect.CONTACTS: settings.tascomi_contact_reference_column,
        dialect.USERS: settings.tascomi_officer_column,
        **dialect.NAMED_BY,
    }
    return (named.get(table, dialect.CODE),)
