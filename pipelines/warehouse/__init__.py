"""The catalogue: one DuckDB file of documented views over the lake, for analysts to open and read.

It is built aside and swapped in (catalogue.py, swap.py) and it is disposable: everything in it comes from the
lake and from the contracts. What analysts see is told in `warehouse/*.sql`; this room is the only one that
knows DuckDB. It does not judge rows and never writes to the lake.
"""

from pipelines.warehouse.catalogue import CatalogueSummary, build, is_current
from pipelines.warehouse.monthly import check as check_month
from pipelines.warehouse.promises import Verdict, offending_rows, run_sql_tests, sql_tests
from pipelines.warehouse.query import (
    catalogue_path,
    connect,
    count_days,
    loaded_days,
    monthly_files,
    run_queries,
    run_query,
)

__all__ = [
    "CatalogueSummary",
    "Verdict",
    "build",
    "catalogue_path",
    "check_month",
    "connect",
    "count_days",
    "is_current",
    "loaded_days",
    "monthly_files",
    "offending_rows",
    "run_queries",
    "run_query",
    "run_sql_tests",
    "sql_tests",
]
