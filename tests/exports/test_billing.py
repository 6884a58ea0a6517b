"""A bill agrees with arithmetic done slowly: every call once, each account to the penny."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.billing import NO_ACCOUNT, bill
from pipelines.exports.rates import Rate, Rates

RATES = Rates(
    {
        "+44": Rate("+44", Decimal("0.0125"), Decimal("0.005"), 1),
        "+447": Rate("+447", Decimal("0.111111"), Decimal(0), 60),
        "101": Rate("101", Decimal(0), Decimal("0.15"), 1),
    },
    "",
)
NUMBERS = {"020 7946 0123": "+442079460123", "07700 900123": "+447700900123", "101": None}
PENNY, CHARGE = Decimal("0.01"), Decimal("0.0001")

calls = st.lists(
    st.tuples(
        st.sampled_from([None, "0101", "0102", "0199"]),
        st.sampled_from(["Inbound", "Outbound", "Internal"]),
        st.sampled_from([*NUMBERS, "Anonymous", "+33 1 23 45 67 89"]),
        st.sampled_from([0, 500, 1_000, 12_000]),
        st.one_of(st.just(0), st.integers(1, 7_200_000)),
    ),
    max_size=30,
)


def charge(number: str, ms: int) -> Decimal | None:
    seconds = -(-ms // 1000)
    match number:
        case "020 7946 0123":
            price = max(Decimal("0.0125") * seconds / 60, Decimal("0.005"))
        case "07700 900123":
            price = Decimal("0.111111") * -(-seconds // 60)
        case "101":
            price = Decimal("0.15")
        case _:
            return None
    return price.quantize(CHARGE, ROUND_HALF_UP)


@given(calls)
@settings(deadline=None, max_examples=150)
def test_every_account_pays_what_slow_arithmetic_says(
    told: list[tuple[str | None, str, str, int, int]],
) -> None:
    rows = [
        {
            "account_code": code,
            "report_date": None,
            "started_london": None,
            "call_id": str(number),
            "direction": direction,
            "called_number": called,
            "called_e164": NUMBERS.get(called),
            "hold_ms": hold_ms,
            "talk_ms": talk_ms,
        }
        for number, (code, direction, called, hold_ms, talk_ms) in enumerate(told)
    ]
    schema = dict.fromkeys(("account_code", "called_e164"), pl.String)
    result = bill(pl.DataFrame(rows, schema_overrides=schema), RATES, ["Outbound"])
    accounts, charged, classes, uncovered = result.tables()
    owed: dict[str, list[Decimal]] = {}
    unpriced = 0
    for code, direction, called, hold_ms, talk_ms in told:
        if direction == "Outbound" and hold_ms + talk_ms:
            price = charge(called, hold_ms + talk_ms)
            if price is None:
                unpriced += 1
            else:
                owed.setdefault(code or NO_ACCOUNT, []).append(price)

    def paid(row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip((field.name for field in accounts.fields), row, strict=True))

    found = {row["account_code"]: row for row in map(paid, accounts.rows)}
    assert list(found) == sorted(owed)
    for code, prices in owed.items():
        assert found[code]["calls"] == len(prices)
        assert found[code]["charge_gbp"] == sum(prices)
        assert found[code]["payable_gbp"] == sum(prices, Decimal(0)).quantize(PENNY, ROUND_HALF_UP)
    assert charged.total("charge_gbp") == accounts.total("charge_gbp") == classes.total("charge_gbp")
    assert len(uncovered.rows) == unpriced
    assert classes.total("calls") == len(told)
    assert classes.total("talk_ms") == sum(one[-1] for one in told)
