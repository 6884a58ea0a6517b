"""The catalogue: one DuckDB file of documented views over the lake, for analysts to open and read.

It is built aside and swapped in (catalogue.py, swap.py) and it is disposable: everything in it comes from the
lake and from the contracts. What analysts see is told in `warehouse/*.sql`; this room is the only one that
knows DuckDB. It does not judge rows and never writes to the lake.
"""

from pipelines.warehouse.catalogue import CatalogueSummary, build
from pipelines.warehouse.query import catalogue_path, connect, count_days, loaded_days, run_queries, run_query

__all__ = [
    "CatalogueSummary",
    "build",
    "catalogue_path",
    "connect",
    "count_days",
    "loaded_days",
    "run_queries",
    "run_query",
]
