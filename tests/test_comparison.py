"""What changed between two files of a day is counted as if by hand, and no personal value is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pipelines.comparison
from pipelines.comparison import Line, compare
from pipelines.contracts.contract import Contract
from tests.plain_source import PARCELS, Parcels

if TYPE_CHECKING:
    from pathlib import Path

KEYED = Contract("depot/parcels", Parcels, rows_by=("parcel_id",))
BY_LABEL = Contract("depot/parcels", Parcels, rows_by=("label", "sent_date"))
UNKEYED = PARCELS.contract

Row = tuple[Any, ...]

rows = st.tuples(
    st.integers(1, 4),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, date(2026, 11, 1), date(2026, 11, 2)]),
    st.sampled_from([None, datetime(2026, 11, 2, 9, tzinfo=UTC)]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, Decimal("1.50"), Decimal(2)]),
)


def written(path: Path, cells: list[Row]) -> Path:
    pl.DataFrame(cells, schema=UNKEYED.polars_schema, orient="row").write_parquet(path)
    return path


def counted_by_hand(old: list[Row], new: list[Row], contract: Contract) -> tuple[int, int, int]:
    """Return rows added, changed and gone: equal rows cancel out, the rest is counted key by key."""
    names = list(contract.polars_schema)
    left, right = Counter(old) - Counter(new), Counter(new) - Counter(old)
    if not contract.row_key:
        return right.total(), 0, left.total()

    def by_key(found: Counter[Row]) -> Counter[Row]:
        at = [names.index(name) for name in contract.row_key]
        return Counter(tuple(row[place] for place in at) for row in found.elements())

    gone, came = by_key(left), by_key(right)
    return (came - gone).total(), (came & gone).total(), (gone - came).total()


@pytest.mark.parametrize("contract", [KEYED, BY_LABEL, UNKEYED], ids=["key", "two columns", "no key"])
@pytest.mark.parametrize("cells_at_a_time", [4_000_000, 1], ids=["at once", "column by column"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.tuples(st.lists(rows, max_size=8), st.integers(0, 8), st.lists(rows, max_size=4)))
def test_the_counts_are_those_of_a_diff_by_hand(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    contract: Contract,
    cells_at_a_time: int,
    drawn: tuple[list[Row], int, list[Row]],
) -> None:
    old, kept, new = drawn
    monkeypatch.setattr(pipelines.comparison, "_CELLS_AT_A_TIME", cells_at_a_time)
    after = new[:2] + old[:kept] + new[2:]
    found = compare(written(tmp_path / "old", old), written(tmp_path / "new", after), contract, 1000)
    assert (found.added, found.changed, found.gone) == counted_by_hand(old, after, contract)
    told = Counter(line.kind for line in found.lines)
    assert (told["added"], told["gone"]) == (found.added, found.gone)
    assert told["changed"] >= found.changed  # at least one cell of each row
    assert not found.is_cut


def row(number: int, label: str = "Ada Lovelace", price: str = "1.50") -> Row:
    return (number, label, date(2026, 11, 2), None, True, Decimal(price))


def test_a_changed_cell_is_told_with_its_key_and_a_personal_one_only_as_different(tmp_path: Path) -> None:
    old = written(tmp_path / "old", [row(1), row(2), row(3)])
    new = written(tmp_path / "new", [row(3), row(1, "Grace Hopper", "2.00"), row(4)])
    assert compare(old, new, KEYED, 10).lines == (
        Line("gone", "parcel_id=2"),
        Line("changed", "parcel_id=1", "label", withheld=True),
        Line("changed", "parcel_id=1", "price_gbp", "1.50", "2.00"),
        Line("added", "parcel_id=4"),
    )


def test_a_personal_part_of_a_key_is_compared_and_not_told(tmp_path: Path) -> None:
    old, new = written(tmp_path / "old", [row(1)]), written(tmp_path / "new", [row(1, price="9.00")])
    assert compare(old, new, BY_LABEL, 10).lines == (
        Line("changed", "sent_date=2026-11-02", "price_gbp", "1.50", "9.00"),
    )


@pytest.mark.parametrize(("most", "lines"), [(0, 0), (1, 1), (4, 4), (5, 4)])
def test_lines_are_cut_and_counts_are_not(tmp_path: Path, most: int, lines: int) -> None:
    old = written(tmp_path / "old", [row(1), row(2)])
    new = written(tmp_path / "new", [row(3), row(4)])
    found = compare(old, new, KEYED, most)
    assert (found.added, found.gone, len(found.lines), found.is_cut) == (2, 2, lines, most < 4)


def test_columns_that_one_file_lacks_are_named_and_not_compared(tmp_path: Path) -> None:
    old = written(tmp_path / "old", [row(1)])
    pl.read_parquet(old).drop("price_gbp").write_parquet(tmp_path / "older")
    found = compare(tmp_path / "older", old, KEYED, 10)
    assert found.is_empty
    assert found.uncompared == ("price_gbp",)
