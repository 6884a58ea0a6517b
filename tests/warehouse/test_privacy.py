"""No cell that a contract guards stands in a column that anybody may read, whatever made it."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, connect
from pipelines.warehouse.statements import sections
from tests.contact_centre import DAY, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.contracts.contract import Column

MARK = "Zebedee"
BORN = date(1931, 3, 7)
PHONES = ("020 7946 0987", "07700 900987", "07700 900986")
# How sources write an instant, where it is not as casework does.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "xima": lambda stamp: f"{stamp}+01:00",
    "tascomi": lambda stamp: stamp.replace("T", " "),
}
TRACES = (MARK, repr(BORN), *PHONES, "+442079460987", "+447700900987", "+447700900986")


def cell(column: Column, number: int, truth: str) -> object:
    """Fill every cell: with what no public column may show where the contract guards it."""
    if column.name == "customer_id":
        return f"{MARK} {number}"
    guarded, kind = column.privacy != "public", type(column.dtype)
    if guarded and column.name.endswith(("phone", "mobile", "_number")):
        return PHONES[number % len(PHONES)]
    if column.rules and column.rules[0].name == "isin":
        return dict(column.rules[0].arguments)["allowed_values"][0]
    if kind is pl.String:
        return f"{MARK} {column.name}" if guarded else f"{column.name} {number}"
    if kind is pl.Date:
        return BORN if guarded else DAY.date
    values = {
        pl.Boolean: truth,
        pl.Int64: number,
        pl.Decimal: Decimal(number),
        pl.Datetime: f"{DAY}T10:00:00",
    }
    return values[kind]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("marked") / "data")
    for feed in FEEDS.values():
        columns = feed.contract.columns
        rows = [
            {column.name: cell(column, number, feed.dialect.true) for column in columns} for number in (1, 2)
        ]
        spell = SPELLINGS.get(feed.source, str)
        rows = [
            {name: spell(str(value)) if name.endswith("_at") else value for name, value in row.items()}
            for row in rows
        ]
        load(lake, DAY, **{feed.name: rows})
    build(lake, FEEDS, since=DAY, until=DAY)
    return lake


def test_the_marks_are_there_and_no_public_column_shows_one(marked: Lake) -> None:
    shown: dict[str, set[str]] = {}
    with closing(connect(marked)) as engine:
        columns = engine.execute(sections("dictionary")["columns"]).fetchall()
        for view, told in groupby(columns, key=lambda row: f"{row[0]}.{row[1]}"):
            rows = engine.execute(f"FROM {view}").fetchall()
            for at, (_, _, name, _, _, privacy, *_) in enumerate(told):
                if any(trace in str(row[at]) for row in rows for trace in TRACES):
                    shown.setdefault(privacy, set()).add(f"{view}.{name}")
    assert shown.pop("public", set()) == set()
    guarded = {
        f"{feed.source}.{feed.name}.{column.name}"
        for feed in FEEDS.values()
        for column in feed.contract.columns
        if column.privacy != "public" and column.dtype == pl.String()
    }
    made = {"marts.contacts.customer_e164", "ops.call_numbers.e164", "marts.customers.phones"}
    assert guarded | made <= shown["personal"] | shown["special"]
