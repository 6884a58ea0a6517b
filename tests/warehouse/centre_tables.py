"""The contact centre's marts over plain tables, to be filled and spoilt by hand: no lake, no catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.feeds import FEEDS
from pipelines.warehouse import phones
from pipelines.warehouse.query import open_engine
from pipelines.warehouse.statements import FOLDER, identifier, sections, type_name
from tests.contact_centre import DAY, LONG_DAY, call, card, case, summary, usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

MARTS = ("calls", "call_volumes", "agent_days", "account_usage", "contacts")
JOINED = ("case_numbers", "call_numbers", "case_calls")
_OPS = ("receipts", "controls", "phones", "settings", *JOINED)


def tables(folder: Path, *, window_days: int = 28) -> duckdb.DuckDBPyConnection:
    """Open an engine with the feeds' tables, empty, and the marts that read them."""
    engine = open_engine(folder)
    for schema in ("icasework", "xima", "ops", "marts"):
        engine.execute(f"CREATE SCHEMA {schema}")
    for table in _OPS:
        engine.execute(sections(f"ops/{table}")["create"])
    engine.execute("INSERT INTO ops.settings VALUES (?)", [window_days])
    for key in (*(key for key in FEEDS if key.startswith("xima/")), "icasework/cases"):
        _create(engine, key, "marts.cases_current" if key == "icasework/cases" else key.replace("/", "."))
    for mart in MARTS:
        engine.execute(f"CREATE VIEW marts.{mart} AS {text('marts', mart)}")
    return engine


def text(kind: str, name: str) -> str:
    return (FOLDER / kind / f"{name}.sql").read_text(encoding="utf-8")


def _create(engine: duckdb.DuckDBPyConnection, key: str, table: str) -> None:
    columns = [
        f"{identifier(column.name)} {type_name(column.dtype)}" for column in FEEDS[key].contract.columns
    ]
    engine.execute(f"CREATE TABLE {table} ({', '.join(columns)}, report_date DATE, report_row INTEGER)")


def insert(
    engine: duckdb.DuckDBPyConnection, table: str, day: date, rows: Sequence[Mapping[str, object]]
) -> None:
    """Put rows into a feed's table as one day's; a day of xima gets its receipt and its totals."""
    key = "icasework/cases" if table == "marts.cases_current" else table.replace(".", "/")
    contract = FEEDS[key].contract
    for number, row in enumerate(rows, 1):
        cells = {name: value for name, value in row.items() if value not in {"", None}}
        names = ", ".join([*map(identifier, cells), "report_date", "report_row"])
        marks = ", ".join("?" * (len(cells) + 2))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of contracts
        engine.execute(sql, [*cells.values(), day, number])
    receipt = [key, day, "verified", "", "", "", len(rows), len(rows), 0, "json", "", 0, "", "", ""]
    marks = ", ".join("?" * len(receipt))
    engine.execute(f"INSERT INTO ops.receipts VALUES ({marks})", receipt)  # noqa: S608 - only marks
    for title, column in contract.controls.items():
        total = sum(int(str(row[column.name])) for row in rows)
        engine.execute("INSERT INTO ops.controls VALUES (?, ?, ?, ?)", [key, day, title, total])


def join_calls_to_cases(engine: duckdb.DuckDBPyConnection) -> None:
    """Fill ops.phones and what is made with it as the build does, without its registry of feeds."""
    columns = {"xima.calls": ("caller_number", "called_number")} | {
        "marts.cases_current": phones.COLUMNS["icasework/cases"]
    }
    asked = " UNION ".join(
        f"SELECT {name} FROM {table}"  # noqa: S608 - names of contracts
        for table, names in columns.items()
        for name in names
    )
    written = [row[0] for row in engine.execute(asked).fetchall() if row[0] is not None]
    engine.register("phones_read", phones.read(written))
    for table in ("phones", *JOINED):
        engine.execute(sections(f"ops/{table}")["fill"])


def healthy(folder: Path) -> duckdb.DuckDBPyConnection:
    """Two days, the second of 25 hours, on which every promise is kept."""
    engine = tables(folder)
    for day in (DAY, LONG_DAY):
        calls = [
            call(f"{day}-1", day=day),
            call(f"{day}-2", day=day, at=40_000, ring_ms=21_000, caller="07700 900123"),
            call(
                f"{day}-3",
                day=day,
                at=41_000,
                outcome="Abandoned",
                talk_ms=0,
                agent="",
                account_code="",
                caller="",
            ),
            call(
                f"{day}-4", day=day, at=50_000, direction="Outbound", called="01632 960999", account_code=""
            ),
        ]
        insert(engine, "xima.calls", day.date, calls)
        insert(engine, "xima.agent_summary", day.date, [summary(inbound=2, outbound=1, talk_ms=180_000)])
        insert(engine, "xima.account_usage", day.date, [usage("0101", 2, 120_000)])
        cards = [
            card(30_000, 60_000, day=day, talk_ms=180_000),
            card(0, day.hours * 3600, day=day, agent="Out of Hours(290)"),
        ]
        insert(engine, "xima.time_cards", day.date, cards)
    later: dict[str, Any] = {"customer_id": "200001", "received_date": LONG_DAY.plus(1).date}
    edge: dict[str, Any] = {
        "customer_id": "200001",
        "received_date": DAY.plus(-60).date,
        "closed_date": DAY.plus(-28).date,
    }
    cases = [
        case(1, phone="+44 20 7946 0123"),
        case(4, phone="020 7946 0123", **later),
        case(5, phone="020 7946 0123", **edge),
        case(2, mobile="+447700900123"),
        case(3, mobile="07700 900 123"),
    ]
    insert(engine, "marts.cases_current", DAY.date, cases)
    join_calls_to_cases(engine)
    return engine


def rows(engine: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return engine.execute(sql).fetchall()
