"""Marts say the same to whoever asks, whatever time zone the asking session keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.warehouse.definitions import MARTS, applying
from tests.warehouse.casework_tables import copied
from tests.warehouse.centre_tables import MARTS as OF_THE_CENTRE
from tests.warehouse.centre_tables import healthy

if TYPE_CHECKING:
    import duckdb

    from pipelines.lake import Lake

ZONES = ("Europe/London", "UTC", "Pacific/Auckland", "Asia/Kathmandu")
OF_CASEWORK = sorted(mart.name for mart in applying(MARTS, {"icasework"}))


def digests(engine: duckdb.DuckDBPyConnection, mart: str) -> set[tuple[object, ...]]:
    """Add up a digest of every row, instants as instants, once in each zone."""
    told = engine.execute(f"DESCRIBE marts.{mart}").fetchall()
    cells = ", ".join(f"epoch_us({name})" if "TIME ZONE" in kind else name for name, kind, *_ in told)
    found = set()
    for zone in ZONES:
        engine.execute("SET TimeZone = ?", [zone])
        row = engine.execute(f"SELECT count(*), sum(hash({cells})) FROM marts.{mart}").fetchone()  # noqa: S608
        assert row
        found.add(row)
    return found


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return healthy(tmp_path_factory.mktemp("centre"))


@pytest.fixture(scope="module")
def casework(council_lake: Lake) -> duckdb.DuckDBPyConnection:
    return copied(council_lake)


@pytest.mark.parametrize("mart", OF_THE_CENTRE)
def test_of_the_centre(mart: str, centre: duckdb.DuckDBPyConnection) -> None:
    ((rows, _),) = digests(centre, mart)
    assert rows


@pytest.mark.parametrize("mart", OF_CASEWORK)
def test_of_casework(mart: str, casework: duckdb.DuckDBPyConnection) -> None:
    ((rows, _),) = digests(casework, mart)
    assert rows
