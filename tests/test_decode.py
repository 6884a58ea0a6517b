"""What the decoder accepts and refuses, and that it judges as pandera would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from pipelines.contracts.columns import Day, Flag, Instant, Money, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.contracts.icasework import ICASEWORK_CONTRACTS
from pipelines.decode import RULES, Decoder, decoder_for
from pipelines.errors import SettingsError
from pipelines.sources.dialect import ICASEWORK

if TYPE_CHECKING:
    import pandera.polars as pa


class Samples(Rows):
    """One of everything."""

    whole: Whole = wire("W", "A whole number.", required=True, ge=1, lt=1000)
    money: Money = wire("M", "Money.", ge=0, le=100)
    day: Day = wire("D", "A day.")
    instant: Instant = wire("I", "An instant.")
    flag: Flag = wire("F", "A flag.")
    text: Text = wire("T", "A word.", isin=["a", "b"])
    code: Text = wire("C", "A code.", str_matches=r"[A-Z]\d+$")
    other: Text = wire("O", "Not these.", notin=["x"], required=True)
    above: Whole = wire("A", "Above.", gt=0)


SAMPLES = decoder_for(Contract("test/samples", Samples), ICASEWORK)


def decode_one(column: str, cell: str | None) -> object:
    wires = SAMPLES.contract.wire_fields
    at = SAMPLES.names.index(column)
    raw = pl.DataFrame({name: [cell if position == at else None] for position, name in enumerate(wires)})
    return raw.cast(pl.String).with_columns(SAMPLES.typed)[column].item()


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("whole", "007", 7),
        ("whole", "1.0", None),
        ("whole", "1e3", None),
        ("whole", " 1", None),
        ("whole", "9223372036854775808", None),
        ("money", "12.5", Decimal("12.50")),
        ("money", "-0.10", Decimal("-0.10")),
        ("money", "12.505", None),
        ("money", "1,000.00", None),
        ("money", "£5", None),
        ("money", "1e3", None),
        ("money", "NaN", None),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("day", "2026-02-29", None),
        ("day", "2026-2-1", None),
        ("day", "01/02/2026", None),
        ("day", "2026-02-01T00:00:00", None),
        ("day", "0000-01-01", None),
        ("day", "+2026-1-01", None),
        ("day", " 202-01-01", None),
        ("instant", "2026-07-15T23:59:60", None),
        ("instant", "0000-07-15T23:59:00", None),
        ("instant", "2026-01-15T16:42:19", datetime(2026, 1, 15, 16, 42, 19, tzinfo=UTC)),
        ("instant", "2026-07-15T16:42:19", datetime(2026, 7, 15, 15, 42, 19, tzinfo=UTC)),
        ("instant", "2026-03-29T01:30:00", None),
        ("instant", "2026-10-25T01:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("instant", "2026-07-15T16:42:19Z", None),
        ("instant", "2026-07-15 16:42:19", None),
        ("flag", "Yes", True),
        ("flag", "No", False),
        ("flag", "yes", None),
        ("flag", "1", None),
        ("text", 'Zoë, \n"Q"', 'Zoë, \n"Q"'),
        ("text", None, None),
    ],
)
def test_a_cell_is_read_exactly_or_not_at_all(column: str, cell: str | None, value: object) -> None:
    assert decode_one(column, cell) == value


def broken_cells(decoder: Decoder, typed: pl.DataFrame) -> set[tuple[str, str, int]]:
    """Column, check and row of every broken promise, judged by the fused expressions."""
    marks = typed.select(
        check.broken.fill_null(value=False).alias(str(at)) for at, check in enumerate(decoder.checks)
    )
    return {
        (check.column, check.name, row)
        for at, check in enumerate(decoder.checks)
        for row, is_broken in enumerate(marks[str(at)])
        if is_broken
    }


def pandera_cells(schema: pa.DataFrameSchema, typed: pl.DataFrame) -> set[tuple[str, str, int]]:
    try:
        schema.validate(typed, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        return {
            (column, "required" if check == "not_nullable" else check.partition("(")[0], row)
            for column, check, row in cases.select("column", "check", "index").iter_rows()
        }
    return set()


cells = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-5, 1005),
        "money": st.none() | st.decimals(-5, 105, places=2),
        "day": st.none() | st.dates(),
        "instant": st.none(),
        "flag": st.none() | st.booleans(),
        "text": st.none() | st.sampled_from(["a", "b", "c", ""]),
        "code": st.none() | st.sampled_from(["A1", "A", "1A", "xA1", "B22", "A1\n", ""]),
        "other": st.none() | st.sampled_from(["x", "y"]),
        "above": st.none() | st.integers(-1, 1),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=8))
def test_the_fused_expressions_judge_as_pandera_does(rows: list[dict[str, object]]) -> None:
    schema = SAMPLES.contract.schema
    typed = pl.DataFrame(rows, schema=SAMPLES.contract.polars_schema)
    # The raw cells matter to the fused checks only by being there or not.
    raw = {
        column.wire: pl.when(pl.col(column.name).is_not_null()).then(pl.lit("told"))
        for column in SAMPLES.contract.columns
    }
    both = typed.with_columns(**raw)
    found = broken_cells(SAMPLES, both)
    assert SAMPLES.finds_no_fault(both, typed) == (not found)
    assert {(column, name.partition("(")[0], row) for column, name, row in found} == pandera_cells(
        schema, typed
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["1", "-1", "soon", None, "2026-11-22", "Yes"]), min_size=9, max_size=9))
def test_no_fault_is_found_just_where_no_check_counts_one(cells: list[str | None]) -> None:
    raw = pl.DataFrame(
        {field: [cell] for field, cell in zip(SAMPLES.contract.wire_fields, cells, strict=True)}
    )
    raw = raw.cast(pl.String)
    both = raw.with_columns(SAMPLES.typed)
    counted = any(both.select(SAMPLES.counts()).row(0))
    assert SAMPLES.finds_no_fault(raw, raw.select(SAMPLES.typed)) == (not counted)


@pytest.mark.parametrize("contract", ICASEWORK_CONTRACTS, ids=lambda contract: str(contract.feed))
def test_every_check_a_contract_uses_can_be_judged(contract: Contract) -> None:
    decoder = decoder_for(contract, ICASEWORK)
    for column in contract.columns:
        judged = {check.name for check in decoder.checks if check.column == column.name}
        assert {str(rule) for rule in column.rules} <= judged
        assert column.nullable or "required" in judged


def test_every_rule_is_exercised_by_the_comparison_with_pandera() -> None:
    used = {rule.name for column in SAMPLES.contract.columns for rule in column.rules}
    assert used == set(RULES)


def test_a_check_without_an_expression_is_refused() -> None:
    class Odd(Rows):
        """Odd."""

        word: Text = wire("W", "A word.", required=True, str_startswith="a")

    with pytest.raises(SettingsError, match="str_startswith"):
        decoder_for(Contract("test/odd", Odd), ICASEWORK)
