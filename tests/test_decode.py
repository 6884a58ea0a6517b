"""What the decoder accepts and refuses, and that it judges as pandera would."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
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
from pipelines.contracts.xima import XIMA_CONTRACTS
from pipelines.days import LONDON
from pipelines.decode import RULES, Decoder, decoder_for
from pipelines.errors import SettingsError
from pipelines.sources.dialect import ICASEWORK, XIMA

if TYPE_CHECKING:
    import pandera.polars as pa

    from pipelines.contracts.contract import Column
    from pipelines.sources.dialect import Dialect


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


class Stamps(Rows):
    """A stamp."""

    at: Instant = wire("At", "When.", required=True)


STAMPS = decoder_for(Contract("test/stamps", Stamps), XIMA)


def read_stamps(*cells: str | None) -> list[datetime | None]:
    return pl.DataFrame({"At": cells}, schema={"At": pl.String}).select(STAMPS.typed)["at"].to_list()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2026-10-25T01:30:00+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T01:30:00+00:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2019-09-10T23:59:59-06:00", datetime(2019, 9, 11, 5, 59, 59, tzinfo=UTC)),
        ("2026-10-25T01:30:00", None),
        ("2026-10-25T01:30:00Z", None),
        ("2026-10-25T01:30:00+01", None),
        ("2026-10-25T01:30:00+0100", None),
        ("2026-10-25T01:30:00 01:00", None),
        ("2026-10-25T01:30:00+01:60", None),
        ("2026-10-25T01:30:00+15:00", None),
        ("2026-10-25T01:30:00+1:000", None),
        ("2026-10-25T01:30:00.000+01:00", None),
        ("2026-10-25T01:30:60+01:00", None),
        ("2026-10-25T24:00:00+01:00", None),
        ("2026-02-29T01:30:00+00:00", None),
        ("+2026-1-25T01:30:00+01:00", None),
        ("2026-1-25T1:30:00\u221201:00", None),  # a minus sign of three bytes
        ("2026-10-25T01:30:00+0\u0661:0", None),  # an Arabic digit of two bytes
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("", None),
    ],
)
def test_a_stamp_with_its_offset_is_read_exactly_or_not_at_all(cell: str, value: datetime | None) -> None:
    assert read_stamps(cell) == [value]


clock_changes = st.sampled_from([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
near_clock_changes = st.builds(
    lambda change, seconds: change + timedelta(seconds=seconds), clock_changes, st.integers(-90_000, 90_000)
)
offsets = st.integers(-14 * 60 - 59, 14 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=200, deadline=None)
@given(near_clock_changes, offsets)
def test_every_instant_around_the_clock_changes_comes_back_from_any_clock(
    instant: datetime, offset: timezone
) -> None:
    assert read_stamps(*(instant.astimezone(zone).isoformat() for zone in (LONDON, UTC, offset))) == 3 * [
        instant
    ]


@settings(max_examples=200, deadline=None)
@given(near_clock_changes, st.text(alphabet="+-0123456789:Z \u2212", max_size=8))
def test_what_follows_a_stamp_is_an_offset_or_a_violation(instant: datetime, tail: str) -> None:
    cell = instant.strftime("%Y-%m-%dT%H:%M:%S") + tail
    (value,) = read_stamps(cell)
    if value is not None:
        assert len(tail) == len("+01:00")
        assert value == datetime.fromisoformat(cell)


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
    judge_both_ways(SAMPLES, rows)


def judge_both_ways(decoder: Decoder, rows: list[dict[str, object]]) -> None:
    typed = pl.DataFrame(rows, schema=decoder.contract.polars_schema)
    # The raw cells matter to the fused checks only by being there or not.
    raw = {
        column.wire: pl.when(pl.col(column.name).is_not_null()).then(pl.lit("told"))
        for column in decoder.contract.columns
    }
    both = typed.with_columns(**raw)
    found = broken_cells(decoder, both)
    assert decoder.finds_no_fault(both, typed) == (not found)
    assert {(column, name.partition("(")[0], row) for column, name, row in found} == pandera_cells(
        decoder.contract.schema, typed
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


def cells_of(column: Column) -> st.SearchStrategy[object]:
    """Draw typed cells for a column of a Xima contract, allowed and not."""
    if column.dtype == pl.Int64:
        return st.none() | st.integers(-2, 2)
    if column.dtype == pl.String:
        allowed = [value for rule in column.rules for value in dict(rule.arguments)["allowed_values"]]
        return st.none() | st.sampled_from([*allowed, "something", ""])
    return st.none() | st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize("contract", XIMA_CONTRACTS, ids=lambda contract: str(contract.feed))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_each_contract_of_numbers_and_words_is_judged_as_pandera_does(
    contract: Contract, data: st.DataObject
) -> None:
    row = st.fixed_dictionaries({column.name: cells_of(column) for column in contract.columns})
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    judge_both_ways(decoder_for(contract, XIMA), rows)


@pytest.mark.parametrize(
    ("contract", "dialect"),
    [*((one, ICASEWORK) for one in ICASEWORK_CONTRACTS), *((one, XIMA) for one in XIMA_CONTRACTS)],
    ids=lambda one: str(getattr(one, "feed", "")),
)
def test_every_check_a_contract_uses_can_be_judged(contract: Contract, dialect: Dialect) -> None:
    decoder = decoder_for(contract, dialect)
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
