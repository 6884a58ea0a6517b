"""Prices are exact: they agree with arithmetic done slowly, and a wrong table is refused by its lines."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import Permanent
from pipelines.exports.rates import COLUMNS, Rate, Rates, read_rates

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ",".join(COLUMNS)

amounts = st.decimals(min_value=0, max_value=20, places=6, allow_nan=False, allow_infinity=False)
prefixes = st.text("0123456789", min_size=1, max_size=5).map("+{}".format)
tables = st.dictionaries(prefixes, st.tuples(amounts, amounts, st.integers(1, 90)), min_size=1, max_size=12)


def slow_charge(
    rates: dict[str, tuple[Decimal, Decimal, int]], number: str, connected_ms: int
) -> Decimal | None:
    """Price a call as one would by hand: try every prefix, add increments one by one, divide at length."""
    fitting = [prefix for prefix in rates if number[: len(prefix)] == prefix]
    if not fitting:
        return None
    per_minute, minimum, increment = rates[max(fitting, key=len)]
    seconds = 0
    while seconds * 1000 < connected_ms:
        seconds += increment
    exact = Context(prec=60)
    price = max(exact.divide(exact.multiply(per_minute, Decimal(seconds)), Decimal(60)), minimum)
    return price.quantize(Decimal("0.0001"), ROUND_HALF_UP, exact)


@given(tables, st.text("0123456789", min_size=1, max_size=8).map("+{}".format), st.integers(1, 4_000_000))
@settings(deadline=None, max_examples=400)
def test_prices_agree_with_slow_and_obvious_arithmetic(
    told: dict[str, tuple[Decimal, Decimal, int]], number: str, connected_ms: int
) -> None:
    rates = Rates({prefix: Rate(prefix, *rest) for prefix, rest in told.items()}, "")
    found = rates.find(number)
    assert (found and found.charge_gbp(connected_ms)) == slow_charge(told, number, connected_ms)


@pytest.mark.parametrize(
    ("per_minute", "minimum", "increment", "connected_ms", "charge"),
    [
        ("0.012", "0", 1, 60_000, "0.0120"),
        ("0.012", "0", 1, 60_001, "0.0122"),
        ("0.012", "0", 60, 60_001, "0.0240"),
        ("0.012", "0.05", 1, 1, "0.0500"),
        ("0.003", "0", 1, 1_000, "0.0001"),  # 0.00005 is rounded up
        ("0.002", "0", 1, 1_000, "0.0000"),
        ("0", "0", 1, 10**9, "0.0000"),
    ],
)
def test_a_price(per_minute: str, minimum: str, increment: int, connected_ms: int, charge: str) -> None:
    rate = Rate("+44", Decimal(per_minute), Decimal(minimum), increment)
    assert str(rate.charge_gbp(connected_ms)) == charge


def table(path: Path, *lines: str, encoding: str = "utf-8") -> Rates:
    path.write_text("\r\n".join([HEADER, *lines]), encoding=encoding)
    return read_rates(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_prefixes_may_be_written_in_several_ways(tmp_path: Path, encoding: str) -> None:
    rates = table(
        tmp_path / "rates.csv", "020,1,0,1", "0033,2,0,1", "+44 7,3,0,1", "101,4,0,1", encoding=encoding
    )
    assert list(rates.by_prefix) == ["+4420", "+33", "+447", "101"]
    for number, price in (("+442079460123", 1), ("+33123456789", 2), ("+447700900123", 3), ("101", 4)):
        rate = rates.find(number)
        assert rate
        assert rate.per_minute_gbp == price
    assert rates.find("+441632960001") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("+44,1,0", "increment_seconds"),
        ("+44,1,0,1,9", "more cells"),
        ("+44,one,0,1", "per_minute_gbp"),
        ("+44,-1,0,1", "per_minute_gbp"),
        ("+44,1e3,0,1", "per_minute_gbp"),
        ("+44,NaN,0,1", "per_minute_gbp"),
        ("+44,1,0.0000001,1", "minimum_gbp"),
        ("+44,1,0,0", "increment_seconds"),
        ("+44,1,0,1.5", "increment_seconds"),
        ("London,1,0,1", "prefix"),
        (",1,0,1", "prefix"),
        ("4420,1,0,1", "plus"),
        ("+44020,1,0,1", "without a 0"),
        ("+0800,1,0,1", "no number begins"),
        ("00,1,0,1", "prefix"),
        ("+33,1,0,1", "twice"),
        ("0033,1,0,1", "twice"),
    ],
)
def test_a_line_that_is_no_rate_is_named(line: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=why) as told:
        table(tmp_path / "rates.csv", "+33,1,0,1", line)
    assert "line 3" in str(told.value)


def test_a_table_that_is_wrong_throughout_is_told_in_few_words(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"line 11: its prefix is no number; and 90 more"):
        table(tmp_path / "rates.csv", *["London,1,0,1"] * 100)


def test_a_table_without_a_rate_or_with_other_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="no rate"):
        table(tmp_path / "rates.csv")
    (tmp_path / "rates.csv").write_text("prefix;price\n", encoding="utf-8")
    with pytest.raises(Permanent, match="per_minute_gbp"):
        read_rates(tmp_path / "rates.csv")
    (tmp_path / "rates.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(Permanent, match="UTF-8"):
        read_rates(tmp_path / "rates.csv")
    with pytest.raises(Permanent, match="cannot be read"):
        read_rates(tmp_path / "nowhere.csv")


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("rates") / "rates.csv"
    path.write_bytes(HEADER.encode() + b"\n" + body)
    try:
        rates = read_rates(path)
    except Permanent:
        return
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), COLUMNS)
    assert len(rates.by_prefix) == len(list(rows))
