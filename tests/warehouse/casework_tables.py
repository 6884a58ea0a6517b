"""The invented council's casework as plain tables with its marts over them, to be spoilt by statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.warehouse import catalogue_path
from pipelines.warehouse.definitions import MARTS, applying
from pipelines.warehouse.query import open_engine, spill_path

if TYPE_CHECKING:
    import duckdb

    from pipelines.lake import Lake


def copied(lake: Lake) -> duckdb.DuckDBPyConnection:
    """Copy every feed's rows and every table of ops of a lake's catalogue into an engine in memory."""
    engine = open_engine(spill_path(lake))
    engine.execute("ATTACH ? AS casehouse (READ_ONLY)", [str(catalogue_path(lake))])
    for schema in ("icasework", "ops", "marts"):
        engine.execute(f"CREATE SCHEMA {schema}")
    tables = """
        SELECT schema_name || '.' || view_name FROM duckdb_views()
        WHERE database_name = 'casehouse' AND schema_name = 'icasework'
        UNION ALL
        SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'casehouse'"""
    for (table,) in engine.execute(tables).fetchall():
        engine.execute(f"CREATE TABLE {table} AS FROM casehouse.{table}")
    for mart in applying(MARTS, {"icasework"}):
        engine.execute(f"CREATE VIEW {mart.view} AS {mart.sql}")
    return engine
