"""Telephone numbers in one form, so that calls and cases can be joined: the table `ops.phones`.

Numbers are read by the `phonenumbers` library, which knows every country's plan; one without a country code
is taken for British. SQL joins by this table and parses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import phonenumbers
import polars as pl

from pipelines.warehouse.statements import Sql, identifier, render, sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

    from pipelines.feeds import Feed

HOME = "GB"
READ_BY = f"phonenumbers {phonenumbers.__version__}, whole numbers"  # the plans, and the rule of e164()
_LINES = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)

# The columns that hold numbers of people outside.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "xima/calls": ("caller_number", "called_number"),
    "icasework/cases": ("customer_phone", "customer_mobile"),
}


def fill(engine: duckdb.DuckDBPyConnection, feeds: Mapping[str, Feed], *, can_keep: bool) -> None:
    """Fill `ops.phones` from the feed views, parsing only what the previous catalogue does not hold.

    A number that no feed holds any more is not kept.
    """
    columns = list(_columns(feeds))
    if not columns:
        return
    sql = sections("ops/phones")
    engine.execute(render(sql["gather"], columns=Sql(" UNION ALL ".join(columns))))
    if can_keep:
        engine.execute(sql["keep"], {"read_by": READ_BY})
    engine.register("phones_read", read(row[0] for row in engine.execute(sql["unread"]).fetchall()))
    engine.execute(sql["fill"])
    engine.unregister("phones_read")


def read(numbers: Iterable[str]) -> pl.DataFrame:
    """Return numbers beside their international form, as the table holds them."""
    return pl.DataFrame(
        [(number, e164(number), READ_BY) for number in numbers],
        schema=dict.fromkeys(("written", "e164", "read_by"), pl.String),
        orient="row",
    )


def e164(written: str) -> str | None:
    """Return a number in international form, None for what is none: an extension, a word, two numbers.

    A number has to be as long as its country's landlines or mobiles are; whether it was ever given out is not
    asked: numbers are given out faster than libraries learn of it. A shorter one counts only where the plan
    has it, such as 0800 1111. One that lacks its area code is nobody's: every town has a 960 123.
    """
    try:
        number = phonenumbers.parse(written, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not (number.national_number and (_is_whole(number) or phonenumbers.is_valid_number(number))):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_whole(number: phonenumbers.PhoneNumber) -> bool:
    # The library's is_possible_number also lets pass what can be dialled within a town only.
    return phonenumbers.ValidationResult.IS_POSSIBLE in {
        phonenumbers.is_possible_number_for_type_with_reason(number, line) for line in _LINES
    }


def _columns(feeds: Mapping[str, Feed]) -> Iterator[Sql]:
    for key in COLUMNS.keys() & feeds.keys():
        view = identifier(feeds[key].source, feeds[key].name)
        for column in COLUMNS[key]:
            yield render(sections("ops/phones")["written"], column=identifier(column), view=view)
